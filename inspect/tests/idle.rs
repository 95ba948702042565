//! A program that does nothing is recorded: the log does not grow.
#![cfg(not(miri))]

use core::time::Duration;
use std::thread::sleep;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::hooks::{Event, Reader};
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

#[test]
fn a_heap_that_stays_as_it_is_is_told_of_once() {
    let log = std::env::temp_dir().join(format!("mudlark-idle-{}.mmt", std::process::id()));
    let profile = Profiler::builder().stats_period(Some(Duration::from_millis(2))).start(&log).expect("it begins");
    sleep(Duration::from_millis(500));
    drop(profile);
    let bytes = std::fs::read(&log).expect("there is a log");
    let heaps = Reader::new(&bytes).filter(|record| matches!(record.event, Event::Heap { .. })).count();
    // Soon after the start, and at the end; the test's harness may do something in between.
    assert!((2..30).contains(&heaps), "{heaps} of 250 looks were worth telling");
    std::fs::remove_file(log).expect("it is ours");
}
