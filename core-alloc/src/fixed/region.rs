//! A region: memory given to a heap once and for all, which describes itself.
//!
//! ```text
//!    │ front │ heads │ tag, block in use │ tag, free block │ tag, block in use │ … │ end tag │
//!            └─ the region's pointer                                                   └─ `len` bytes further on
//! ```
//!
//! All behind the heads of the [bins](super::bins) is [blocks](super::block), side by side. No two free ones are neighbours:
//! a block that is freed merges with those beside it. At the end is the tag of a block without bytes, which is always in use.

use core::alloc::Layout;
use core::iter;
use core::mem::offset_of;
use core::ptr::NonNull;

use super::RegionTooSmall;
use super::bin_counts::{BinCounts, LINEAR_STEP};
use super::bins::{Bins, BinsRef};
use super::block::{Block, GRANULE, MIN_SIZE, TAG_SIZE, Tag, size_for};
use super::region_kind::RegionKind;
use super::region_layout::{Front, Header, Notes, Plan, first_block_at};

/// Whether what a block has beyond the `size` of a request goes with it. That may be more than the least that a block can be,
/// for slivers are of no use to anybody, and cost time to make and to merge again.
const fn is_sliver(rest: usize, size: usize) -> bool {
    // Signed, which takes one instruction less: neither is more than half of the addresses.
    rest.cast_signed() - (size / 8).cast_signed() < 3 * GRANULE.cast_signed()
}

// The sizes of a linear bin differ by slivers.
const _: () = assert!(is_sliver(LINEAR_STEP - GRANULE, MIN_SIZE));

/// A request for this part of the region or more is served from the end of a free block.
const HIGH_PART: usize = 16;

/// A region of a heap, referred to by the place behind its front: from there, one step leads to a head.
///
/// # Invariants
///
/// The front was written by [`Region::create`]. The pointer may be used for the whole region. A region belongs to one
/// heap, which must be borrowed mutably to change anything in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region(NonNull<Header>);

impl Region {
    /// Turns memory into a region with nothing in use, which knows the `next` one of its heap.
    ///
    /// # Safety
    ///
    /// The `size` bytes from `start` on must be valid for reads and writes, and from now on be used through the
    /// region only.
    pub(super) unsafe fn create(
        kind: RegionKind,
        start: *mut u8,
        size: usize,
        next: Option<Self>,
    ) -> Result<Self, RegionTooSmall> {
        let plan = Plan::new(start.addr(), size).ok_or(RegionTooSmall)?;
        let memory = NonNull::new(start.wrapping_add(plan.skipped)).ok_or(RegionTooSmall)?.cast::<Front>();
        // SAFETY: by the plan, a front is within the memory.
        let heads = unsafe { memory.add(1) };
        let header = Header { next, len: plan.end };
        let lost = size - size_of::<Front>() - plan.end;
        let notes = Notes::new(kind, lost);
        // SAFETY: the plan aligned `memory` and found room for a front.
        unsafe { memory.write(Front { header, bins: Bins::new(plan.bins, notes) }) };
        // INVARIANT: all blocks are a free one, which is listed below, and the one at the end.
        let region = Self(heads.cast());
        // SAFETY: by the plan there is room for heads behind the front, and the memory is ours.
        unsafe { region.bins().create_heads() };
        // SAFETY: by the plan there is room for a block and the tag before it.
        let first = unsafe { region.block_behind(plan.first) };
        // SAFETY: likewise for one without bytes.
        let end = unsafe { region.block_behind(plan.end) };
        let size = plan.end - plan.first;
        // SAFETY: that block is nobody's.
        unsafe { first.mark_free(size) };
        region.bins().link_any(first, size);
        end.set_tag(Tag::in_use(0).after_free());
        Ok(region)
    }

    /// How much memory a region needs to serve a request for `layout`, wherever it lies; `None` when that is more than there
    /// can be.
    pub(super) fn bytes_for(layout: Layout) -> Option<usize> {
        let align = if layout.align() > GRANULE { layout.align() + MIN_SIZE } else { 0 };
        let block = size_for(layout).checked_add(align)?;
        // The bins of a region of twice the size are more than enough.
        let heads = BinCounts::of(block.checked_mul(2)?).heads_len();
        block.checked_add(size_of::<Front>() + heads + TAG_SIZE + 3 * GRANULE)
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

    /// What the memory is good for.
    pub(super) fn kind(self) -> RegionKind {
        self.notes().kind
    }

    /// The bytes that the user gave.
    pub(super) fn given(self) -> usize {
        size_of::<Front>() + self.header().len + self.notes().lost()
    }

    /// Where the region's pointer leads.
    #[inline(always)]
    pub(super) fn address(self) -> usize {
        self.0.addr().get()
    }

    /// How far the region goes from there.
    pub(super) fn len(self) -> usize {
        self.header().len
    }

    /// The bytes that are blocks.
    pub(super) fn block_bytes(self) -> usize {
        let (first, end) = self.bounds();
        end.address() - first.address()
    }

    /// Whether `address` lies in the region, behind its front.
    #[inline(always)]
    pub(super) fn contains(self, address: usize) -> bool {
        address.wrapping_sub(self.0.addr().get()) < self.header().len
    }

    /// Whether some of the `size` bytes from `start` on are in this region, its front included.
    pub(super) fn overlaps(self, start: usize, size: usize) -> bool {
        let header = self.header_place().addr().get();
        start < self.0.addr().get() + self.header().len && header < start.saturating_add(size)
    }

    /// The first block, and the one without bytes at the end.
    pub(super) fn bounds(self) -> (Block, Block) {
        // SAFETY: by the type's invariants there is a block.
        let first = unsafe { self.block_behind(first_block_at(self.bins().bins().counts)) };
        // SAFETY: likewise.
        let end = unsafe { self.block_behind(self.header().len) };
        (first, end)
    }

    /// The block that begins `offset` bytes behind the front.
    ///
    /// # Safety
    ///
    /// As for [`Block::new`].
    unsafe fn block_behind(self, offset: usize) -> Block {
        // SAFETY: by the contract, that is in the region.
        let start = unsafe { self.0.cast().add(offset) };
        // SAFETY: by the contract.
        unsafe { Block::new(start) }
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
            _ if !is_sliver(tag.size() - size, size) => Some("the block is larger than that"),
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

    /// A block in use for a request of `size`, which is that of a block, out of the linear bins.
    #[inline(always)]
    pub(super) fn take_small(self, size: usize) -> Option<Block> {
        let (block, whole) = self.bins().pop_small(size)?;
        let rest_size = whole - size;
        if is_sliver(rest_size, size) {
            self.use_whole(block, Tag::in_use(whole), whole);
        } else {
            block.set_tag(Tag::in_use(size));
            // SAFETY: the rest of a free block becomes one.
            let rest_block = unsafe { block.at(size) };
            // SAFETY: nobody uses it.
            unsafe { rest_block.mark_free(rest_size) };
            self.bins().link_small(rest_block, rest_size);
        }
        Some(block)
    }

    /// The same out of all bins, for any size of a block.
    pub(super) fn take(self, size: usize) -> Option<Block> {
        let block = self.bins().pop(size)?;
        Some(self.use_part(block, size))
    }

    /// The last resort for a size that [`take`](Self::take) found nothing for: more blocks of its own bin, if that is a linear one.
    pub(super) fn take_rest(self, size: usize) -> Option<Block> {
        if self.bins().is_large(size) {
            return None;
        }
        let block = self.bins().pop_rest(size)?;
        let whole = block.tag().size_of_free();
        self.use_whole(block, Tag::in_use(whole), whole);
        Some(block)
    }

    /// Lets a free block be in use for `size`, as much of it as that needs.
    #[inline(always)]
    fn use_part(self, block: Block, size: usize) -> Block {
        let whole = block.tag().size_of_free();
        let rest_size = whole - size;
        if is_sliver(rest_size, size) {
            self.use_whole(block, self.tag_in_use(whole), whole);
            return block;
        }
        let (taken, rest) = self.cut(block, size, rest_size);
        // SAFETY: nobody uses it.
        unsafe { rest.mark_free(rest_size) };
        self.bins().link(rest, rest_size);
        taken
    }

    /// Lets a block that was free be in use, with this tag.
    #[inline(always)]
    fn use_whole(self, block: Block, tag: Tag, size: usize) {
        block.set_tag(tag);
        // SAFETY: there is a block behind each but the last.
        let behind = unsafe { block.at(size) };
        behind.set_tag(behind.tag().after_used());
    }

    /// Cuts a free block in two, one in use of `size` and a rest: the first from its end if it is large for the region. So
    /// large blocks gather at one end and small ones at the other, and what small ones leave behind is not among the large. What
    /// is growing keeps the rest behind it.
    #[inline(always)]
    fn cut(self, block: Block, size: usize, rest_size: usize) -> (Block, Block) {
        let tag = self.tag_in_use(size);
        if size < self.header().len / HIGH_PART || self.expected_growth() {
            block.set_tag(tag);
            // SAFETY: the rest becomes a block.
            return (block, unsafe { block.at(size) });
        }
        // SAFETY: the end becomes a block.
        let taken = unsafe { block.at(rest_size) };
        self.use_whole(taken, tag.after_free(), size);
        (taken, block)
    }

    /// A block in use of `size` whose address is a multiple of `align`, which is more than a granule.
    #[inline(never)]
    pub(super) fn take_aligned(self, size: usize, align: usize) -> Option<Block> {
        let enough = size.checked_add(align)?.checked_add(MIN_SIZE)?;
        let block = self.take(enough)?;
        let mut surplus = block.address().wrapping_neg() & (align - 1);
        if 0 < surplus && surplus < MIN_SIZE {
            surplus += align;
        }
        // SAFETY: there was asked for so much more.
        let aligned = unsafe { block.at(surplus) };
        if surplus > 0 {
            // What is before the aligned address goes back.
            let tag = block.tag();
            aligned.set_tag(self.tag_in_use(tag.size() - surplus).after_free());
            let tag_before = Tag::in_use(surplus).behind_as(tag);
            // SAFETY: nobody has this block.
            let (before, size_before) = unsafe { self.join_before(block, tag_before) };
            // SAFETY: likewise.
            unsafe { before.mark_free(size_before) };
            self.bins().link_any(before, size_before);
        }
        // SAFETY: likewise what is behind.
        let shortened = unsafe { self.resize(aligned, size) };
        debug_assert!(shortened == Resized::Yes, "there was asked for more");
        Some(aligned)
    }

    /// The tag of a block in use behind another one in use.
    #[inline(always)]
    fn tag_in_use(self, size: usize) -> Tag {
        if self.bins().is_large(size) { Tag::in_use_large(size) } else { Tag::in_use(size) }
    }

    /// Makes a block in use have `size`, which is that of a block, where it lies. Says whether that could be.
    ///
    /// # Safety
    ///
    /// The block's user parts with what is beyond the new size.
    #[inline(never)]
    pub(super) unsafe fn resize(self, block: Block, size: usize) -> Resized {
        let tag = block.tag();
        let mut whole = tag.size();
        // SAFETY: there is a block behind each but the last.
        let mut behind = unsafe { block.at(whole) };
        let behind_tag = behind.tag();
        if behind_tag.is_free() && whole + behind_tag.size_of_free() >= size {
            self.bins().unlink(behind);
            behind.forget_tag();
            whole += behind_tag.size_of_free();
            // SAFETY: likewise; a free block is not the last.
            behind = unsafe { block.at(whole) };
        } else if whole < size {
            self.set_notes(self.notes().growing());
            return Resized::No;
        }
        let rest_size = whole - size;
        if rest_size < MIN_SIZE {
            block.set_tag(self.tag_in_use(whole).behind_as(tag));
            behind.set_tag(behind.tag().after_used());
        } else {
            block.set_tag(self.tag_in_use(size).behind_as(tag));
            behind.set_tag(behind.tag().after_used().after_free());
            // SAFETY: the rest becomes a block of its own.
            let rest = unsafe { block.at(size) };
            // SAFETY: nobody has it.
            unsafe { rest.mark_free(rest_size) };
            self.bins().link_any(rest, rest_size);
        }
        Resized::Yes
    }

    #[inline(always)]
    fn header_place(self) -> NonNull<Header> {
        // SAFETY: by the type's invariants, a front lies just before.
        let front = unsafe { self.0.cast::<Front>().sub(1) };
        // The header is its first field.
        front.cast()
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: by the type's invariants.
        unsafe { self.header_place().as_ref() }
    }

    #[inline(always)]
    fn notes_place(self) -> NonNull<Notes> {
        // SAFETY: by the type's invariants, a front lies just before.
        let front = unsafe { self.0.cast::<Front>().sub(1) };
        // SAFETY: within that.
        unsafe { front.byte_add(offset_of!(Front, bins) + offset_of!(Bins, notes)) }.cast()
    }

    #[inline(always)]
    fn notes(self) -> Notes {
        // SAFETY: by the type's invariants.
        unsafe { self.notes_place().read() }
    }

    #[inline(always)]
    fn set_notes(self, notes: Notes) {
        // SAFETY: as for `notes`.
        unsafe { self.notes_place().write(notes) };
    }

    /// Whether growth was noted, which it is no more.
    #[inline(always)]
    fn expected_growth(self) -> bool {
        let notes = self.notes();
        if notes.is_growing() {
            self.set_notes(notes.not_growing());
        }
        notes.is_growing()
    }

    #[inline(always)]
    pub(super) fn bins(self) -> BinsRef {
        // SAFETY: they were made by `create`, with the region's own pointer.
        unsafe { BinsRef::new(self.0.cast()) }
    }
}

/// Whether a block has its new size.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resized {
    Yes,
    No,
}
