//! `Mudlark`: the global allocator, which decides by the [`Layout`] who serves a request.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};
use core::time::Duration;

use super::block::FreeBlock;
use super::fatal::CHECKS;
use super::front;
use super::janitor;
use super::large;
use super::misuse;
use super::page_map;
use super::page_stats::{self, PageStats};
use super::stats::Stats;
use super::watch::{self, RegionChange};
use crate::SizeClass;

/// The hosted global allocator: pools for each size class, and a cache for each thread.
///
/// All values of this type are the same allocator. It serves every [`Layout`]: a size of zero as one byte, any
/// alignment, and null when the system has no more memory. See the [crate's documentation](crate) for how.
///
/// A request and a free take constant time, if the thread's cache has the block or the room; otherwise time for a
/// magazine of blocks. A large block is found in constant time, too; one of more than half a region is a call of the
/// system. Beside that, a request for pages that the program has not used yet may give back as many to the system. `realloc` may have to copy, `alloc_zeroed` to clear.
///
/// It may start a thread ([`set_decay`](Self::set_decay)), and registers handlers for forks.
///
/// ```
/// use mudlark_core_alloc::Mudlark;
///
/// # #[cfg(not(miri))]
/// #[global_allocator]
/// static ALLOCATOR: Mudlark = Mudlark::new();
///
/// let words: Vec<String> = ["pan", "sieve", "bucket"].map(String::from).to_vec();
/// assert_eq!(words.concat(), "pansievebucket");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Mudlark {
    _private: (),
}

impl Mudlark {
    /// The allocator.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }

    /// What the allocator has and has given out, at this moment. Takes a short look at every thread's heap.
    #[must_use]
    pub fn stats() -> Stats {
        Stats::now()
    }

    /// Calls `visit` for every page that is cut into blocks, but for those of [private heaps](crate::PrivateHeap), in the
    /// order of their addresses.
    ///
    /// While it is called, no lock is held: it may allocate and free, which may change what is yet to be visited. Takes a short look
    /// at every page that there may be, 64 KiB each.
    ///
    /// ```
    /// use mudlark_core_alloc::Mudlark;
    ///
    /// # #[cfg(not(miri))]
    /// #[global_allocator]
    /// static ALLOCATOR: Mudlark = Mudlark::new();
    ///
    /// let numbers: Vec<Box<u64>> = (0..100_000).map(Box::new).collect();
    /// # if cfg!(miri) { return }
    /// let (mut out, mut room) = (0, 0);
    /// Mudlark::visit_pages(|page| {
    ///     out += page.out * page.class.block_size();
    ///     room += page.size;
    /// });
    /// println!("{out} B are in use or in caches, in pages of {room} B");
    /// assert!(800_000 < out && out <= room);
    /// # drop(numbers);
    /// ```
    pub fn visit_pages(visit: impl FnMut(&PageStats)) {
        page_stats::visit(visit);
    }

    /// Has `watcher` be told what the allocator takes from the system and gives back there, for the rest of the program.
    /// Returns whether that is so: there may be one already, which stays.
    ///
    /// # Safety
    ///
    /// `watcher` is called in the midst of the allocator, by any thread, perhaps with the allocator's locks held. It must not
    /// panic, nor allocate or free, nor wait for a thread that may do so, and it must leave the memory alone.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// use mudlark_core_alloc::{Mudlark, RegionChange};
    ///
    /// # #[cfg(not(miri))]
    /// #[global_allocator]
    /// static ALLOCATOR: Mudlark = Mudlark::new();
    ///
    /// static TAKEN: AtomicUsize = AtomicUsize::new(0);
    ///
    /// fn watch(change: RegionChange) {
    ///     if let RegionChange::Taken { size, .. } = change {
    ///         TAKEN.fetch_add(size, Relaxed);
    ///     }
    /// }
    ///
    /// // SAFETY: `watch` only adds.
    /// assert!(unsafe { Mudlark::watch_regions(watch) });
    /// let large = vec![1_u8; 100 << 20];
    /// # if cfg!(miri) { return }
    /// assert!(TAKEN.load(Relaxed) >= large.len());
    /// ```
    pub unsafe fn watch_regions(watcher: fn(RegionChange)) -> bool {
        watch::set(watcher)
    }

    /// Empties the calling thread's cache, and gives all memory that is not in use back to the system at once, but for
    /// what is in other threads' caches or in [private heaps](crate::PrivateHeap).
    ///
    /// Memory goes back by itself after a while ([`set_decay`](Self::set_decay)), but for what is in the threads'
    /// caches. So this is worth a call where a thread rests for long after much work, or where another program waits for
    /// the memory. Takes time for every block in the cache and for the memory that goes back, and waits for a pass of the
    /// janitor that is under way.
    ///
    /// ```
    /// use mudlark_core_alloc::Mudlark;
    ///
    /// # #[cfg(not(miri))]
    /// #[global_allocator]
    /// static ALLOCATOR: Mudlark = Mudlark::new();
    /// # if cfg!(miri) { return }
    ///
    /// let numbers: Vec<Box<u64>> = (0..100_000).map(Box::new).collect();
    /// let with = Mudlark::stats();
    /// drop(numbers);
    /// Mudlark::collect();
    /// assert!(Mudlark::stats().page_bytes < with.page_bytes);
    /// ```
    pub fn collect() {
        front::with_cache(|cache| cache.flush_all());
        janitor::collect();
    }

    /// Sets how long memory has to be unused before it goes back to the system by itself; at the start 200 milliseconds.
    ///
    /// Memory that was not used for as long goes back, and does so before it has not been used for twice as long; what
    /// heaps keep to be used again, within three times as long. Less than a megabyte in all stays. That is the work of a
    /// thread, the janitor, which the allocator starts when there is a megabyte for it to look after, and
    /// which ends when nothing is left to do: a program at rest has no such thread. Where no thread can be started,
    /// memory goes back only when [`collect`](Self::collect) is called, and where the system takes no parts of what it
    /// has handed out, only whole regions do.
    ///
    /// Whatever the decay, a program that grows does not keep what it has outgrown: what is in use and what waits to be used
    /// again come to a thirty-second more than was ever in use, and half a megabyte. Of what is beyond, each request for more
    /// pages gives back up to twice as many. Large blocks that are hardly touched are no reason to do so: what is beyond stays
    /// as long as the process has never had so much memory.
    ///
    /// `None` switches all this off: there will be no such thread, and memory goes back when
    /// [`collect`](Self::collect) is called. That is for programs that must not have a second thread (as for
    /// `unshare` with `CLONE_NEWUSER`), and for those that want to choose the moment. What is set takes effect within a
    /// second: a program that must never have a second thread says so at the beginning of `main`. A time of less than a
    /// millisecond counts as one. Takes constant time.
    ///
    /// Large blocks of more than half a [region](crate#the-words) go back when they are freed, in any case.
    ///
    /// ```
    /// use core::time::Duration;
    /// use mudlark_core_alloc::Mudlark;
    ///
    /// # #[cfg(not(miri))]
    /// #[global_allocator]
    /// static ALLOCATOR: Mudlark = Mudlark::new();
    ///
    /// Mudlark::set_decay(Some(Duration::from_millis(50))); // leaves more to others
    /// Mudlark::set_decay(None); // keeps what it has
    /// ```
    pub fn set_decay(decay: Option<Duration>) {
        janitor::set_decay(decay);
    }
}

// SAFETY: a block is handed out to one caller until that caller frees it (the invariants of `FreeBlock`, `Page` and
// `Header`), is as large and aligned as `SizeClass::of` and `large` promise for its Layout, and is found again by the
// same Layout. Nothing here panics, so nothing unwinds: indices are masked or checked, and no sum overflows, where debug
// builds would panic, since a large Layout's size and alignment are added with a check, and all other sums are places in
// memory that there is, or count such memory.
unsafe impl GlobalAlloc for Mudlark {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        or_null(allocate(SizeClass::of(layout), layout))
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: a block is never at null.
        let block = page_map::widened(unsafe { NonNull::new_unchecked(block) });
        let class = SizeClass::of(layout);
        if let Some(class) = class {
            // SAFETY: by the caller's promise.
            unsafe { check_in_use(class, block) };
        }
        // SAFETY: the caller's promise is the same.
        unsafe { free(class, block, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if SizeClass::of(layout).is_none() {
            return or_null(allocate_large_zeroed(layout));
        }
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block has at least that many bytes, and is the caller's, who does not know it yet.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `new_size`, rounded up to the alignment, is no more than `isize::MAX`.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: a block is never at null.
        let block = page_map::widened(unsafe { NonNull::new_unchecked(block) });
        let old = SizeClass::of(layout);
        if let Some(class) = old {
            // SAFETY: by the caller's promise.
            unsafe { check_in_use(class, block) };
        }
        let new = SizeClass::of(new_layout);
        let resized = match (old, new) {
            (Some(old), Some(new)) if old == new => Some(block),
            // SAFETY: the caller's promise is the same.
            (None, None) => unsafe { resize_large(block, layout, new_layout) },
            _ => None,
        };
        or_null(resized.or_else(|| {
            let moved = allocate(new, new_layout)?;
            let len = layout.size().min(new_layout.size());
            // SAFETY: both blocks have that many bytes, and they are two.
            unsafe { moved.copy_from_nonoverlapping(block, len) };
            // SAFETY: by the caller's promise.
            unsafe { free(old, block, layout) };
            Some(moved)
        }))
    }
}

/// A block for `layout`, which is of `class`, if it is of one.
#[inline]
fn allocate(class: Option<SizeClass>, layout: Layout) -> Option<NonNull<u8>> {
    match class {
        Some(class) => front::with_cache(|cache| cache.allocate(class, layout.size())),
        None => allocate_large(layout),
    }
}

/// Takes back a block for `layout`, which is of `class`, if it is of one.
///
/// # Safety
///
/// As for [`GlobalAlloc::dealloc`].
#[inline]
unsafe fn free(class: Option<SizeClass>, block: NonNull<u8>, layout: Layout) {
    match class {
        Some(class) => {
            // SAFETY: the caller owned the block, got it for this Layout and so this class, and is done with it.
            let block = unsafe { FreeBlock::from_raw(block) };
            front::with_cache(|cache| cache.free(class, block));
        }
        // SAFETY: the caller's promise is the same.
        None => unsafe { free_large(block, layout) },
    }
}

/// A build that checks looks whether this is a block of `class` that is in use, before anything is done to it.
///
/// # Safety
///
/// `block` is a block of `class`, and the caller's.
#[inline]
unsafe fn check_in_use(class: SizeClass, block: NonNull<u8>) {
    if CHECKS {
        // SAFETY: the caller's promise is the same.
        unsafe { misuse::check_owned(class, block) };
    }
}

#[inline]
fn or_null(block: Option<NonNull<u8>>) -> *mut u8 {
    block.map_or(ptr::null_mut(), NonNull::as_ptr)
}

#[cold]
#[inline(never)]
fn allocate_large(layout: Layout) -> Option<NonNull<u8>> {
    large::allocate(layout)
}

#[cold]
#[inline(never)]
fn allocate_large_zeroed(layout: Layout) -> Option<NonNull<u8>> {
    large::allocate_zeroed(layout)
}

/// # Safety
///
/// As for [`large::free`].
#[cold]
#[inline(never)]
unsafe fn free_large(block: NonNull<u8>, layout: Layout) {
    // SAFETY: the caller's promise is the same.
    unsafe { large::free(block, layout) };
    janitor::catch_up();
}

/// # Safety
///
/// As for [`large::resize`].
#[cold]
#[inline(never)]
unsafe fn resize_large(block: NonNull<u8>, layout: Layout, new_layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: the caller's promise is the same.
    unsafe { large::resize(block, layout, new_layout) }
}
