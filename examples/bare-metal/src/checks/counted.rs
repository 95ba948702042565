//! Counted handles.

use core::any::Any;
use core::cell::Cell;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use mudlark_rc::{Counted, Interner, SyncCounted, unsize};

/// Handles to text, slices and values, for one thread and for several; the last one drops the value.
pub fn handles() {
    let word: Counted<str> = Counted::from("flotsam");
    let weak = Counted::downgrade(&word);
    assert_eq!(weak.upgrade().as_deref(), Some("flotsam"));
    drop(word);
    assert!(weak.upgrade().is_none());

    let shared = SyncCounted::new([1_u64, 2, 3]);
    let others: Vec<_> = (0..10).map(|_| shared.clone()).collect();
    assert_eq!(SyncCounted::strong_count(&shared), 11);
    assert_eq!(others.iter().map(|other| other[2]).sum::<u64>(), 30);
}

/// How much of the heap a handle to a new value of eight bytes takes, with the heap's own word; the mean of many.
#[cfg(target_pointer_width = "32")]
pub(super) fn bytes_of_eight<H>(new: impl Fn([u8; 8]) -> H) -> usize {
    const COUNT: usize = 100;
    let mut handles = Vec::with_capacity(COUNT);
    let before = crate::heap::shared().stats().used;
    handles.extend((0..COUNT).map(|_| new([7; 8])));
    (crate::heap::shared().stats().used - before) / COUNT
}

/// The header is a word of four bytes: so that all fits in sixteen, but for a few blocks that were lying about.
#[cfg(target_pointer_width = "32")]
pub fn small_header() {
    assert!((16..18).contains(&bytes_of_eight(Counted::new)));
    assert!((16..18).contains(&bytes_of_eight(SyncCounted::new)));
}

/// Equal words are one.
pub fn interned() {
    let interner: Interner<str> = Interner::new();
    let (first, second) = (interner.intern("coin"), interner.intern("coin"));
    assert!(Counted::ptr_eq(&first, &second));
    assert!(!Counted::ptr_eq(&first, &interner.intern("pin")));
}

/// A link of a list, which counts the drops.
struct Link {
    dropped: Rc<Cell<usize>>,
    _next: Option<Counted<Link>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.dropped.set(self.dropped.get() + 1);
    }
}

/// All links of a list are dropped before its drop returns.
pub fn make_and_drop_list(length: usize) {
    let dropped = Rc::new(Cell::new(0));
    let mut list = None;
    for _ in 0..length {
        list = Some(Counted::new_deep(Link { dropped: dropped.clone(), _next: list }));
    }
    drop(list);
    assert_eq!(dropped.get(), length);
}

/// A tree that leads through many types.
enum Tree {
    Leaf,
    Boxed(#[expect(dead_code, reason = "it is dropped")] Box<Counted<Tree>>),
    Many(#[expect(dead_code, reason = "they are dropped")] Vec<Counted<Tree>>),
    Unknown(#[expect(dead_code, reason = "it is dropped")] Counted<dyn Any>),
}

/// Many more values than there is stack for nested drops.
pub fn deep() {
    make_and_drop_list(1000);
    let mut tree = Counted::new_deep(Tree::Leaf);
    for i in 0..500 {
        tree = Counted::new_deep(match i % 3 {
            0 => Tree::Boxed(Box::new(tree)),
            1 => Tree::Many(alloc::vec![Counted::new_deep(Tree::Leaf), tree]),
            _ => Tree::Unknown(unsize!(tree => dyn Any)),
        });
    }
    drop(tree);
}
