//! All three layers in a program without `std`, on a heap of 32 KiB: exits with zero when every check holds.
//!
//! It would not link if any dependency of the layers pulled `std` in: there would be two panic handlers.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ffi::c_int;
use core::panic::PanicInfo;

use mudlark_core_alloc::{LockedHeap, StaticRegion};
use mudlark_gc::{Collector, Gc, Generation, Trace};
use mudlark_rc::Counted;

static MEMORY: StaticRegion<{ 32 * 1024 }> = StaticRegion::new();

#[global_allocator]
static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);

unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// The precompiled `alloc` names it; nothing unwinds here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// As `rust_eh_personality`.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {
    abort();
}

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    collections_of_alloc();
    counted_values();
    cycles();
    running_out_of_memory();
    assert_eq!(HEAP.stats().used, 0);
    0
}

fn collections_of_alloc() {
    let map: BTreeMap<u32, _> = (0..50).map(|n| (n, n.to_string())).collect();
    assert_eq!(map[&42], "42");
}

fn counted_values() {
    let word: Counted<str> = Counted::from("flotsam");
    let weak = Counted::downgrade(&word);
    assert_eq!(weak.upgrade().as_deref(), Some("flotsam"));
    drop(word);
    assert!(weak.upgrade().is_none());
}

#[derive(Trace)]
struct Node {
    next: RefCell<Option<Gc<Node>>>,
}

fn cycles() {
    let collector = Collector::new();
    for _ in 0..2000 {
        let node = Gc::new_in(Node { next: RefCell::default() }, &collector);
        *node.next.borrow_mut() = Some(node.clone());
    }
    let collected: usize = collector.stats().generations.iter().map(|generation| generation.collected).sum();
    assert!(collected > 1000, "collections run by themselves");
    collector.collect(Generation::Old);
    assert_eq!(collector.stats().objects, 0);
}

/// What does not fit is refused, and can be served after a collection has made room.
fn running_out_of_memory() {
    let collector = Collector::new();
    collector.disable();
    let make = || Gc::try_new_in(Node { next: RefCell::default() }, &collector);
    let mut garbage = 0;
    while let Ok(node) = make() {
        *node.next.borrow_mut() = Some(node.clone());
        garbage += 1;
    }
    assert!(garbage > 100);
    assert!(Vec::<u8>::new().try_reserve(16 * 1024).is_err());
    assert_eq!(collector.collect(Generation::Old), garbage);
    assert!(make().is_ok());
}
