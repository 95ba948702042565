//! The formulas of the page on growth, at sizes that can be run.

#![cfg(all(feature = "std", target_os = "linux", target_pointer_width = "64", not(miri)))]

mod common;

use common::{Block, in_child};
use core::alloc::Layout;
use mudlark_core_alloc::{Mudlark, SizeClass};
use std::fs;
use std::process::Output;
use std::sync::Barrier;
use std::thread;

static ALLOCATOR: Mudlark = Mudlark::new();

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

fn block(size: usize) -> Block {
    Block::new(&ALLOCATOR, Layout::from_size_align(size, 8).expect("a valid layout"), false, 1)
}

fn free_all(blocks: Vec<Block>) {
    blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
}

/// The bytes of memory that this process has.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("the kernel's figures");
    let pages: usize = statm.split(' ').nth(1).and_then(|field| field.parse().ok()).expect("a number");
    pages * 4096
}

fn ends_well(child: &Output) {
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn descriptors_and_what_is_carved_ahead_are_a_few_percent() {
    ends_well(&in_child("descriptors_and_what_is_carved_ahead_are_a_few_percent", || {
        let mut blocks = Vec::with_capacity(400_000);
        blocks.push(block(256));
        let before = resident();
        blocks.extend((1..400_000).map(|_| block(256)));
        let bookkeeping = blocks.len() * size_of::<Block>();
        let (used, stats) = (resident() - before - bookkeeping, Mudlark::stats());
        let most = stats.block_bytes * 101 / 100 + stats.block_bytes / 32 + MIB;
        assert!(used <= most, "{used} B, and at most {most}\n{stats}");
        let committed = stats.block_bytes + stats.block_bytes / 32 + MIB;
        assert!(stats.committed_bytes <= committed, "{stats}");
        // Regions of 64 MiB, an owner, and the page map.
        let regions = stats.committed_bytes.div_ceil(63 * MIB);
        assert!(stats.reserved_bytes <= regions * 64 * MIB + MIB, "{stats}");
        free_all(blocks);
    }));
}

#[test]
fn a_thread_costs_little_and_caches_no_more_than_is_said() {
    const THREADS: usize = 40;
    ends_well(&in_child("a_thread_costs_little_and_caches_no_more_than_is_said", || {
        free_all(vec![block(100)]);
        let before = Mudlark::stats();
        let all_are_here = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    // Enough to fill two magazines of these classes and to overflow them.
                    for size in [24, 100, 1000, 5000, 30_000] {
                        free_all((0..3 * (16 * KIB / size).max(1)).map(|_| block(size)).collect());
                    }
                    all_are_here.wait();
                });
            }
        });
        let after = Mudlark::stats();
        assert!(after.heaps <= before.heaps + THREADS, "{after}");
        let owners = after.reserved_bytes - before.reserved_bytes;
        assert!(owners <= THREADS * 5 * KIB + 64 * KIB, "{owners} B for {THREADS} threads\n{after}");
        for class in after.classes() {
            let bins = 2 * (16 * KIB).max(class.class.block_size());
            let depot = 1024 * KIB;
            let most = after.heaps * (bins + depot);
            assert!(class.cached_blocks * class.class.block_size() <= most, "{after}");
        }
        assert_eq!(after.classes().len(), SizeClass::COUNT);
    }));
}
