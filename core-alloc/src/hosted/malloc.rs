//! `Malloc`: the hosted allocator for those who free without a [`Layout`], as programs in C do.
//!
//! Small blocks are [`Mudlark`](super::Mudlark)'s, from the same caches and pages; only their class comes from the
//! [`class_map`]. Large blocks say themselves how large they are: a run by the descriptor of its first page, and what has
//! a mapping of its own by a [`Preface`].

use core::alloc::Layout;
use core::ptr::NonNull;

use super::block::FreeBlock;
use super::class_map;
use super::fatal::{CHECKS, fatal};
use super::front;
use super::janitor;
use super::large;
use super::mark::Mark;
use super::misuse;
use super::page_map;
use super::region::PAGE_SIZE;
use crate::SizeClass;

/// The hosted allocator for callers that free without a Layout: what a C library's `malloc` and `free` are made of.
///
/// What comes from here goes back here, and not to [`Mudlark`](crate::Mudlark), nor the other way; both share caches,
/// pages and statistics. Zero bytes are served as one.
///
/// A request and a free take constant time, as [`Mudlark`](crate::Mudlark)'s do; a free has to find the block's class by
/// its address, in two loads more.
///
/// On Linux, the thread that gives memory back (see [`Mudlark::set_decay`](crate::Mudlark::set_decay)) is then one that the C
/// library knows nothing of, so that a free may start it, too: for the C library, a program with one thread stays one. But it
/// keeps the privileges that the program may drop; a program that minds sets no decay. Elsewhere a free does not start it,
/// but the next request. (A build for the thread sanitizer, which has to know all threads, says so by `--cfg tsan`.)
///
/// ```
/// use core::alloc::Layout;
/// use mudlark_core_alloc::Malloc;
///
/// let block = Malloc::allocate(Layout::new::<[u8; 100]>()).expect("memory");
/// // SAFETY: the block was just allocated.
/// assert_eq!(unsafe { Malloc::usable_size(block) }, Some(112));
/// // SAFETY: as above, and it is not used any more.
/// assert!(unsafe { Malloc::free(block) }.is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Malloc {
    _private: (),
}

/// There is no block of this allocator at the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotABlock;

impl core::fmt::Display for NotABlock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("there is no block of this allocator at the address")
    }
}

impl core::error::Error for NotABlock {}

impl Malloc {
    /// A block for `layout`; `None` when there is no memory.
    #[inline]
    #[must_use]
    pub fn allocate(layout: Layout) -> Option<NonNull<u8>> {
        match SizeClass::of(layout) {
            Some(class) => front::with_cache(|cache| cache.allocate(class, layout.size())),
            None => allocate_large(layout, large::allocate),
        }
    }

    /// A block of `size` bytes, aligned to 16, if the thread's cache has one: what a caller may try first, who wants nearly
    /// all requests to be short.
    #[inline]
    #[must_use]
    pub fn allocate_at_hand(size: usize) -> Option<NonNull<u8>> {
        if size > SizeClass::MAX_SIZE {
            return None;
        }
        let class = SizeClass::of(Layout::from_size_align(size, SizeClass::MIN_SIZE).ok()?)?;
        front::with_cache(|cache| cache.take_at_hand(class))
    }

    /// A block for `layout` whose first `layout.size()` bytes are zero; `None` when there is no memory.
    #[inline]
    #[must_use]
    pub fn allocate_zeroed(layout: Layout) -> Option<NonNull<u8>> {
        if SizeClass::of(layout).is_none() {
            return allocate_large(layout, large::allocate_zeroed);
        }
        let block = Self::allocate(layout)?;
        // SAFETY: the block has at least that many bytes, and is the caller's, who does not know it yet.
        unsafe { block.write_bytes(0, layout.size()) };
        Some(block)
    }

    /// Takes back a block, if the thread's cache has room for it: what a caller may try first, who wants nearly all frees to
    /// be short. Returns whether that is done; if not, nothing has happened, and [`free`](Self::free) says why. A build that
    /// checks leaves all frees to that.
    ///
    /// # Safety
    ///
    /// `block` is null, or as for [`free`](Self::free).
    #[inline]
    #[must_use]
    pub unsafe fn free_at_hand(block: *mut u8) -> bool {
        if CHECKS {
            return false;
        }
        let mark = class_map::mark_of(block.addr());
        // SAFETY: the page's blocks are of that class, and the caller is done with this one. There are none at null.
        front::with_cache(|cache| unsafe { cache.free_at_hand(mark, block) })
    }

    /// Takes back a block. [`NotABlock`] if there is nothing of this allocator's at that address; then nothing has happened.
    ///
    /// A build that checks ends the process when no block begins there, or it is free already.
    ///
    /// # Safety
    ///
    /// `block` is one that the system's addresses reach. If this allocator has a block there, it came from here, was not
    /// freed since, and nobody uses it any more.
    #[inline]
    pub unsafe fn free(block: NonNull<u8>) -> Result<(), NotABlock> {
        let mark = class_map::mark_of(block.addr().get());
        match mark.class() {
            Some(class) => {
                // SAFETY: the caller's promise is the same; the page's blocks are of that class.
                unsafe { free_of_class(class, block) };
                Ok(())
            }
            // SAFETY: the caller's promise is the same.
            None => unsafe { free_large(mark, block) },
        }
    }

    /// Makes a block one of `size` bytes at least, which may be elsewhere; its contents are the same, as far as both reach.
    /// `Ok(None)` when there is no memory; then the block is as it was. What has moved is aligned as for 16 bytes.
    ///
    /// A block stays where it is if it is large enough, and not more than twice as large as it needs to be.
    ///
    /// # Safety
    ///
    /// As for [`free`](Self::free); the caller uses the old block no more if there is a new one.
    #[inline]
    pub unsafe fn resize(block: NonNull<u8>, size: usize) -> Result<Option<NonNull<u8>>, NotABlock> {
        let mark = class_map::mark_of(block.addr().get());
        let Some(class) = mark.class() else {
            // SAFETY: the caller's promise is the same.
            return unsafe { resize_large(mark, block, size) };
        };
        // SAFETY: the caller's promise is the same.
        unsafe { check_in_use(class, block) };
        let usable = class.block_size();
        if fits(usable, size) {
            return Ok(Some(block));
        }
        let Ok(layout) = Layout::from_size_align(size, SizeClass::MIN_SIZE) else { return Ok(None) };
        let Some(moved) = Self::allocate(layout) else { return Ok(None) };
        // SAFETY: both blocks have that many bytes, and they are two.
        unsafe { moved.copy_from_nonoverlapping(block, usable.min(size)) };
        // SAFETY: the caller's promise is the same; the page's blocks are of that class.
        unsafe { free_of_class(class, block) };
        Ok(Some(moved))
    }

    /// The bytes of the block at that address, all of which may be used; `None` if there is no block of this allocator's.
    ///
    /// # Safety
    ///
    /// As for [`free`](Self::free), but the block stays the caller's.
    #[must_use]
    pub unsafe fn usable_size(block: NonNull<u8>) -> Option<usize> {
        let mark = class_map::mark_of(block.addr().get());
        match (mark.class(), mark) {
            (Some(class), _) => Some(class.block_size()),
            // SAFETY: a large block begins in that page, which is in use.
            (None, Mark::RUN) => Some(unsafe { run_size(block) }),
            (None, Mark::DIRECT) => {
                // SAFETY: there is such a block.
                let (_, preface) = unsafe { mapping_of(block) };
                Some(preface.usable_size())
            }
            (None, _) => None,
        }
    }
}

/// Whether a block with `usable` bytes may stay where it is when its size becomes `size`.
#[inline]
fn fits(usable: usize, size: usize) -> bool {
    // The smallest blocks cannot be too large.
    let least = if usable == SizeClass::MIN_SIZE { 0 } else { usable / 2 };
    (least..=usable).contains(&size)
}

/// Takes back a block of `class`.
///
/// # Safety
///
/// As for [`Malloc::free`]; the block is of that class.
#[inline]
unsafe fn free_of_class(class: SizeClass, block: NonNull<u8>) {
    // SAFETY: the caller's promise is the same.
    unsafe { check_in_use(class, block) };
    // SAFETY: by the caller's promise.
    let block = unsafe { FreeBlock::from_raw(page_map::widened(block)) };
    front::with_cache(|cache| cache.free_for_c(class, block));
}

/// In a build that checks, ends the process unless this is a block of `class` that is in use.
///
/// # Safety
///
/// As for [`Malloc::free`].
#[inline]
unsafe fn check_in_use(class: SizeClass, block: NonNull<u8>) {
    if CHECKS {
        // SAFETY: the caller's promise is the same.
        unsafe { misuse::check_owned(class, block) };
    }
}

/// What lies before a block with a mapping of its own.
///
/// # Invariants
///
/// `mapping` is the Layout of a large block, of which this block is all but the first `lead` bytes.
#[derive(Clone, Copy)]
struct Preface {
    mapping: Layout,
    lead: usize,
}

impl Preface {
    /// How far before its block a preface lies.
    const DISTANCE: usize = PAGE_SIZE;

    /// That of a block for `layout`; `None` when that is too large.
    fn for_layout(layout: Layout) -> Option<Self> {
        let lead = layout.align().max(Self::DISTANCE);
        let mapping = Layout::from_size_align(layout.size().checked_add(lead)?, layout.align()).ok()?;
        Some(Self { mapping, lead })
    }

    /// The place of a block's preface.
    ///
    /// # Safety
    ///
    /// The block has a mapping of its own.
    const unsafe fn of(block: NonNull<u8>) -> NonNull<Self> {
        // SAFETY: the block's lead is at least as long.
        unsafe { block.byte_sub(Self::DISTANCE) }.cast()
    }

    const fn usable_size(self) -> usize {
        self.mapping.size() - self.lead
    }

    /// Writes this into a new mapping, and returns the block.
    ///
    /// # Safety
    ///
    /// `start` is one for `self.mapping`, and the caller's.
    unsafe fn put(self, start: NonNull<u8>) -> NonNull<u8> {
        // SAFETY: the mapping is longer than the lead.
        let block = unsafe { start.byte_add(self.lead) };
        // SAFETY: the block has a mapping of its own.
        let place = unsafe { Self::of(block) };
        // SAFETY: the place is in the mapping, before the block.
        unsafe { place.write(self) };
        block
    }
}

/// Whether blocks of a large `layout` are runs in a region.
fn as_run(layout: Layout) -> Option<Layout> {
    let run = Layout::from_size_align(layout.size().checked_next_multiple_of(PAGE_SIZE)?, layout.align()).ok()?;
    large::is_run(run).then_some(run)
}

/// The size of the run at `block`, which fills whole pages.
///
/// # Safety
///
/// There is one, and it is in use.
unsafe fn run_size(block: NonNull<u8>) -> usize {
    // SAFETY: the page is in use.
    let first = unsafe { misuse::page_of(block.addr().get()) };
    first.run_bytes()
}

#[cold]
#[inline(never)]
fn allocate_large(layout: Layout, allocate: fn(Layout) -> Option<NonNull<u8>>) -> Option<NonNull<u8>> {
    let size = Layout::from_size_align(layout.size().max(1), layout.align()).ok()?;
    match as_run(size) {
        Some(run) => {
            let block = allocate(run)?;
            note_run(block, run);
            Some(block)
        }
        None => allocate_direct(size, allocate),
    }
}

/// Notes how long a run is, and that there is one.
fn note_run(block: NonNull<u8>, run: Layout) {
    let address = block.addr().get();
    // SAFETY: the run was just taken or resized.
    unsafe { misuse::page_of(address) }.set_run_bytes(run.size());
    class_map::set(address, Mark::RUN);
}

fn allocate_direct(layout: Layout, allocate: fn(Layout) -> Option<NonNull<u8>>) -> Option<NonNull<u8>> {
    let preface = Preface::for_layout(layout)?;
    let start = allocate(preface.mapping)?;
    if class_map::reserve(start.addr().get(), preface.mapping.size()).is_none() {
        // SAFETY: just allocated.
        unsafe { large::free(start, preface.mapping) };
        return None;
    }
    // SAFETY: just allocated.
    let block = unsafe { preface.put(start) };
    class_map::set(block.addr().get(), Mark::DIRECT);
    Some(block)
}

/// Notes where a block with a mapping of its own has moved to. It is too late to say that there is no memory for that: then
/// the process ends.
fn note_moved(block: NonNull<u8>) {
    let address = block.addr().get();
    if class_map::reserve(address, 1).is_none() {
        fatal(format_args!("no memory to note that a block is at {address:#x} now"));
    }
    class_map::set(address, Mark::DIRECT);
}

/// # Safety
///
/// As for [`Malloc::free`]; `mark` is that of the block's page.
#[cold]
#[inline(never)]
unsafe fn free_large(mark: Mark, block: NonNull<u8>) -> Result<(), NotABlock> {
    let address = block.addr().get();
    match mark {
        Mark::RUN => {
            // SAFETY: by the caller's promise.
            let run = unsafe { run_layout(block) };
            class_map::set(address, Mark::NOTHING);
            // SAFETY: by the caller's promise; the run is as long.
            unsafe { large::free(block, run) };
        }
        Mark::DIRECT => {
            // SAFETY: by the caller's promise.
            let (start, preface) = unsafe { mapping_of(block) };
            class_map::set(address, Mark::NOTHING);
            // SAFETY: by the type's invariant, it is the mapping of the block.
            unsafe { large::free(start, preface.mapping) };
        }
        _ => return Err(NotABlock),
    }
    janitor::catch_up_after_c();
    Ok(())
}

/// The Layout by which the run at `block` is freed and resized. No alignment: a run's kind does not depend on it.
///
/// # Safety
///
/// As for [`run_size`].
unsafe fn run_layout(block: NonNull<u8>) -> Layout {
    // SAFETY: the caller's promise is the same.
    let size = unsafe { run_size(block) };
    Layout::from_size_align(size, 1).unwrap_or_else(|_| misuse::not_a_block(block.addr().get()))
}

/// The start of a block's mapping, and its preface.
///
/// # Safety
///
/// The block has a mapping of its own, and is in use.
unsafe fn mapping_of(block: NonNull<u8>) -> (NonNull<u8>, Preface) {
    // SAFETY: the block has a mapping of its own.
    let place = unsafe { Preface::of(block) };
    // SAFETY: it was written when the block was made.
    let preface = unsafe { place.read() };
    // SAFETY: by the type's invariant.
    (unsafe { block.byte_sub(preface.lead) }, preface)
}

/// [`Malloc::resize`] for large blocks.
///
/// # Safety
///
/// As for that; `mark` is that of the block's page.
#[cold]
#[inline(never)]
unsafe fn resize_large(mark: Mark, block: NonNull<u8>, size: usize) -> Result<Option<NonNull<u8>>, NotABlock> {
    // SAFETY: the caller's promise is the same.
    let usable = unsafe { Malloc::usable_size(block) }.ok_or(NotABlock)?;
    if fits(usable, size) {
        return Ok(Some(block));
    }
    let Ok(layout) = Layout::from_size_align(size, SizeClass::MIN_SIZE) else { return Ok(None) };
    // SAFETY: the caller's promise is the same.
    if let Some(resized) = unsafe { resize_without_copy(mark, block, layout) } {
        return Ok(Some(resized));
    }
    let Some(moved) = Malloc::allocate(layout) else { return Ok(None) };
    // SAFETY: both blocks have that many bytes, and they are two.
    unsafe { moved.copy_from_nonoverlapping(block, usable.min(size)) };
    // SAFETY: the caller's promise is the same.
    unsafe { free_large(mark, block) }?;
    Ok(Some(moved))
}

/// Gives a large block another size without copying it, if that can be done; otherwise nothing has changed.
///
/// # Safety
///
/// As for [`resize_large`].
unsafe fn resize_without_copy(mark: Mark, block: NonNull<u8>, layout: Layout) -> Option<NonNull<u8>> {
    match mark {
        Mark::RUN if SizeClass::of(layout).is_none() => {
            let run = as_run(Layout::from_size_align(layout.size(), 1).ok()?)?;
            // SAFETY: by the caller's promise.
            let old = unsafe { run_layout(block) };
            // SAFETY: by the caller's promise; the run is as long.
            let resized = unsafe { large::resize(block, old, run) }?;
            note_run(resized, run);
            Some(resized)
        }
        Mark::DIRECT if as_run(layout).is_none() => {
            // SAFETY: by the caller's promise.
            let (start, old) = unsafe { mapping_of(block) };
            let mapping = Layout::from_size_align(layout.size().checked_add(old.lead)?, old.mapping.align()).ok()?;
            // Another thread may get the addresses as soon as the block has moved.
            class_map::set(block.addr().get(), Mark::NOTHING);
            // SAFETY: by the type's invariant, it is the mapping of the block.
            let Some(moved) = (unsafe { large::resize(start, old.mapping, mapping) }) else {
                class_map::set(block.addr().get(), Mark::DIRECT);
                return None;
            };
            // SAFETY: just resized.
            let moved = unsafe { Preface { mapping, ..old }.put(moved) };
            note_moved(moved);
            Some(moved)
        }
        _ => None,
    }
}
