//! How to save memory: the examples assert their figures themselves.

use crate::run::run;

/// The example ends well, and shows tables of this shape.
#[track_caller]
fn holds(name: &str, tables: usize) {
    let out = run(name).out;
    let heads = out.lines().filter(|line| line.ends_with("bytes held     at the peak    requests")).count();
    assert_eq!(heads, tables, "{out}");
}

/// A test for each example: its name, and its number of tables.
macro_rules! examples {
    ($($name:ident: $tables:literal,)*) => {
        $(
            #[test]
            fn $name() {
                holds(stringify!($name), $tables);
            }
        )*
    };
}

examples! {
    iterators: 2,
    exact_sizes: 2,
    object_pooling: 1,
    interning: 1,
    copy_on_write: 1,
    collector_tuning: 2,
    weak_cycles: 1,
    field_layout: 3,
    packed_numbers: 2,
    drop_early: 2,
    bounded_cache: 2,
}
