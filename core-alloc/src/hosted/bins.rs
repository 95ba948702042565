//! Bins: what a thread keeps of each class, in reach of its fast paths.
//!
//! A bin has up to two *magazines* of free blocks, the loaded one and a spare one. A request takes the first block of the
//! loaded magazine and a free puts one there; only an empty one and a full one take the slow path, which exchanges the
//! two first. So a program that goes up and down by a few blocks meets nothing else.
//!
//! ```text
//!   loaded  |▒▒▒▒▒▒▒▒▒▒▒ ◀─▶      |
//!   spare   |▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒| or nothing
//! ```

use core::cell::Cell;
use core::ptr::NonNull;

use super::block::{Batch, FreeBlock, FreeList};
use super::mark::Mark;
#[cfg(feature = "malloc")]
use super::page_map;
use crate::SizeClass;

/// The bins of all classes.
///
/// # Invariants
///
/// A bin is closed, with no blocks and no room: then every use takes the slow path. Or it is open: the loaded magazine
/// has `room` for so many more blocks, and the spare one is full or empty. All zero bytes are closed bins. Only classes' bins
/// are ever open.
///
/// The fields are tables of their own, so that a processor reaches an entry by the index alone.
pub(crate) struct Bins {
    loaded: [FreeList; SizeClass::COUNT],
    spare: [FreeList; SizeClass::COUNT],
    /// By mark, so that a free has nothing to compare that begins with one: marks that are no class's never have room. In 32
    /// bits, since some processors are slow to read again what they have just written in 16.
    room: [Cell<i32>; Mark::COUNT],
    /// The low byte of the room that there was when [`has_rested`](Self::has_rested) was last asked.
    room_then: [Cell<u8>; SizeClass::COUNT],
}

impl Bins {
    pub(crate) const fn new() -> Self {
        Self {
            loaded: [const { FreeList::new() }; SizeClass::COUNT],
            spare: [const { FreeList::new() }; SizeClass::COUNT],
            room: [const { Cell::new(0) }; Mark::COUNT],
            room_then: [const { Cell::new(0) }; SizeClass::COUNT],
        }
    }

    /// Takes a block out of the loaded magazine.
    #[inline]
    pub(crate) fn pop(&self, class: SizeClass) -> Option<NonNull<u8>> {
        let block = entry(&self.loaded, class).pop()?;
        self.room(class).update(|room| room + 1);
        Some(block.into_raw())
    }

    /// Puts a block into the loaded magazine, or returns it when there is no room; then the bin is to be
    /// [opened](Self::open) or [unloaded](Self::unload) next.
    #[inline]
    pub(crate) fn push(&self, class: SizeClass, block: FreeBlock) -> Option<FreeBlock> {
        if !self.take_room(Mark::of_class(class)) {
            return Some(block);
        }
        entry(&self.loaded, class).push(block);
        None
    }

    /// Puts the block at `start`, whose page is marked so, into its loaded magazine. Returns whether that is done: if not,
    /// there is no room, or no block, and nothing has happened.
    ///
    /// # Safety
    ///
    /// If the mark is a class's, `start` is a block of it, which the caller owns and leaves alone if this returns `true`.
    #[cfg(feature = "malloc")]
    #[inline]
    pub(crate) unsafe fn push_marked(&self, mark: Mark, start: *mut u8) -> bool {
        if !self.take_room(mark) {
            self.room_of(mark).set(0);
            return false;
        }
        // SAFETY: by the type's invariant, this is a class's bin.
        let class = unsafe { mark.class().unwrap_unchecked() };
        // SAFETY: a block is never at null.
        let start = unsafe { NonNull::new_unchecked(start) };
        // SAFETY: by the caller's promise.
        let block = unsafe { FreeBlock::from_raw(page_map::widened(start)) };
        entry(&self.loaded, class).push(block);
        true
    }

    /// Makes the room less by one; `false` if there was none.
    #[inline]
    fn take_room(&self, mark: Mark) -> bool {
        let room = self.room_of(mark).get() - 1;
        self.room_of(mark).set(room);
        room >= 0
    }

    #[inline]
    fn room(&self, class: SizeClass) -> &Cell<i32> {
        self.room_of(Mark::of_class(class))
    }

    #[inline]
    fn room_of(&self, mark: Mark) -> &Cell<i32> {
        // SAFETY: by `Mark`'s invariant, an index may be used with any table that has an entry a mark.
        unsafe { self.room.get_unchecked(mark.index()) }
    }

    /// Whether no blocks are loaded.
    pub(crate) fn is_empty(&self, class: SizeClass) -> bool {
        entry(&self.loaded, class).is_empty()
    }

    /// Whether the bin has neither blocks nor room.
    pub(crate) fn is_closed(&self, class: SizeClass) -> bool {
        self.room(class).get() <= 0 && entry(&self.loaded, class).is_empty()
    }

    /// Whether the loaded magazine is full.
    pub(crate) fn is_full(&self, class: SizeClass) -> bool {
        self.room(class).get() <= 0 && !entry(&self.loaded, class).is_empty()
    }

    /// Gives the closed bin room for a magazine.
    pub(crate) fn open(&self, class: SizeClass) {
        self.room(class).set(signed(magazine(class)));
    }

    /// Keeps the closed bin closed, after a [`push`](Self::push).
    pub(crate) fn keep_closed(&self, class: SizeClass) {
        self.room(class).set(0);
    }

    /// Loads blocks, at most a magazine of them, where none are loaded.
    pub(crate) fn load(&self, class: SizeClass, blocks: Batch) {
        self.room(class).set(signed(magazine(class).saturating_sub(blocks.len)));
        entry(&self.loaded, class).replace(blocks.list);
    }

    /// Takes out the loaded magazine, which is full.
    pub(crate) fn unload(&self, class: SizeClass) -> FreeList {
        self.open(class);
        entry(&self.loaded, class).take()
    }

    /// Takes out the spare magazine, if there is one.
    pub(crate) fn take_spare(&self, class: SizeClass) -> Option<FreeList> {
        let spare = entry(&self.spare, class);
        if spare.is_empty() { None } else { Some(spare.take()) }
    }

    /// Makes a full magazine the spare one, where there is none.
    pub(crate) fn put_spare(&self, class: SizeClass, full: FreeList) {
        entry(&self.spare, class).replace(full);
    }

    /// Takes out one of the bin's magazines, if it has any: the spare one first. A bin that has lost both is closed.
    pub(crate) fn take_any(&self, class: SizeClass) -> Option<Batch> {
        if let Some(spare) = self.take_spare(class) {
            return Some(spare.into_batch(magazine(class)));
        }
        let len = self.loaded_blocks(class);
        self.keep_closed(class);
        let loaded = entry(&self.loaded, class).take();
        (len > 0).then(|| loaded.into_batch(len))
    }

    /// Whether the bin seems not to have been used since this was last asked: the loaded magazine has as many blocks as
    /// then.
    pub(crate) fn has_rested(&self, class: SizeClass) -> bool {
        let [low_byte, ..] = self.room(class).get().to_le_bytes();
        entry(&self.room_then, class).replace(low_byte) == low_byte
    }

    /// Moves everything to `other`, of which all bins are closed, as those of this will be.
    pub(crate) fn move_to(&self, other: &Self) {
        move_lists(&self.loaded, &other.loaded);
        move_lists(&self.spare, &other.spare);
        for (from, to) in self.room.iter().zip(&other.room) {
            to.set(from.replace(0));
        }
    }

    /// The number of blocks of `class`.
    pub(crate) fn blocks(&self, class: SizeClass) -> usize {
        let spare = if entry(&self.spare, class).is_empty() { 0 } else { magazine(class) };
        self.loaded_blocks(class) + spare
    }

    fn loaded_blocks(&self, class: SizeClass) -> usize {
        if entry(&self.loaded, class).is_empty() {
            return 0;
        }
        let room = usize::try_from(self.room(class).get()).unwrap_or(0);
        magazine(class) - room
    }
}

/// The entry of `class` in a table of all classes.
#[inline]
fn entry<T>(table: &[T; SizeClass::COUNT], class: SizeClass) -> &T {
    // SAFETY: by `SizeClass`'s invariant, an index may be used with any table that has an entry a class.
    unsafe { table.get_unchecked(class.index()) }
}

fn move_lists(from: &[FreeList; SizeClass::COUNT], to: &[FreeList; SizeClass::COUNT]) {
    for (from, to) in from.iter().zip(to) {
        to.replace(from.take());
    }
}

/// The number of blocks of `class` in a full magazine.
pub(crate) fn magazine(class: SizeClass) -> usize {
    usize::from(MAGAZINES[class.index()])
}

/// A magazine's length is small.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "asserted where the table is made")]
const fn signed(count: usize) -> i32 {
    count as i32
}

/// A magazine is 16 KiB, or four blocks where these are more. Under Miri it is short, so that short tests fill bins and
/// empty them, too.
static MAGAZINES: [u16; SizeClass::COUNT] = {
    const LEAST: u16 = if cfg!(miri) { 1 } else { 4 };
    let mut table = [0; SizeClass::COUNT];
    let mut index = 0;
    while let Some(class) = SizeClass::from_index(index) {
        let size = class.block_size();
        let bytes = if cfg!(miri) { 256 } else { 16 * 1024 };
        assert!(bytes / SizeClass::MIN_SIZE <= u16::MAX as usize, "a magazine's length fits its type");
        #[expect(clippy::cast_possible_truncation, reason = "just asserted")]
        let blocks = (bytes / size) as u16;
        table[index] = if blocks < LEAST { LEAST } else { blocks };
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_bins_are_no_burden() {
        let bytes = |class: SizeClass| 2 * magazine(class) * class.block_size();
        let total: usize = SizeClass::all().map(bytes).sum();
        assert!(total <= 4500 << 10, "{total} B are more than 4.5 MiB");
    }
}
