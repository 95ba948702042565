//! A program's log has the pages of its heap as they were near the peak. A test of its own, since there is one recording at a time.

#![cfg(not(miri))]

use core::hint::black_box;
use core::time::Duration;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::hooks::{Event, NameOf, Reader};
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

#[test]
fn pages_are_told_of_while_they_are_full() {
    let file = std::env::temp_dir().join(format!("mudlark-pages-{}.mmt", std::process::id()));
    let profile = Profiler::builder().stats_period(Some(Duration::from_millis(20))).start(&file).expect("it begins");
    let blocks: Vec<Box<[u8; 200]>> = (0..20_000).map(|_| Box::new([1; 200])).collect();
    std::thread::sleep(Duration::from_millis(300));
    drop(black_box(blocks));
    drop(profile);
    let log = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("it is ours");
    let (mut most, mut now, mut moments, mut allocator) = (0, 0, 0, "");
    for record in Reader::new(&log) {
        match record.event {
            Event::Heap { .. } => now = 0,
            Event::Name { of: NameOf::Allocator, text, .. } => allocator = text,
            Event::Page { block_size: 208, used, .. } => {
                moments += u32::from(now == 0);
                now += used;
                most = most.max(now);
            }
            _ => {}
        }
    }
    assert_eq!(allocator, "Mudlark");
    assert!(most >= 17_000, "{most} blocks in use: later the heap grew by an eighth at most");
    assert!(now < 10_000, "and {now} at the end, in caches");
    // Each time there is an eighth more, however long that takes.
    assert!((2..80).contains(&moments), "{moments} moments");
}
