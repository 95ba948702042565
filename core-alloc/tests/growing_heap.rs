//! The heap that grows, over a source that counts and runs dry.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;
use std::sync::Mutex;

use mudlark_core_alloc::{GrowingHeap, PageSource, RegionHeap};

/// All that was given, so that it is not lost.
static KEPT: Mutex<Vec<AtomicPtr<u8>>> = Mutex::new(Vec::new());

/// Gives just what is asked for, off any alignment, so many times.
struct Scarce {
    pieces: usize,
}

// SAFETY: what is leaked is nobody else's.
unsafe impl PageSource for Scarce {
    const INIT: Self = Self { pieces: 40 };

    fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
        self.pieces = self.pieces.checked_sub(1)?;
        let memory = vec![0_u8; bytes + 16].leak().as_mut_ptr();
        KEPT.lock().expect("nobody panics with it").push(AtomicPtr::new(memory));
        let misaligned = memory.wrapping_add(memory.addr().wrapping_neg() % 16 + 1);
        Some(NonNull::slice_from_raw_parts(NonNull::new(misaligned)?, bytes))
    }
}

#[test]
fn what_is_asked_for_suffices_for_the_request_wherever_it_lies() {
    let layouts = [1, 15, 100, 503, 513, 4000, 70_000]
        .into_iter()
        .flat_map(|size| [1, 8, 64, 4096].map(|align| Layout::from_size_align(size, align).expect("a valid layout")));
    for layout in layouts {
        let mut heap = GrowingHeap::<Scarce>::EMPTY;
        let block = heap.allocate(layout).unwrap_or_else(|| panic!("{layout:?} was refused"));
        assert!(block.addr().get().is_multiple_of(layout.align()));
        assert_eq!(heap.stats().regions, 1, "{layout:?} took more than one region");
    }
}

#[test]
fn a_source_that_runs_dry_is_a_refusal_and_no_more() {
    let mut heap = GrowingHeap::<Scarce>::EMPTY;
    let layout = Layout::new::<[u64; 100]>();
    let blocks: Vec<_> = core::iter::from_fn(|| heap.allocate(layout)).collect();
    assert_eq!((blocks.len(), heap.stats().regions), (40, 40));
    // SAFETY: the block is live, and stays so if this is refused.
    assert_eq!(unsafe { heap.try_reallocate(blocks[0], layout, 5000) }, Ok(None));
    for block in blocks {
        // SAFETY: allocated for it, and not used again.
        assert_eq!(unsafe { heap.try_deallocate(block, layout) }, Ok(()));
    }
    assert_eq!(heap.stats().used, 0);
    assert!(heap.allocate(layout).is_some());
}

#[test]
fn a_block_grows_into_a_new_region_with_its_contents() {
    let mut heap = GrowingHeap::<Scarce>::EMPTY;
    let layout = Layout::new::<[u8; 64]>();
    let block = heap.allocate(layout).expect("memory from the source");
    // SAFETY: the block has 64 bytes.
    unsafe { block.write_bytes(7, 64) };
    // SAFETY: the block is live, and not used again.
    let grown = unsafe { heap.try_reallocate(block, layout, 10_000) };
    let grown = grown.expect("a live block").expect("memory from the source");
    // SAFETY: the first 64 bytes were copied.
    assert_eq!(unsafe { grown.cast::<[u8; 64]>().read() }, [7; 64]);
}
