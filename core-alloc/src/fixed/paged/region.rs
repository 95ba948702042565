//! A region: memory given to a heap once and for all, which describes itself.
//!
//! ```text
//!  start                                                                              end
//!    │ header │ bitmap │ run in use │ free run │ page │ page │ free run │ run in use │ free run │
//!                      └─ bottom: from here on, all is in runs
//! ```
//!
//! The header holds a [`linked_list_allocator::Heap`], which keeps the free runs in a list sorted by address, each
//! described by its own first two words. Runs are whole [`GRANULE`]s, so whatever is left of a free run beside a
//! request is again large enough to be listed: no byte is lost between runs, and a freed run always merges with its
//! free neighbours.
//!
//! A page is a run of the region's page size, aligned to it. The bitmap has a bit for each stretch of memory that
//! could be a page, and it is set while the stretch is one. So an address alone tells how its block is to be freed.

use core::alloc::Layout;
use core::ptr::NonNull;

use linked_list_allocator::Heap as FreeRuns;

use super::page::Page;
use crate::fixed::misuse::Refusal;
use crate::{RegionTooSmall, SizeClass};

/// Runs begin and end at multiples of this. It is the least that [`FreeRuns`] can describe.
const GRANULE: usize = 2 * size_of::<usize>();

/// No region ends behind this address, so that the end of a run can be computed.
const LAST_END: usize = usize::MAX - 2 * GRANULE;

/// Pages are at least this large, however small the region …
const MIN_PAGE_SIZE: usize = 256;
/// … and no larger than this, however large the region.
pub(super) const MAX_PAGE_SIZE: usize = 4096;
/// In between, a region is this many pages.
const PAGES_PER_REGION: usize = 128;
/// A page is at least this many blocks, less what its header takes.
const BLOCKS_PER_PAGE: usize = 8;

/// The number of classes that the largest pages serve.
pub(super) const PAGE_CLASSES: usize = match largest_page_class() {
    Some(class) => class.index() + 1,
    None => 0,
};

const fn largest_page_class() -> Option<SizeClass> {
    match Layout::from_size_align(MAX_PAGE_SIZE / BLOCKS_PER_PAGE, 1) {
        Ok(layout) => SizeClass::of_small(layout),
        Err(_) => None,
    }
}

const _: () = assert!(MIN_PAGE_SIZE.is_power_of_two() && MAX_PAGE_SIZE.is_power_of_two());
const _: () = assert!(GRANULE.is_power_of_two() && MIN_PAGE_SIZE >= GRANULE && align_of::<Region>() <= GRANULE);

/// The header of a region, at its start.
///
/// # Invariants
///
/// - `memory` is this header's own address, and may be used for all bytes up to `end`.
/// - A unit is an aligned stretch of the page size. Behind the header lies the bitmap, with a bit for each unit that
///   the region touches.
/// - All from there to `end` is in `free_runs`, or was taken from it and not yet returned.
/// - A unit's bit is set just while the unit is a page that [`Region::take_page`] made.
pub(super) struct Region {
    free_runs: FreeRuns,
    next: Option<NonNull<Region>>,
    memory: NonNull<u8>,
    end: usize,
    /// The bytes that the user gave, of which alignment may have cost a few.
    given: usize,
    /// log2 of the page size: not every processor can divide.
    page_log2: u32,
}

impl Region {
    /// Turns memory into a region with nothing in use.
    ///
    /// # Safety
    ///
    /// The `size` bytes from `start` on must be valid for reads and writes, and from now on be used through the
    /// region only.
    unsafe fn create(start: *mut u8, size: usize) -> Result<NonNull<Self>, RegionTooSmall> {
        let plan = Plan::new(start.addr(), size).ok_or(RegionTooSmall)?;
        let memory = NonNull::new(start.wrapping_add(plan.skipped)).ok_or(RegionTooSmall)?;
        // SAFETY: by the plan, header and bitmap end at or before the last byte.
        let bitmap = unsafe { memory.add(size_of::<Self>()) };
        // SAFETY: as above; the caller gave us the memory.
        unsafe { bitmap.write_bytes(0, plan.bitmap_len) };
        // SAFETY: by the plan, at least a granule follows `bottom`.
        let bottom = unsafe { memory.add(plan.bottom) };
        // SAFETY: from `bottom` on the memory is ours and holds nothing else, and it is large enough for a free run.
        let free_runs = unsafe { FreeRuns::new(bottom.as_ptr(), plan.len - plan.bottom) };

        let header = memory.cast::<Self>();
        // INVARIANT: as the plan has it; no bit is set, and there is no page.
        let region = Self {
            free_runs,
            next: None,
            memory,
            end: memory.addr().get() + plan.len,
            given: size,
            page_log2: plan.page_log2,
        };
        // SAFETY: the plan aligned `memory` to a granule, which suffices for a header, and found room for one.
        unsafe { header.write(region) };
        Ok(header)
    }

    /// The bytes that the user gave.
    pub(super) const fn given(&self) -> usize {
        self.given
    }

    /// The bytes that are in runs, free or in use: all that was given but the header, the bitmap and what alignment
    /// cost.
    pub(super) fn run_bytes(&self) -> usize {
        self.free_runs.size()
    }

    fn contains(&self, address: usize) -> bool {
        (self.memory.addr().get()..self.end).contains(&address)
    }

    /// Whether some of the `size` bytes from `start` on are in this region.
    fn overlaps(&self, start: usize, size: usize) -> bool {
        start < self.end && self.memory.addr().get() < start.saturating_add(size)
    }

    /// Whether the pages of this region are large enough for the blocks of `class`.
    pub(super) const fn serves(&self, class: SizeClass) -> bool {
        class.block_size() <= self.page_size() / BLOCKS_PER_PAGE
    }

    /// What a page of `class` costs beyond its blocks, in bytes.
    pub(super) const fn page_overhead(&self, class: SizeClass) -> usize {
        Page::overhead(self.page_size(), class)
    }

    /// A run of the given layout, by first fit.
    pub(super) fn take_run(&mut self, run: RunLayout) -> Option<NonNull<u8>> {
        // `free_runs` computes where an aligned run would end in each free run, which must not wrap around.
        self.end.checked_add(GRANULE + run.0.align())?;
        if run.size() > self.free_runs.free() {
            return None;
        }
        self.free_runs.allocate_first_fit(run.0).ok()
    }

    /// Takes a run back, and merges it with its free neighbours.
    ///
    /// # Safety
    ///
    /// At `address` lies a run that [`Region::take_run`] gave for this layout, or that [`Region::trim_run`] left of it;
    /// nobody uses it any more.
    pub(super) unsafe fn return_run(&mut self, address: usize, run: RunLayout) {
        let start = self.pointer_to(address);
        // SAFETY: the run is in use in `free_runs`, of just this size, and the caller parts with it.
        unsafe { self.free_runs.deallocate(start, run.0) };
    }

    /// Shortens the run at `address` from `old` to `new`, and frees what was behind. Says how it went: a run cannot
    /// grow.
    ///
    /// # Safety
    ///
    /// As for [`Region::return_run`] with `old`, as to the bytes behind `new`.
    pub(super) unsafe fn trim_run(&mut self, address: usize, old: RunLayout, new: RunLayout) -> Trim {
        if new.size() > old.size() {
            return Trim::TooShort;
        }
        if let Some(surplus) = RunLayout::of_size(old.size() - new.size()) {
            // SAFETY: the surplus is in use in `free_runs`, and the caller parts with it. `free_runs` keeps no record
            // of the runs in use, so one may come back in pieces, as long as each is whole granules.
            unsafe { self.return_run(address + new.size(), surplus) };
        }
        Trim::Done
    }

    /// Why there cannot be a run at `address`, if so.
    pub(super) fn objection_to_run(&self, address: usize, run: RunLayout) -> Option<&'static str> {
        if !address.is_multiple_of(run.0.align()) {
            Some("it is not aligned as that asks")
        } else if address < self.free_runs.bottom().addr() {
            Some("it is in a region's header")
        } else if run.size() > self.end - address {
            Some("it ends behind its region")
        } else if run.size() > self.free_runs.used() {
            Some("it is more than is in use")
        } else {
            None
        }
    }

    /// An aligned run as a page of `class`.
    pub(super) fn take_page(&mut self, class: SizeClass) -> Option<Page> {
        let run = self.take_run(self.page_layout())?;
        self.set_page_bit(run.addr().get(), true);
        // SAFETY: the run is ours, of the page size and aligned to it, which is far larger than a block of a class
        // that this region serves; `free_runs` made its pointer from the one to the whole region.
        Some(unsafe { Page::create(run, self.page_size(), class) })
    }

    /// Turns an empty page back into a free run.
    ///
    /// # Safety
    ///
    /// `page` is one of this region's, has no live block, is in no list, and is not used again.
    pub(super) unsafe fn return_page(&mut self, page: Page) {
        self.set_page_bit(page.address(), false);
        // SAFETY: `take_page` took the run for this layout, and the caller parts with it.
        unsafe { self.return_run(page.address(), self.page_layout()) };
    }

    /// The page that `address`, which lies in this region, is part of; `None` when it is part of a run.
    pub(super) fn page_at(&self, address: usize) -> Option<Page> {
        let (byte, mask) = self.page_bit(address);
        // SAFETY: `page_bit` gives a byte of the bitmap.
        let bits = unsafe { byte.read() };
        if bits & mask == 0 {
            return None;
        }
        let page = self.pointer_to(address & !(self.page_size() - 1));
        // SAFETY: by the bitmap's invariant, here lies a page; the pointer may be used for all of it.
        Some(unsafe { Page::from_start(page) })
    }

    const fn page_size(&self) -> usize {
        1 << self.page_log2
    }

    fn page_layout(&self) -> RunLayout {
        RunLayout::new(self.page_size(), self.page_size()).expect("a page is far smaller than the largest layout")
    }

    fn set_page_bit(&mut self, address: usize, is_page: bool) {
        let (byte, mask) = self.page_bit(address);
        // SAFETY: `page_bit` gives a byte of the bitmap.
        let bits = unsafe { byte.read() };
        let bits = if is_page { bits | mask } else { bits & !mask };
        // SAFETY: likewise.
        unsafe { byte.write(bits) };
    }

    /// The byte of the bitmap, and the bit in it, for the unit that `address` lies in.
    fn page_bit(&self, address: usize) -> (NonNull<u8>, u8) {
        debug_assert!(self.contains(address), "an address of the region");
        let unit = (address >> self.page_log2) - (self.memory.addr().get() >> self.page_log2);
        // SAFETY: the bitmap has a bit for each unit that the region touches.
        let byte = unsafe { self.memory.add(size_of::<Self>() + unit / 8) };
        (byte, 1 << (unit % 8))
    }

    /// A pointer to an address in this region, for all of the region.
    ///
    /// A pointer that comes back may be narrowed to the bytes that were asked for. So it serves as an address only, and
    /// all pointers are made from the region's own.
    fn pointer_to(&self, address: usize) -> NonNull<u8> {
        debug_assert!(self.contains(address), "an address of the region");
        // SAFETY: the offset stays within the region.
        unsafe { self.memory.add(address - self.memory.addr().get()) }
    }
}

/// How [`Region::trim_run`] went.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trim {
    Done,
    TooShort,
}

/// The size and alignment of a run.
///
/// # Invariants
///
/// The size is a positive multiple of a granule, and the alignment at least a granule.
#[derive(Clone, Copy)]
pub(super) struct RunLayout(Layout);

impl RunLayout {
    /// The smallest run that holds `layout`, or `None` when that is more than a [`Layout`] can say.
    pub(super) fn of(layout: Layout) -> Option<Self> {
        Self::new(layout.size(), layout.align())
    }

    /// A run of `size`, which is a multiple of a granule; `None` when it is zero.
    fn of_size(size: usize) -> Option<Self> {
        if size == 0 { None } else { Self::new(size, GRANULE) }
    }

    fn new(size: usize, align: usize) -> Option<Self> {
        let size = size.max(1).checked_next_multiple_of(GRANULE)?;
        // INVARIANT: just rounded up.
        Layout::from_size_align(size, align.max(GRANULE)).ok().map(Self)
    }

    /// The bytes of the run.
    pub(super) const fn size(self) -> usize {
        self.0.size()
    }
}

/// The regions of a heap, newest first.
///
/// # Invariants
///
/// Each `NonNull<Region>` in the list came from [`Region::create`], is in no other list, and is followed only by way of
/// this list, with as much right as one has to the list.
pub(super) struct RegionList {
    first: Option<NonNull<Region>>,
}

impl RegionList {
    pub(super) const fn new() -> Self {
        Self { first: None }
    }

    /// Adds the memory as a region, unless that is too small, or partly in a region of this list.
    ///
    /// # Safety
    ///
    /// As for [`Region::create`], for as long as the list is used.
    pub(super) unsafe fn add(&mut self, start: *mut u8, size: usize) -> Result<(), Refusal> {
        if self.iter().any(|region| region.overlaps(start.addr(), size)) {
            return Err(Refusal::Overlap);
        }
        // SAFETY: the caller's promise is the one asked for.
        let mut region = unsafe { Region::create(start, size) }.map_err(Refusal::TooSmall)?;
        // SAFETY: just made, and nobody else knows it.
        unsafe { region.as_mut() }.next = self.first;
        self.first = Some(region);
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Region> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            // SAFETY: by the list's invariant, and the list is borrowed for as long as the item.
            let region = unsafe { next?.as_ref() };
            next = region.next;
            Some(region)
        })
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Region> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            // SAFETY: by the list's invariant; the list is borrowed mutably for as long as the item, and no region
            // comes twice.
            let region = unsafe { next?.as_mut() };
            next = region.next;
            Some(region)
        })
    }

    /// A pointer to the same address as `block`, for all of the region that it lies in, if it lies in one.
    pub(super) fn whole(&self, block: NonNull<u8>) -> Option<NonNull<u8>> {
        let address = block.addr().get();
        self.iter().find(|region| region.contains(address)).map(|region| region.pointer_to(address))
    }

    /// The region that `address` lies in.
    pub(super) fn find(&mut self, address: usize) -> Option<&mut Region> {
        self.iter_mut().find(|region| region.contains(address))
    }
}

/// Where things go in a region, as offsets from its first granule.
struct Plan {
    /// The bytes before the first granule.
    skipped: usize,
    page_log2: u32,
    bitmap_len: usize,
    bottom: usize,
    len: usize,
}

impl Plan {
    /// `None` when there is no room for a header, a bitmap and one granule.
    fn new(start: usize, size: usize) -> Option<Self> {
        let end = start.saturating_add(size).min(LAST_END) & !(GRANULE - 1);
        let first = start.checked_next_multiple_of(GRANULE)?;
        let len = end.checked_sub(first)?;

        let page_log2 = page_size_for(len).ilog2();
        let units = (end >> page_log2) - (first >> page_log2) + 1;
        let bitmap_len = units.div_ceil(8);
        let bottom = (size_of::<Region>() + bitmap_len).next_multiple_of(GRANULE);
        (bottom < len).then_some(Self { skipped: first - start, page_log2, bitmap_len, bottom, len })
    }
}

/// The page size for a region of `len` bytes.
fn page_size_for(len: usize) -> usize {
    let wanted = (len / PAGES_PER_REGION).clamp(MIN_PAGE_SIZE, MAX_PAGE_SIZE);
    wanted.next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;

    #[test]
    fn a_run_whose_end_might_wrap_around_is_refused() {
        let mut memory = [MaybeUninit::<u128>::uninit(); 64];
        // SAFETY: the memory is used through the region only.
        let mut region = unsafe { Region::create(memory.as_mut_ptr().cast(), 1024) }.expect("room for a region");
        // SAFETY: just made, and nobody else knows it.
        let region = unsafe { region.as_mut() };
        let run = |align| RunLayout::new(GRANULE, align).expect("a valid layout");
        assert!(region.take_run(run(4 * GRANULE)).is_some());
        // As if the memory were the last that there can be; this much does not read or write there.
        region.end = LAST_END;
        assert!(region.take_run(run(GRANULE)).is_some());
        assert!(region.take_run(run(4 * GRANULE)).is_none());
    }
}
