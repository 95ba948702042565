//! Catches tables.

use core::cell::RefCell;
use core::hint;
use core::mem;

use mudlark_inspect::mem_profile::{Figures, Row, Table};

std::thread_local! {
    static TABLES: RefCell<Vec<Table>> = const { RefCell::new(Vec::new()) };
}

/// Where the functions of these tests send their tables.
pub(crate) fn keep(table: &Table) {
    TABLES.with_borrow_mut(|tables| tables.push(table.clone()));
}

/// The tables that the thread has kept.
pub(crate) fn kept() -> Vec<Table> {
    TABLES.with_borrow_mut(mem::take)
}

/// The one table of some work.
#[track_caller]
pub(crate) fn table_of(work: impl FnOnce()) -> Table {
    work();
    let mut tables = kept();
    assert_eq!(tables.len(), 1, "{tables:#?}");
    tables.remove(0)
}

/// What all lines have come to.
pub(crate) fn sum(table: &Table) -> isize {
    table.rows.iter().filter_map(|row| row.figures).map(|figures| figures.increment).sum()
}

/// The one line that has this in it.
#[track_caller]
pub(crate) fn row<'a>(table: &'a Table, text: &str) -> &'a Row {
    let rows: Vec<_> = table.rows.iter().filter(|row| row.source.contains(text)).collect();
    assert_eq!(rows.len(), 1, "{text}\n{table}");
    rows[0]
}

/// The increment and the times of the one line that has this in it.
#[track_caller]
pub(crate) fn figures(table: &Table, text: &str) -> (isize, usize) {
    row(table, text).figures.map_or((0, 0), |Figures { increment, times, .. }| (increment, times))
}

/// A block of so many bytes, that is really asked for.
pub(crate) fn block(bytes: usize) -> Vec<u8> {
    hint::black_box(Vec::with_capacity(bytes))
}

/// A function that stands here, for those that are made elsewhere.
macro_rules! made_in_support {
    ($name:ident) => {
        #[mem_profile(thread, with = keep)]
        fn $name(size: usize) -> usize {
            let made = block(size);
            made.capacity()
        }
    };
}
pub(crate) use made_in_support;
