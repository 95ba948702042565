//! Deep drops in constant stack.
//!
//! A value that is dropped drops the handles in it, and a last handle drops its value, and so on: one stack frame inside
//! the other, as deep as the structure is. A *deep* value that lies inside the drops of [`DEPTH`] others is *put off*
//! instead: its box is hung on a list, and the frame that would have grown returns. The list belongs to a frame further up
//! the stack (a [`Frame`]), which drops what hangs on it, one after the other, before it returns itself.
//!
//! ```text
//!   drop of box 1                                     the order of drops, if all boxes are of deep values
//!     └─ drop of box 2                                1 .. DEPTH + 1 as with recursion: the next one
//!          └─ … drop of box DEPTH + 1: a Frame        inside the drop of the one before
//!               │  box DEPTH + 2 is put off
//!               └─ drops box DEPTH + 2, which puts    from then on one after the other, of all on the
//!                  box DEPTH + 3 off; drops that …    list the last put off first
//! ```
//!
//! The list is threaded through the count words, which count nothing any more; so nothing is allocated. It has no room to
//! say what type a box is of, so each frame's list is for one type and one length or table of methods; a chain that leads
//! through *n* types by turns takes *n* frames at most.
//!
//! # What may be put off
//!
//! A drop that comes later than it was asked for is dangerous if the value borrows: what it borrows may be gone, even where
//! the outer value seems to vouch for it, since values may be made that borrow from themselves. Whether a value borrows is
//! known only to the compiler, and only where the value is made: types that differ in lifetimes are one to the program that
//! runs. So a value is deep only if it is said where its type is known to be `'static`. Handles to it may lie anywhere: in a
//! field, a `Box`, a `Vec`, a map. All other values are dropped at once, by recursion, as `Rc` does.
//!
//! CPython puts the deallocation of deeply nested containers off in such a way, and calls it the trashcan
//! (`Objects/object.c`).

use core::any::TypeId;
use core::cell::Cell;
use core::marker::PhantomData;
use core::mem;
use core::ptr::{self, NonNull};

use crate::allocate::Allocate;
use crate::counted_box::CountedBox;
use crate::counts::Counts;
#[cfg(not(feature = "std"))]
use crate::drop_context::with_nest;
#[cfg(feature = "std")]
use crate::thread_context::with_nest;
use crate::wide_pointer::{metadata_of, with_metadata_of};

/// So many deep values are dropped inside each other before a frame is made, for which others are put off.
pub(crate) const DEPTH: usize = 16;

/// What one context is dropping: a thread, or without `std` what the program says is one.
///
/// # Invariants
///
/// One context at a time has it. `frame` is null or points at a frame that is further up the stack, in a function that waits
/// for this one.
pub(crate) struct Nest {
    /// How many deep values are being dropped, each inside the drop of the one before.
    depth: Cell<usize>,
    /// The innermost frame.
    frame: Cell<*const Frame>,
}

/// A list of boxes that are put off, and of what type they are.
///
/// # Invariants
///
/// All boxes on the list are of the type and metadata of `key`, have no strong handle left, and belong to the list.
struct Frame {
    key: Key,
    /// The value of the box that was put off last; null if there is none.
    last: Cell<*mut u8>,
    /// The next frame up the stack.
    outer: *const Self,
}

/// What the boxes on one list have in common: the type, but for lifetimes, and what a wide pointer has besides the address.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    type_id: TypeId,
    metadata: *const (),
}

impl Key {
    #[inline]
    fn of<T: ?Sized, C: Counts, A: Allocate>(value: NonNull<T>) -> Self {
        Self { type_id: id_but_for_lifetimes::<(PhantomData<T>, C, PhantomData<A>)>(), metadata: metadata_of(value) }
    }
}

/// The id of a type, which is the same for all its lifetimes.
#[inline]
fn id_but_for_lifetimes<T>() -> TypeId {
    trait Identified {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Identified for PhantomData<T> {
        #[inline]
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<Self>()
        }
    }
    let marker = PhantomData::<T>;
    let identified: &dyn Identified = &marker;
    // SAFETY: the pointer is the same but for a lifetime, and what it points at borrows nothing: it is a `PhantomData`.
    let identified = unsafe { mem::transmute::<&dyn Identified, &(dyn Identified + 'static)>(identified) };
    identified.id()
}

/// Drops the value of a box that has no strong handle left, and frees the box; now, or before this context's outermost
/// drop returns. Also when a drop panics.
///
/// # Safety
///
/// The caller owned the last strong handle, with this allocator. The box is not used again.
#[inline]
pub(crate) unsafe fn drop_box<T: ?Sized, C: Counts, A: Allocate>(last: CountedBox<T, C>, allocator: &A) {
    // The list has no room for allocators.
    if mem::needs_drop::<T>() && size_of::<A>() == 0 && last.count().is_deep() {
        with_nest(|nest| match nest {
            // SAFETY: by the contract.
            Some(nest) => unsafe { nest.drop_box(last, allocator) },
            // SAFETY: by the contract.
            None => unsafe { last.drop_now(allocator) },
        });
    } else {
        // SAFETY: by the contract.
        unsafe { last.drop_now(allocator) };
    }
}

impl Nest {
    /// Nothing is being dropped.
    pub(crate) const fn new() -> Self {
        Self { depth: Cell::new(0), frame: Cell::new(ptr::null()) }
    }

    /// As [`drop_box`], for a deep value and an allocator without size.
    ///
    /// # Safety
    ///
    /// As for [`drop_box`].
    #[inline(never)]
    unsafe fn drop_box<T: ?Sized, C: Counts, A: Allocate>(&self, last: CountedBox<T, C>, allocator: &A) {
        if self.depth.get() < DEPTH {
            // SAFETY: by the contract.
            unsafe { self.drop_now(last, allocator) };
        } else if !self.put_off(&last, Key::of::<T, C, A>(last.as_ptr())) {
            // SAFETY: by the contract.
            unsafe { self.drop_with_frame(last, allocator) };
        }
    }

    /// Drops the value and frees the box, now.
    ///
    /// # Safety
    ///
    /// As for [`drop_box`].
    #[inline]
    unsafe fn drop_now<T: ?Sized, C: Counts, A: Allocate>(&self, last: CountedBox<T, C>, allocator: &A) {
        let _deeper = self.go_deeper();
        // SAFETY: by the contract.
        unsafe { last.drop_now(allocator) };
    }

    /// Notes that one deep value more is being dropped, until the result is.
    #[inline]
    fn go_deeper(&self) -> Deeper<'_> {
        self.depth.set(self.depth.get() + 1);
        Deeper(self)
    }

    /// Hangs the box on the list of a frame that is for such boxes, if there is one; returns whether it did.
    fn put_off<T: ?Sized, C: Counts>(&self, last: &CountedBox<T, C>, key: Key) -> bool {
        let mut frame = self.frame.get();
        // SAFETY: by the invariant of `Nest`, and of the frames that it leads to.
        while let Some(this) = unsafe { frame.as_ref() } {
            if this.key == key {
                this.push(last);
                return true;
            }
            frame = this.outer;
        }
        false
    }

    /// Drops the value and frees the box, now, and then what its drop has put off.
    ///
    /// # Safety
    ///
    /// As for [`drop_box`].
    #[inline(never)]
    unsafe fn drop_with_frame<T: ?Sized, C: Counts, A: Allocate>(&self, last: CountedBox<T, C>, allocator: &A) {
        let value = last.as_ptr();
        let key = Key::of::<T, C, A>(value);
        let frame = Frame { key, last: Cell::new(ptr::null_mut()), outer: self.frame.get() };
        // INVARIANT: the frame is left, by `leave`, before this function returns.
        let leave = Leave { nest: self, frame: &frame };
        self.frame.set(leave.frame);
        let rest = Rest::<T, C, A> { nest: self, frame: &frame, like: value, allocator, owns: PhantomData };
        // SAFETY: by the contract.
        unsafe { self.drop_now(last, allocator) };
        drop(rest);
    }
}

/// One deep value more is being dropped, until this is.
struct Deeper<'a>(&'a Nest);

impl Drop for Deeper<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
    }
}

/// The frame is the innermost one, until this is dropped.
struct Leave<'a> {
    nest: &'a Nest,
    frame: *const Frame,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        // SAFETY: the frame is in the function that has this, too.
        self.nest.frame.set(unsafe { (*self.frame).outer });
    }
}

impl Frame {
    fn push<T: ?Sized, C: Counts>(&self, last: &CountedBox<T, C>) {
        last.count().set_link(self.last.get());
        // INVARIANT: the caller compared the keys.
        self.last.set(last.as_ptr().cast().as_ptr());
    }
}

/// Drops what hangs on the list of a frame for boxes of this type, when it is dropped; all of it, also when a drop panics.
///
/// # Invariants
///
/// The key of the frame is that of these types and of `like`.
struct Rest<'a, T: ?Sized, C: Counts, A: Allocate> {
    nest: &'a Nest,
    frame: &'a Frame,
    like: NonNull<T>,
    allocator: &'a A,
    owns: PhantomData<(C, T)>,
}

impl<T: ?Sized, C: Counts, A: Allocate> Rest<'_, T, C, A> {
    fn pop(&self) -> Option<CountedBox<T, C>> {
        let place = NonNull::new(self.frame.last.get())?;
        // SAFETY: by the frame's invariant, this box was put off, and its value is of the same type and metadata as `like`.
        let last = unsafe { CountedBox::<T, C>::from_value(with_metadata_of(place, self.like)) };
        self.frame.last.set(last.count().take_link());
        Some(last)
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Drop for Rest<'_, T, C, A> {
    fn drop(&mut self) {
        while let Some(last) = self.pop() {
            let Self { nest, frame, like, allocator, .. } = *self;
            let rest = Self { nest, frame, like, allocator, owns: PhantomData };
            // SAFETY: it was put off by the last handle, with an allocator of the same type, which has no size, so any is as
            // good as that one. It is off the list.
            unsafe { nest.drop_now(last, allocator) };
            mem::forget(rest);
        }
    }
}
