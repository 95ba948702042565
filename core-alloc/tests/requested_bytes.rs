//! What was asked for is estimated by class; here by direct calls, in a process where each class has requests of one size.

#![cfg(feature = "std")]

mod common;

use common::Block;
use core::alloc::Layout;
use mudlark_core_alloc::{Mudlark, SizeClass};

static ALLOCATOR: Mudlark = Mudlark::new();

#[test]
fn where_all_requests_of_a_class_are_alike_the_estimate_is_exact() {
    let layouts = [40, 100, 5000].map(|size| Layout::from_size_align(size, 8).expect("a valid layout"));
    let count = if cfg!(miri) { 20 } else { 500 };
    let blocks: Vec<Block> =
        layouts.iter().flat_map(|&layout| (0..count).map(move |_| Block::new(&ALLOCATOR, layout, false, 1))).collect();
    let stats = Mudlark::stats();
    for layout in layouts {
        let class = SizeClass::of(layout).expect("a class");
        let of_class = stats.classes().find(|of| of.class == class).expect("every class");
        assert_eq!((of_class.blocks, of_class.requested_bytes), (count, count * layout.size()), "{stats}");
    }
    blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
}
