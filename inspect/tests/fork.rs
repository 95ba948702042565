//! Processes that fork while they are recorded.
#![cfg(unix)]

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::path::{Path, PathBuf};
use std::thread;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::hooks::{Event, Reader};
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

/// What a child ends with if all went well.
const WELL: i32 = 17;

fn request(size: usize, times: usize) {
    (0..times).for_each(|_| drop(black_box(vec![0_u8; size])));
}

fn requests(log: &Path, of_size: u64) -> usize {
    let log = std::fs::read(log).expect("there is a log");
    let mut reader = Reader::new(&log);
    let count = reader
        .by_ref()
        .filter(|record| matches!(record.event, Event::Allocated { size, .. } if size == of_size))
        .count();
    assert_eq!(reader.damage(), Default::default());
    count
}

/// Forks, has the child do something, and returns its log's path.
fn in_a_child(log: &Path, work: impl FnOnce()) -> PathBuf {
    // SAFETY: the child uses what is prepared for forks only, and ends here.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        work();
        // SAFETY: it may be called at any time.
        unsafe { libc::_exit(WELL) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and the status may be written to.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == WELL, "{status:#x}");
    log.with_extension(format!("{child}.mmt"))
}

// One test, because there is one process.
#[test]
fn children_have_logs_of_their_own_if_that_is_wanted() {
    let log = std::env::temp_dir().join(format!("mudlark-fork-{}.mmt", std::process::id()));
    let mut profile = Some(Profiler::builder().interval(1).children(true).start(&log).expect("it begins"));
    let kept = vec![1_u8; 100];
    let busy = AtomicBool::new(true);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while busy.load(Relaxed) {
                    request(77, 10);
                    request(300_000, 1);
                }
            });
        }
        request(1111, 10);
        for round in 0..20 {
            let child = in_a_child(&log, || {
                drop(black_box(kept.clone()));
                request(2222, 5);
                drop(profile.take());
            });
            request(1111, 10);
            assert_eq!(requests(&child, 2222), 5, "round {round}");
            assert_eq!(requests(&child, 1111), 0);
            std::fs::remove_file(child).expect("it is ours");
        }
        let silent = in_a_child(&log, || {});
        assert!(!silent.exists(), "who has nothing to write writes no file");
        busy.store(false, Relaxed);
    });
    drop(profile);
    assert_eq!(requests(&log, 1111), 10 * 21);
    assert_eq!(requests(&log, 2222), 0);
    std::fs::remove_file(&log).expect("it is ours");
    otherwise_the_parent_alone_is_recorded(&log);
}

fn otherwise_the_parent_alone_is_recorded(log: &Path) {
    let mut profile = Some(Profiler::builder().interval(1).start(log).expect("it begins"));
    request(3333, 10);
    let child = in_a_child(log, || {
        request(4444, 10);
        drop(profile.take());
        let own = log.with_extension("own.mmt");
        let profile = Profiler::builder().interval(1).start(&own).expect("a child may record itself");
        request(5555, 10);
        drop(profile);
    });
    assert!(!child.exists(), "it has no log by itself");
    request(3333, 10);
    drop(profile);
    assert_eq!((requests(log, 3333), requests(log, 4444)), (20, 0));
    let own = log.with_extension("own.mmt");
    assert_eq!(requests(&own, 5555), 10);
    assert!(!own.with_extension("mmt.tail").exists() && !log.with_extension("mmt.tail").exists());
    std::fs::remove_file(own).expect("it is ours");
    std::fs::remove_file(log).expect("it is ours");
}
