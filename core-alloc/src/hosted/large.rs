//! Large blocks: those that no size class serves.
//!
//! Up to [`MAX_RUN`] they are runs of whole pages; beyond that they come from the source directly. The [`Layout`] says
//! which, in the request as well as in the free, so there is nothing to look up.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::cache::Cache;
use super::fatal::{CHECKS, fatal};
use super::front;
use super::janitor;
use super::page_map;
use super::region::{MOST_RUN, PAGE_SIZE, UNIT};
use super::regions::{self, RunSize};
use super::run_cache::MOST_PAGES;
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

/// Whether a block for `layout` is a run of pages in a region.
pub(crate) const fn is_run(layout: Layout) -> bool {
    matches!(Kind::of(layout), Kind::Run { .. })
}

/// A block for `layout`; `None` when there is no memory.
pub(crate) fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    front::with_cache(Cache::arrange_forks);
    let block = with_all_memory(|| match Kind::of(layout) {
        Kind::Run { pages, align } => {
            take_rested_run(pages, align, layout.size()).or_else(|| regions::take_run(pages, align, layout.size()))
        }
        Kind::Direct { size } => allocate_direct(size, layout),
    });
    janitor::catch_up();
    block
}

/// A block for `layout` that is zero; `None` when there is no memory. Only what is not known to be zero is cleared.
pub(crate) fn allocate_zeroed(layout: Layout) -> Option<NonNull<u8>> {
    front::with_cache(Cache::arrange_forks);
    match Kind::of(layout) {
        Kind::Run { pages, align } => {
            if let Some(block) = take_rested_run(pages, align, layout.size()) {
                // SAFETY: the block is whole pages, and nobody knows it yet.
                unsafe { source::clear(block, layout.size()) };
                janitor::catch_up();
                return Some(block);
            }
            let (block, dirt) = with_all_memory(|| regions::take_run_to_clear(pages, align, layout.size()))?;
            for part in dirt.parts() {
                let len = layout.size().min(part.end).saturating_sub(part.start);
                // SAFETY: the part lies in the block.
                let start = unsafe { block.byte_add(part.start) };
                // SAFETY: the block's pages are whole pages, and nobody knows them yet.
                unsafe { source::clear(start, len) };
            }
            janitor::catch_up();
            Some(block)
        }
        Kind::Direct { .. } => allocate(layout),
    }
}

/// A run that this thread has given back, if one will do.
fn take_rested_run(pages: usize, align: usize, bytes: usize) -> Option<NonNull<u8>> {
    if pages > MOST_PAGES || align > 1 {
        return None;
    }
    front::with_cache(|cache| cache.adopted())?.take_run(pages, bytes)
}

/// Lets a run rest with this thread's owner, if there is room. Returns whether that is so.
///
/// # Safety
///
/// As for [`free`].
unsafe fn let_run_rest(block: NonNull<u8>, pages: usize, bytes: usize) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { regions::check_run_in_use(block, pages) };
    let Some(owner) = front::with_cache(|cache| cache.adopted()).filter(|_| pages <= MOST_PAGES) else { return false };
    // SAFETY: the run's pages are in use until they are given back.
    let first = unsafe { page_map::page_of(block.addr().get()) };
    first.is_some_and(|first| owner.keep_run(first, page_map::widened(block), pages, bytes))
}

fn allocate_direct(size: usize, layout: Layout) -> Option<NonNull<u8>> {
    let start = source::acquire(size, layout.align())?;
    regions::with_accounts(|accounts| {
        accounts.add_mapped(layout.size());
        accounts.use_more(size);
    });
    Some(start)
}

/// Calls `allocate`, and if it finds no memory, once more when regions that nobody uses have been given back.
fn with_all_memory<T>(allocate: impl Fn() -> Option<T>) -> Option<T> {
    allocate().or_else(|| if janitor::release_empty_regions() { allocate() } else { None })
}

/// Takes back a block. The caller lets the janitor [catch up](janitor::catch_up).
///
/// # Safety
///
/// The block came from this module with this `layout`, and nobody uses it any more.
pub(crate) unsafe fn free(block: NonNull<u8>, layout: Layout) {
    match Kind::of(layout) {
        Kind::Run { pages, .. } => {
            // SAFETY: the caller's promise is the same.
            let rests = unsafe { let_run_rest(block, pages, layout.size()) };
            if !rests {
                // SAFETY: by the caller's promise, it was taken with as many pages.
                unsafe { regions::return_run(block, pages, layout.size()) };
            }
        }
        Kind::Direct { size } => {
            check_direct(block);
            // SAFETY: by the caller's promise, `allocate_direct` acquired it with the same size and alignment.
            unsafe { source::release(block, size, layout.align()) };
            regions::with_accounts(|accounts| {
                accounts.remove_mapped(layout.size());
                accounts.use_less(size);
            });
        }
    }
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
    if let Kind::Direct { .. } = Kind::of(old) {
        check_direct(block);
    }
    match (Kind::of(old), Kind::of(new)) {
        (Kind::Run { pages: old_pages, .. }, Kind::Run { pages: new_pages, .. }) => {
            let old = RunSize { pages: old_pages, bytes: old.size() };
            let new = RunSize { pages: new_pages, bytes: new.size() };
            // SAFETY: by the caller's promise, it was taken with as many pages.
            let resized = unsafe { regions::resize_run(block, old, new) };
            janitor::catch_up();
            resized.ok().map(|()| block)
        }
        (Kind::Direct { .. }, Kind::Direct { .. }) => {
            // SAFETY: the caller's promise is the same.
            let resized = unsafe { resize_direct(block, old, new) };
            janitor::catch_up();
            resized
        }
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
        accounts.remove_mapped(old.size());
        accounts.add_mapped(new.size());
        accounts.use_less(old_size);
        accounts.use_more(new_size);
    });
    Some(resized)
}
