//! A block: a run of memory in a region that is in use or free as a whole, and the tag before it that says so.
//!
//! ```text
//!            ┌─ the block's address: what its user gets
//!            ▼
//!      │ tag │ bytes of the user …                   │ tag │        in use
//!      │ tag │ next │ place │ …                │ tag │ tag │        free
//!      └──────────────── size ─────────────────────┘
//! ```
//!
//! Blocks lie side by side, so that a block's tag finds the next block. A free one also has its tag in its last word,
//! where the block behind finds it; that one's tag tells whether there is a free block before it. These are Knuth's
//! boundary tags (*The Art of Computer Programming*, volume 1, section 2.5), without the second tag on blocks in use.

use core::alloc::Layout;
use core::ptr::NonNull;

const WORD: usize = size_of::<usize>();
/// Blocks begin at multiples of this, and their sizes are multiples of it.
pub(super) const GRANULE: usize = 2 * WORD;
/// The tag before each block.
pub(super) const TAG_SIZE: usize = WORD;
/// The least that a block takes, so that it can be free: a tag, two links, and a size.
pub(super) const MIN_SIZE: usize = 4 * WORD;

/// What a block says about itself in the word before it: its size with the tag, and flags in the bits that a size has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(usize);

impl Tag {
    const IN_USE: usize = 1;
    const AFTER_FREE: usize = 2;
    /// Of a block in use that would not be listed in a linear bin: so a free need not compare.
    const LARGE: usize = 4;

    /// Of a block in use behind another one in use, which is not large.
    pub(super) const fn in_use(size: usize) -> Self {
        Self(size + Self::IN_USE)
    }

    /// The same of a large one.
    pub(super) const fn in_use_large(size: usize) -> Self {
        Self(size + (Self::IN_USE | Self::LARGE))
    }

    /// Of a free block, which is never behind another one: the bare size.
    pub(super) const fn free(size: usize) -> Self {
        Self(size)
    }

    /// The bytes from this block's tag to the next one's.
    pub(super) const fn size(self) -> usize {
        self.0 & !(GRANULE - 1)
    }

    /// The same, of a free block.
    pub(super) const fn size_of_free(self) -> usize {
        debug_assert!(self.0.is_multiple_of(GRANULE), "not a free block's tag");
        self.0
    }

    /// The same, of a block in use that is neither large nor behind a free one; else `None`.
    pub(super) const fn plain_size(self) -> Option<usize> {
        let size = self.0.wrapping_sub(Self::IN_USE);
        if size.is_multiple_of(GRANULE) { Some(size) } else { None }
    }

    pub(super) const fn is_free(self) -> bool {
        self.0 & Self::IN_USE == 0
    }

    /// Whether the block before this one is free.
    pub(super) const fn is_after_free(self) -> bool {
        self.0 & Self::AFTER_FREE != 0
    }

    pub(super) const fn is_large(self) -> bool {
        self.0 & Self::LARGE != 0
    }

    /// The same, behind a free block, which it is not yet.
    pub(super) const fn after_free(self) -> Self {
        debug_assert!(!self.is_after_free(), "two free blocks before one");
        // By an addition, which is a shorter instruction than others.
        Self(self.0 + Self::AFTER_FREE)
    }

    /// The same, behind a block in use.
    pub(super) const fn after_used(self) -> Self {
        Self(self.0 & !Self::AFTER_FREE)
    }

    /// The same, behind what a block with the tag `other` is behind.
    pub(super) const fn behind_as(self, other: Self) -> Self {
        Self(self.0 | other.0 & Self::AFTER_FREE)
    }
}

const _: () = assert!(Tag::LARGE < GRANULE);

/// A block of a region, in use or free.
///
/// # Invariants
///
/// Here lies a block of a region, and has not become part of another since. The pointer may be used for all of the
/// region. Blocks belong to a heap, which must be borrowed mutably to write to their tags and links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block(NonNull<Links>);

/// The first words of a free block.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Links {
    /// The next block of the bin.
    pub(super) next: Option<Block>,
    /// Where the pointer to this block is: the bin's head, or the `next` of the block before.
    pub(super) place: NonNull<Option<Block>>,
}

impl Block {
    /// The block at an address.
    ///
    /// # Safety
    ///
    /// Here lies a block, or the caller is about to make one, as [`Block`]'s invariants have it.
    #[inline(always)]
    pub(super) const unsafe fn new(start: NonNull<u8>) -> Self {
        // INVARIANT: by the contract.
        Self(start.cast())
    }

    #[inline(always)]
    pub(super) const fn start(self) -> NonNull<u8> {
        self.0.cast()
    }

    pub(super) fn address(self) -> usize {
        self.0.addr().get()
    }

    #[inline(always)]
    pub(super) fn tag(self) -> Tag {
        // SAFETY: by the type's invariants there is a tag before each block.
        let tag = unsafe { self.0.cast::<Tag>().sub(1) };
        // SAFETY: likewise.
        unsafe { tag.read() }
    }

    #[inline(always)]
    pub(super) fn set_tag(self, tag: Tag) {
        // SAFETY: by the type's invariants there is a tag before each block.
        let place = unsafe { self.0.cast::<Tag>().sub(1) };
        // SAFETY: likewise.
        unsafe { place.write(tag) };
    }

    /// In debug builds, lets the tag no longer look like one: this has become the middle of a block.
    #[inline(always)]
    pub(super) fn forget_tag(self) {
        if cfg!(debug_assertions) {
            self.set_tag(Tag::in_use(0));
        }
    }

    /// The block that begins `size` bytes further on.
    ///
    /// # Safety
    ///
    /// As for [`Block::new`].
    #[inline(always)]
    pub(super) unsafe fn at(self, size: usize) -> Self {
        // SAFETY: by the contract, the place is in the same region.
        Self(unsafe { self.0.byte_add(size) })
    }

    /// The free block before this one, and its size.
    ///
    /// # Safety
    ///
    /// The tag says that there is one.
    #[inline(always)]
    pub(super) unsafe fn before(self) -> (Self, usize) {
        // SAFETY: the last word of a free block is its tag.
        let tag = unsafe { self.0.cast::<Tag>().sub(2) };
        // SAFETY: likewise.
        let size = unsafe { tag.read() }.size_of_free();
        // SAFETY: it begins so far before this one.
        (Self(unsafe { self.0.byte_sub(size) }), size)
    }

    /// Writes what says that this block is free, but for its links and what the block behind says.
    ///
    /// # Safety
    ///
    /// `size` bytes from the tag on are this block, and nobody uses them.
    #[inline(always)]
    pub(super) unsafe fn mark_free(self, size: usize) {
        let tag = Tag::free(size);
        // SAFETY: the block's last word; a block has at least four.
        let last = unsafe { self.0.byte_add(size - 2 * WORD) }.cast::<Tag>();
        // SAFETY: likewise.
        unsafe { last.write(tag) };
        self.set_tag(tag);
    }

    /// What should be the tag again, in the last word of a free block.
    pub(super) fn tag_at_end(self, tag: Tag) -> Tag {
        // SAFETY: the last word of this block.
        let last = unsafe { self.0.byte_add(tag.size_of_free() - 2 * WORD) }.cast::<Tag>();
        // SAFETY: likewise.
        unsafe { last.read() }
    }

    /// The links of a listed block.
    #[inline(always)]
    pub(super) fn links(self) -> Links {
        // SAFETY: by the type's invariants; links were written when the block was listed.
        unsafe { self.0.read() }
    }

    /// Writes the links of a block that is being listed.
    #[inline(always)]
    pub(super) fn set_links(self, links: Links) {
        // SAFETY: the block is free, and has room for links.
        unsafe { self.0.write(links) };
    }

    /// Notes where the pointer to this listed block is now.
    #[inline(always)]
    pub(super) fn set_place(self, place: NonNull<Option<Self>>) {
        // SAFETY: as for `set_links`.
        let second = unsafe { self.0.byte_add(core::mem::offset_of!(Links, place)).cast() };
        // SAFETY: likewise.
        unsafe { second.write(place) };
    }

    /// Where a free block's pointer to the next one is.
    #[inline(always)]
    pub(super) const fn next_place(self) -> NonNull<Option<Self>> {
        // `next` is the first field.
        self.0.cast()
    }
}

const _: () = assert!(core::mem::offset_of!(Links, next) == 0);
const _: () = assert!(size_of::<Links>() + TAG_SIZE + WORD == MIN_SIZE);

/// The size of a block for `layout`.
#[inline(always)]
pub(super) const fn size_for(layout: Layout) -> usize {
    let size = rounded_size_for(layout);
    if size < MIN_SIZE { MIN_SIZE } else { size }
}

/// The same, but less than that of any block for a few bytes.
#[inline(always)]
pub(super) const fn rounded_size_for(layout: Layout) -> usize {
    // By `Layout`'s invariant, the size is at most half of the addresses.
    (layout.size() + TAG_SIZE + GRANULE - 1) & !(GRANULE - 1)
}
