//! `Profiled`: an allocator, some of whose requests are recorded.

use core::alloc::{GlobalAlloc, Layout};
use core::mem;
use core::ptr::{self, NonNull};

use crate::engine::{self, Known, Request};
use crate::gate::{self, SAMPLE_ALIGN, Turn};
use crate::names;

/// An allocator that can be looked at while it serves the program: see [`Profiler`](crate::Profiler), who starts that.
///
/// While nobody looks, and for requests that are not recorded, it is the allocator and a few instructions: a request
/// counts down its bytes, a free looks at the block's address.
///
/// ```
/// use mudlark_core_alloc::Mudlark;
/// use mudlark_inspect::Profiled;
///
/// #[global_allocator]
/// static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());
/// # drop(String::from("pan"));
/// ```
///
/// A recording needs memory beside the allocator's: about 64 bytes for every recorded block in use, and what the stacks take. A block
/// of less than an OS page, 4096 bytes, takes a whole one if it is recorded by sampling.
///
/// What a signal handler requests while it interrupts the recorder is not recorded; what it frees then is leaked if it
/// may be a recorded block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profiled<A> {
    allocator: A,
}

impl<A> Profiled<A> {
    /// This allocator, which can be looked at.
    pub const fn new(allocator: A) -> Self {
        Self { allocator }
    }

    /// The allocator. What is asked of it directly is not recorded, and must not be freed by way of this one.
    pub const fn allocator(&self) -> &A {
        &self.allocator
    }
}

/// Whether a block is to be zero.
#[derive(Clone, Copy)]
enum Contents {
    Any,
    Zero,
}

// SAFETY: every block comes from the allocator, for a Layout that is the caller's or one of the same size and larger
// alignment; these blocks are known to the engine from before they are handed out until they are freed, which is then done with
// that Layout. No panic leaves a method: see `end_on_panic`.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Profiled<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if gate::is_due(layout.size()) {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.allocate_in_turn(layout, Contents::Any) };
        }
        // SAFETY: the caller's promise is the same.
        unsafe { self.allocator.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if gate::is_due(layout.size()) {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.allocate_in_turn(layout, Contents::Zero) };
        }
        // SAFETY: the caller's promise is the same.
        unsafe { self.allocator.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if gate::may_be_recorded(block.addr()) {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.free_if_recorded(block, layout) };
        }
        // SAFETY: the caller's promise is the same, and the block is one for its own Layout.
        unsafe { self.allocator.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let is_due = gate::is_due(new_size);
        if is_due || gate::may_be_recorded(block.addr()) {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.resize_in_turn(block, layout, new_size, is_due) };
        }
        // SAFETY: the caller's promise is the same, and the block is one for its own Layout.
        unsafe { self.allocator.realloc(block, layout, new_size) }
    }
}

impl<A: GlobalAlloc> Profiled<A> {
    /// Serves a request that is due.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc`].
    #[cold]
    #[inline(never)]
    unsafe fn allocate_in_turn(&self, layout: Layout, contents: Contents) -> *mut u8 {
        names::note_type::<A>();
        // SAFETY: the caller's promise is the same.
        end_on_panic(|| unsafe { self.allocate(layout, contents, gate::take_turn(layout.size())) })
    }

    /// Serves a request whose turn it is, or not.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc`].
    unsafe fn allocate(&self, layout: Layout, contents: Contents, turn: Turn) -> *mut u8 {
        let (block, served_as) = if turn.is_sample() {
            // SAFETY: the caller's promise is the same.
            unsafe { self.allocate_sample(layout, contents) }
        } else {
            // SAFETY: the size is not zero, by the caller's promise.
            (unsafe { self.allocate_plainly(layout, contents) }, layout)
        };
        let Some(interval) = turn.interval() else { return block };
        let request = Request { layout, interval, is_over_aligned: served_as != layout };
        let here = ptr::from_ref(&served_as).cast();
        let Some(start) = NonNull::new(block) else {
            engine::refused(&request, here);
            return block;
        };
        if !engine::allocated(start, &request, here) && request.is_over_aligned {
            // SAFETY: just allocated for this Layout, and nobody knows of it.
            unsafe { self.allocator.dealloc(block, served_as) };
            // SAFETY: as above.
            return unsafe { self.allocate_plainly(layout, contents) };
        }
        block
    }

    /// Serves a request such that its block is at a place for samples; the answer has the Layout that it was allocated for.
    /// Large blocks are there anyway, mostly, and grow in place as they are; others are aligned to [`SAMPLE_ALIGN`].
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc`].
    unsafe fn allocate_sample(&self, layout: Layout, contents: Contents) -> (*mut u8, Layout) {
        if layout.size() >= SAMPLE_ALIGN {
            // SAFETY: the caller's promise is the same.
            let block = unsafe { self.allocate_plainly(layout, contents) };
            if block.is_null() || gate::is_sample_place(block.addr()) {
                return (block, layout);
            }
            // SAFETY: just allocated for this Layout, and nobody knows of it.
            unsafe { self.allocator.dealloc(block, layout) };
        }
        let served_as = over_aligned(layout);
        // SAFETY: the size is not zero, by the caller's promise.
        (unsafe { self.allocate_plainly(served_as, contents) }, served_as)
    }

    /// Serves a request that nobody records.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc`].
    unsafe fn allocate_plainly(&self, layout: Layout, contents: Contents) -> *mut u8 {
        match contents {
            // SAFETY: the caller's promise is the same.
            Contents::Any => unsafe { self.allocator.alloc(layout) },
            // SAFETY: the caller's promise is the same.
            Contents::Zero => unsafe { self.allocator.alloc_zeroed(layout) },
        }
    }

    /// Takes back a block that is where recorded ones are. Few of these are recorded, and all others are as any block.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::dealloc`].
    #[cold]
    #[inline(never)]
    unsafe fn free_if_recorded(&self, block: *mut u8, layout: Layout) {
        if gate::may_be_live(block.addr()) {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.free_as_served(block, layout) };
        }
        // SAFETY: the caller's promise is the same, and the block is one for its own Layout.
        unsafe { self.allocator.dealloc(block, layout) };
    }

    /// Takes back a block that may be recorded, by the Layout that it was allocated for.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::dealloc`].
    #[cold]
    #[inline(never)]
    unsafe fn free_as_served(&self, block: *mut u8, layout: Layout) {
        let served_as = match end_on_panic(|| engine::freed(block.addr())) {
            Known::Recorded(live) if live.is_over_aligned => over_aligned(layout),
            Known::Recorded(_) | Known::Unrecorded => layout,
            // For want of its Layout.
            Known::NobodyKnows => return,
        };
        // SAFETY: the caller's promise is the same, and that is the Layout that it was allocated for.
        unsafe { self.allocator.dealloc(block, served_as) };
    }

    /// Resizes a block that is due to be recorded, or is where recorded ones are. Few of the latter are, and all others are as
    /// any block.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    #[cold]
    #[inline(never)]
    unsafe fn resize_in_turn(&self, block: *mut u8, layout: Layout, new_size: usize, is_due: bool) -> *mut u8 {
        if is_due || gate::may_be_live(block.addr()) {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.resize_or_move(block, layout, new_size, is_due) };
        }
        // SAFETY: the caller's promise is the same, and the block is one for its own Layout.
        unsafe { self.allocator.realloc(block, layout, new_size) }
    }

    /// Resizes a block that may be recorded, or is due to be.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    #[cold]
    #[inline(never)]
    unsafe fn resize_or_move(&self, block: *mut u8, layout: Layout, new_size: usize, is_due: bool) -> *mut u8 {
        // SAFETY: the caller promises that the new size, rounded up to the alignment, is no more than `isize::MAX`.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        end_on_panic(|| {
            let turn = if is_due { gate::take_turn(new_size) } else { Turn::Pass };
            // A large block at a place for samples is likely to be at one when it has grown.
            let is_misplaced = turn.is_sample() && !(new_size >= SAMPLE_ALIGN && gate::is_sample_place(block.addr()));
            if is_misplaced || may_be_over_aligned(block) {
                // SAFETY: the caller's promise is the same.
                unsafe { self.move_block(block, layout, new, turn) }
            } else {
                // SAFETY: the caller's promise is the same, and the block is one for its own Layout.
                unsafe { self.resize(block, layout, new, turn) }
            }
        })
    }

    /// Resizes a block by a move: it has another alignment than it should have, or shall get one.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    unsafe fn move_block(&self, block: *mut u8, layout: Layout, new: Layout, turn: Turn) -> *mut u8 {
        // SAFETY: the new size is not zero, by the caller's promise.
        let moved = unsafe { self.allocate(new, Contents::Any, turn) };
        if !moved.is_null() {
            // SAFETY: both blocks have so many bytes, and they are two.
            unsafe { moved.copy_from_nonoverlapping(block, layout.size().min(new.size())) };
            // SAFETY: the caller parts with it.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }

    /// Resizes a block as the allocator does it.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`]; the block was allocated for `layout`.
    unsafe fn resize(&self, block: *mut u8, layout: Layout, new: Layout, turn: Turn) -> *mut u8 {
        let old = match engine::take_out(block.addr()) {
            Known::Recorded(live) => Some(live),
            Known::Unrecorded | Known::NobodyKnows => None,
        };
        // SAFETY: the caller's promise is the same.
        let resized = unsafe { self.allocator.realloc(block, layout, new.size()) };
        let here = ptr::from_ref(&new).cast();
        let request = turn.interval().map(|interval| Request { layout: new, interval, is_over_aligned: false });
        match (NonNull::new(resized), &request) {
            (Some(place), Some(_)) if turn.is_sample() && !gate::is_sample_place(place.addr().get()) => {
                old.iter().for_each(engine::let_go);
                // SAFETY: it was just resized to this Layout, and the caller has lost the old one.
                let moved = unsafe { self.move_block(resized, new, new, turn) };
                return if moved.is_null() { resized } else { moved };
            }
            (Some(resized), Some(request)) => engine::resized(old, resized, request, here),
            (Some(_), None) => old.iter().for_each(engine::let_go),
            (None, request) => {
                old.into_iter().for_each(engine::put_back);
                request.iter().for_each(|request| engine::refused(request, here));
            }
        }
        resized
    }
}

/// Whether the block may have been allocated with a larger alignment than the program's own.
fn may_be_over_aligned(block: *mut u8) -> bool {
    gate::may_be_recorded(block.addr())
        && match engine::look(block.addr()) {
            Known::Recorded(live) => live.is_over_aligned,
            Known::Unrecorded => false,
            Known::NobodyKnows => true,
        }
}

/// Calls `f`. If that panics, the program ends: nothing may unwind out of an allocator.
pub(crate) fn end_on_panic<R>(f: impl FnOnce() -> R) -> R {
    /// Dropped by a panic only, and then a second one: that ends the program.
    struct PanicEndsTheProgram;

    impl Drop for PanicEndsTheProgram {
        fn drop(&mut self) {
            panic!("a panic in the midst of an allocation");
        }
    }

    let guard = PanicEndsTheProgram;
    let result = f();
    mem::forget(guard);
    result
}

/// The Layout by which a sampled block is really allocated.
fn over_aligned(layout: Layout) -> Layout {
    // What is too large for that is one that the allocator will refuse.
    layout.align_to(SAMPLE_ALIGN).unwrap_or(layout)
}
