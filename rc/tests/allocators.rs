//! Boxes from allocators of their own.

#![cfg(feature = "allocator-api2")]

#[cfg(feature = "drop-context")]
mod contexts;

use allocator_api2::alloc::{AllocError, Allocator, Global, Layout};
use core::cell::Cell;
use core::fmt::Debug;
use core::ptr::NonNull;
use mudlark_rc::{Counted, Weak, unsize};

/// The global allocator, with a count of the bytes that are out, and of the clones of this allocator.
struct Counting<'a> {
    held: &'a Cell<usize>,
    clones: &'a Cell<usize>,
}

impl Clone for Counting<'_> {
    fn clone(&self) -> Self {
        self.clones.set(self.clones.get() + 1);
        Self { ..*self }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.clones.set(self.clones.get() - 1);
    }
}

// SAFETY: all clones are the global allocator.
unsafe impl Allocator for Counting<'_> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.held.set(self.held.get() + layout.size());
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        self.held.set(self.held.get() - layout.size());
        // SAFETY: by this function's own contract.
        unsafe { Global.deallocate(block, layout) };
    }
}

#[test]
fn all_memory_is_from_the_allocator_and_goes_back_and_every_clone_of_it_is_dropped() {
    let (held, clones) = (Cell::new(0), Cell::new(0));
    let counting = || {
        clones.set(clones.get() + 1);
        Counting { held: &held, clones: &clones }
    };
    let gone = || assert_eq!((held.get(), clones.get()), (0, 0));

    let one = Counted::new_in(String::from("text"), counting());
    assert_eq!(held.get(), size_of::<usize>() + size_of::<String>());
    let weak = Counted::downgrade(&one);
    let (two, other) = (weak.upgrade(), weak.clone());
    assert_eq!(clones.get(), 4);
    drop((one, two, weak, other));
    gone();

    struct Cyclic<'a>(Weak<Cyclic<'a>, Counting<'a>>);
    let cyclic = Counted::new_cyclic_in(|me: &Weak<_, _>| Cyclic(me.clone()), counting());
    assert!(Counted::ptr_eq(&cyclic.0.upgrade().unwrap(), &cyclic));
    drop(cyclic);
    gone();

    let mut slice = Counted::<[u32], Counting<'_>>::new_uninit_slice_in(3, counting());
    Counted::get_mut(&mut slice).unwrap().fill(core::mem::MaybeUninit::new(7));
    // SAFETY: all were just written.
    let mut slice = unsafe { slice.assume_init() };
    let copy = slice.clone();
    Counted::make_mut(&mut slice)[0] = 1;
    assert_eq!((&*slice, &*copy), (&[1, 7, 7][..], &[7, 7, 7][..]));
    drop((slice, copy));
    gone();

    let shown = unsize!(Counted::new_in(5, counting()) => dyn Debug);
    let (pointer, allocator) = Counted::into_raw_with_allocator(shown);
    // SAFETY: the pointer was a handle with this allocator just now.
    let shown = unsafe { Counted::from_raw_in(pointer, allocator) };
    let weak = unsize!(Counted::downgrade(&shown) => dyn Debug);
    let (pointer, allocator) = weak.into_raw_with_allocator();
    drop(shown);
    // SAFETY: the pointer was a handle with this allocator.
    assert!(unsafe { Weak::from_raw_in(pointer, allocator) }.upgrade().is_none());
    gone();

    let mut moved = Counted::new_in(6, counting());
    let weak = Counted::downgrade(&moved).into_raw_with_allocator();
    *Counted::make_mut(&mut moved) += 1;
    assert_eq!(Counted::try_unwrap(moved).ok(), Some(7));
    // SAFETY: the pointer was a handle with this allocator.
    drop(unsafe { Weak::from_raw_in(weak.0, weak.1) });
    assert_eq!(Counted::into_inner(Counted::new_in(8, counting())), Some(8));
    gone();
}

#[test]
fn a_long_list_with_an_allocator_without_size_is_dropped_in_constant_stack() {
    #[derive(Clone, Copy)]
    struct Plain;

    // SAFETY: it is the global allocator.
    unsafe impl Allocator for Plain {
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            Global.allocate(layout)
        }

        unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
            // SAFETY: by this function's own contract.
            unsafe { Global.deallocate(block, layout) };
        }
    }

    struct Node(Option<Counted<Node, Plain>>);
    let mut list = Node(None);
    for _ in 0..if cfg!(miri) { 100 } else { 200_000 } {
        let link = Counted::new_in(list, Plain);
        Counted::make_deep(&link);
        list = Node(Some(link));
    }
    assert!(list.0.is_some());
    drop(list);
}

#[test]
fn an_allocator_whose_clone_panics_leaves_everything_as_it_was() {
    struct Once<'a>(&'a Cell<bool>);
    impl Clone for Once<'_> {
        fn clone(&self) -> Self {
            if self.0.get() {
                std::panic::resume_unwind(Box::new("as planned"));
            }
            Self(self.0)
        }
    }
    // SAFETY: all clones are the global allocator.
    unsafe impl Allocator for Once<'_> {
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            Global.allocate(layout)
        }

        unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
            // SAFETY: by this function's own contract.
            unsafe { Global.deallocate(block, layout) };
        }
    }

    let panics = Cell::new(false);
    let mut strong = Counted::new_in(String::from("text"), Once(&panics));
    let weak = Counted::downgrade(&strong);
    let (pointer, allocator) = weak.clone().into_raw_with_allocator();
    panics.set(true);
    for attempt in [0, 1] {
        let outcome = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            Counted::make_mut(&mut strong).push('!');
        }));
        assert!(outcome.is_err(), "attempt {attempt}");
        assert_eq!((Counted::strong_count(&strong), Counted::weak_count(&strong)), (1, 2));
    }
    panics.set(false);
    assert_eq!(weak.upgrade().as_deref().map(String::as_str), Some("text"));
    // SAFETY: the pointer was a handle with this allocator.
    drop(unsafe { Weak::from_raw_in(pointer, allocator) });
    Counted::make_mut(&mut strong).push('!');
    assert_eq!(*strong, "text!");
    assert!(weak.upgrade().is_none());
}

/// At any depth, what borrows a local variable is dropped before it, also when another handle with an allocator that has a
/// size is in between, which is not kept track of.
#[test]
fn a_value_that_borrows_is_dropped_at_once_behind_an_allocator_with_a_size() {
    struct Node<'a> {
        text: &'a str,
        read: &'a Cell<usize>,
        makes_others: bool,
        _next: Option<Counted<Node<'a>>>,
    }
    impl Drop for Node<'_> {
        fn drop(&mut self) {
            self.read.set(self.read.get() + self.text.len());
            if self.makes_others {
                let (local, read) = (String::from("local"), Cell::new(0));
                let clones = Cell::new(1);
                let held = Cell::new(0);
                let other = Node { text: &local, read: &read, makes_others: false, _next: None };
                let other = Counted::new_in(Some(Counted::new(other)), Counting { held: &held, clones: &clones });
                drop(vec![other]);
                assert_eq!(read.get(), local.len());
            }
        }
    }

    let read = Cell::new(0);
    let mut list = None;
    for _ in 0..100 {
        list = Some(Counted::new(Node { text: "far", read: &read, makes_others: true, _next: list }));
    }
    drop(list);
    assert_eq!(read.get(), 300);
}
