//! The `Allocator` trait: all three allocators against a model of the live blocks.

#![cfg(feature = "allocator-api2")]

mod common;

use allocator_api2::alloc::Allocator;
use common::Random;
use core::alloc::Layout;
use core::ptr::NonNull;
use core::slice;
use mudlark_core_alloc::{LockedHeap, StaticRegion};
#[cfg(feature = "std")]
use mudlark_core_alloc::{Mudlark, PrivateHeap};
use std::collections::BTreeMap;

/// A live block, filled with one byte.
///
/// # Invariants
///
/// The block is one of an allocator's that `layout` fits, and this value is the only one to use it.
struct Filled {
    block: NonNull<[u8]>,
    layout: Layout,
    fill: u8,
}

impl Filled {
    /// Takes over a block of an allocator's for `layout`, which holds `fill` in its first `kept` bytes.
    fn new(block: NonNull<[u8]>, layout: Layout, kept: usize, fill: u8) -> Self {
        let address = block.cast::<u8>().addr().get();
        assert!(address.is_multiple_of(layout.align()), "{layout:?} at {address:#x}");
        assert!(block.len() >= layout.size(), "{layout:?} got {} B", block.len());
        // INVARIANT: the callers have just got it.
        let mut filled = Self { block, layout, fill };
        filled.check(kept);
        filled
    }

    fn fill(mut self, fill: u8) -> Self {
        self.fill = fill;
        // SAFETY: by the invariant.
        unsafe { self.start().write_bytes(fill, self.block.len()) };
        self
    }

    fn start(&self) -> NonNull<u8> {
        self.block.cast()
    }

    /// Checks that the first `len` bytes are as they were filled.
    fn check(&mut self, len: usize) {
        // SAFETY: by the invariant; these bytes have been written.
        let bytes = unsafe { slice::from_raw_parts(self.start().as_ptr(), len) };
        assert!(are_all(bytes, self.fill), "{:?} does not hold its {:#x}", self.layout, self.fill);
    }
}

/// Whether the first byte is `fill`, and each other one is as the one before it: a comparison as fast as `memcmp`.
fn are_all(bytes: &[u8], fill: u8) -> bool {
    let [first, rest @ ..] = bytes else { return true };
    *first == fill && *rest == bytes[..bytes.len() - 1]
}

/// Random steps with live blocks that grow, shrink, and change their alignment.
fn agrees_with_the_model(allocator: &impl Allocator, steps: usize, log2_size: usize, log2_align: usize) {
    let random = &mut Random::announced(31);
    let mut live: Vec<Filled> = Vec::new();
    for step in 0..steps {
        let fill = u8::try_from(step % 255).expect("below 255") + 1;
        let layout = random.layout(log2_size, log2_align);
        match random.below(8) {
            0 if live.len() < 60 => {
                let block = allocator.allocate(layout).expect("memory");
                live.push(Filled::new(block, layout, 0, 0).fill(fill));
            }
            1 if live.len() < 60 => {
                let block = allocator.allocate_zeroed(layout).expect("memory");
                live.push(Filled::new(block, layout, block.len(), 0).fill(fill));
            }
            2 if !live.is_empty() => {
                let filled = live.swap_remove(random.below(live.len()));
                free(allocator, filled);
            }
            3.. if !live.is_empty() => {
                let filled = live.swap_remove(random.below(live.len()));
                let same_align = random.below(2) == 0;
                let align = if same_align { filled.layout.align() } else { layout.align() };
                let layout = Layout::from_size_align(layout.size(), align).expect("a valid layout");
                live.push(resize(allocator, filled, layout, step % 2 == 0).fill(fill));
            }
            _ => {}
        }
        assert_disjoint(&live);
    }
    live.into_iter().for_each(|filled| free(allocator, filled));
}

fn free(allocator: &impl Allocator, mut filled: Filled) {
    filled.check(filled.layout.size());
    // SAFETY: by the invariant.
    unsafe { allocator.deallocate(filled.start(), filled.layout) };
}

/// Gives a block a Layout that may differ in both size and alignment, and checks that it keeps its contents.
fn resize(allocator: &impl Allocator, mut filled: Filled, new: Layout, zeroed: bool) -> Filled {
    let Filled { layout: old, fill, .. } = filled;
    filled.check(old.size());
    let start = filled.start();
    if new.size() < old.size() {
        // SAFETY: by the invariant, and the new size is the smaller one.
        let shrunk = unsafe { allocator.shrink(start, old, new) };
        return Filled::new(shrunk.expect("memory"), new, new.size(), fill);
    }
    if !zeroed {
        // SAFETY: by the invariant, and the new size is not the smaller one.
        let grown = unsafe { allocator.grow(start, old, new) };
        return Filled::new(grown.expect("memory"), new, old.size(), fill);
    }
    // SAFETY: as above.
    let grown = unsafe { allocator.grow_zeroed(start, old, new) }.expect("memory");
    // SAFETY: the old bytes are written, and the others zeroed.
    let bytes = unsafe { slice::from_raw_parts(grown.cast::<u8>().as_ptr(), grown.len()) };
    assert!(are_all(&bytes[old.size()..], 0), "{old:?} grown to {new:?} is not zero");
    Filled::new(grown, new, old.size(), fill)
}

/// Checks that no block lies in another; those without bytes lie nowhere.
fn assert_disjoint(live: &[Filled]) {
    let spans: BTreeMap<usize, usize> = live
        .iter()
        .map(|filled| (filled.start().addr().get(), filled.block.len()))
        .filter(|&(_, len)| len > 0)
        .collect();
    assert_eq!(spans.len(), live.iter().filter(|filled| !filled.block.is_empty()).count(), "two begin at one place");
    assert!(spans.iter().zip(spans.keys().skip(1)).all(|((start, len), next)| start + len <= *next));
}

const STEPS: usize = if cfg!(miri) { 100 } else { 5000 };

#[test]
#[cfg(feature = "std")]
fn mudlark_agrees_with_the_model() {
    agrees_with_the_model(&Mudlark::new(), STEPS, 13, 12);
    agrees_with_the_model(&Mudlark::new(), STEPS / 10, 22, 20);
}

#[test]
#[cfg(feature = "std")]
fn a_private_heap_agrees_with_the_model() {
    let heap = PrivateHeap::new();
    agrees_with_the_model(&heap, STEPS, 13, 12);
    agrees_with_the_model(&&heap, STEPS / 10, 22, 20);
    let stats = heap.stats();
    assert_eq!((stats.blocks, stats.large_blocks), (0, 0), "{stats}");
}

#[test]
fn a_locked_heap_agrees_with_the_model() {
    /// Miri looks at every byte of a region.
    const LOG2_SIZE: usize = if cfg!(miri) { 9 } else { 13 };
    static MEMORY: StaticRegion<{ 256 << LOG2_SIZE }> = StaticRegion::new();
    static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);
    agrees_with_the_model(&HEAP, STEPS, LOG2_SIZE, LOG2_SIZE - 1);
    agrees_with_the_model(&&HEAP, STEPS, LOG2_SIZE, 4);
    assert_eq!(HEAP.stats().blocks, 0, "{}", HEAP.stats());
}

#[test]
fn a_full_region_refuses_and_loses_nothing() {
    static MEMORY: StaticRegion<{ 64 << 10 }> = StaticRegion::new();
    static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);
    let allocator = &HEAP;
    let layout = Layout::new::<[u8; 40_000]>();
    let kept = Filled::new(allocator.allocate(layout).expect("memory"), layout, 0, 0).fill(7);
    assert!(allocator.allocate(layout).is_err());
    assert!(allocator.allocate_zeroed(layout).is_err());
    let larger = Layout::new::<[u8; 70_000]>();
    // SAFETY: the block is the heap's, and stays alive when the answer is an error.
    assert!(unsafe { allocator.grow(kept.start(), layout, larger) }.is_err());
    // SAFETY: as above.
    assert!(unsafe { allocator.grow_zeroed(kept.start(), layout, larger) }.is_err());
    let aligned = layout.align_to(4096).expect("a valid layout");
    // SAFETY: as above.
    assert!(unsafe { allocator.grow(kept.start(), layout, aligned) }.is_err());
    free(&allocator, kept);
    assert_eq!(HEAP.stats().blocks, 0);
}

#[test]
#[cfg(feature = "std")]
fn a_request_of_no_bytes_is_aligned_and_takes_no_memory() {
    let heap = PrivateHeap::new();
    for align in [1, 8, 4096, 1 << 20] {
        let layout = Layout::from_size_align(0, align).expect("a valid layout");
        for block in [Allocator::allocate(&heap, layout), Allocator::allocate_zeroed(&heap, layout)] {
            let block = block.expect("no memory is needed");
            assert_eq!((block.len(), block.cast::<u8>().addr().get() % align), (0, 0));
            // SAFETY: just allocated, and not used.
            unsafe { Allocator::deallocate(&heap, block.cast(), layout) };
        }
    }
    assert_eq!(heap.stats(), PrivateHeap::new().stats());
}
