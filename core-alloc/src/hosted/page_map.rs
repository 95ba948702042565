//! From an address to a descriptor: the only place that knows a way.
//!
//! A radix tree over the units that the address space consists of, of which a region has one or several:
//!
//! ```text
//!   address   | root index | leaf index | place in the unit |
//!                   │            │
//!       root: [ leaf, leaf, …]   └─▶ leaf: [ region, region, … ]
//! ```
//!
//! Where addresses are short there is one leaf only. The pointers come out of the tree as they were put in, and may be
//! used for the whole region: no pointer is ever made from an address, or by masking what the program frees.

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::page::PageRef;
use super::region::{RegionRef, UNIT};
use super::source;

/// The bits of an address that count. A region beyond them is not used.
///
/// Miri hands out low addresses, and looks at every entry of a table that is borrowed: so its tables are small.
const ADDRESS_BITS: u32 = match usize::BITS {
    0..48 => usize::BITS,
    _ if cfg!(miri) => 36,
    _ => 48,
};
const KEY_BITS: u32 = ADDRESS_BITS - UNIT.ilog2();
const LEAF_BITS: u32 = if KEY_BITS < 13 { KEY_BITS } else { KEY_BITS / 2 };
const LEAF_LEN: usize = 1 << LEAF_BITS;
const ROOT_LEN: usize = 1 << (KEY_BITS - LEAF_BITS);

/// # Invariants
///
/// An entry is null, or the start of the mapped region that has the unit at its place, usable for all of the region. All zero bytes are a leaf
/// without regions.
struct Leaf {
    regions: [AtomicPtr<u8>; LEAF_LEN],
}

/// # Invariants
///
/// An entry is null, or a leaf that is never released.
static ROOT: [AtomicPtr<Leaf>; ROOT_LEN] = [const { AtomicPtr::new(ptr::null_mut()) }; ROOT_LEN];

/// The region that holds `address`, if there is one.
///
/// # Safety
///
/// If there is one, the page at `address` is in use, and stays so for as long as the answer is used, because the caller
/// has the page or a block of it. So the region is not released meanwhile.
pub(crate) unsafe fn region_of(address: usize) -> Option<RegionRef> {
    let start = region_start(address)?;
    // SAFETY: by the leaf's invariant, and the caller's promise.
    Some(unsafe { RegionRef::from_start(start) })
}

/// The page that holds `address`, if that is in a region.
///
/// # Safety
///
/// As for [`region_of`].
pub(crate) unsafe fn page_of(address: usize) -> Option<PageRef> {
    // SAFETY: the caller's promise is the same.
    let region = unsafe { region_of(address) }?;
    Some(region.page(region.index_of(address)))
}

/// Whether some region holds `address`, at this moment.
pub(crate) fn is_in_region(address: usize) -> bool {
    region_start(address).is_some()
}

/// The start of the region that holds `address`. It may be used only if that region is not released meanwhile.
fn region_start(address: usize) -> Option<NonNull<u8>> {
    // Relaxed: who has a block in the region got it from the thread that took its page, and that one locked the regions
    // after the region was made and its entry written.
    NonNull::new(entry(address)?.load(Ordering::Relaxed))
}

/// The same place as `freed`, by a pointer that may be used for the whole block.
///
/// `dealloc` and `realloc` may get a pointer that has been narrowed to the bytes that were asked for, while a free
/// block's link, and a block that grows within its class, need more (rust-lang/miri#2104). Miri minds. How far a
/// pointer reaches is not settled for compiled programs, and today's compiler draws no conclusions from it here; the
/// look-up would cost every free, so it is done under Miri only.
#[inline]
pub(crate) fn widened(freed: NonNull<u8>) -> NonNull<u8> {
    if !cfg!(miri) {
        return freed;
    }
    match region_start(freed.addr().get()) {
        Some(start) => start.with_addr(freed.addr()),
        // A block from the source directly: it is as long as was asked for.
        None => freed,
    }
}

/// Makes a region known. `None` when the map has no place for it.
///
/// Only one thread at a time inserts or removes: the one that has locked the regions.
pub(crate) fn insert(region: RegionRef) -> Option<()> {
    for address in units(region) {
        if entry(address).is_none() {
            make_leaf(address)?;
        }
    }
    set(region, region.start().as_ptr());
    Some(())
}

/// Forgets a region, of which no block is in use.
pub(crate) fn remove(region: RegionRef) {
    set(region, ptr::null_mut());
}

fn set(region: RegionRef, start: *mut u8) {
    for entry in units(region).filter_map(entry) {
        // Relaxed: see `region_start`; and nobody looks for a region without blocks in use.
        entry.store(start, Ordering::Relaxed);
    }
}

/// The addresses of a region's units.
fn units(region: RegionRef) -> impl Iterator<Item = usize> {
    let start = region.start().addr().get();
    (start..start + region.size()).step_by(UNIT)
}

/// The entry for `address`; `None` when it is beyond the map, or its leaf has not been made.
fn entry(address: usize) -> Option<&'static AtomicPtr<u8>> {
    let key = address / UNIT;
    // Acquire: pairs with the Release in `make_leaf`, so the leaf is seen zeroed.
    let leaf = ROOT.get(key / LEAF_LEN)?.load(Ordering::Acquire);
    // SAFETY: by the root's invariant.
    let leaf = unsafe { leaf.as_ref() }?;
    leaf.regions.get(key % LEAF_LEN)
}

fn make_leaf(address: usize) -> Option<()> {
    let root_entry = ROOT.get(address / UNIT / LEAF_LEN)?;
    let leaf = source::acquire(size_of::<Leaf>(), align_of::<Leaf>())?;
    // INVARIANT: zeroed memory, which nobody releases. Release: see `entry`.
    root_entry.store(leaf.cast().as_ptr(), Ordering::Release);
    Some(())
}
