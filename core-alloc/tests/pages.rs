//! The walk over all pages, and who is told of regions.

#![cfg(feature = "std")]

use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use mudlark_core_alloc::{Mudlark, PageStats, RegionChange};

#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

/// Figures of the whole program are compared.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn pages() -> Vec<PageStats> {
    let mut pages = Vec::new();
    // It grows meanwhile.
    Mudlark::visit_pages(|page| pages.push(*page));
    pages
}

#[test]
fn every_page_is_visited_once_and_has_what_the_statistics_say() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let count = if cfg!(debug_assertions) { 40_000 } else { 400_000 };
    let kept: Vec<Box<[u8]>> = (0..count).map(|n| vec![0; 16 << (n % 10)].into()).collect();
    let pages = pages();
    assert!(pages.windows(2).all(|pair| pair[0].address < pair[1].address), "in their order, each once");
    let stats = Mudlark::stats();
    let mut by_size: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for page in &pages {
        assert!(page.out <= page.capacity && page.capacity * page.class.block_size() <= page.size);
        let sum = by_size.entry(page.class.block_size()).or_default();
        *sum = (sum.0 + 1, sum.1 + page.out);
    }
    for class in stats.classes().filter(|class| class.blocks > 1000) {
        let (found_pages, out) = by_size[&class.class.block_size()];
        // The list of pages itself came meanwhile.
        assert!(found_pages.abs_diff(class.pages) <= 1, "{class:?}: {found_pages} pages");
        assert!(
            out.abs_diff(class.blocks + class.cached_blocks) <= 2 * 16 * 1024 / class.class.block_size() + 8,
            "{class:?}: {out}"
        );
    }
    for block in &kept {
        let address = block.as_ptr().addr();
        let page = pages.partition_point(|page| page.address <= address).checked_sub(1).map(|before| pages[before]);
        let is_there = |page: PageStats| {
            address < page.address + page.size && (address - page.address).is_multiple_of(page.class.block_size())
        };
        assert!(page.is_some_and(is_there), "{address:#x}");
    }
    drop(black_box(kept));
}

#[test]
fn a_walk_gets_along_with_threads_that_allocate() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    thread::scope(|scope| {
        for seed in 0..2_usize {
            scope.spawn(move || {
                for round in 0..30 {
                    let blocks: Vec<Vec<u8>> =
                        (0..3000).map(|n| vec![1; 1 + (n * (seed + 7) + round) % 3000]).collect();
                    drop(black_box(blocks));
                    Mudlark::collect();
                }
            });
        }
        for _ in 0..30 {
            for page in pages() {
                assert!(page.out <= page.capacity);
            }
        }
    });
}

static HELD: AtomicUsize = AtomicUsize::new(0);

fn watch(change: RegionChange) {
    match change {
        RegionChange::Taken { size, .. } => HELD.fetch_add(size, Relaxed),
        RegionChange::GivenBack { size, .. } => HELD.fetch_sub(size, Relaxed),
    };
}

#[test]
fn what_is_taken_and_not_given_back_is_reserved() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    // So that nothing goes back between two looks.
    Mudlark::set_decay(None);
    Mudlark::collect();
    let before = Mudlark::stats().reserved_bytes;
    // SAFETY: it only counts.
    assert!(unsafe { Mudlark::watch_regions(watch) });
    // SAFETY: as above.
    assert!(!unsafe { Mudlark::watch_regions(watch) }, "there is one");
    let mut large = vec![1_u8; 100 << 20];
    large.reserve_exact(200 << 20);
    let held = || Mudlark::stats().reserved_bytes.wrapping_sub(before);
    assert!(held() >= 300 << 20);
    assert_eq!(HELD.load(Relaxed), held());
    drop(black_box(large));
    assert_eq!(HELD.load(Relaxed), held());
}
