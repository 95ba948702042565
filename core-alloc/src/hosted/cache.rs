//! A thread's cache: lists of free blocks, a bin for each class.
//!
//! A request takes the first block of its bin; a free puts a block there, whoever owns its page. Only an empty bin
//! (refill) and a full one (flush) go to the heaps, a *magazine* of blocks at a time. A bin has room for two: the one
//! in use, and a spare one, so that a program that goes up and down by a few blocks meets neither edge.
//!
//! ```text
//!   refill ◀── empty |▒▒▒▒▒▒▒▒ magazine ▒▒▒▒▒▒▒▒|▒▒▒▒▒▒▒▒ magazine ▒▒▒▒▒▒▒▒| full ──▶ flush
//! ```

use core::cell::Cell;
use core::ptr::NonNull;

use super::block::{FreeBlock, FreeList};
use super::fatal::fatal;
use super::fork;
use super::front;
use super::owner::{self, Owner};
use crate::SizeClass;

/// The free blocks of one class.
///
/// # Invariants
///
/// A bin is closed, with no blocks and no room: then every use takes the slow path. Or it is open, and has `room` for
/// so many more blocks that it would hold two magazines. All zero bytes are a closed bin.
struct Bin {
    blocks: FreeList,
    room: Cell<isize>,
}

impl Bin {
    fn is_closed(&self) -> bool {
        self.room.get() == 0 && self.blocks.is_empty()
    }

    /// Closes the bin, and returns what it held.
    fn close(&self) -> impl Iterator<Item = FreeBlock> {
        self.room.set(0);
        self.blocks.drain()
    }
}

/// The blocks that a thread keeps for itself.
///
/// # Invariants
///
/// While the cache has no owner, its bins are closed.
pub(crate) struct Cache {
    bins: [Bin; SizeClass::COUNT],
    ownership: Cell<Ownership>,
}

const _: () = assert!(size_of::<Cache>() <= 1280, "thread-local memory comes out of every thread's stack");

/// Whether the thread has an owner of its own.
#[derive(Clone, Copy)]
enum Ownership {
    /// The first slow path will see to it.
    Pending,
    /// It is about to get one, or to end; the shared owner serves it, a block at a time.
    Without,
    /// This one.
    Adopted(&'static Owner),
}

impl Cache {
    pub(crate) const fn new() -> Self {
        let bins = [const { Bin { blocks: FreeList::new(), room: Cell::new(0) } }; SizeClass::COUNT];
        Self { bins, ownership: Cell::new(Ownership::Pending) }
    }

    /// A block of `class`; `None` when there is no memory.
    #[inline]
    pub(crate) fn allocate(&self, class: SizeClass) -> Option<NonNull<u8>> {
        let bin = self.bin(class);
        let Some(block) = bin.blocks.pop() else { return self.refill(class) };
        bin.room.update(|room| room + 1);
        Some(block.into_raw())
    }

    /// Takes back a block of `class`.
    #[inline]
    pub(crate) fn free(&self, class: SizeClass, block: FreeBlock) {
        let bin = self.bin(class);
        let room = bin.room.get() - 1;
        bin.room.set(room);
        if room < 0 {
            return self.free_without_room(class, block);
        }
        bin.blocks.push(block);
    }

    /// Ends the process unless there may be a block of `class` in use at `address`: one that begins there, and is not
    /// among those that this thread freed last. For debug builds.
    ///
    /// # Safety
    ///
    /// As for [`owner::check_block`].
    pub(crate) unsafe fn check_in_use(&self, class: SizeClass, address: usize) {
        /// Frees of a block twice are mostly close to each other, and a debug build should not be all too slow.
        const LOOKS: usize = 64;
        // SAFETY: the caller's promise is the same.
        unsafe { owner::check_block(class, address) };
        if self.bin(class).blocks.begins_with(LOOKS, address) {
            fatal(format_args!("free of {address:#x}: it is free already"));
        }
    }

    /// Fills the empty bin, and takes a block of it.
    #[cold]
    #[inline(never)]
    fn refill(&self, class: SizeClass) -> Option<NonNull<u8>> {
        let Some(owner) = self.owner() else {
            return owner::shared().take(class, 1).into_list().pop().map(FreeBlock::into_raw);
        };
        let magazine = owner.take(class, magazine(class));
        let count = magazine.len();
        let blocks = magazine.into_list();
        let block = blocks.pop()?;
        let bin = self.bin(class);
        bin.blocks.replace(blocks);
        bin.room.set(capacity(class) - signed(count - 1));
        Some(block.into_raw())
    }

    /// Makes room in the bin, which `free` has found without, and puts `block` there.
    #[cold]
    #[inline(never)]
    fn free_without_room(&self, class: SizeClass, block: FreeBlock) {
        let bin = self.bin(class);
        bin.room.set(0);
        if self.owner().is_none() {
            return owner::send_home(core::iter::once(block));
        }
        if bin.is_closed() {
            bin.room.set(capacity(class));
        } else {
            self.flush(class);
        }
        bin.blocks.push(block);
        bin.room.update(|room| room - 1);
    }

    /// Sends a magazine home from the full bin: the blocks that were freed last, since to walk the list is to read every
    /// block that leaves it, and these are still in the CPU's caches.
    fn flush(&self, class: SizeClass) {
        let bin = self.bin(class);
        let count = magazine(class);
        owner::send_home(bin.blocks.drain().take(count));
        bin.room.set(signed(count));
    }

    /// Sends all blocks home.
    pub(crate) fn flush_all(&self) {
        for class in SizeClass::all() {
            owner::send_home(self.bin(class).close());
        }
    }

    /// Ends the cache with its thread: its blocks go home, and its owner to the next thread.
    pub(crate) fn end(&self) {
        let ownership = self.ownership.replace(Ownership::Without);
        self.flush_all();
        if let Ownership::Adopted(owner) = ownership {
            owner::retire(owner);
        }
    }

    /// The number of blocks in the cache, and of their bytes.
    pub(crate) fn contents(&self) -> (usize, usize) {
        let open = SizeClass::all().filter(|&class| !self.bin(class).is_closed());
        open.fold((0, 0), |(blocks, bytes), class| {
            let count = capacity(class).abs_diff(self.bin(class).room.get());
            (blocks + count, bytes + count * class.block_size())
        })
    }

    /// The thread's owner, if it has one by now.
    pub(crate) fn adopted(&self) -> Option<&'static Owner> {
        match self.ownership.get() {
            Ownership::Adopted(owner) => Some(owner),
            Ownership::Pending | Ownership::Without => None,
        }
    }

    /// The thread's owner, who is adopted now if he has not been before.
    fn owner(&self) -> Option<&'static Owner> {
        match self.ownership.get() {
            Ownership::Adopted(owner) => Some(owner),
            Ownership::Without => None,
            Ownership::Pending => self.adopt_owner(),
        }
    }

    /// Arranges for the thread's end and for forks, and only then adopts an owner.
    ///
    /// The arrangements may themselves allocate and free; they find a cache without owner, and no lock taken.
    #[cold]
    fn adopt_owner(&self) -> Option<&'static Owner> {
        self.ownership.set(Ownership::Without);
        if !front::arm() {
            return None;
        }
        fork::arrange();
        let owner = owner::adopt();
        self.ownership.set(owner.map_or(Ownership::Pending, Ownership::Adopted));
        owner
    }

    #[inline]
    fn bin(&self, class: SizeClass) -> &Bin {
        // SAFETY: by `SizeClass`'s invariant, an index may be used with any table that has an entry a class.
        unsafe { self.bins.get_unchecked(class.index()) }
    }
}

/// The number of blocks of `class` that go to and from a cache together.
fn magazine(class: SizeClass) -> usize {
    usize::from(MAGAZINES[class.index()])
}

/// The number of blocks of `class` that a cache holds at most.
fn capacity(class: SizeClass) -> isize {
    2 * signed(magazine(class))
}

/// Numbers of blocks are small.
const fn signed(count: usize) -> isize {
    count.cast_signed()
}

/// A magazine is 16 KiB of small blocks; of larger ones less, since a thread may hold two of every class. Under Miri it
/// is short, so that short tests fill bins and flush them, too.
static MAGAZINES: [u16; SizeClass::COUNT] = {
    let mut table = [0; SizeClass::COUNT];
    let mut index = 0;
    while let Some(class) = SizeClass::from_index(index) {
        let size = class.block_size();
        let bytes = match size {
            _ if cfg!(miri) => 256,
            0..=256 => 16 * 1024,
            257..=512 => 8 * 1024,
            _ => 4 * 1024,
        };
        assert!(bytes / SizeClass::MIN_SIZE <= u16::MAX as usize, "a magazine's length fits its type");
        #[expect(clippy::cast_possible_truncation, reason = "just asserted")]
        let blocks = (bytes / size) as u16;
        table[index] = if blocks == 0 { 1 } else { blocks };
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_caches_are_no_burden() {
        let bytes = |class: SizeClass| 2 * magazine(class) * class.block_size();
        let total: usize = SizeClass::all().map(bytes).sum();
        assert!(total <= 3 << 19, "{total} B are more than 1.5 MiB");
    }
}
