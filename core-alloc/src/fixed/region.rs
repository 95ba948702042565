//! A region: memory given to a heap once and for all, which describes itself.
//!
//! ```text
//!  start                                                                                    end
//!    │ header │ bins │ tag, block in use │ tag, free block │ tag, block in use │ … │ end tag │
//!                    └─ `first`                                                       └─ `end`
//! ```
//!
//! All behind the bins is [blocks](super::block), side by side. No two free ones are neighbours: a block that is freed merges
//! with those beside it. At the end is the tag of a block without bytes, which is always in use.

use core::alloc::Layout;
use core::iter;
use core::ptr::NonNull;

use super::RegionTooSmall;
use super::bins::BinsRef;
use super::block::{Block, GRANULE, MIN_SIZE, TAG_SIZE, Tag, size_for};
use super::region_kind::RegionKind;

/// A request gets a block whole when it is larger than asked for by less than this. That is more than the least that a
/// block can be, for slivers are of no use to anybody, and cost time to make and to merge again.
const SPARE: usize = SPARE_GRANULES * GRANULE;
const SPARE_GRANULES: usize = 4;

/// No region ends behind this address, so that sums of an address and a size in it cannot overflow.
const LAST_END: usize = usize::MAX - 2 * GRANULE;

/// What a region says about itself, at its start; the bins follow.
///
/// # Invariants
///
/// - The bytes from this header up to the block at `end`, which is `len` bytes further on, are the region's alone.
/// - From `first` on they are blocks, side by side, up to the one at `end`, which has no bytes and is in use.
/// - Each free block's last word is its size, and the block behind it has the tag [`Tag::after_free`]; no two free
///   blocks are neighbours. All free blocks are listed in the bins.
/// - Nothing here changes once the region is a heap's.
pub(super) struct Header {
    /// From the header to the last block, `end`.
    len: usize,
    next: Option<Region>,
    kind: RegionKind,
    /// The bytes that the user gave, of which alignment may have cost a few.
    given: usize,
    first: Block,
}

/// A region of a heap, referred to by its header.
///
/// # Invariants
///
/// The header was written by [`Region::create`]. The pointer may be used for the whole region. A region belongs to one
/// heap, which must be borrowed mutably to change anything in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region(NonNull<Header>);

impl Region {
    /// Turns memory into a region with nothing in use.
    ///
    /// # Safety
    ///
    /// The `size` bytes from `start` on must be valid for reads and writes, and from now on be used through the
    /// region only.
    pub(super) unsafe fn create(kind: RegionKind, start: *mut u8, size: usize) -> Result<Self, RegionTooSmall> {
        let plan = Plan::new(start.addr(), size).ok_or(RegionTooSmall)?;
        let memory = NonNull::new(start.wrapping_add(plan.skipped)).ok_or(RegionTooSmall)?;
        // SAFETY: by the plan, all this is within the memory.
        let [bins, first, end] = [size_of::<Header>(), plan.first, plan.end].map(|at| unsafe { memory.add(at) });
        // SAFETY: by the plan there is room for bins, and the memory is ours.
        unsafe { BinsRef::create(bins, plan.end - plan.first) };
        // SAFETY: by the plan there is room for a tag before each; a block is made of what is between below.
        let [first, end] = [first, end].map(|start| unsafe { Block::new(start) });

        let header = memory.cast::<Header>();
        // SAFETY: the plan aligned `memory` and found room for a header.
        unsafe { header.write(Header { len: plan.end, next: None, kind, given: size, first }) };
        // INVARIANT: all blocks are one in use, and the one at the end.
        let region = Self(header);
        first.set_tag(Tag::in_use(plan.end - plan.first));
        end.set_tag(Tag::in_use(0));
        // SAFETY: that block is nobody's.
        unsafe { region.give(first) };
        Ok(region)
    }

    /// How much memory a region needs to serve a request for `layout`, wherever it lies; `None` when that is more than there
    /// can be.
    pub(super) fn bytes_for(layout: Layout) -> Option<usize> {
        let align = if layout.align() > GRANULE { layout.align() + MIN_SIZE } else { 0 };
        let block = size_for(layout).checked_add(align)?;
        // The bins of a region of twice the size are more than enough.
        let bins = BinsRef::len(block.checked_mul(2)?);
        block.checked_add(size_of::<Header>() + bins + TAG_SIZE + 3 * GRANULE)
    }

    /// A region that [`as_ptr`](Self::as_ptr) gave away.
    ///
    /// # Safety
    ///
    /// It is one.
    pub(super) const unsafe fn from_ptr(header: NonNull<Header>) -> Self {
        // INVARIANT: by the contract.
        Self(header)
    }

    pub(super) const fn as_ptr(self) -> *mut Header {
        self.0.as_ptr()
    }

    pub(super) fn next(self) -> Option<Self> {
        self.header().next
    }

    pub(super) fn set_next(self, next: Option<Self>) {
        // SAFETY: by the type's invariants.
        unsafe { (*self.0.as_ptr()).next = next };
    }

    /// What the memory is good for.
    pub(super) fn kind(self) -> RegionKind {
        self.header().kind
    }

    /// The bytes that the user gave.
    pub(super) fn given(self) -> usize {
        self.header().given
    }

    /// The bytes that are blocks.
    pub(super) fn block_bytes(self) -> usize {
        let (first, end) = self.bounds();
        end.address() - first.address()
    }

    /// Whether `address` lies in the region.
    #[inline(always)]
    pub(super) fn contains(self, address: usize) -> bool {
        address.wrapping_sub(self.0.addr().get()) < self.header().len
    }

    /// Whether some of the `size` bytes from `start` on are in this region.
    pub(super) fn overlaps(self, start: usize, size: usize) -> bool {
        let own = self.0.addr().get();
        start < own + self.header().len && own < start.saturating_add(size)
    }

    /// The first block, and the one without bytes at the end.
    pub(super) fn bounds(self) -> (Block, Block) {
        let Header { first, len, .. } = *self.header();
        // SAFETY: the last block is so far behind the header.
        let end = unsafe { self.0.cast().add(len) };
        // SAFETY: by the type's invariants there is one.
        (first, unsafe { Block::new(end) })
    }

    /// All blocks but the one at the end, in the order of their addresses.
    pub(super) fn blocks(self) -> impl Iterator<Item = Block> {
        let (first, end) = self.bounds();
        // SAFETY: before the end there is another block behind each.
        iter::successors(Some(first), |block| Some(unsafe { block.at(block.tag().size()) }))
            .take_while(move |&block| block != end)
    }

    /// Why there cannot be a block in use for a request of `size` at `address`, which lies in this region, if so.
    pub(super) fn objection_to(self, address: NonNull<u8>, size: usize) -> Option<&'static str> {
        const NO_BLOCK: Option<&str> = Some("no block begins there");
        let (first, end) = self.bounds();
        let offset = address.addr().get().wrapping_sub(first.address());
        if offset >= end.address() - first.address() || !offset.is_multiple_of(GRANULE) {
            return NO_BLOCK;
        }
        // SAFETY: there may be none, but the address is one that a block can have; the tag is in the region.
        let block = unsafe { self.block_at(address) };
        let tag = block.tag();
        if tag.size() < MIN_SIZE || tag.size() > end.address() - block.address() {
            return NO_BLOCK;
        }
        if tag.is_free() {
            return Some("it is free already");
        }
        // SAFETY: as before, the tag is in the region.
        if unsafe { block.at(tag.size()) }.tag().is_after_free() {
            return NO_BLOCK;
        }
        match size {
            _ if tag.size() < size => Some("the block is smaller than that"),
            _ if tag.size() >= size + SPARE => Some("the block is larger than that"),
            _ => None,
        }
    }

    /// The block that begins at `address`, which lies in this region.
    ///
    /// # Safety
    ///
    /// There is one.
    #[inline(always)]
    pub(super) unsafe fn block_at(self, address: NonNull<u8>) -> Block {
        // SAFETY: by the contract.
        unsafe { Block::new(self.pointer_to(address)) }
    }

    /// A pointer to `address` that may be used for all of the region. One that comes back may be narrowed to the bytes that
    /// were asked for, and so serves as an address only.
    #[inline(always)]
    pub(super) fn pointer_to(self, address: NonNull<u8>) -> NonNull<u8> {
        self.0.cast().with_addr(address.addr())
    }

    /// A block in use of `size`, which is that of a block, for a request that is aligned to `align`.
    #[inline(always)]
    pub(super) fn take_for(self, size: usize, align: usize) -> Option<Block> {
        if align <= GRANULE { self.take(size) } else { self.take_aligned(size, align) }
    }

    /// A block in use of `size`, which is that of a block, or of a little more.
    #[inline(always)]
    pub(super) fn take(self, size: usize) -> Option<Block> {
        let block = self.bins().pop(size)?;
        let whole = block.tag().size();
        // SAFETY: there is a block behind each but the last.
        let behind = unsafe { block.at(whole) };
        let rest = whole - size;
        if rest < SPARE {
            block.set_tag(Tag::in_use(whole));
            behind.set_tag(behind.tag().after_used());
        } else {
            block.set_tag(Tag::in_use(size));
            // SAFETY: the rest of a free block becomes one.
            let rest_block = unsafe { block.at(size) };
            // SAFETY: nobody uses it.
            unsafe { self.list(rest_block, rest) };
        }
        Some(block)
    }

    /// A block in use of `size` whose address is a multiple of `align`, which is more than a granule.
    #[inline(never)]
    pub(super) fn take_aligned(self, size: usize, align: usize) -> Option<Block> {
        let block = self.take(size.checked_add(align)?.checked_add(MIN_SIZE)?)?;
        let mut surplus = block.address().wrapping_neg() & (align - 1);
        if 0 < surplus && surplus < MIN_SIZE {
            surplus += align;
        }
        // SAFETY: there was asked for so much more.
        let aligned = unsafe { block.at(surplus) };
        if surplus > 0 {
            // What is before the aligned address becomes a block of its own, and goes back.
            let tag = block.tag();
            aligned.set_tag(Tag::in_use(tag.size() - surplus));
            block.set_tag(tag.resized(surplus));
            // SAFETY: nobody has this block.
            unsafe { self.give(block) };
        }
        // SAFETY: likewise what is behind.
        let shortened = unsafe { self.resize(aligned, size) };
        debug_assert!(shortened == Resized::Yes, "there was asked for more");
        Some(aligned)
    }

    /// Takes a block back, and merges it with its free neighbours.
    ///
    /// # Safety
    ///
    /// The block is in use, and its user parts with it.
    #[inline(always)]
    pub(super) unsafe fn give(self, mut block: Block) {
        let tag = block.tag();
        let mut size = tag.size();
        // SAFETY: there is a block behind each but the last.
        let behind = unsafe { block.at(size) };
        let behind_tag = behind.tag();
        if behind_tag.is_free() {
            self.bins().unlink(behind);
            size += behind_tag.size();
            behind.forget_tag();
        } else {
            behind.set_tag(behind_tag.after_free());
        }
        if tag.is_after_free() {
            let end = block.address();
            block.forget_tag();
            // SAFETY: the tag says that there is a free block before.
            block = unsafe { block.before() };
            self.bins().unlink(block);
            size += end - block.address();
        }
        // SAFETY: all this is free.
        unsafe { self.list(block, size) };
    }

    /// Makes a listed free block of `size` bytes between two blocks in use, the second of which knows.
    ///
    /// # Safety
    ///
    /// Nobody uses the bytes.
    #[inline(always)]
    unsafe fn list(self, block: Block, size: usize) {
        // SAFETY: by the contract.
        unsafe { block.mark_free(size) };
        self.bins().link(block, size);
    }

    /// Makes a block in use have `size`, which is that of a block, where it lies. Says whether that could be.
    ///
    /// # Safety
    ///
    /// The block's user parts with what is beyond the new size.
    pub(super) unsafe fn resize(self, block: Block, size: usize) -> Resized {
        let tag = block.tag();
        let mut whole = tag.size();
        // SAFETY: there is a block behind each but the last.
        let mut behind = unsafe { block.at(whole) };
        if whole < size {
            let behind_tag = behind.tag();
            if !behind_tag.is_free() || whole + behind_tag.size() < size {
                return Resized::No;
            }
            self.bins().unlink(behind);
            whole += behind_tag.size();
            // SAFETY: likewise; a free block is not the last.
            behind = unsafe { block.at(whole) };
            behind.set_tag(behind.tag().after_used());
        }
        let rest = whole - size;
        if rest < MIN_SIZE {
            block.set_tag(tag.resized(whole));
        } else {
            block.set_tag(tag.resized(size));
            // SAFETY: the rest becomes a block of its own.
            let rest_block = unsafe { block.at(size) };
            rest_block.set_tag(Tag::in_use(rest));
            // SAFETY: nobody has it.
            unsafe { self.give(rest_block) };
        }
        Resized::Yes
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: by the type's invariants.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    pub(super) fn bins(self) -> BinsRef {
        // SAFETY: the bins follow the header.
        let bins = unsafe { self.0.add(1) };
        // SAFETY: they were made by `create`, with the region's own pointer.
        unsafe { BinsRef::new(bins.cast()) }
    }
}

/// Whether a block has its new size.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resized {
    Yes,
    No,
}

/// Where things go in a region, as offsets from its header.
struct Plan {
    /// The bytes before the header.
    skipped: usize,
    first: usize,
    end: usize,
}

impl Plan {
    /// `None` when there is no room for a header, bins, and a block.
    fn new(start: usize, size: usize) -> Option<Self> {
        let end = start.saturating_add(size).min(LAST_END) & !(GRANULE - 1);
        let header = start.checked_next_multiple_of(GRANULE)?;
        let len = end.checked_sub(header)?;

        let before = size_of::<Header>() + BinsRef::len(len) + TAG_SIZE;
        let first = before.next_multiple_of(GRANULE);
        (first + MIN_SIZE <= len).then_some(Self { skipped: header - start, first, end: len })
    }
}
