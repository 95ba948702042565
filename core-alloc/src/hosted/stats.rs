//! What the allocator has and has given out, in numbers.
//!
//! Nothing is counted where a block comes from a cache or goes there; the sums change with pages, large blocks and memory
//! from the source. They are kept under the lock that such a change takes anyway.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::cache::Cache;
use super::front;
use super::janitor;
use super::owners;
use super::region::PAGE_SIZE;
use super::regions;
use crate::SizeClass;

/// The state of the hosted allocator at one moment.
///
/// While other threads allocate, the figures are each true, but not of the same instant.
///
/// ```
/// use mudlark_core_alloc::Mudlark;
///
/// # #[cfg(not(miri))]
/// #[global_allocator]
/// static ALLOCATOR: Mudlark = Mudlark::new();
/// # if cfg!(miri) { return }
///
/// let before = Mudlark::stats();
/// let large = vec![1_u8; 100_000];
/// let with = Mudlark::stats();
/// assert_eq!(with.large_blocks, before.large_blocks + 1);
/// println!("{with}");
/// # drop(large);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Address space held from the operating system, in bytes: regions, large blocks that have mappings of their own,
    /// and bookkeeping. What was never touched costs no memory. Sizes are as they were needed: that the source rounds
    /// them up, to 64 KiB mostly, does not count.
    pub reserved_bytes: usize,
    /// Memory that the process may have, as far as the allocator knows, in bytes: pages that are cut into blocks, large
    /// blocks in use or kept for the next request, and what was used before and has not gone back to the operating system.
    /// What the program has not touched, and what has gone back from inside of pages, count as if it were there; the
    /// allocator's bookkeeping does not count.
    pub committed_bytes: usize,
    /// Pages that are cut into blocks, in bytes.
    pub page_bytes: usize,
    /// Blocks of size classes in use.
    ///
    /// Free blocks in the caches of *other* threads count as in use, since only those threads know of them: up to two
    /// magazines a class and thread. Blocks in [private heaps](crate::PrivateHeap) do not count, but the pages that these
    /// have and their large blocks do.
    pub blocks: usize,
    /// The bytes of [`blocks`](Self::blocks), by their classes' sizes. What is said there of caches holds here as well.
    pub block_bytes: usize,
    /// Free blocks outside of pages, ready to be handed out: in the calling thread's cache, in depots, and in the bins
    /// that ended threads have left.
    pub cached_blocks: usize,
    /// The bytes of [`cached_blocks`](Self::cached_blocks).
    pub cached_bytes: usize,
    /// Large blocks in use: those that no [size class](SizeClass) serves, for their size or their alignment.
    pub large_blocks: usize,
    /// The bytes that were asked for as large blocks.
    pub large_bytes: usize,
    /// Those of the large blocks that have mappings of their own.
    pub mapped_blocks: usize,
    /// The bytes that were asked for as such.
    pub mapped_bytes: usize,
    /// The highest that [`mapped_blocks`](Self::mapped_blocks) has been.
    pub peak_mapped_blocks: usize,
    /// The highest that [`mapped_bytes`](Self::mapped_bytes) has been.
    pub peak_mapped_bytes: usize,
    /// What the program has asked for and not freed, in bytes: exact for large blocks, and estimated for others, from the
    /// sizes of those requests that had to wait for a magazine.
    pub requested_bytes: usize,
    /// The highest that pages cut into blocks and large blocks have been together, in bytes. Large blocks are rounded up
    /// to pages, but for those with mappings of their own.
    pub peak_bytes: usize,
    /// Heaps that threads have, or have left to the next thread. A thread that has not asked for much has none.
    pub heaps: usize,
    classes: [ClassStats; SizeClass::COUNT],
}

/// What there is of one size class. The sums over all classes are those of [`Stats`], but for the pages of
/// [private heaps](crate::PrivateHeap), which count only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// The class.
    pub class: SizeClass,
    /// Pages that are cut into blocks of it.
    pub pages: usize,
    /// Its blocks in use; see [`Stats::blocks`].
    pub blocks: usize,
    /// Its free blocks outside of pages; see [`Stats::cached_blocks`].
    pub cached_blocks: usize,
    /// What was asked for with the blocks in use, in bytes, estimated; see [`Stats::requested_bytes`].
    pub requested_bytes: usize,
}

impl Stats {
    /// Reads the counters, and visits every heap for a moment.
    pub(crate) fn now() -> Self {
        let totals = owners::totals();
        let accounts = regions::with_accounts(|accounts| *accounts);
        let classes = front::with_cache(|cache| totals.by_class(cache));
        let sum = |figure: fn(&ClassStats) -> usize| classes.iter().map(figure).sum::<usize>();
        let large = totals.large.joined(&accounts.large).at_least_none();
        Self {
            reserved_bytes: RESERVED.load(Relaxed),
            committed_bytes: accounts.used.wrapping_add(accounts.dirty_pages * PAGE_SIZE),
            page_bytes: accounts.page_bytes,
            blocks: sum(|class| class.blocks),
            block_bytes: sum(|class| class.blocks * class.class.block_size()),
            cached_blocks: sum(|class| class.cached_blocks),
            cached_bytes: sum(|class| class.cached_blocks * class.class.block_size()),
            large_blocks: large.blocks,
            large_bytes: large.bytes,
            mapped_blocks: accounts.mapped.blocks,
            mapped_bytes: accounts.mapped.bytes,
            peak_mapped_blocks: accounts.peak_mapped.blocks,
            peak_mapped_bytes: accounts.peak_mapped.bytes,
            requested_bytes: sum(|class| class.requested_bytes).wrapping_add(large.bytes),
            peak_bytes: accounts.peak,
            heaps: totals.owners,
            classes,
        }
    }

    /// The figures of every class, smallest first.
    ///
    /// ```
    /// use mudlark_core_alloc::Mudlark;
    ///
    /// let stats = Mudlark::stats();
    /// let blocks: usize = stats.classes().map(|class| class.blocks).sum();
    /// assert_eq!(blocks, stats.blocks);
    /// ```
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &ClassStats> {
        self.classes.iter()
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_blocks =
            |f: &mut fmt::Formatter<'_>, name, bytes, blocks| writeln!(f, "{name:<14}{bytes:>14} B in {blocks} blocks");
        writeln!(f, "{:<14}{:>14} B", "reserved", self.reserved_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "committed", self.committed_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "peak", self.peak_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "pages", self.page_bytes)?;
        of_blocks(f, "blocks", self.block_bytes, self.blocks)?;
        of_blocks(f, "cached", self.cached_bytes, self.cached_blocks)?;
        of_blocks(f, "large blocks", self.large_bytes, self.large_blocks)?;
        of_blocks(f, "  mapped", self.mapped_bytes, self.mapped_blocks)?;
        writeln!(f, "{:<14}{:>14} B, estimated", "requested", self.requested_bytes)?;
        write!(f, "{:<14}{:>14}", "heaps", self.heaps)?;
        self.fmt_classes(f)
    }
}

impl Stats {
    fn fmt_classes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:>8}{:>8}{:>12}{:>12}{:>14}", "class", "pages", "blocks", "cached", "requested")?;
        for class in self.classes().filter(|class| class.pages > 0) {
            let ClassStats { class, pages, blocks, cached_blocks, requested_bytes } = class;
            let size = class.block_size();
            write!(f, "\n{size:>6} B{pages:>8}{blocks:>12}{cached_blocks:>12}{requested_bytes:>12} B")?;
        }
        Ok(())
    }
}

/// What all owners have.
pub(crate) struct Totals {
    /// The number of owners, not counting the shared one.
    owners: usize,
    /// Large blocks from run caches, less those that went there.
    pub(crate) large: LargeBlocks,
    pub(crate) classes: [ClassTotal; SizeClass::COUNT],
}

/// What all owners have of one class.
#[derive(Clone, Copy)]
pub(crate) struct ClassTotal {
    pub(crate) pages: usize,
    /// Blocks out of their pages, wherever they are.
    pub(crate) out: usize,
    /// Those of them that are in depots and parked bins.
    pub(crate) cached: usize,
    /// A number of requests, and the bytes that they asked for.
    requests: u64,
    requested: u64,
}

impl ClassTotal {
    /// Adds an owner's sample.
    pub(crate) fn join(&mut self, sample: &Sample) {
        self.requests += u64::from(sample.count);
        self.requested += u64::from(sample.bytes);
    }

    /// The mean size of the requests, rounded up.
    fn mean_request(&self) -> Option<usize> {
        let mean = (self.requests > 0).then(|| self.requested.div_ceil(self.requests))?;
        usize::try_from(mean).ok()
    }
}

impl Totals {
    pub(crate) const fn new(owners: usize) -> Self {
        let none = ClassTotal { pages: 0, out: 0, cached: 0, requests: 0, requested: 0 };
        Self { owners, large: LargeBlocks::new(), classes: [none; SizeClass::COUNT] }
    }

    /// With the calling thread's cache, the figures for the public.
    fn by_class(&self, cache: &Cache) -> [ClassStats; SizeClass::COUNT] {
        let mut all = SizeClass::all();
        self.classes.map(|total| {
            let class = all.next().unwrap_or(SizeClass::SMALLEST);
            let cached_blocks = total.cached + cache.blocks(class);
            // Other threads may have taken and freed blocks between one look and the other.
            let blocks = total.out.saturating_sub(cached_blocks);
            let requested_bytes = blocks * total.mean_request().unwrap_or(class.block_size());
            ClassStats { class, pages: total.pages, blocks, cached_blocks, requested_bytes }
        })
    }
}

/// The sizes of some requests.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    count: u32,
    bytes: u32,
}

impl Sample {
    /// When there are so many requests, all so far are made to count half.
    const ENOUGH: u32 = 1024;

    pub(crate) const fn new() -> Self {
        Self { count: 0, bytes: 0 }
    }

    /// Adds a request of `size` bytes, which a class serves.
    pub(crate) fn add(&mut self, size: usize) {
        if self.count == Self::ENOUGH {
            self.count /= 2;
            self.bytes /= 2;
        }
        self.count += 1;
        self.bytes = self.bytes.saturating_add(u32::try_from(size).unwrap_or(u32::MAX));
    }
}

/// The bytes held from the source. Who adds and subtracts orders nothing, so all accesses are relaxed.
pub(crate) static RESERVED: AtomicUsize = AtomicUsize::new(0);

/// The sums that the lock of the regions guards. Where the program's word is taken for a size, they wrap: a program that
/// says the wrong size must not find the allocator panicking.
#[derive(Clone, Copy)]
pub(crate) struct Accounts {
    page_bytes: usize,
    used: usize,
    peak: usize,
    dirty_pages: usize,
    /// What came into use last, and may not be touched yet.
    newest: usize,
    /// So much may be in use or dirty although it is too much: hardly any of it is memory.
    tolerated: usize,
    pub(crate) large: LargeBlocks,
    mapped: LargeBlocks,
    peak_mapped: LargeBlocks,
}

impl Accounts {
    pub(crate) const fn new() -> Self {
        Self {
            page_bytes: 0,
            used: 0,
            peak: 0,
            dirty_pages: 0,
            newest: 0,
            tolerated: 0,
            large: LargeBlocks::new(),
            mapped: LargeBlocks::new(),
            peak_mapped: LargeBlocks::new(),
        }
    }

    /// A large block with a mapping of its own was handed out, for which `bytes` bytes were asked.
    pub(crate) fn add_mapped(&mut self, bytes: usize) {
        self.large.add(bytes);
        self.mapped.add(bytes);
        self.peak_mapped.blocks = self.peak_mapped.blocks.max(self.mapped.blocks);
        self.peak_mapped.bytes = self.peak_mapped.bytes.max(self.mapped.bytes);
    }

    /// It came back.
    pub(crate) fn remove_mapped(&mut self, bytes: usize) {
        self.large.remove(bytes);
        self.mapped.remove(bytes);
    }

    /// Pages, or a large block beside them, came into use.
    pub(crate) fn use_more(&mut self, bytes: usize) {
        self.used = self.used.wrapping_add(bytes);
        self.peak = self.peak.max(self.used);
        self.newest = bytes;
        // Twice what came into use, so that what was left over for some reason is caught up with, but not all at once.
        janitor::note_surplus(self.surplus_pages().min(2 * bytes.div_ceil(PAGE_SIZE)));
    }

    /// They are not used any more.
    pub(crate) fn use_less(&mut self, bytes: usize) {
        self.used = self.used.wrapping_sub(bytes);
    }

    /// A region that had some dirty pages has as many now.
    pub(crate) fn change_dirty(&mut self, before: usize, now: usize) {
        self.dirty_pages = self.dirty_pages + now - before;
    }

    /// The number of dirty pages.
    pub(crate) const fn dirty_pages(&self) -> usize {
        self.dirty_pages
    }

    /// The number of dirty pages that are too many.
    fn surplus_pages(&self) -> usize {
        let most = self.most_kept().max(self.tolerated);
        self.kept().saturating_sub(most).div_ceil(PAGE_SIZE).min(self.dirty_pages)
    }

    /// What is in use and what is dirty.
    const fn kept(&self) -> usize {
        self.used.saturating_add(self.dirty_pages * PAGE_SIZE)
    }

    /// What is in use and what is dirty shall come to a thirty-second more than the program has ever used, and not much
    /// beyond.
    const fn most_kept(&self) -> usize {
        const ALWAYS: usize = 512 * 1024;
        // A program that says wrong sizes may have made anything of these.
        self.peak.saturating_add(self.peak / 32).saturating_add(ALWAYS)
    }

    /// Tolerates a surplus, and a sixteenth of all more, if the process has never had more memory than may be kept, nor gets
    /// so much with what has just come into use. Returns whether that is so.
    pub(crate) fn tolerate_surplus(&mut self, peak_resident: usize) -> bool {
        let is_tolerable = peak_resident.saturating_add(self.newest) <= self.most_kept();
        if is_tolerable {
            self.tolerated = self.kept().saturating_add(self.kept() / 16);
        }
        is_tolerable
    }

    /// Tolerates no surplus any more.
    pub(crate) fn end_tolerance(&mut self) {
        self.tolerated = 0;
    }

    /// A page is now cut into blocks.
    pub(crate) fn open_page(&mut self) {
        self.page_bytes += PAGE_SIZE;
    }

    /// A page is not any more.
    pub(crate) fn close_page(&mut self) {
        self.page_bytes -= PAGE_SIZE;
    }
}

/// A number of large blocks, and the bytes that were asked for as such. What is but a part of the sum may be below zero:
/// both wrap, also where the program says another size than before.
#[derive(Clone, Copy, Default)]
pub(crate) struct LargeBlocks {
    blocks: usize,
    bytes: usize,
}

impl LargeBlocks {
    pub(crate) const fn new() -> Self {
        Self { blocks: 0, bytes: 0 }
    }

    /// A large block was handed out.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.blocks = self.blocks.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes);
    }

    /// A large block came back.
    pub(crate) fn remove(&mut self, bytes: usize) {
        self.blocks = self.blocks.wrapping_sub(1);
        self.bytes = self.bytes.wrapping_sub(bytes);
    }

    /// Adds those of another part.
    pub(crate) fn join(&mut self, other: &Self) {
        *self = self.joined(other);
    }

    /// None, where the parts were read at different moments and their sum is below zero.
    const fn at_least_none(self) -> Self {
        if self.blocks.cast_signed() < 0 || self.bytes.cast_signed() < 0 { Self::new() } else { self }
    }

    /// The sum of two parts.
    const fn joined(&self, other: &Self) -> Self {
        Self { blocks: self.blocks.wrapping_add(other.blocks), bytes: self.bytes.wrapping_add(other.bytes) }
    }
}
