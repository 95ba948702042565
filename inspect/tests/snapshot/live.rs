//! Snapshots of this process.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use mudlark_hooks::{Event, Reader};
use mudlark_inspect::snapshot::{Group, TakeError};
use mudlark_inspect::{By, Filter, Profiler, Snapshot, scope};

use crate::made_up::new_path;

/// There is one recording at a time, and it is of all threads: each test waits for the one before.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was asked for in this file, while other threads of the test program do this and that.
fn ours(snapshot: &Snapshot) -> Snapshot {
    snapshot.filter(&[Filter::include().file("*/snapshot/live.rs")])
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn the_difference_of_two_snapshots_is_what_happened_between_them() {
    let _one = one_at_a_time();
    let _profile = Profiler::in_memory(20).expect("there is no other");
    let gone = vec![0_u8; 3000];
    let before = ours(&Snapshot::take().expect("there is a recording"));
    drop(gone);
    let (line, kept) = (line!(), (0..10).map(|_| vec![0_u8; 500]).collect::<Vec<_>>());
    let after = ours(&Snapshot::take().expect("there is a recording"));

    let differences = after.compare(&before, By::Line);
    assert_eq!(differences.len(), 2, "{differences:?}");
    let grown = &differences[0];
    assert!(matches!(&grown.group, Group::Line(file, at) if file.ends_with("live.rs") && *at == line), "{grown}");
    assert_eq!((grown.size_diff, grown.count_diff), (5000 + 240, 11));
    let shrunk = &differences[1];
    assert_eq!((shrunk.size, shrunk.size_diff, shrunk.count_diff), (0, -3000, -1));
    // In between nothing else has happened, above all not by the snapshots.
    assert!(after.compare(&after, By::Traceback).iter().all(|same| same.size_diff == 0));
    drop(kept);
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn looking_leaves_no_trace() {
    let _one = one_at_a_time();
    let profile = Profiler::in_memory(20).expect("there is no other");
    let kept = vec![0_u8; 100];
    let (first, traced) = (Snapshot::take().expect("there is a recording"), profile.traced());
    first.blocks().for_each(|block| drop(block.traceback().to_string()));
    let everything: Vec<_> = [By::Line, By::Type, By::Traceback].into_iter().map(|by| first.statistics(by)).collect();
    let cumulative = first.cumulative(By::Function);
    let filtered = first.filter(&[Filter::exclude().function("*::main")]);
    let second = Snapshot::take().expect("there is a recording");
    let own = |snapshot: &Snapshot| ours(snapshot).blocks().map(|block| block.address()).collect::<Vec<_>>();
    // The two lists are ours, of this file; the statistics in them are not.
    let new = own(&second).len() - own(&first).len();
    assert!(new <= 1, "{:#?}", ours(&second).statistics(By::Line));
    assert!(profile.traced().current <= traced.current + 10_000);
    drop((kept, everything, cumulative, filtered));
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn the_peak_is_known_and_can_be_reset() {
    let _one = one_at_a_time();
    let profile = Profiler::in_memory(1).expect("there is no other");
    let kept = vec![0_u8; 1_000_000];
    drop(vec![0_u8; 5_000_000]);
    let traced = profile.traced();
    assert!((1_000_000..1_100_000).contains(&traced.current), "{traced:?}");
    assert!((6_000_000..6_100_000).contains(&traced.peak), "{traced:?}");
    profile.reset_peak();
    assert!(profile.traced().peak < 1_100_000);
    let total: u64 = Snapshot::take().expect("there is a recording").statistics(By::Tag).iter().map(|it| it.size).sum();
    assert!((1_000_000..1_100_000).contains(&total));
    drop(kept);
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn blocks_are_told_apart_by_tag_and_thread() {
    let _one = one_at_a_time();
    let _profile = Profiler::in_memory(20).expect("there is no other");
    let loaded = {
        scope!("load");
        let outer = vec![1_u8; 100];
        scope!("parse");
        (outer, vec![2_u8; 1000])
    };
    let elsewhere = thread::spawn(|| vec![3_u8; 10_000]).join().expect("it does not panic");
    let snapshot = ours(&Snapshot::take().expect("there is a recording"));
    let tags: Vec<_> = snapshot.statistics(By::Tag).iter().map(|sum| (sum.group.to_string(), sum.size)).collect();
    assert_eq!(tags[1..], [("load/parse".to_string(), 1000), ("load".to_string(), 100)]);
    assert_eq!(tags[0].0, "<no scope>");
    let inside = snapshot.filter(&[Filter::include().tag("load*"), Filter::exclude().tag("*/parse")]);
    assert_eq!(inside.blocks().map(|block| block.size()).collect::<Vec<_>>(), [100]);
    let threads = snapshot.statistics(By::Thread);
    assert_eq!(threads.len(), 2);
    assert_eq!(threads[1].size, 1100, "the thread that runs this: {threads:?}");
    drop((loaded, elsewhere));
}

#[inline(never)]
fn asks(size: usize) -> Box<[u8]> {
    core::hint::black_box(vec![0; size].into_boxed_slice())
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn an_object_knows_who_asked_for_it() {
    let _one = one_at_a_time();
    let unrecorded = asks(10);
    let profile = Profiler::in_memory(20).expect("there is no other");
    let (line, object) = (line!(), asks(10));
    let shared = Rc::new([7_u64; 4]);
    let traceback = Snapshot::traceback_of(object.as_ptr()).expect("it is recorded");
    assert!(traceback.innermost().function.ends_with("asks"), "{traceback}");
    assert!(traceback.innermost().file.ends_with("live.rs"));
    assert_eq!(traceback.frames()[1].line, line);
    assert!(traceback.to_string().contains("\n    let (line, object) = (line!(), asks(10));\n"), "{traceback}");
    // A value in an `Rc` is not where its block begins; a place behind a block is in none.
    let inside = Snapshot::traceback_of(Rc::as_ptr(&shared)).expect("it is recorded");
    assert!(inside.innermost().function.contains("an_object_knows_who_asked_for_it"), "{inside}");
    assert_eq!(Snapshot::traceback_of(object.as_ptr_range().end), None);
    assert_eq!(Snapshot::traceback_of(unrecorded.as_ptr()), None);
    let address = object.as_ptr();
    drop(object);
    assert_eq!(Snapshot::traceback_of(address), None);
    drop(profile);
    assert_eq!(Snapshot::traceback_of(Rc::as_ptr(&shared)), None);
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn types_are_known_as_far_as_names_tell() {
    let _one = one_at_a_time();
    let _profile = Profiler::in_memory(40).expect("there is no other");
    let numbers: Vec<u16> = (0..100).collect();
    let number = Box::new(7_u64);
    let text = "pebbles".to_string();
    let map: HashMap<u8, u8> = [(1, 2)].into();
    let snapshot = ours(&Snapshot::take().expect("there is a recording"));
    let sums = snapshot.statistics(By::Type);
    let size = |container: &str| {
        let is_it = |name: &str| name.split('<').next() == Some(container);
        let found = sums.iter().filter(|sum| matches!(&sum.group, Group::Type(name) if is_it(name)));
        found.map(|sum| sum.size).sum::<u64>()
    };
    assert_eq!((size("Vec"), size("Box"), size("String")), (200, 8, 7), "{sums:?}");
    assert!(size("HashMap") > 0, "{sums:?}");
    drop((numbers, number, text, map));
}

#[test]
fn without_a_recording_there_is_no_snapshot() {
    let _one = one_at_a_time();
    let error = Snapshot::take().expect_err("nothing is recorded");
    assert_eq!(error, TakeError::NotRecording);
    assert!(error.to_string().contains("Profiler::in_memory(25)"));
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn samples_are_estimates_of_everything() {
    let _one = one_at_a_time();
    let profile =
        Profiler::builder().interval(10_000).limit(None).stack_depth(8).start_in_memory().expect("there is no other");
    let kept: Vec<Box<[u8; 100]>> = (0..100_000).map(|_| Box::new([1; 100])).collect();
    let snapshot = ours(&Snapshot::take().expect("there is a recording"));
    let small = snapshot.blocks().filter(|block| block.size() == 100).count();
    assert!((700..1300).contains(&small), "about a thousand of {} are recorded, not {small}", kept.len());
    let sums = snapshot.statistics(By::File);
    // The list itself has eight bytes for each; the error is one in the root of a thousand.
    let expected = 10_000_000.0 + 800_000.0;
    let error = (sums[0].size as f64 - expected).abs() / expected;
    assert!(error < 0.16, "{sums:?}");
    assert!((sums[0].count as f64 - 100_000.0).abs() < 16_000.0, "{sums:?}");
    drop(profile);
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn what_an_earlier_recording_has_sampled_is_not_in_the_next() {
    let _one = one_at_a_time();
    let path = new_path();
    let sampled = Profiler::builder().interval(1000).limit(None).start_in_memory().expect("there is no other");
    let kept: Vec<Box<[u8]>> = (0..100).map(|_| asks(10_000)).collect();
    assert!(sampled.traced().current >= 900_000);
    drop(sampled);
    assert_eq!(Snapshot::traceback_of(kept[0].as_ptr()), None);
    let profile = Profiler::builder().interval(1).stats_period(None).start(&path).expect("there is no other");
    let traced = profile.traced();
    assert!(traced.peak < 100_000, "{traced:?}");
    let snapshot = Snapshot::take().expect("there is a recording");
    assert!(snapshot.blocks().all(|block| block.size() != 10_000), "{}", snapshot.top(By::Line, 10));
    let places: Vec<u64> = kept.iter().map(|block| block.as_ptr().addr() as u64).collect();
    drop(kept);
    assert!(profile.traced().current < 100_000);
    drop(profile);
    let log = fs::read(&path).expect("it is there");
    fs::remove_file(&path).expect("it is there");
    let mut known = HashSet::new();
    for record in Reader::new(&log) {
        match record.event {
            Event::Allocated { address, .. } => drop(known.insert(address.0)),
            Event::Freed { address } => {
                assert!(known.contains(&address.0) || !places.contains(&address.0), "it is not of this recording");
            }
            _ => {}
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn snapshots_may_be_taken_while_others_allocate() {
    let _one = one_at_a_time();
    let _profile = Profiler::in_memory(10).expect("there is no other");
    thread::scope(|scope| {
        for thread in 0..3 {
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread);
                let mut blocks = Vec::new();
                for _ in 0..3000 {
                    if random.bool() {
                        blocks.push(asks(random.usize(1..1000)));
                    } else if !blocks.is_empty() {
                        drop(blocks.swap_remove(random.usize(..blocks.len())));
                    }
                }
            });
        }
        for _ in 0..20 {
            let snapshot = ours(&Snapshot::take().expect("there is a recording"));
            let total: u64 = snapshot.blocks().map(|block| block.size()).sum();
            assert_eq!(snapshot.statistics(By::Function).iter().map(|sum| sum.size).sum::<u64>(), total);
            assert!(snapshot.blocks().all(|block| block.address() != 0));
        }
    });
    let left = ours(&Snapshot::take().expect("there is a recording"));
    assert!(left.filter(&[Filter::include().function("*asks")]).blocks().len() == 0, "{}", left.top(By::Line, 10));
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn the_top_has_sources_the_others_and_the_total() {
    let _one = one_at_a_time();
    let _profile = Profiler::in_memory(10).expect("there is no other");
    let large = asks(70_000);
    let small = vec![0_u8; 10_000];
    let smallest = vec![0_u8; 20];
    let top = ours(&Snapshot::take().expect("there is a recording")).top(By::Line, 2).to_string();
    let lines: Vec<&str> = top.lines().collect();
    assert!(lines[0].starts_with("#1: ") && lines[0].ends_with(": 68.4 KiB in 1 block"), "{top}");
    assert_eq!(lines[1].trim(), "core::hint::black_box(vec![0; size].into_boxed_slice())");
    assert!(lines[2].starts_with("#2: ") && lines[2].ends_with(": 10000 B in 1 block"), "{top}");
    assert_eq!(lines[3].trim(), "let small = vec![0_u8; 10_000];");
    assert_eq!(lines[4..], ["1 other: 20 B", "total: 78.1 KiB"]);
    drop((large, small, smallest));
}
