//! What [`Profiled`](crate::Profiled) is for allocators that are called with a Layout, for those that are called as C's is.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use crate::engine::{self, Known, Request};
use crate::gate::{self, SAMPLE_ALIGN, Turn};
use crate::profiled::end_on_panic;
use crate::thread::{self, TryingAgain, Unrecorded};

/// An allocator in the manner of C: whoever frees a block says nothing but where it is.
///
/// # Safety
///
/// A block is as large and as aligned as was asked for, and nobody else's until it is freed. The functions do not unwind.
pub unsafe trait Malloc {
    /// A block of at least `size` bytes, for any of C's own types, or null.
    fn malloc(&self, size: usize) -> *mut u8;

    /// The same, zeroed.
    fn zeroed(&self, size: usize) -> *mut u8;

    /// A block of at least `size` bytes at a multiple of the power of two `align`, or null.
    fn aligned(&self, align: usize, size: usize) -> *mut u8;

    /// Makes a block one of at least `size` bytes, which is not zero, and which may be elsewhere; null if there is no memory.
    ///
    /// # Safety
    ///
    /// The block is the caller's, who does not use it any more unless the answer is null.
    unsafe fn realloc(&self, block: NonNull<u8>, size: usize) -> *mut u8;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// The block is the caller's, who does not use it any more.
    unsafe fn free(&self, block: NonNull<u8>);

    /// The bytes of a block, all of which may be used.
    ///
    /// # Safety
    ///
    /// The block is the caller's.
    unsafe fn usable_size(&self, block: NonNull<u8>) -> usize;
}

/// An allocator in the manner of C, some of whose requests are recorded.
///
/// It is what `libmudlark_record.so` puts in front of a program's `malloc`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProfiledMalloc<M> {
    next: M,
}

/// What C's own types are aligned to at least.
const LEAST_ALIGN: usize = align_of::<u128>();

impl<M> ProfiledMalloc<M> {
    /// This allocator, which can be looked at.
    pub const fn new(next: M) -> Self {
        Self { next }
    }

    /// Until the answer is dropped, the calling thread goes on with a request that was refused: others may be asked, and come back here.
    /// If that is in vain, it is one refusal all the same.
    #[must_use]
    pub fn try_again(&self) -> TryingAgain {
        TryingAgain::begin()
    }

    /// Until the answer is dropped, nothing that the calling thread asks for is recorded: for what asks for memory while it has a lock
    /// that a walk of the stack needs, too.
    #[must_use]
    pub fn unrecorded(&self) -> Unrecorded {
        Unrecorded::begin()
    }

    /// The allocator. What is asked of it directly is not recorded.
    pub const fn allocator(&self) -> &M {
        &self.next
    }
}

/// How a block is to be.
#[derive(Clone, Copy)]
enum Wish {
    Plain,
    Zeroed,
    Aligned(usize),
}

// SAFETY: every block is the allocator's, at least as aligned as was asked for. No panic leaves a method: see `end_on_panic`.
unsafe impl<M: Malloc> Malloc for ProfiledMalloc<M> {
    #[inline]
    fn malloc(&self, size: usize) -> *mut u8 {
        if is_due(size) { self.allocate_in_turn(size, Wish::Plain) } else { self.next.malloc(size) }
    }

    #[inline]
    fn zeroed(&self, size: usize) -> *mut u8 {
        if is_due(size) { self.allocate_in_turn(size, Wish::Zeroed) } else { self.next.zeroed(size) }
    }

    #[inline]
    fn aligned(&self, align: usize, size: usize) -> *mut u8 {
        if is_due(size) { self.allocate_in_turn(size, Wish::Aligned(align)) } else { self.next.aligned(align, size) }
    }

    #[inline]
    unsafe fn realloc(&self, block: NonNull<u8>, size: usize) -> *mut u8 {
        let is_due = is_due(size);
        if is_due || may_be_recorded(block) {
            // SAFETY: the caller's promise is the same.
            return end_on_panic(|| unsafe { self.resize_in_turn(block, size, is_due) });
        }
        // SAFETY: the caller's promise is the same.
        unsafe { self.next.realloc(block, size) }
    }

    #[inline]
    unsafe fn free(&self, block: NonNull<u8>) {
        if may_be_recorded(block) {
            note_freed(block);
        }
        // SAFETY: the caller's promise is the same.
        unsafe { self.next.free(block) };
    }

    unsafe fn usable_size(&self, block: NonNull<u8>) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { self.next.usable_size(block) }
    }
}

/// Counts a request, and says whether it has to take its turn. One that is larger than any Layout is not counted: nobody
/// serves it.
#[inline]
fn is_due(size: usize) -> bool {
    size <= gate::MOST && gate::is_due(size)
}

/// Whether a block has to be looked for among the recorded ones.
#[inline]
fn may_be_recorded(block: NonNull<u8>) -> bool {
    gate::may_be_recorded(block.addr().get()) && gate::may_be_live(block.addr().get())
}

/// Notes that a block is about to be freed. If nobody can be asked now, it stays in the books.
#[cold]
#[inline(never)]
fn note_freed(block: NonNull<u8>) {
    end_on_panic(|| engine::freed(block.addr().get()));
}

/// What is recorded of a request, if it is, and if there can be such a Layout.
fn request_of(size: usize, align: usize, turn: Turn) -> Option<Request> {
    let layout = Layout::from_size_align(size, align).ok()?;
    // Whoever frees a block here does not say how it was aligned.
    turn.interval().map(|interval| Request { layout, interval, is_over_aligned: false })
}

/// Notes a request that was not served, unless that is known of it.
fn refused(request: &Request, here: *const u8) {
    if !thread::is_trying_again() {
        engine::refused(request, here);
    }
}

impl<M: Malloc> ProfiledMalloc<M> {
    /// Serves a request that is due.
    #[cold]
    #[inline(never)]
    fn allocate_in_turn(&self, size: usize, wish: Wish) -> *mut u8 {
        end_on_panic(|| self.allocate(size, wish, gate::take_turn(size)))
    }

    /// Serves a request whose turn it is, or not.
    fn allocate(&self, size: usize, wish: Wish, turn: Turn) -> *mut u8 {
        let align = if let Wish::Aligned(align) = wish { align } else { LEAST_ALIGN };
        let block = match (wish, turn) {
            (_, Turn::Sample { .. }) => self.sampled(size, wish),
            (Wish::Plain, _) => self.next.malloc(size),
            (Wish::Zeroed, _) => self.next.zeroed(size),
            (Wish::Aligned(align), _) => self.next.aligned(align, size),
        };
        if let Some(request) = request_of(size, align, turn) {
            let here = ptr::from_ref(&request).cast();
            match NonNull::new(block) {
                Some(block) => drop(engine::allocated(block, &request, here)),
                None => refused(&request, here),
            }
        }
        block
    }

    /// A block at a place for samples.
    fn sampled(&self, size: usize, wish: Wish) -> *mut u8 {
        match wish {
            Wish::Zeroed if size >= SAMPLE_ALIGN => self.zeroed_sample(size),
            _ => self.sample_at_page(size, wish),
        }
    }

    /// A large block of zeroes at a place for samples. Many an allocator's own is there already; and it takes no memory before
    /// it is used, if it is fresh from the OS. jemalloc's begins at any cache line of a page, so that it is seldom of use.
    fn zeroed_sample(&self, size: usize) -> *mut u8 {
        let Some(block) = NonNull::new(self.next.zeroed(size)) else { return ptr::null_mut() };
        if gate::is_sample_place(block.addr().get()) {
            return block.as_ptr();
        }
        // SAFETY: it was just allocated, and nobody knows of it.
        unsafe { self.next.free(block) };
        self.sample_at_page(size, Wish::Zeroed)
    }

    /// A block that begins at an OS page.
    fn sample_at_page(&self, size: usize, wish: Wish) -> *mut u8 {
        let align = if let Wish::Aligned(align) = wish { align.max(SAMPLE_ALIGN) } else { SAMPLE_ALIGN };
        let block = self.next.aligned(align, size);
        if matches!(wish, Wish::Zeroed) && !block.is_null() {
            // SAFETY: the block has so many bytes.
            unsafe { block.write_bytes(0, size) };
        }
        block
    }

    /// Resizes a block that may be recorded, or is due to be.
    ///
    /// # Safety
    ///
    /// As for [`Malloc::realloc`].
    #[cold]
    #[inline(never)]
    unsafe fn resize_in_turn(&self, block: NonNull<u8>, size: usize, is_due: bool) -> *mut u8 {
        let turn = if is_due { gate::take_turn(size) } else { Turn::Pass };
        // A large block at a place for samples is likely to be at one when it has grown.
        let may_stay = size >= SAMPLE_ALIGN && gate::is_sample_place(block.addr().get());
        if turn.is_sample() && !may_stay {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.move_block(block, size, turn) };
        }
        let old = match engine::take_out(block.addr().get()) {
            Known::Recorded(live) => Some(live),
            Known::Unrecorded | Known::NobodyKnows => None,
        };
        // SAFETY: the caller's promise is the same.
        let resized = unsafe { self.next.realloc(block, size) };
        let here = ptr::from_ref(&size).cast();
        match (NonNull::new(resized), request_of(size, LEAST_ALIGN, turn)) {
            (Some(place), Some(_)) if turn.is_sample() && !gate::is_sample_place(place.addr().get()) => {
                old.iter().for_each(engine::let_go);
                // SAFETY: it was just resized, and the caller has lost the old one.
                let moved = unsafe { self.move_block(place, size, turn) };
                return if moved.is_null() { resized } else { moved };
            }
            (Some(resized), Some(request)) => engine::resized(old, resized, &request, here),
            // It may be at no place for samples any more, and then it would not be found when it is freed.
            (Some(_), None) => old.iter().for_each(engine::let_go),
            (None, request) => {
                old.into_iter().for_each(engine::put_back);
                request.into_iter().for_each(|request| refused(&request, here));
            }
        }
        resized
    }

    /// Resizes a block by a move to a place for samples.
    ///
    /// # Safety
    ///
    /// As for [`Malloc::realloc`].
    unsafe fn move_block(&self, block: NonNull<u8>, size: usize, turn: Turn) -> *mut u8 {
        let moved = self.allocate(size, Wish::Plain, turn);
        if !moved.is_null() {
            // SAFETY: by the caller's promise.
            let bytes = unsafe { self.next.usable_size(block) };
            // SAFETY: both blocks have so many bytes, and they are two.
            unsafe { moved.copy_from_nonoverlapping(block.as_ptr(), bytes.min(size)) };
            // SAFETY: the caller parts with it.
            unsafe { self.free(block) };
        }
        moved
    }
}
