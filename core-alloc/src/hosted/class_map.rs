//! From an address to the size class of the block there, in two loads: what a free without a [`Layout`] starts with.
//!
//! A byte for each page of the address space, in leaves of 32 GiB that are made as they are needed. It says as much as
//! the page's descriptor, but the bytes of four megabytes' pages lie in one line of a processor's cache.
//!
//! [`Layout`]: core::alloc::Layout

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use super::region::PAGE_SIZE;
use super::source;
use crate::SizeClass;

/// The bits of an address that count, as in [`page_map`](super::page_map).
const ADDRESS_BITS: u32 = match usize::BITS {
    0..48 => usize::BITS,
    _ if cfg!(miri) => 36,
    _ => 48,
};
const KEY_BITS: u32 = ADDRESS_BITS - PAGE_SIZE.ilog2();
const LEAF_BITS: u32 = if KEY_BITS < 19 { KEY_BITS } else { 19 };
const LEAF_LEN: usize = 1 << LEAF_BITS;
const ROOT_LEN: usize = 1 << (KEY_BITS - LEAF_BITS);

/// What begins at an address, or lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing of this allocator's.
    Nothing,
    /// A page of blocks of a class.
    Blocks(SizeClass),
    /// The first page of a large block in a region.
    Run,
    /// The first page of a large block that has a mapping of its own.
    Direct,
}

impl Mark {
    const RUN: u8 = u8::MAX;
    const DIRECT: u8 = u8::MAX - 1;

    #[inline]
    const fn from_byte(byte: u8) -> Self {
        // Nearly all are blocks: one comparison for the other three.
        match SizeClass::from_index((byte as usize).wrapping_sub(1)) {
            Some(class) => Self::Blocks(class),
            None if byte == Self::RUN => Self::Run,
            None if byte == Self::DIRECT => Self::Direct,
            None => Self::Nothing,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "asserted below")]
    const fn into_byte(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Blocks(class) => class.index() as u8 + 1,
            Self::Run => Self::RUN,
            Self::Direct => Self::DIRECT,
        }
    }
}

const _: () = assert!(SizeClass::COUNT < Mark::DIRECT as usize, "a byte tells all marks apart");

/// # Invariants
///
/// An entry is null, or the first of [`LEAF_LEN`] marks, which are never released. All zero bytes are a leaf without marks.
static ROOT: [AtomicPtr<AtomicU8>; ROOT_LEN] = [const { AtomicPtr::new(ptr::null_mut()) }; ROOT_LEN];

/// What is at `address`.
#[inline]
pub(crate) fn mark_of(address: usize) -> Mark {
    // Relaxed: who has a block got it from whoever wrote its mark, or from a thread that did.
    entry(address).map_or(Mark::Nothing, |mark| Mark::from_byte(mark.load(Ordering::Relaxed)))
}

/// Notes what is at `address` from now on. Nothing happens where no place was [reserved](reserve).
pub(crate) fn set(address: usize, mark: Mark) {
    if let Some(entry) = entry(address) {
        entry.store(mark.into_byte(), Ordering::Relaxed);
    }
}

/// Makes sure that there are places for the marks of `size` bytes from `start` on. `None` when there is no memory for
/// them, or no place in the map.
pub(crate) fn reserve(start: usize, size: usize) -> Option<()> {
    let last = start + (size - 1);
    for key in start / PAGE_SIZE / LEAF_LEN..=last / PAGE_SIZE / LEAF_LEN {
        let root_entry = ROOT.get(key)?;
        // Acquire: as in `entry`.
        if root_entry.load(Ordering::Acquire).is_null() {
            make_leaf(root_entry)?;
        }
    }
    Some(())
}

fn make_leaf(root_entry: &AtomicPtr<AtomicU8>) -> Option<()> {
    let leaf: NonNull<AtomicU8> = source::acquire(LEAF_LEN, 1)?.cast();
    // INVARIANT: zeroed memory, which nobody releases once it is there. Release: see `entry`.
    let set = root_entry.compare_exchange(ptr::null_mut(), leaf.as_ptr(), Ordering::Release, Ordering::Relaxed);
    if set.is_err() {
        // Somebody else was faster.
        // SAFETY: just acquired, and nobody has heard of it.
        unsafe { source::release(leaf.cast(), LEAF_LEN, 1) };
    }
    Some(())
}

#[inline]
fn entry(address: usize) -> Option<&'static AtomicU8> {
    let key = address / PAGE_SIZE;
    // Acquire: pairs with the Release in `make_leaf`, so the leaf is seen zeroed.
    let leaf = NonNull::new(ROOT.get(key / LEAF_LEN)?.load(Ordering::Acquire))?;
    // SAFETY: by the root's invariant, there are that many.
    let mark = unsafe { leaf.add(key % LEAF_LEN) };
    // SAFETY: it is never released, and only ever shared.
    Some(unsafe { mark.as_ref() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_read_as_it_was_written() {
        let classes = SizeClass::all().map(Mark::Blocks);
        for mark in classes.chain([Mark::Nothing, Mark::Run, Mark::Direct]) {
            assert_eq!(Mark::from_byte(mark.into_byte()), mark);
        }
    }

    #[test]
    fn marks_stay_where_they_are_put() {
        // Far beyond what any system hands out, so that no other test's pages are there.
        let start = (1 << (ADDRESS_BITS - 1)) - PAGE_SIZE;
        assert_eq!(mark_of(start), Mark::Nothing);
        reserve(start, 2 * PAGE_SIZE).expect("memory for two leaves");
        set(start, Mark::Run);
        set(start + PAGE_SIZE, Mark::Direct);
        assert_eq!(mark_of(start + PAGE_SIZE - 1), Mark::Run);
        assert_eq!(mark_of(start + PAGE_SIZE), Mark::Direct);
        assert_eq!(mark_of(start + 2 * PAGE_SIZE), Mark::Nothing);
        set(start, Mark::Nothing);
        assert_eq!(mark_of(start), Mark::Nothing);
    }

    #[test]
    fn what_no_address_can_be_has_no_mark() {
        assert_eq!(mark_of(usize::MAX), Mark::Nothing);
        assert_eq!(reserve(usize::MAX - PAGE_SIZE, PAGE_SIZE), if usize::BITS < 48 { Some(()) } else { None });
    }
}
