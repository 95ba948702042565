//! The same text many times needs to be there once: `Interner`, Python's `sys.intern`.
//!
//! Run with `cargo run --release --example interning`.

use mudlark_rc::{Counted, Interner};

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

/// A log of what was found where, as it comes over the wire.
fn finds() -> impl Iterator<Item = &'static str> {
    let kinds = ["a coin of the old kind", "clay pipe, broken", "button, brass", "nothing but pebbles again"];
    (0..40_000).map(move |number| kinds[number % kinds.len()])
}

fn main() {
    let mut costs = Costs::of("forty thousand finds of four kinds");
    let (_, strings) = costs.measure("as Strings", || finds().map(String::from).collect::<Vec<_>>());
    let names: Interner<str> = Interner::new();
    let (symbols, interned) =
        costs.measure("as symbols of an Interner", || finds().map(|find| names.intern(find)).collect::<Vec<_>>());
    println!("{costs}");

    let text: usize = finds().map(str::len).sum();
    assert_eq!(strings.held.unsigned_abs(), 40_000 * size_of::<String>() + text);
    let handles = 40_000 * size_of::<Counted<str>>();
    // Beside the handles, there are four texts and a small table.
    assert!((handles..handles + 1000).contains(&interned.held.unsigned_abs()));

    // Equal symbols are the same, so that comparing them is comparing addresses; unused ones go.
    assert!(Counted::ptr_eq(&symbols[0], &symbols[4]));
    assert_eq!(names.len(), 4);
    drop(symbols);
    assert!(names.is_empty());
}
