//! From an address to the size class of the block there, in two loads: what a free without a [`Layout`] starts with.
//!
//! A [`Mark`] for each page of the address space, in leaves of 4 GiB that are made as they are needed:
//!
//! ```text
//!   address   | root index | leaf index | place in the page |
//!                   │            │
//!       root: [ leaf, leaf, …]   └─▶ leaf: [ mark, mark, … ]
//! ```
//!
//! A mark says as much as the page's descriptor, but those of four megabytes' pages lie in one line of a processor's
//! cache. Both indices are of 16 bits where addresses are long: a processor then gets them out of the address without a mask
//! or a comparison.
//!
//! [`Layout`]: core::alloc::Layout

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use super::mark::Mark;
use super::region::PAGE_SIZE;
use super::source;

/// The bits of an address that count, as in [`page_map`](super::page_map).
const ADDRESS_BITS: u32 = match usize::BITS {
    0..48 => usize::BITS,
    _ if cfg!(miri) => 36,
    _ => 48,
};
const KEY_BITS: u32 = ADDRESS_BITS - PAGE_SIZE.ilog2();
const LEAF_BITS: u32 = if KEY_BITS < 16 { KEY_BITS } else { 16 };
const LEAF_LEN: usize = 1 << LEAF_BITS;
const ROOT_LEN: usize = 1 << (KEY_BITS - LEAF_BITS);

/// # Invariants
///
/// An entry is null, or the first of [`LEAF_LEN`] bytes, which are never released, and each of which is a [`Mark`]'s. All
/// zero bytes are a leaf without marks.
static ROOT: [AtomicPtr<AtomicU8>; ROOT_LEN] = [const { AtomicPtr::new(ptr::null_mut()) }; ROOT_LEN];

/// What is at `address`. An address beyond all that a system hands out may get another's answer.
#[inline]
pub(crate) fn mark_of(address: usize) -> Mark {
    let Some(entry) = entry(address) else { return Mark::NOTHING };
    // Relaxed: who has a block got it from whoever wrote its mark, or from a thread that did.
    let byte = entry.load(Ordering::Relaxed);
    // SAFETY: by the root's invariant.
    unsafe { Mark::from_byte(byte) }
}

/// Notes what is at `address` from now on. Nothing happens where no place was [reserved](reserve).
pub(crate) fn set(address: usize, mark: Mark) {
    if let Some(entry) = entry(address) {
        // INVARIANT: a mark's byte.
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

/// The place of an address's mark, if there is one. An address beyond the map is taken for one in it.
#[inline]
fn entry(address: usize) -> Option<&'static AtomicU8> {
    let key = address / PAGE_SIZE;
    // Acquire: pairs with the Release in `make_leaf`, so the leaf is seen zeroed.
    let leaf = NonNull::new(ROOT[(key / LEAF_LEN) & (ROOT_LEN - 1)].load(Ordering::Acquire))?;
    // SAFETY: by the root's invariant, there are that many.
    let mark = unsafe { leaf.add(key % LEAF_LEN) };
    // SAFETY: it is never released, and only ever shared.
    Some(unsafe { mark.as_ref() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SizeClass;

    #[test]
    fn marks_stay_where_they_are_put() {
        // Far beyond what any system hands out, so that no other test's pages are there.
        let start = (1 << (ADDRESS_BITS - 1)) - PAGE_SIZE;
        let blocks = Mark::of_class(SizeClass::SMALLEST);
        assert_eq!(mark_of(start), Mark::NOTHING);
        reserve(start, 2 * PAGE_SIZE).expect("memory for two leaves");
        set(start, blocks);
        set(start + PAGE_SIZE, Mark::DIRECT);
        assert_eq!(mark_of(start + PAGE_SIZE - 1), blocks);
        assert_eq!(mark_of(start + PAGE_SIZE), Mark::DIRECT);
        assert_eq!(mark_of(start + 2 * PAGE_SIZE), Mark::NOTHING);
        set(start, Mark::NOTHING);
        assert_eq!(mark_of(start), Mark::NOTHING);
    }

    #[test]
    fn what_no_address_can_be_has_no_place() {
        assert_eq!(reserve(usize::MAX - PAGE_SIZE, PAGE_SIZE), if usize::BITS < 48 { Some(()) } else { None });
    }
}
