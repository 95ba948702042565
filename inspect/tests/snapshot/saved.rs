//! Snapshots come back from files as they were, and damaged ones are told apart.

use std::fs;
use std::io::ErrorKind;

use mudlark_hooks::{Address, EarlyEnd, Event, Reader, Writer};
use mudlark_inspect::{By, Filter, Profiler, Snapshot, scope};

use crate::live::one_at_a_time;
use crate::made_up::{MadeUp, loaded, log_of, new_path, snapshot_of};

/// All that a snapshot tells.
fn all(snapshot: &Snapshot) -> Vec<String> {
    let blocks = snapshot.blocks().map(|block| {
        let (tag, thread, traceback) = (block.tag(), block.thread(), block.traceback());
        format!("{} {} {tag:?} {thread} {:?} {traceback}", block.address(), block.size(), traceback.type_name())
    });
    let statistics = [By::Line, By::Function, By::Type, By::Tag, By::Thread, By::Traceback]
        .into_iter()
        .flat_map(|by| snapshot.statistics(by))
        .map(|statistic| statistic.to_string());
    blocks.chain(statistics).collect()
}

fn made_up() -> Vec<MadeUp<'static>> {
    let vec = ("/rustc/1/library/alloc/src/vec/mod.rs", 5, "<alloc::vec::Vec<u16>>::push");
    vec![
        (0, 100, vec![("a.rs", 1, "app::f"), ("b.rs", 2, "app::main")]),
        (1, 2_000_000, vec![vec, ("b.rs", 3, "app::main")]),
        (2, 7, vec![]),
        (1, 0, vec![("ä b.rs", 7, "<app::F<'a> as app::G>::h")]),
    ]
}

#[test]
fn a_saved_snapshot_comes_back() {
    let snapshot = snapshot_of(&made_up());
    let path = new_path();
    fs::write(&path, "something longer than a snapshot".repeat(1000)).expect("it can be written");
    snapshot.save(&path).expect("it can be saved");
    let again = Snapshot::load(&path).expect("it can be loaded");
    assert!(again.is_whole());
    assert_eq!(all(&again), all(&snapshot));
    assert_eq!(again.blocks().nth(1).map(|block| block.traceback().type_name()), Some(Some("Vec<u16>")));
    // And so does what filters have left of it.
    let less = snapshot.filter(&[Filter::include().tag("tag1")]);
    less.save(&path).expect("it can be saved");
    assert_eq!(all(&Snapshot::load(&path).expect("it can be loaded")), all(&less));
    fs::remove_file(&path).expect("it is there");
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn a_snapshot_of_the_process_comes_back_with_its_lines() {
    let _one = one_at_a_time();
    let _profile = Profiler::in_memory(16).expect("there is no other");
    scope!("kept");
    let kept: Vec<Vec<u8>> = (0..100).map(Vec::with_capacity).collect();
    let snapshot = Snapshot::take().expect("there is a recording");
    let path = new_path();
    snapshot.save(&path).expect("it can be saved");
    let again = Snapshot::load(&path).expect("it can be loaded");
    let log = fs::read(&path).expect("it is there");
    let sizes = Reader::new(&log).map(|record| match record.event {
        Event::Allocated { size, .. } => size,
        _ => 0,
    });
    assert_eq!(
        sizes.sum::<u64>(),
        snapshot.blocks().map(|block| block.size()).sum(),
        "any reader finds the same bytes"
    );
    fs::remove_file(&path).expect("it is there");
    assert_eq!(all(&again), all(&snapshot));
    assert!(again.compare(&snapshot, By::Line).iter().all(|difference| difference.size_diff == 0));
    let tag = &again.filter(&[Filter::include().tag("k?pt")]).statistics(By::Tag)[0];
    assert!(tag.size >= 4950 && tag.count >= 100, "{tag}");
    assert!(all(&again).iter().any(|line| line.contains("/saved.rs:")));
    drop(kept);
}

/// The log of a whole recording is read as what was in use at its end.
#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn any_log_can_be_loaded() {
    /// No other test has a block of so many bytes meanwhile.
    const LARGE: u64 = 1_000_000;
    let _one = one_at_a_time();
    let path = new_path();
    let profile = Profiler::builder().interval(1).stats_period(None).start(&path).expect("there is no other");
    let mut kept = vec![0_u8; 1_234_500];
    drop(vec![0_u8; 5_432_100]);
    kept.resize(2_345_600, 0);
    let snapshot = Snapshot::take().expect("a recording with a log will do");
    drop(profile);
    let log = Snapshot::load(&path).expect("it is a log");
    fs::remove_file(&path).expect("it is there");
    assert!(log.is_whole());
    let sizes = |snapshot: &Snapshot| -> Vec<u64> {
        snapshot.blocks().map(|block| block.size()).filter(|size| *size > LARGE).collect()
    };
    assert_eq!(sizes(&log), [kept.capacity() as u64]);
    assert_eq!(sizes(&snapshot), sizes(&log));
    let traceback = log.blocks().find(|block| block.size() > LARGE).map(|block| block.traceback().clone());
    assert!(
        traceback.is_some_and(|traceback| traceback.innermost().function.starts_with("0x")),
        "the log has no symbols"
    );
}

#[test]
fn estimates_stay_estimates() {
    let log = log_of(&[(0, 1, vec![]), (0, 1_000_000, vec![])], 1000);
    let snapshot = loaded(&log).expect("it can be read");
    let path = new_path();
    snapshot.save(&path).expect("it can be saved");
    let again = Snapshot::load(&path).expect("it can be loaded");
    fs::remove_file(&path).expect("it is there");
    let sum = &again.statistics(By::Tag)[0];
    // A block of one byte stands for some thousand, and one of a million bytes for itself.
    assert_eq!((sum.size, sum.count), (1_001_001, 1002));
    assert_eq!(all(&again), all(&snapshot));
}

#[test]
fn what_is_damaged_says_so_and_never_panics() {
    let log = log_of(&made_up(), 1);
    let whole = all(&snapshot_of(&made_up()));
    let step = if cfg!(miri) { 97 } else { 1 };
    for len in (0..log.len()).step_by(step) {
        match loaded(&log[..len]) {
            Ok(cut) => assert!(!cut.is_whole(), "{len}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        }
    }
    for at in (0..log.len()).step_by(step) {
        let mut flipped = log.clone();
        flipped[at] ^= 0x10;
        match loaded(&flipped) {
            Ok(flipped) => assert!(!flipped.is_whole() || all(&flipped) == whole, "{at}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        }
    }
}

/// A log of these events.
fn log_of_events(events: &[Event<'_>]) -> Vec<u8> {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 4096>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    let started =
        Event::Started { process: 1, pointer_bytes: 8, ticks_per_second: 1, unix_nanoseconds: 0, sample_interval: 1 };
    for event in [started].iter().chain(events).chain(&[Event::Stopped {}]) {
        writer.write(0, event);
    }
    writer.flush();
    log
}

/// Where the blocks of a snapshot are, and how large.
fn blocks_of(events: &[Event<'_>]) -> Vec<(u64, u64)> {
    let snapshot = loaded(&log_of_events(events)).expect("it is a log");
    snapshot.blocks().map(|block| (block.address(), block.size())).collect()
}

const fn allocated(address: u64, size: u64) -> Event<'static> {
    Event::Allocated { address: Address(address), size, align: 8, stack: 0 }
}

const fn moved(from: u64, to: u64, size: u64) -> Event<'static> {
    Event::Reallocated { from: Address(from), to: Address(to), size, stack: 0 }
}

#[test]
fn of_two_blocks_at_one_place_the_older_is_the_one_that_has_moved() {
    let late = [allocated(0x1000, 1), allocated(0x1000, 2), moved(0x1000, 0x2000, 3)];
    assert_eq!(blocks_of(&late), [(0x1000, 2), (0x2000, 3)]);
    let twice = [late[0], late[1], allocated(0x1000, 4), late[2], moved(0x1000, 0x3000, 5)];
    assert_eq!(blocks_of(&twice), [(0x1000, 4), (0x2000, 3), (0x3000, 5)]);
    let again = [late[0], late[1], late[2], moved(0x1000, 0x3000, 6)];
    assert_eq!(blocks_of(&again), [(0x2000, 3), (0x3000, 6)], "then it is the other one's turn");
    // Where events are missing, the first one's free may be among them.
    let lost = [Event::Lost { events: 1 }, late[0], late[1], late[2]];
    assert_eq!(blocks_of(&lost), [(0x2000, 3)]);
}

#[test]
fn any_number_of_lost_events_is_told_of() {
    let log = log_of_events(&[Event::Lost { events: u64::MAX }, Event::Lost { events: u64::MAX }]);
    assert!(!loaded(&log).expect("it is a log").is_whole());
}

#[test]
fn a_log_that_ended_early_is_not_whole() {
    let log = log_of_events(&[Event::EndedEarly { why: EarlyEnd::Limit, error: 0 }]);
    assert!(!loaded(&log).expect("it is a log").is_whole());
    assert!(loaded(&log_of_events(&[])).expect("it is a log").is_whole());
}

#[test]
fn what_is_no_log_is_refused() {
    let error = loaded(b"squares = [number ** 2 for number in numbers]").expect_err("it is no log");
    assert_eq!(error.to_string(), "this is no event log, nor a snapshot");
    assert_eq!(Snapshot::load("no such file").expect_err("there is none").kind(), ErrorKind::NotFound);
    let nowhere = snapshot_of(&[]).save("/no such folder/file").expect_err("there is none");
    assert_eq!(nowhere.kind(), ErrorKind::NotFound);
}

/// A disk that is full is told of, and nothing panics.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "there is no such device")]
fn a_full_disk_is_told_of() {
    let error = snapshot_of(&made_up()).save("/dev/full").expect_err("it is full");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
}
