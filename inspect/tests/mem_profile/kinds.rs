//! All kinds of functions stay what they were.

use core::cell::RefCell;
use core::fmt::Display;
use std::thread;

use mudlark_inspect::mem_profile;

use crate::support::{block, figures, keep, kept, sum, table_of};

#[mem_profile(thread, with = keep)]
/// Documentation and attributes stay.
#[must_use]
pub(crate) fn generic<'a, T, const N: usize>(value: &'a T, names: &'a [String; N]) -> (&'a str, String)
where
    T: Display,
{
    let text = value.to_string();
    (names.first().map_or("", |name| name), text)
}

#[test]
fn generic_ones() {
    let names = [String::from("one"), String::from("two")];
    let table = table_of(|| assert_eq!(generic(&12_345, &names), ("one", "12345".to_string())));
    let (increment, times) = figures(&table, "let text");
    assert!(increment >= 5 && times == 1);
    assert!(table.rows[0].source.starts_with("pub(crate) fn generic<'a"));
    assert_eq!(table.rows[1].source, "where");
}

struct Shelf {
    blocks: Vec<Vec<u8>>,
}

trait Fill {
    fn size(&self) -> usize;

    #[mem_profile(thread, with = keep)]
    fn fill(&mut self) -> usize {
        let filled = block(self.size());
        filled.capacity()
    }
}

impl Fill for Shelf {
    #[mem_profile(thread, with = keep)]
    fn size(&self) -> usize {
        self.blocks.len()
    }
}

impl Shelf {
    #[mem_profile(thread, with = keep)]
    fn first(&mut self, mut size: usize, (extra, _): (usize, u8)) -> &mut Vec<u8> {
        size += extra;
        self.blocks.push(block(size));
        &mut self.blocks[0]
    }

    #[mem_profile(thread, with = keep)]
    fn into_blocks(self) -> impl Iterator<Item = usize> {
        let Self { blocks } = self;
        blocks.into_iter().map(|block| block.capacity())
    }
}

#[test]
fn methods() {
    let mut shelf = Shelf { blocks: Vec::with_capacity(1) };
    let table = table_of(|| assert!(shelf.first(100, (11, 0)).is_empty()));
    assert_eq!(figures(&table, "self.blocks.push"), (111, 1));
    assert_eq!(table.rows[1].source, "    size += extra;", "what all lines begin with is left out");
    assert_eq!(shelf.fill(), 1);
    assert_eq!(kept().iter().map(|table| table.name).collect::<Vec<_>>(), ["size", "fill"]);
    assert_eq!(shelf.into_blocks().sum::<usize>(), 111);
    assert_eq!(kept().len(), 1);
}

#[mem_profile(thread, with = keep)]
unsafe extern "C" fn foreign(size: usize) -> usize {
    block(size).capacity()
}

#[test]
fn unsafe_and_foreign_ones() {
    // SAFETY: it does nothing unsafe.
    let table = table_of(|| assert_eq!(unsafe { foreign(9) }, 9));
    assert_eq!(table.name, "foreign");
}

#[mem_profile(thread, with = keep)]
fn with_closures() -> Box<dyn Fn(usize) -> usize + Send> {
    let captured = block(100);
    let sizes: Vec<usize> = (1..=3)
        .map(|size| {
            let inner = block(size);
            inner.capacity()
        })
        .collect();
    let other = thread::spawn(move || {
        let far_away = block(1_000_000);
        far_away.capacity()
    });
    assert_eq!(other.join().ok(), Some(1_000_000));
    Box::new(move |more| {
        let sum = captured.capacity() + sizes.len();
        sum + more
    })
}

#[test]
fn closures_are_part_of_their_line() {
    let table = table_of(|| assert_eq!(with_closures()(1), 104));
    assert_eq!(figures(&table, "let sizes"), (isize::try_from(3 * size_of::<usize>()).expect("it is small"), 1));
    assert_eq!(figures(&table, "let inner"), (0, 0));
    assert_eq!(figures(&table, "let far_away"), (0, 0));
}

#[rustfmt::skip]
#[mem_profile(thread, with = keep)]
fn one_line(size: usize) -> usize { let block = block(size); block.capacity() }

#[test]
fn a_function_on_one_line_has_one_row() {
    let table = table_of(|| assert_eq!(one_line(10), 10));
    assert_eq!(table.rows.len(), 1);
    assert_eq!(figures(&table, "fn one_line"), (0, 1));
}

#[mem_profile(thread, with = keep)]
fn never(size: usize) -> ! {
    let _block = block(size);
    std::panic::resume_unwind(Box::new(()))
}

#[mem_profile(thread, with = keep)]
fn nothing() {}

#[mem_profile(thread, with = keep)]
fn diverging_ends(way: u8) -> usize {
    #[cfg(not(unix))]
    let there = block(3);
    #[cfg(unix)]
    let there = block(3);
    let number: usize = match way {
        0 => return 1,
        1 => {
            let unused = block(1);
            return unused.capacity() + 1;
        }
        2 => loop {
            if there.is_empty() {
                break 3;
            }
        },
        _ => there.capacity() + 1,
    };
    const { assert!(usize::BITS > 8) };
    fn inner() -> usize {
        0
    }
    return number + inner();
}

#[test]
fn bodies_that_do_not_end_as_usual() {
    assert!(std::panic::catch_unwind(|| never(10)).is_err());
    nothing();
    assert_eq!([0, 1, 2, 3].map(diverging_ends), [1, 2, 3, 4]);
    assert_eq!(kept().len(), 6);
}

macro_rules! profiled {
    ($name:ident, $body:block) => {
        #[mem_profile(thread, with = keep)]
        fn $name() -> usize $body
    };
}

profiled!(made_by_a_macro, {
    let made = block(77);
    made.capacity()
});

#[test]
fn functions_that_macros_make_run_and_are_counted() {
    let table = table_of(|| assert_eq!(made_by_a_macro(), 77));
    assert_eq!(table.name, "made_by_a_macro");
}

/// What its value is made from borrows the parameter, and is dropped before it: in every edition.
#[mem_profile(thread, with = keep)]
fn borrows_its_own(cells: RefCell<Vec<u8>>, _extra: Box<u64>) -> Option<Box<dyn Display>> {
    if cells.borrow().is_empty() {
        return None;
    }
    Some(Box::new(cells.borrow().len()))
}

#[mem_profile(thread, with = keep)]
fn returns_a_closure(captured: Vec<u8>) -> impl Fn(usize) -> usize {
    move |more| captured.len() + more
}

#[mem_profile(thread, with = keep)]
fn ends_with_a_macro(cells: RefCell<Vec<u8>>) -> String {
    format!("{}", cells.borrow().len())
}

#[mem_profile(thread, with = keep)]
fn returns_nothing(block: Vec<u8>) {
    for _ in &block {}
}

#[test]
fn parameters_end_with_the_body() {
    let table = table_of(|| {
        let number = borrows_its_own(RefCell::new(vec![1; 100]), Box::new(1));
        assert_eq!(number.map(|number| number.to_string()).as_deref(), Some("100"));
    });
    let of_end = table.rows.last().and_then(|row| row.figures).map(|figures| figures.increment);
    assert_eq!(of_end, Some(-108), "{table}");
    assert_eq!(figures(&table, "Some(Box::new"), (8, 1));
    let table = table_of(|| assert_eq!(returns_a_closure(vec![1, 2])(3), 5));
    assert_eq!(figures(&table, "move |more|"), (0, 1));
    let table = table_of(|| assert_eq!(ends_with_a_macro(RefCell::new(vec![1; 33])), "33"));
    assert_eq!(table.rows.last().and_then(|row| row.figures).map(|figures| figures.increment), Some(-33), "{table}");
    let table = table_of(|| returns_nothing(vec![1; 77]));
    assert_eq!(sum(&table), -77, "{table}");
}
