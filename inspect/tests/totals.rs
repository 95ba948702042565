//! A log of every request and the heap's own statistics say the same. One test, since others would allocate meanwhile.

use core::alloc::Layout;
use core::hint::black_box;
use std::collections::{BTreeMap, HashMap};

use mudlark_core_alloc::{Mudlark, SizeClass, Stats};
use mudlark_inspect::hooks::{Event, Reader};
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

/// What came into use: blocks by the size of their class, and large ones, whose size is zero here; with the bytes asked for.
type Balance = BTreeMap<usize, (i64, i64)>;

/// Vectors of all sizes come, grow, shrink and go; some stay.
fn work() -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(5);
    let mut kept: Vec<Vec<u8>> = Vec::with_capacity(3000);
    for _ in 0..30_000 {
        let most = 1 << random.u32(1..19);
        let size = random.usize(1..=most);
        match random.u8(0..5) {
            0 | 1 if kept.len() < 3000 => kept.push(vec![1; size]),
            2 if !kept.is_empty() => {
                let at = random.usize(..kept.len());
                kept[at].resize(size, 2);
                kept[at].shrink_to_fit();
            }
            3 if !kept.is_empty() => drop(kept.swap_remove(random.usize(..kept.len()))),
            _ => drop(black_box(vec![0_u8; size])),
        }
    }
    kept
}

fn class_size(size: u64, align: u64) -> usize {
    let word = |number: u64| usize::try_from(number).expect("it is this machine's");
    let layout = Layout::from_size_align(word(size), word(align)).expect("a layout");
    SizeClass::of(layout).map_or(0, SizeClass::block_size)
}

/// What came into use between the two marks, by the log: what the thread did that made the marks. (The one that runs the tests
/// may do something, too; but what it takes from its cache counts as in use before.)
fn balance_of_log(log: &[u8]) -> Balance {
    let mut live: HashMap<u64, (u64, u64)> = HashMap::new();
    let mut balance = Balance::new();
    let (mut counts, mut thread, mut own_thread) = (false, 0, 0);
    for record in Reader::new(log) {
        let mut change = |size, align, sign: i64| {
            if counts && thread == own_thread {
                let sum = balance.entry(class_size(size, align)).or_default();
                *sum = (sum.0 + sign, sum.1 + sign * i64::try_from(size).expect("no block is so large"));
            }
        };
        match record.event {
            Event::Switched { thread: now, .. } => thread = now,
            Event::Mark { text } => (counts, own_thread) = (text == "begin", thread),
            Event::Allocated { address, size, align, .. } => {
                change(size, align, 1);
                live.insert(address.0, (size, align));
            }
            Event::Freed { address } => {
                let (size, align) = live.remove(&address.0).expect("it was allocated");
                change(size, align, -1);
            }
            Event::Reallocated { from, to, size, .. } => {
                let (old_size, align) = live.remove(&from.0).expect("it was allocated");
                change(old_size, align, -1);
                change(size, align, 1);
                live.insert(to.0, (size, align));
            }
            _ => {}
        }
    }
    balance
}

fn difference(before: usize, after: usize) -> i64 {
    after.wrapping_sub(before).cast_signed() as i64
}

#[test]
fn the_log_and_the_heap_agree() {
    let file = std::env::temp_dir().join(format!("mudlark-totals-{}.mmt", std::process::id()));
    let profile = Profiler::builder().interval(1).stack_depth(2).stats_period(None).start(&file).expect("it begins");
    let looks: [Stats; 2];
    let kept;
    {
        let before = Mudlark::stats();
        profile.mark("begin");
        kept = work();
        profile.mark("end");
        looks = [before, Mudlark::stats()];
    }
    drop(profile);
    let log = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("it is ours");
    let balance = balance_of_log(&log);
    let [before, after] = &looks;
    for (before, after) in before.classes().zip(after.classes()) {
        let in_log = balance.get(&before.class.block_size()).map_or(0, |sum| sum.0);
        assert_eq!(in_log, difference(before.blocks, after.blocks), "blocks of {:?}", before.class);
    }
    let large = balance.get(&0).copied().unwrap_or_default();
    let in_heap =
        (difference(before.large_blocks, after.large_blocks), difference(before.large_bytes, after.large_bytes));
    assert_eq!(large, in_heap);
    assert!(large.0 > 10 && balance.len() > 60, "{balance:?}");
    drop(black_box(kept));
}
