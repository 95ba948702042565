//! What is allocated, and that it is freed, also when something panics on the way.

#[cfg(feature = "drop-context")]
mod contexts;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use mudlark_rc::{Counted, Weak};
use std::alloc::System;
use std::panic::catch_unwind;

/// The system's allocator, which counts the bytes that each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The bytes that this thread holds; fewer than none after it freed what others allocated.
fn held() -> isize {
    HELD.get()
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size().cast_signed());
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: by this function's own contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size().cast_signed());
        // SAFETY: by this function's own contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const WORD: isize = size_of::<usize>().cast_signed();

/// Three counts of 32 bits, the callbacks, the way to the value; aligned to eight bytes.
const WEAK_BOX: isize = (12 + 2 * WORD + 7) / 8 * 8;

/// Panics without the panic hook, which allocates.
fn panic_as_planned() -> ! {
    std::panic::resume_unwind(Box::new("as planned"))
}

/// Runs something that panics; nothing it allocated may stay.
fn panics_and_frees_all(run: impl FnOnce()) {
    let before = held();
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"as planned"));
    drop(panic);
    assert_eq!(held(), before);
}

/// A value whose clone or drop may panic, and which counts the values alive.
struct Fuse<'a> {
    alive: &'a Cell<usize>,
    drop_panics: bool,
    /// The number of clones until one panics.
    clones: &'a Cell<usize>,
    /// Something to leak.
    _text: String,
}

impl<'a> Fuse<'a> {
    fn new(alive: &'a Cell<usize>, clones: &'a Cell<usize>, drop_panics: bool) -> Self {
        alive.set(alive.get() + 1);
        Self { alive, clones, drop_panics, _text: String::from("text") }
    }
}

impl Clone for Fuse<'_> {
    fn clone(&self) -> Self {
        if self.clones.get() == 0 {
            panic_as_planned();
        }
        self.clones.set(self.clones.get() - 1);
        Self::new(self.alive, self.clones, self.drop_panics)
    }
}

impl Drop for Fuse<'_> {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
        if self.drop_panics {
            panic_as_planned();
        }
    }
}

#[test]
fn the_header_is_one_word() {
    let before = held();
    let _number = Counted::new(1_u64);
    assert_eq!(held() - before, WORD + 8);
    let _text: Counted<str> = Counted::from("abc");
    assert_eq!(held() - before, WORD + 8 + WORD + 3);
}

#[test]
fn the_value_is_freed_while_weak_handles_remain() {
    let before = held();
    let value = Counted::new([0_u8; 1000]);
    let one = Counted::downgrade(&value);
    let two = Counted::downgrade(&value);
    assert_eq!(held() - before, WORD + 1000 + WEAK_BOX);
    drop(value);
    assert_eq!(held() - before, WEAK_BOX);
    drop(one);
    assert_eq!(two.strong_count(), 0);
    drop(two);
    assert_eq!(held(), before);
}

#[test]
fn the_weak_box_is_made_once() {
    let before = held();
    let value = Counted::new(0_u64);
    for _ in 0..3 {
        drop(Counted::downgrade(&value));
    }
    assert_eq!(held() - before, WORD + 8 + WEAK_BOX);
    drop(value);
    assert_eq!(held(), before);
}

#[test]
fn a_weak_handle_to_nothing_allocates_nothing() {
    let before = held();
    let weak = Weak::<String>::new();
    assert!(weak.ptr_eq(&weak.clone()));
    assert_eq!(held(), before);
}

#[test]
fn a_drop_that_panics_still_frees_the_box() {
    let (alive, clones) = (Cell::new(0), Cell::new(0));
    panics_and_frees_all(|| drop(Counted::new(Fuse::new(&alive, &clones, true))));
    assert_eq!(alive.get(), 0);
}

#[test]
fn a_drop_that_panics_leaves_weak_handles_right() {
    let (alive, clones) = (Cell::new(0), Cell::new(0));
    panics_and_frees_all(|| {
        let value = Counted::new(Fuse::new(&alive, &clones, true));
        let weak = Counted::downgrade(&value);
        let panic = catch_unwind(AssertUnwindSafe(|| drop(value))).unwrap_err();
        assert!(weak.upgrade().is_none());
        assert_eq!((weak.strong_count(), weak.weak_count()), (0, 0));
        drop(weak.clone());
        std::panic::resume_unwind(panic);
    });
    assert_eq!(alive.get(), 0);
}

#[test]
fn a_slice_whose_drop_panics_frees_the_box_and_drops_the_rest() {
    let (alive, clones) = (Cell::new(0), Cell::new(0));
    panics_and_frees_all(|| {
        let slice: Counted<[Fuse<'_>]> = (0..5).map(|i| Fuse::new(&alive, &clones, i == 2)).collect();
        assert_eq!(alive.get(), 5);
        drop(slice);
    });
    assert_eq!(alive.get(), 0);
}

#[test]
fn a_clone_that_panics_drops_the_clones_made_before() {
    for made in 0..4 {
        let (alive, clones) = (Cell::new(0), Cell::new(0));
        let slice: Vec<Fuse<'_>> = (0..4).map(|_| Fuse::new(&alive, &clones, false)).collect();
        panics_and_frees_all(|| {
            clones.set(made);
            drop(Counted::<[Fuse<'_>]>::from(&slice[..]));
        });
        assert_eq!(alive.get(), 4);
    }
}

#[test]
fn an_iterator_that_panics_drops_what_it_gave() {
    let (alive, clones) = (Cell::new(0), Cell::new(0));
    panics_and_frees_all(|| {
        let elements = (0..4).map(|i| {
            if i == 3 {
                panic_as_planned();
            }
            Fuse::new(&alive, &clones, false)
        });
        drop(elements.collect::<Counted<[_]>>());
    });
    assert_eq!(alive.get(), 0);
}

#[test]
fn a_make_mut_whose_clone_panics_changes_nothing() {
    let (alive, clones) = (Cell::new(0), Cell::new(0));
    let mut ours = Counted::new(Fuse::new(&alive, &clones, false));
    let theirs = ours.clone();
    panics_and_frees_all(|| {
        Counted::make_mut(&mut ours);
    });
    assert!(Counted::ptr_eq(&ours, &theirs));
    assert_eq!((alive.get(), Counted::strong_count(&ours)), (1, 2));
}

#[test]
fn a_cyclic_construction_that_panics_frees_the_box() {
    let kept = RefCell::new(Weak::<String>::new());
    panics_and_frees_all(|| {
        Counted::<String>::new_cyclic(|_| panic_as_planned());
    });
    panics_and_frees_all(|| {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            Counted::<String>::new_cyclic(|me| {
                kept.replace(me.clone());
                panic_as_planned()
            })
        }));
        assert!(kept.borrow().upgrade().is_none());
        kept.take();
        std::panic::resume_unwind(outcome.unwrap_err());
    });
}

#[test]
fn every_way_of_making_a_handle_frees_what_it_took() {
    let before = held();
    drop(Counted::<[String]>::from(vec![String::from("a"), String::from("b")]));
    drop(Counted::<[String]>::from(Vec::with_capacity(100)));
    drop(Counted::<str>::from(String::from("text")));
    drop(Counted::<dyn core::fmt::Debug>::from(Box::new(String::from("a")) as Box<dyn core::fmt::Debug>));
    drop(Counted::<()>::from(Box::new(())));
    drop(Counted::try_unwrap(Counted::new(String::from("a"))));
    drop(Counted::unwrap_or_clone(Counted::new(String::from("a"))));
    assert_eq!(held(), before);
}

#[test]
fn an_iterator_that_knows_its_length_is_collected_in_one_allocation() {
    let before = ALLOCATIONS.get();
    let squares: Counted<[u64]> = (0..100).map(|i| i * i).collect();
    assert_eq!(ALLOCATIONS.get() - before, 1);
    assert_eq!((squares.len(), squares[99]), (100, 9801));
}

#[test]
fn an_iterator_that_lies_about_its_length_loses_nothing() {
    /// Says that there are `said` elements.
    struct Liar<I>(I, usize);
    impl<I: Iterator> Iterator for Liar<I> {
        type Item = I::Item;

        fn next(&mut self) -> Option<I::Item> {
            self.0.next()
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.1, Some(self.1))
        }
    }

    let before = held();
    for (said, there) in [(0, 0), (0, 3), (3, 0), (3, 2), (3, 4), (3, 9), (9, 3)] {
        let strings: Counted<[String]> = Liar((0..there).map(|i| i.to_string()), said).collect();
        assert_eq!(*strings, *Vec::from_iter((0..there).map(|i| i.to_string())));
    }
    assert_eq!(held(), before);
}

#[test]
fn moving_the_value_out_frees_the_box() {
    let before = held();
    let value = Counted::new([1_u8; 1000]);
    let weak = Counted::downgrade(&value);
    assert_eq!(Counted::into_inner(value), Some([1; 1000]));
    assert!(weak.upgrade().is_none());
    assert_eq!(held() - before, WEAK_BOX);
    drop(weak);
    assert_eq!(held(), before);
}
