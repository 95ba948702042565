//! The source that a table shows is the one that was written.

use core::fmt::Debug;

use mudlark_inspect::mem_profile;
use mudlark_inspect::mem_profile::Table;

use crate::support::{block, figures, keep, made_in_support, table_of};

/// The source lines of a table.
fn lines(table: &Table) -> Vec<&'static str> {
    table.rows.iter().map(|row| row.source).collect()
}

#[mem_profile(thread, with = keep)]
pub(crate) fn refs<'a, 'long: 'a, T: Debug + ?Sized>(one: &'a T, _: &'long mut str) -> (&'a T, &'static [u8]) {
    // A comment 'a, and «more».
    let bytes: &'static [u8] = b"'b";
    (one, bytes)
}

#[test]
fn lifetimes_and_spaces_are_shown_as_they_are_written() {
    let table = table_of(|| assert_eq!(refs("one", &mut String::new()).1.len(), 2));
    let expected = [
        "pub(crate) fn refs<'a, 'long: 'a, T: Debug + ?Sized>(one: &'a T, _: &'long mut str) -> (&'a T, &'static [u8]) {",
        "    // A comment 'a, and «more».",
        "    let bytes: &'static [u8] = b\"'b\";",
        "    (one, bytes)",
        "}",
    ];
    assert_eq!(lines(&table), expected);
}

mod indented {
    use super::*;

    #[mem_profile(thread, with = keep)]
    pub(super) async unsafe fn spread<'a, T>(
        first: &'static str, // which is returned
        _second: T,
    ) -> &'static str
    where
        T: Debug + 'static,
        'static: 'a,
    {
        first
    }
}

#[test]
fn a_head_of_several_lines_stays_so() {
    use core::pin::pin;
    use core::task::{Context, Waker};

    let table = table_of(|| {
        // SAFETY: it needs nothing.
        let future = unsafe { indented::spread("first", 2) };
        assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    let expected = [
        "pub(super) async unsafe fn spread<'a, T>(",
        "    first: &'static str, // which is returned",
        "    _second: T,",
        ") -> &'static str",
        "where",
        "    T: Debug + 'static,",
        "    'static: 'a,",
        "{",
        "    first",
        "}",
    ];
    assert_eq!(lines(&table), expected);
}

macro_rules! named {
    ($visibility:vis $name:ident, $size:literal, $value:ty) => {
        #[mem_profile(thread, with = keep)]
        $visibility fn $name<'a, T: ?Sized>(more: &'a mut T, _: ::core::option::Option<[u8; 2]>) -> $value
        where
            &'a T: Debug,
        {
            let made = block($size);
            let _ = more; // it is not needed
            made.capacity()
        }
    };
}

named!(pub(crate) generated, 77, usize);

#[test]
fn a_function_that_a_macro_names_is_shown_with_that_name() {
    let table = table_of(|| assert_eq!(generated("".to_string().as_mut_str(), None), 77));
    let expected = [
        "pub(crate) fn generated<'a, T: ?Sized>(more: &'a mut T, _: ::core::option::Option<[u8; 2]>) -> usize where &'a T: Debug, {",
        "    let made = block($size);",
        "    let _ = more; // it is not needed",
        "    made.capacity()",
        "}",
    ];
    assert_eq!(lines(&table), expected);
    assert_eq!(figures(&table, "let made"), (77, 1));
    assert_eq!(table.rows[4].figures.map(|figures| figures.increment), Some(-77));
}

macro_rules! with_body {
    ($name:ident, $body:block) => {
        #[mem_profile(thread, with = keep)]
        fn $name() -> usize $body
    };
}

with_body!(told, {
    let made = block(77);
    made.capacity()
});
const LINE_AFTER_TOLD: u32 = line!();

#[test]
fn a_function_whose_body_a_macro_is_told_is_shown_where_the_body_is() {
    let table = table_of(|| assert_eq!(told(), 77));
    assert_eq!(lines(&table), ["fn told() -> usize {", "    let made = block(77);", "    made.capacity()", "}"]);
    assert_eq!(figures(&table, "let made"), (77, 1));
    assert_eq!((table.file, table.rows[0].line), (file!(), LINE_AFTER_TOLD as usize - 4));
}

made_in_support!(of_another_file);

#[test]
fn a_function_that_a_macro_of_another_file_makes_is_shown_where_the_macro_is() {
    let table = table_of(|| assert_eq!(of_another_file(5), 5));
    assert!(table.file.ends_with("support.rs"), "{}", table.file);
    let (name, line) = (table.name, table.rows[0].line);
    assert_eq!(name, "of_another_file");
    let text = include_str!("support.rs").lines().nth(line - 1).unwrap_or_default().trim();
    assert_eq!(text.replace("$name", name), table.rows[0].source);
    assert_eq!(figures(&table, "let made"), (5, 1));
}
