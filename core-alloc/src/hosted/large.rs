//! Large blocks: those that no size class serves.
//!
//! Up to [`MAX_RUN`] they are runs of whole pages; beyond that they come from the source directly. The [`Layout`] says
//! which, in the request as well as in the free, so there is nothing to look up.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::fatal::fatal;
use super::janitor;
use super::page_map;
use super::region::{MOST_RUN, PAGE_SIZE, UNIT};
use super::regions::{self, RunSize};
use super::source;

/// The largest run of pages, in bytes: half a region.
const MAX_RUN: usize = MOST_RUN * PAGE_SIZE;
/// The largest alignment of one, in bytes.
const MAX_RUN_ALIGN: usize = if MAX_RUN < UNIT { MAX_RUN } else { UNIT };

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
        if size <= MAX_RUN && layout.align() <= MAX_RUN_ALIGN {
            Self::Run { pages: size.div_ceil(PAGE_SIZE), align: layout.align().div_ceil(PAGE_SIZE) }
        } else {
            Self::Direct { size }
        }
    }
}

/// A block for `layout`; `None` when there is no memory.
pub(crate) fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    with_all_memory(|| match Kind::of(layout) {
        Kind::Run { pages, align } => regions::take_run(pages, align, layout.size()),
        Kind::Direct { size } => allocate_direct(size, layout),
    })
}

/// A block for `layout` that is zero; `None` when there is no memory. Only what is not known to be zero is cleared.
pub(crate) fn allocate_zeroed(layout: Layout) -> Option<NonNull<u8>> {
    match Kind::of(layout) {
        Kind::Run { pages, align } => {
            let (block, dirt) = with_all_memory(|| regions::take_run_to_clear(pages, align, layout.size()))?;
            for part in dirt.parts() {
                let len = layout.size().min(part.end).saturating_sub(part.start);
                // SAFETY: the part lies in the block.
                let start = unsafe { block.byte_add(part.start) };
                // SAFETY: the block's pages are whole pages, and nobody knows them yet.
                unsafe { source::clear(start, len) };
            }
            Some(block)
        }
        Kind::Direct { .. } => allocate(layout),
    }
}

fn allocate_direct(size: usize, layout: Layout) -> Option<NonNull<u8>> {
    let start = source::acquire(size, layout.align())?;
    regions::with_accounts(|accounts| {
        accounts.add_large(layout.size());
        accounts.use_more(size);
    });
    Some(start)
}

/// Calls `allocate`, and if it finds no memory, once more when regions that nobody uses have been given back.
fn with_all_memory<T>(allocate: impl Fn() -> Option<T>) -> Option<T> {
    allocate().or_else(|| if janitor::release_empty_regions() { allocate() } else { None })
}

/// Takes back a block.
///
/// # Safety
///
/// The block came from this module with this `layout`, and nobody uses it any more.
pub(crate) unsafe fn free(block: NonNull<u8>, layout: Layout) {
    match Kind::of(layout) {
        Kind::Run { pages, .. } => {
            // SAFETY: by the caller's promise, it was taken with as many pages.
            unsafe { regions::return_run(block, pages, layout.size()) };
            janitor::look();
        }
        Kind::Direct { size } => {
            check_direct(block);
            // SAFETY: by the caller's promise, `allocate_direct` acquired it with the same size and alignment.
            unsafe { source::release(block, size, layout.align()) };
            regions::with_accounts(|accounts| {
                accounts.remove_large(layout.size());
                accounts.use_less(size);
            });
        }
    }
}

/// Debug builds look whether what is to be unmapped is not part of a region.
fn check_direct(block: NonNull<u8>) {
    let address = block.addr().get();
    if cfg!(debug_assertions) && page_map::is_in_region(address) {
        fatal(format_args!("free of {address:#x}: its Layout has a mapping of its own, but it lies in a region"));
    }
}

/// Gives a block another size without copying it, if that can be done; otherwise nothing has changed.
///
/// # Safety
///
/// As for [`free`]; `new` differs from `old` in its size only. On success the old block is freed.
pub(crate) unsafe fn resize(block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    if let Kind::Direct { .. } = Kind::of(old) {
        check_direct(block);
    }
    match (Kind::of(old), Kind::of(new)) {
        (Kind::Run { pages: old_pages, .. }, Kind::Run { pages: new_pages, .. }) => {
            let old = RunSize { pages: old_pages, bytes: old.size() };
            let new = RunSize { pages: new_pages, bytes: new.size() };
            // SAFETY: by the caller's promise, it was taken with as many pages.
            let resized = unsafe { regions::resize_run(block, old, new) };
            janitor::look();
            resized.ok().map(|()| block)
        }
        // SAFETY: the caller's promise is the same.
        (Kind::Direct { .. }, Kind::Direct { .. }) => unsafe { resize_direct(block, old, new) },
        _ => None,
    }
}

/// # Safety
///
/// As for [`resize`]; both Layouts are of blocks straight from the source.
unsafe fn resize_direct(block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    // A block is no smaller than a byte, if it is here for its alignment alone.
    let (old_size, new_size) = (old.size().max(1), new.size().max(1));
    // SAFETY: by the caller's promise, `allocate_direct` acquired it with that size and alignment.
    let resized = unsafe { source::resize(block, old_size, new_size, old.align()) }?;
    regions::with_accounts(|accounts| {
        accounts.remove_large(old.size());
        accounts.add_large(new.size());
        accounts.use_less(old_size);
        accounts.use_more(new_size);
    });
    Some(resized)
}
