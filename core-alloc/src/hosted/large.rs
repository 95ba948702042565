//! Large blocks: those that no size class serves.
//!
//! Up to [`MAX_RUN`] they are runs of whole pages; beyond that they come from the source directly. The [`Layout`] says
//! which, in the request as well as in the free, so there is nothing to look up.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::fatal::{CHECKS, fatal};
use super::page_map;
use super::region::{Fresh, PAGE_SIZE, REGION_SIZE};
use super::regions;
use super::source;
use super::stats::COUNTERS;

/// The largest run of pages, and the largest alignment of one, in bytes.
const MAX_RUN: usize = 1024 * 1024;

const _: () = assert!(2 * MAX_RUN <= REGION_SIZE, "an aligned run fits beside the descriptors");

/// Where a large block lies.
#[derive(Clone, Copy)]
enum Kind {
    /// In a region: `pages` pages, aligned to `align` pages.
    Run { pages: usize, align: usize },
    /// By itself, straight from the source.
    Direct { size: usize },
}

impl Kind {
    const fn of(layout: Layout) -> Self {
        let size = if layout.size() == 0 { 1 } else { layout.size() };
        if size <= MAX_RUN && layout.align() <= MAX_RUN {
            Self::Run { pages: size.div_ceil(PAGE_SIZE), align: layout.align().div_ceil(PAGE_SIZE) }
        } else {
            Self::Direct { size }
        }
    }
}

/// Whether a block for `layout` is a run of pages in a region.
pub(crate) const fn is_run(layout: Layout) -> bool {
    matches!(Kind::of(layout), Kind::Run { .. })
}

/// A block for `layout`, and whether it is known to be zero; `None` when there is no memory.
pub(crate) fn allocate(layout: Layout) -> Option<(NonNull<u8>, Fresh)> {
    let block = match Kind::of(layout) {
        Kind::Run { pages, align } => regions::take_run(pages, align).map(|run| (run.start, run.fresh)),
        Kind::Direct { size } => allocate_direct(size, layout.align()),
    }?;
    COUNTERS.add_large(layout.size());
    Some(block)
}

/// A block for `layout` that is zero; `None` when there is no memory.
pub(crate) fn allocate_zeroed(layout: Layout) -> Option<NonNull<u8>> {
    let (block, fresh) = allocate(layout)?;
    if fresh == Fresh::No {
        // SAFETY: the block has at least that many bytes, and nobody knows it yet.
        unsafe { block.write_bytes(0, layout.size()) };
    }
    Some(block)
}

fn allocate_direct(size: usize, align: usize) -> Option<(NonNull<u8>, Fresh)> {
    let start = source::acquire(size, align)?;
    COUNTERS.use_more(size);
    Some((start, Fresh::Yes))
}

/// Takes back a block.
///
/// # Safety
///
/// The block came from [`allocate`] or [`resize`] with this `layout`, and nobody uses it any more.
pub(crate) unsafe fn free(block: NonNull<u8>, layout: Layout) {
    match Kind::of(layout) {
        // SAFETY: by the caller's promise, `allocate` took it with as many pages.
        Kind::Run { pages, .. } => unsafe { regions::return_run(block, pages) },
        Kind::Direct { size } => {
            check_direct(block);
            // SAFETY: by the caller's promise, `allocate` acquired it with the same size and alignment.
            unsafe { source::release(block, size, layout.align()) };
            COUNTERS.use_less(size);
        }
    }
    COUNTERS.remove_large(layout.size());
}

/// A build that checks looks whether what is to be unmapped is not part of a region.
fn check_direct(block: NonNull<u8>) {
    let address = block.addr().get();
    if CHECKS && page_map::is_in_region(address) {
        fatal(format_args!("free of {address:#x}: its Layout has a mapping of its own, but it lies in a region"));
    }
}

/// Gives a block another size without copying it, if that can be done; otherwise nothing has changed.
///
/// # Safety
///
/// As for [`free`]; `new` differs from `old` in its size only. On success the old block is freed.
pub(crate) unsafe fn resize(block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    let resized = match (Kind::of(old), Kind::of(new)) {
        (Kind::Run { pages: old, .. }, Kind::Run { pages: new, .. }) => {
            // SAFETY: by the caller's promise, `allocate` took it with as many pages.
            unsafe { regions::resize_run(block, old, new) }.ok().map(|()| block)
        }
        (Kind::Direct { size: old_size }, Kind::Direct { size: new_size }) => {
            check_direct(block);
            // SAFETY: by the caller's promise, `allocate` acquired it with the same size and alignment.
            unsafe { resize_direct(block, old_size, new_size, old.align()) }
        }
        _ => None,
    }?;
    COUNTERS.remove_large(old.size());
    COUNTERS.add_large(new.size());
    Some(resized)
}

/// # Safety
///
/// As for [`source::resize`].
unsafe fn resize_direct(block: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    // SAFETY: the caller's promise is the same.
    let resized = unsafe { source::resize(block, old_size, new_size, align) }?;
    COUNTERS.use_less(old_size);
    COUNTERS.use_more(new_size);
    Some(resized)
}
