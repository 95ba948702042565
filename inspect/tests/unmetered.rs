//! A program that does not count is told how to.

use core::cell::Cell;

use mudlark_inspect::mem_profile::Table;
use mudlark_inspect::{mem_profile, meter};

std::thread_local! {
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

#[mem_profile(with = keep)]
fn profiled() -> Vec<u8> {
    Vec::with_capacity(100)
}

fn keep(table: &Table) {
    assert!(!table.is_metered);
    TEXT.set(table.to_string());
}

#[test]
fn the_table_has_the_lines_to_add() {
    assert!(!meter::is_installed());
    profiled();
    let text = TEXT.take();
    assert!(text.contains("there are no figures"), "{text}");
    assert!(
        text.contains("  #[global_allocator]\n  static ALLOCATOR: mudlark_inspect::Metered<std::alloc::System> = "),
        "{text}"
    );
}
