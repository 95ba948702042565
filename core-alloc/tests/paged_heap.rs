//! The heap of pages against the model, and what only that promises.

mod region_heap;

use core::alloc::Layout;

use mudlark_core_alloc::PagedHeap as Heap;

use crate::region_heap::{FILLED, Model, bytes};

#[test]
fn a_block_shrinks_even_when_the_heap_is_full() {
    for size in [3000, 400, 100, 40].into_iter().skip(if cfg!(miri) { 3 } else { 0 }) {
        let mut model = Model::of_one(FILLED);
        while model.allocate(bytes(size)) {}
        for request in [16, 1] {
            while model.allocate(bytes(request)) {}
        }
        while let Some(index) = model.live.iter().position(|block| block.layout.size() > 1) {
            let half = model.live[index].layout.size() / 2;
            assert!(model.reallocate(index, half), "shrinking to {half} B was refused");
            model.check_stats();
        }
        model.deallocate_all();
        assert_eq!(model.heap.stats().used, 0);
    }
}

#[test]
fn small_requests_are_served_until_the_region_is_exhausted() {
    for size in [1024, 2048, 8 << 10, 64 << 10].into_iter().take(if cfg!(miri) { 2 } else { 4 }) {
        for request in [1, 16, 32, 64] {
            let mut model = Model::of_one(size);
            while model.allocate(bytes(request)) {}
            let stats = model.heap.stats();
            // The least that a run can be.
            let granule = 2 * size_of::<usize>();
            assert!(request > granule || stats.free == 0, "{request} B were refused: {stats:?}");
            let worth = stats.used * 100 / stats.total;
            assert!(worth >= 75, "{request} B in {size} B fill only {worth} %");
        }
    }
}

#[test]
fn pages_change_class() {
    let mut model = Model::of_one(FILLED);
    let mut served = Vec::new();
    for request in [16, 128, 48, 16, 96, 128] {
        while model.allocate(bytes(request)) {}
        served.push(model.live.len() * request);
        model.deallocate_all();
    }
    let (least, most) = (served.iter().min().expect("rounds"), served.iter().max().expect("rounds"));
    assert!(least * 8 >= most * 7, "a class was starved by its predecessor: {served:?} B");
}

/// A heap whose only free memory is in a page of `size`, one of whose blocks is live, and in runs too small for a page.
fn with_one_page_free(size: usize) -> Model {
    let mut model = Model::of_one(64 << 10);
    assert!(model.allocate(bytes(size)));
    while let Some(size) = Some(model.largest()).filter(|&size| size > 64) {
        assert!(model.allocate(bytes(size)));
    }
    assert_eq!(model.heap.stats().pages, 1);
    model
}

#[test]
fn a_small_request_is_served_from_a_larger_block_before_it_fails() {
    let mut model = with_one_page_free(64);
    let before = model.live.len();
    while model.allocate(bytes(16)) {}
    assert!(model.live.len() > before);
    assert_eq!(model.heap.stats().free, 0);
}

#[test]
fn a_larger_block_serves_only_what_it_is_aligned_for() {
    let mut model = with_one_page_free(48);
    let aligned = Layout::from_size_align(16, 32).expect("a valid layout");
    // The model checks the alignment of what is served.
    while model.allocate(aligned) {}
    let left = model.heap.stats().free;
    assert!(left > 48, "{left} B");
    while model.allocate(bytes(16)) {}
    assert_eq!(model.heap.stats().free, 0);
}

#[test]
fn stats_read_as_a_table() {
    let mut model = Model::of_one(8 << 10);
    assert!(model.allocate(bytes(1008)));
    let table = model.heap.stats().to_string();
    for line in ["total          8192 B", "used           1008 B", "blocks            1"] {
        assert!(table.lines().any(|l| l == line), "{table}");
    }
}
