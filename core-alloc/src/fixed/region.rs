//! A region: memory given to a heap once and for all, which describes itself.
//!
//! ```text
//!  start                                                                                    end
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
use super::bins::{Bins, BinsRef};
use super::block::{Block, GRANULE, MIN_SIZE, TAG_SIZE, Tag, size_for};
use super::region_kind::RegionKind;

/// A request for `size` gets a block whole when it is larger by less than this. That is more than the least that a block can
/// be, for slivers are of no use to anybody, and cost time to make and to merge again.
const fn spare(size: usize) -> usize {
    3 * GRANULE + size / 8
}

/// No region ends behind this address, so that sums of an address and a size in it cannot overflow.
const LAST_END: usize = usize::MAX - 2 * GRANULE;

/// What a region begins with; the heads of its bins follow.
#[repr(C)]
struct Front {
    header: Header,
    /// Where [`BinsRef`] expects it: just before the heads.
    bins: Bins,
}

const _: () = assert!(offset_of!(Front, header) == 0);
const _: () = assert!(offset_of!(Front, bins) + size_of::<Bins>() == size_of::<Front>());
// So no byte is lost where memory is aligned.
const _: () = assert!(size_of::<Front>().is_multiple_of(GRANULE));

/// What a region says about itself.
///
/// # Invariants
///
/// - The bytes from here up to the block that is `len` bytes behind the front are the region's alone.
/// - From [`first_block_at`] on they are blocks, side by side, up to that one, which has no bytes and is in use.
/// - Each free block has its tag in its last word, and the block behind it has the tag [`Tag::after_free`]; no two free
///   blocks are neighbours. All free blocks are listed in the bins.
/// - The tags of blocks in use say whether they are large as the bins have it.
/// - Nothing here changes once the region is a heap's.
pub(super) struct Header {
    kind: RegionKind,
    /// The bytes that the user gave, of which alignment may have cost a few.
    given: usize,
    next: Option<Region>,
    /// From the end of the front to the last block.
    len: usize,
}

/// A region of a heap, referred to by the place behind its front: from there, one step leads to a head.
///
/// # Invariants
///
/// The front was written by [`Region::create`]. The pointer may be used for the whole region. A region belongs to one
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
        let memory = NonNull::new(start.wrapping_add(plan.skipped)).ok_or(RegionTooSmall)?.cast::<Front>();
        // SAFETY: by the plan, a front is within the memory.
        let heads = unsafe { memory.add(1) };
        let header = Header { kind, given: size, next: None, len: plan.end };
        // SAFETY: the plan aligned `memory` and found room for a front.
        unsafe { memory.write(Front { header, bins: plan.bins }) };
        // INVARIANT: all blocks are one in use, and the one at the end.
        let region = Self(heads.cast());
        // SAFETY: by the plan there is room for heads behind the front, and the memory is ours.
        unsafe { region.bins().create_heads() };
        // SAFETY: by the plan there is room for a block and the tag before it.
        let first = unsafe { region.block_behind(plan.first) };
        // SAFETY: likewise for one without bytes.
        let end = unsafe { region.block_behind(plan.end) };
        first.set_tag(region.tag_in_use(plan.end - plan.first));
        end.set_tag(Tag::in_use(0));
        // SAFETY: that block is nobody's.
        unsafe { region.merge(first) };
        Ok(region)
    }

    /// How much memory a region needs to serve a request for `layout`, wherever it lies; `None` when that is more than there
    /// can be.
    pub(super) fn bytes_for(layout: Layout) -> Option<usize> {
        let align = if layout.align() > GRANULE { layout.align() + MIN_SIZE } else { 0 };
        let block = size_for(layout).checked_add(align)?;
        // The bins of a region of twice the size are more than enough.
        let heads = Bins::new(block.checked_mul(2)?).heads_len();
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

    pub(super) fn set_next(self, next: Option<Self>) {
        let header = self.header_place().as_ptr();
        // SAFETY: by the type's invariants.
        unsafe { (*header).next = next };
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
        let first = unsafe { self.block_behind(first_block_at(self.bins().bins())) };
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
            _ if tag.size() >= size + spare(size) => Some("the block is larger than that"),
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
        let (block, rest) = self.bins().pop_small(size)?;
        self.cut(block, size, rest, Tag::in_use, BinsRef::link_small);
        Some(block)
    }

    /// A block in use for a request of `size`, which is that of a block, aligned to `align`. If [`take_small`](Self::take_small)
    /// was `tried` for that, less is looked at.
    #[inline(always)]
    pub(super) fn take(self, size: usize, align: usize, tried: bool) -> Option<Block> {
        if align > GRANULE {
            return self.take_aligned(size, align);
        }
        let (block, rest) = self.bins().pop(size, tried)?;
        self.cut(block, size, rest, |size| self.tag_in_use(size), BinsRef::link_any);
        Some(block)
    }

    /// Lets a block that was free be in use for a request of `size`, with `rest` being the tag of all beyond that: whole, or
    /// with the rest free again, in which case `link` lists that.
    #[inline(always)]
    fn cut(
        self,
        block: Block,
        size: usize,
        rest: Tag,
        tag_in_use: impl Fn(usize) -> Tag,
        link: impl Fn(BinsRef, Block, usize),
    ) {
        let rest_size = rest.size_of_free();
        // SAFETY: the rest of a free block becomes one, or has no bytes: then there is a block behind.
        let rest_block = unsafe { block.at(size) };
        if rest_size < spare(size) {
            block.set_tag(tag_in_use(size + rest_size));
            // SAFETY: there is a block behind each but the last.
            let behind = unsafe { rest_block.at(rest_size) };
            behind.set_tag(behind.tag().after_used());
        } else {
            block.set_tag(tag_in_use(size));
            // SAFETY: nobody uses it.
            unsafe { rest_block.mark_free(rest_size) };
            link(self.bins(), rest_block, rest_size);
        }
    }

    /// A block in use of `size` whose address is a multiple of `align`, which is more than a granule.
    #[inline(never)]
    fn take_aligned(self, size: usize, align: usize) -> Option<Block> {
        let enough = size.checked_add(align)?.checked_add(MIN_SIZE)?;
        let block = self.take(enough, GRANULE, false)?;
        let mut surplus = block.address().wrapping_neg() & (align - 1);
        if 0 < surplus && surplus < MIN_SIZE {
            surplus += align;
        }
        // SAFETY: there was asked for so much more.
        let aligned = unsafe { block.at(surplus) };
        if surplus > 0 {
            // What is before the aligned address becomes a block of its own, and goes back.
            aligned.set_tag(self.tag_in_use(block.tag().size() - surplus));
            block.set_tag(self.tag_in_use(surplus));
            // SAFETY: nobody has this block.
            unsafe { self.merge(block) };
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

    /// Takes a block back, and merges it with its free neighbours.
    ///
    /// # Safety
    ///
    /// The block is in use, and its user parts with it.
    #[inline(always)]
    pub(super) unsafe fn give(self, block: Block) {
        if let Some(size) = block.tag().plain_size() {
            // SAFETY: there is a block behind each but the last.
            let behind = unsafe { block.at(size) };
            let behind_tag = behind.tag();
            if !behind_tag.is_free() {
                behind.set_tag(behind_tag.after_free());
                // SAFETY: by the contract.
                unsafe { block.mark_free(size) };
                return self.bins().link_small(block, size);
            }
        }
        // SAFETY: as the caller has it.
        unsafe { self.merge(block) };
    }

    /// The same for any block. ([`give`](Self::give) is faster for a small one between two in use.)
    ///
    /// # Safety
    ///
    /// As for [`give`](Self::give).
    #[inline(never)]
    pub(super) unsafe fn merge(self, block: Block) {
        let tag = block.tag();
        let (mut start, mut size) = (block, tag.size());
        // SAFETY: there is a block behind each but the last.
        let behind = unsafe { block.at(size) };
        let behind_tag = behind.tag();
        if behind_tag.is_free() {
            self.bins().unlink(behind);
            behind.forget_tag();
            size += behind_tag.size_of_free();
        } else {
            behind.set_tag(behind_tag.after_free());
        }
        if tag.is_after_free() {
            block.forget_tag();
            // SAFETY: the tag says that there is a free block before.
            let (before, before_size) = unsafe { block.before() };
            self.bins().unlink(before);
            start = before;
            size += before_size;
        }
        // SAFETY: all this is free.
        unsafe { start.mark_free(size) };
        self.bins().link(start, size);
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
            block.set_tag(self.tag_in_use(whole).behind_as(tag));
        } else {
            block.set_tag(self.tag_in_use(size).behind_as(tag));
            // SAFETY: the rest becomes a block of its own.
            let rest_block = unsafe { block.at(size) };
            rest_block.set_tag(self.tag_in_use(rest));
            // SAFETY: nobody has it.
            unsafe { self.merge(rest_block) };
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

/// How far behind the front the first block begins: behind the heads and its tag.
const fn first_block_at(bins: &Bins) -> usize {
    (bins.heads_len() + TAG_SIZE).next_multiple_of(GRANULE)
}

/// Where things go in a region, as offsets from the end of its front.
struct Plan {
    /// The bytes before the front.
    skipped: usize,
    first: usize,
    end: usize,
    bins: Bins,
}

impl Plan {
    /// `None` when there is no room for a front, heads, and a block.
    fn new(start: usize, size: usize) -> Option<Self> {
        let end = start.saturating_add(size).min(LAST_END) & !(GRANULE - 1);
        let heads = start.checked_add(size_of::<Front>())?.checked_next_multiple_of(GRANULE)?;
        let len = end.checked_sub(heads)?;

        let bins = Bins::new(len);
        let first = first_block_at(&bins);
        (first + MIN_SIZE <= len).then_some(Self { skipped: heads - size_of::<Front>() - start, first, end: len, bins })
    }
}
