//! A page: part of a region, cut into blocks of one size class. This is its descriptor, kept apart from it.
//!
//! ```text
//!   descriptor, at the region's start        the page, 64 KiB
//!   | owner | class | links | block map |    | block | block | block | … | never carved yet … |
//! ```
//!
//! A page is free, or part of a large block's run, or it is cut into blocks and has a [`Holder`], in whose heap it is:
//!
//! ```text
//!   free ──open──▶ all blocks in use ◀──▶ some free (in the heap's list of its class) ──close──▶ free
//! ```

use core::cell::Cell;
use core::mem::offset_of;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

use super::block::{Chain, FreeBlock, FreeList};
use super::block_map::{AlreadyFree, BlockMap, LongWords, OWN_BLOCKS};
use super::class_map;
use super::fatal::already_free;
use super::holder::{HeapId, Holder};
use super::list::{Linked, Links};
use super::mark::Mark;
use super::owner::Owner;
use super::page_stats::PageStats;
use super::region::PAGE_SIZE;
use super::source::{self, Fresh};
use crate::SizeClass;

/// The least of a page that is carved at a time: the OS page of most systems, so that no memory is touched before it is
/// of use.
pub(crate) const CARVE: usize = 4096;

const _: () = assert!(PAGE_SIZE == CARVE * u16::BITS as usize, "a bit of `clean` for every part");

/// The descriptor of a page.
///
/// # Invariants
///
/// All zero bytes are the descriptor of a page that is not cut. If such a page has a `start`, it is the first one of a run
/// that may be used from there: the large block of `run_bytes` bytes of a `private_heap`, or if there is no such heap, one
/// that rests in a [`RunCache`](super::run_cache::RunCache). If it has none, it may be the first one of a run that is a
/// block of `run_bytes` bytes of [`Malloc`](crate::Malloc)'s; who has the block has `run_bytes`. For a page that is cut into blocks:
///
/// - `start` may be used for the whole page, which is cut into `capacity` blocks of `class`;
/// - the blocks that `blocks` says are free belong to the page, as a [`FreeBlock`] would;
/// - a bit of `clean` says that this part, of [`CARVE`] bytes, has no block in anyone's hands, and is as it came from the
///   source; `worn`, that blocks have come back since the janitor was here;
/// - the holder is in `owner` or in `private_heap`;
/// - `start`, `class`, `capacity` and the holder are written only while no block is in anyone's hands, so whoever has a
///   block may read them: handing over the block ordered the two threads. All else is only touched under the owner's
///   lock, or by the thread that has the private heap.
///
/// Anyone may ask at any time if the page is cut, and for the owner. Who has no block of the page, and cares, locks that owner and asks again:
/// a page comes to an owner and leaves it under the owner's lock.
///
/// All but the words of `blocks` and the links is in one line of a processor's cache, since a free block that goes home is
/// likely to find none of it there; for large blocks the one word is, too.
#[repr(C, align(64))]
pub(crate) struct Page {
    owner: AtomicPtr<Owner>,
    start: Cell<*mut u8>,
    private_heap: Cell<Option<HeapId>>,
    run_bytes: Cell<usize>,
    class: Cell<SizeClass>,
    is_cut: AtomicBool,
    worn: Cell<bool>,
    clean: Cell<u16>,
    capacity: Cell<u16>,
    blocks: BlockMap,
    links: Links<PageRef>,
}

const _: () = {
    assert!(offset_of!(Page, blocks) + size_of::<BlockMap>() - OWN_BLOCKS / 8 < 64, "one line for what comes before");
    assert!(size_of::<Page>() <= 128, "two lines for all");
};

/// A handle to a page's descriptor.
///
/// # Invariants
///
/// The pointer is to a descriptor in a region that is mapped for as long as this handle is used: a heap has pages, and
/// a program has blocks, only of such regions.
#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub(crate) struct PageRef(NonNull<Page>);

// SAFETY: by `Page`'s invariants, what a handle leads to is shared under the owner's lock.
unsafe impl Send for PageRef {}

impl PageRef {
    /// # Safety
    ///
    /// As the type's invariant says.
    pub(crate) const unsafe fn new(descriptor: NonNull<Page>) -> Self {
        // INVARIANT: by the caller's promise.
        Self(descriptor)
    }
}

impl Deref for PageRef {
    type Target = Page;

    fn deref(&self) -> &Page {
        // SAFETY: by the type's invariant; any bytes that were ever there are a `Page`, which is only ever shared.
        unsafe { self.0.as_ref() }
    }
}

impl Linked for PageRef {
    fn links(&self) -> &Links<Self> {
        &self.deref().links
    }
}

impl Page {
    /// Whether a page of `class` has more blocks than its descriptor has bits for: before it is opened, it is
    /// [extended](Self::extend).
    pub(crate) fn is_long(class: SizeClass) -> bool {
        usize::from(CAPACITIES[class.index()]) > OWN_BLOCKS
    }

    /// Gets bits for more blocks.
    ///
    /// # Safety
    ///
    /// The caller owns the page, and the `long` words become its own, as [`BlockMap::extend`] says.
    pub(crate) unsafe fn extend(&self, long: NonNull<LongWords>) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.blocks.extend(long) };
    }

    /// Makes the free page at `start` one of `holder`'s, to be cut into blocks of `class`.
    ///
    /// # Safety
    ///
    /// The caller owns the page that this describes, and `start` may be used for all of it. If the class is
    /// [long](Self::is_long), the page has been extended.
    pub(crate) unsafe fn open(&self, start: NonNull<u8>, fresh: Fresh, class: SizeClass, holder: Holder) {
        // INVARIANT: the page is the caller's, and has no blocks yet.
        self.clean.set(if fresh == Fresh::Yes { u16::MAX } else { 0 });
        self.worn.set(false);
        self.start.set(start.as_ptr());
        self.class.set(class);
        self.capacity.set(CAPACITIES[class.index()]);
        match holder {
            Holder::Owner(owner) => {
                self.owner.store(ptr::from_ref(owner).cast_mut(), Relaxed);
                class_map::set(start.addr().get(), Mark::of_class(class));
            }
            Holder::PrivateHeap(heap) => self.private_heap.set(Some(heap)),
        }
        self.is_cut.store(true, Relaxed);
    }

    /// Makes this the first page of a run at `start`, which is the private heap `heap`'s, for a block of `bytes` bytes.
    ///
    /// # Safety
    ///
    /// The caller owns the run, and `start` may be used for all of it.
    pub(crate) unsafe fn open_run(&self, start: NonNull<u8>, bytes: usize, heap: HeapId) {
        // INVARIANT: the page is the caller's, and not cut.
        self.start.set(start.as_ptr());
        self.run_bytes.set(bytes);
        self.private_heap.set(Some(heap));
    }

    /// Notes that this is the first page of a run of [`Malloc`](super::malloc)'s, for a block of `bytes` bytes.
    #[cfg(feature = "malloc")]
    pub(crate) fn set_run_bytes(&self, bytes: usize) {
        self.run_bytes.set(bytes);
    }

    /// What was noted so.
    #[cfg(feature = "malloc")]
    pub(crate) fn run_bytes(&self) -> usize {
        self.run_bytes.get()
    }

    /// Forgets the page's blocks, which nobody uses any more, and gives back what it was [extended](Self::extend) by.
    pub(crate) fn forget_blocks(&self) -> Option<NonNull<LongWords>> {
        self.blocks.clear()
    }

    /// Makes this a page that nobody holds, and returns its start. It has no blocks any more.
    pub(crate) fn close(&self) -> *mut u8 {
        class_map::set(self.start.get().addr(), Mark::NOTHING);
        self.is_cut.store(false, Relaxed);
        self.owner.store(ptr::null_mut(), Relaxed);
        self.private_heap.set(None);
        self.start.replace(ptr::null_mut())
    }

    /// Lets the run whose first page this is rest, until somebody wants it: `start` is where it begins.
    pub(crate) fn rest(&self, start: NonNull<u8>) {
        self.start.set(start.as_ptr());
    }

    /// Where the run that rests here begins, which does so no more.
    pub(crate) fn wake(&self) -> Option<NonNull<u8>> {
        NonNull::new(self.start.replace(ptr::null_mut()))
    }

    /// Whether a run rests here.
    pub(crate) fn is_resting(&self) -> bool {
        !self.is_cut() && self.private_heap.get().is_none() && !self.start.get().is_null()
    }

    /// Whether the page is cut into blocks.
    pub(crate) fn is_cut(&self) -> bool {
        // Relaxed: see `Page`'s invariants.
        self.is_cut.load(Relaxed)
    }

    /// The private heap that has the page, or the run that begins here.
    pub(crate) fn private_heap(&self) -> Option<HeapId> {
        self.private_heap.get()
    }

    /// The private heap's run that begins here, and the bytes of its block.
    pub(crate) fn run(&self) -> Option<(NonNull<u8>, usize)> {
        let start = NonNull::new(self.start.get()).filter(|_| !self.is_cut())?;
        Some((start, self.run_bytes.get()))
    }

    /// The owner, or `None` when the page has not been cut into blocks, or is a private heap's.
    pub(crate) fn owner(&self) -> Option<&'static Owner> {
        // Relaxed: see `Page`'s invariants.
        let owner = self.owner.load(Relaxed);
        // SAFETY: null, or it came from a shared reference to an owner that is never released.
        unsafe { owner.as_ref() }
    }

    /// The class of the page's blocks, if it has any.
    pub(crate) fn class(&self) -> SizeClass {
        self.class.get()
    }

    /// Whether one of the page's blocks begins at `address`, which is in this page.
    pub(crate) fn has_block_at(&self, address: usize) -> bool {
        let offset = address % PAGE_SIZE;
        is_block_start(self.class(), offset) && block_index(self.class(), offset) < usize::from(self.capacity.get())
    }

    /// Whether the block that begins at `address`, in this page, has come home.
    pub(crate) fn is_home(&self, address: usize) -> bool {
        self.blocks.is_free(block_index(self.class(), address % PAGE_SIZE))
    }

    /// The state of the page, which is cut.
    pub(crate) fn stats(&self) -> PageStats {
        PageStats {
            address: self.start().addr().get(),
            size: PAGE_SIZE,
            class: self.class(),
            out: self.blocks.carved() - self.blocks.free(),
            capacity: self.capacity.get().into(),
        }
    }

    /// The address of the block with the given index.
    pub(crate) fn address_of(&self, index: usize) -> usize {
        self.block(index).addr().get()
    }

    /// Whether no block is in use.
    pub(crate) fn is_unused(&self) -> bool {
        self.blocks.free() == self.blocks.carved()
    }

    /// Whether no block is free, nor can be carved.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.blocks.free() == 0 && self.blocks.carved() == usize::from(self.capacity.get())
    }

    /// Carves blocks from a page that is not exhausted, up to the next multiple of `step` bytes: a power of two, from
    /// [`CARVE`] to the size of a page. Where that is several OS pages, it has the system make them present together.
    pub(crate) fn carve(&self, step: usize) {
        let size = self.class().block_size();
        let begin = self.blocks.carved() * size;
        // At least one more block, and none beyond the page, whose size is a multiple of `step`.
        let end = (begin + size).next_multiple_of(step);
        self.blocks.carve_to(end / size);
        // The part that the last block reaches into is in use already.
        let (first, last) = (begin.div_ceil(CARVE), end / CARVE);
        if step > CARVE && first < last && self.clean.get() & parts(first, last) == parts(first, last) {
            // SAFETY: by the type's invariant, the memory of free blocks is the page's.
            unsafe { source::populate(self.part(first), (last - first) * CARVE) };
        }
    }

    /// Moves up to `want` free blocks to the end of `taken`, lowest first. Returns their number.
    pub(crate) fn take(&self, want: usize, taken: &mut Chain) -> usize {
        let (start, size) = (self.start(), self.class().block_size());
        let (mut begin, mut end) = (PAGE_SIZE, 0);
        let count = self.blocks.take(want, |index| {
            let offset = index * size;
            begin = begin.min(offset);
            end = offset + size;
            // SAFETY: the block lies in the page.
            let block = unsafe { start.byte_add(offset) };
            // SAFETY: by the type's invariant, a free block is the page's to give, and the map has just let go of it.
            taken.append(unsafe { FreeBlock::from_raw(block) });
        });
        if count > 0 {
            // What lies between the first and the last is taken as well, or was in use.
            self.clean.update(|clean| clean & !parts(begin / CARVE, end.div_ceil(CARVE)));
        }
        count
    }

    /// Whether blocks have come back since the janitor was here.
    pub(crate) fn is_worn(&self) -> bool {
        self.worn.get()
    }

    /// Notes that blocks have come back.
    pub(crate) fn wear(&self) {
        self.worn.set(true);
    }

    /// Forgets that blocks have come back, and returns whether they had.
    pub(crate) fn forget_wear(&self) -> bool {
        self.worn.replace(false)
    }

    /// Gives the memory of free blocks back to the system, as far as they fill whole OS pages.
    pub(crate) fn purge(&self) {
        let grain = source::os_page_size().div_ceil(CARVE).next_power_of_two();
        let mut part = 0;
        while part < PARTS {
            let end = self.purgeable_end(part, grain);
            if end > part {
                self.discard(part, end);
            }
            part = end + grain;
        }
    }

    /// The end of the parts from `first` on that are free and not clean; `grain` of them are an OS page.
    fn purgeable_end(&self, first: usize, grain: usize) -> usize {
        let size = self.class().block_size();
        let is_purgeable = |part: usize| {
            let blocks = part * CARVE / size..((part + grain) * CARVE).div_ceil(size);
            let wanted = parts(part, part + grain);
            self.clean.get() & wanted != wanted && self.blocks.are_free(blocks.start, blocks.end)
        };
        let mut end = first;
        while end + grain <= PARTS && is_purgeable(end) {
            end += grain;
        }
        end
    }

    fn discard(&self, first: usize, end: usize) {
        // SAFETY: by the type's invariant, the memory of free blocks is the page's, and nobody relies on what is in it.
        if unsafe { source::purge(self.part(first), (end - first) * CARVE) } == Fresh::Yes {
            self.clean.update(|clean| clean | parts(first, end));
        }
    }

    /// The start of a part.
    fn part(&self, index: usize) -> NonNull<u8> {
        self.place(index * CARVE)
    }

    /// The place `offset` bytes into the page.
    fn place(&self, offset: usize) -> NonNull<u8> {
        // SAFETY: all offsets that are asked for are in the page.
        unsafe { self.start().byte_add(offset) }
    }

    /// The start of the page, which is cut.
    fn start(&self) -> NonNull<u8> {
        // SAFETY: by the type's invariant, such a page has a start.
        unsafe { NonNull::new_unchecked(self.start.get()) }
    }

    /// Puts back the block of `class` at `first`, which is one of this page, and those at the front of `others` that are
    /// this page's, too. Returns their number.
    #[inline]
    pub(crate) fn put(&self, class: SizeClass, first: usize, others: &FreeList) -> usize {
        let index = |address| block_index(class, address % PAGE_SIZE);
        let put = self.blocks.put(index(first), || others.take_first_near(first, PAGE_SIZE).map(index));
        put.unwrap_or_else(|AlreadyFree(block)| already_free(self.address_of(block)))
    }

    fn block(&self, index: usize) -> NonNull<u8> {
        self.place(index * self.class().block_size())
    }
}

/// The number of parts that a page has.
const PARTS: usize = PAGE_SIZE / CARVE;

/// The bits of the parts from `first` up to, not including, `end`, which is at most [`PARTS`].
#[expect(clippy::cast_possible_truncation, reason = "there are as many parts as the type has bits")]
const fn parts(first: usize, end: usize) -> u16 {
    ((1_u32 << end) - (1_u32 << first)) as u16
}

/// Whether a block of `class` begins `offset` bytes into a page.
///
/// What is below the point of the quotient of [`block_index`] is less than one `block_size`th only for multiples: their own
/// error is less than `2^-16`, and every byte more adds a whole `block_size`th.
fn is_block_start(class: SizeClass, offset: usize) -> bool {
    quotient(class, offset) & u64::from(u32::MAX) < u64::from(RECIPROCALS[class.index()])
}

/// The index of the block that the byte `offset` of a page of `class` belongs to.
///
/// That is `offset / block_size`, by multiplication with the reciprocal, rounded up. The rounding makes the quotient too
/// large by less than `offset / 2^32 < 2^-16`, while the gap below the next index is at least `1 / block_size >= 2^-15`:
/// so rounding down gives the exact index.
fn block_index(class: SizeClass, offset: usize) -> usize {
    usize::try_from(quotient(class, offset) >> 32).unwrap_or(0)
}

/// `offset / block_size`, with 32 bits below the point.
fn quotient(class: SizeClass, offset: usize) -> u64 {
    offset as u64 * u64::from(RECIPROCALS[class.index()])
}

/// The number of blocks in a page of each class.
static CAPACITIES: [u16; SizeClass::COUNT] = {
    let mut table = [0; SizeClass::COUNT];
    let mut index = 0;
    while let Some(class) = SizeClass::from_index(index) {
        table[index] = capacity(class);
        index += 1;
    }
    table
};

#[expect(clippy::cast_possible_truncation, reason = "just asserted")]
const fn capacity(class: SizeClass) -> u16 {
    let capacity = PAGE_SIZE / class.block_size();
    assert!(capacity <= u16::MAX as usize, "a capacity fits its type");
    capacity as u16
}

/// `2^32 / block_size` for each class, rounded up.
static RECIPROCALS: [u32; SizeClass::COUNT] = {
    let mut table = [0; SizeClass::COUNT];
    let mut index = 0;
    while let Some(class) = SizeClass::from_index(index) {
        table[index] = reciprocal(class);
        index += 1;
    }
    table
};

#[expect(clippy::cast_possible_truncation, reason = "just asserted")]
const fn reciprocal(class: SizeClass) -> u32 {
    let reciprocal = (1_u64 << 32).div_ceil(class.block_size() as u64);
    assert!(reciprocal <= u32::MAX as u64, "a reciprocal fits its type");
    reciprocal as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_is_in_the_block_that_division_says() {
        for class in SizeClass::all() {
            let size = class.block_size();
            for offset in (0..PAGE_SIZE).step_by(if cfg!(miri) { 4001 } else { 1 }) {
                assert_eq!(block_index(class, offset), offset / size, "byte {offset} of a page of {size} B");
                assert_eq!(is_block_start(class, offset), offset % size == 0, "byte {offset} of a page of {size} B");
            }
        }
    }
}
