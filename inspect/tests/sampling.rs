//! What a log says where requests are sampled: the truth, as far as chance lets it.

use core::hint::black_box;
use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::hooks::{Event, NameOf, Reader};
use mudlark_inspect::{Profiled, Profiler, scope};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

/// There is one recording at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Records what `work` does, and returns the log.
fn record(name: &str, interval: u64, work: impl FnOnce()) -> Vec<u8> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let file = std::env::temp_dir().join(format!("mudlark-{name}-{}.mmt", std::process::id()));
    let profile =
        Profiler::builder().interval(interval).stack_depth(8).stats_period(None).start(&file).expect("it begins");
    work();
    drop(profile);
    let bytes = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("the log is ours");
    bytes
}

/// How many requests in the scope the log stands for, by size: what was written, each divided by its chance to be.
fn estimates(log: &[u8], scope: &str, interval: u64) -> HashMap<u64, f64> {
    let mut estimates = HashMap::new();
    let (mut wanted, mut tag) = (None, 0);
    for record in Reader::new(log) {
        match record.event {
            Event::Name { of: NameOf::Tag, id, text } if text == scope => wanted = Some(id),
            Event::Switched { tag: now, .. } => tag = now,
            Event::Allocated { size, .. } if Some(tag) == wanted => {
                let chance = -(-(size as f64) / interval as f64).exp_m1();
                *estimates.entry(size).or_insert(0.0) += 1.0 / chance;
            }
            _ => {}
        }
    }
    estimates
}

/// The lowest byte.
const fn low(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

#[test]
fn estimates_are_within_their_error() {
    const INTERVAL: u64 = 4096;
    let requests = [(24_usize, 400_000_u32), (300, 40_000), (3000, 6000), (100_000, 300)];
    let mut worst = Vec::new();
    for round in 0..6 {
        let log = record(&format!("estimates-{round}"), INTERVAL, || {
            scope!("estimated");
            for (size, count) in requests {
                (0..count).for_each(|_| drop(black_box(Vec::<u8>::with_capacity(size))));
            }
        });
        let estimates = estimates(&log, "estimated", INTERVAL);
        for (size, count) in requests {
            let chance = -(-(size as f64) / INTERVAL as f64).exp_m1();
            // Of a binomial distribution, as the estimate has it.
            let deviation = (f64::from(count) * (1.0 - chance) / chance).sqrt();
            let estimate = estimates.get(&(size as u64)).copied().unwrap_or(0.0);
            worst.push((estimate - f64::from(count)) / deviation.max(1e-6));
            if chance > 0.999_999 {
                assert!((estimate - f64::from(count)).abs() < 0.1, "{estimate} requests of {size} B");
            }
        }
    }
    // 18 independent figures: the odds that one is so far off are one to a million.
    let random: Vec<f64> = worst.iter().copied().filter(|deviations| deviations.abs() < 1e3).collect();
    assert!(random.iter().all(|deviations| deviations.abs() < 5.5), "{random:.1?}");
    let mean_square = random.iter().map(|deviations| deviations * deviations).sum::<f64>() / random.len() as f64;
    assert!((0.1..3.5).contains(&mean_square), "the errors are as large as chance makes them: {random:.1?}");
}

#[test]
fn blocks_outlive_their_recording() {
    let blocks: Vec<Vec<u8>> = {
        let mut kept = Vec::new();
        let log = record("outlive", 1000, || kept.extend((0..5000).map(|n| vec![low(n); 100 + n % 300])));
        assert!(Reader::new(&log).filter(|record| matches!(record.event, Event::Allocated { .. })).count() > 500);
        kept
    };
    for (n, mut block) in blocks.into_iter().enumerate() {
        assert!(block.iter().all(|&byte| byte == low(n)));
        block.reserve_exact(4000);
        assert!(block.iter().all(|&byte| byte == low(n)));
    }
    // Over into another recording, of the other kind.
    let mut kept = Vec::new();
    record("outlive-sampled", 1000, || kept.extend((0..5000).map(|n| Box::new([n; 40]))));
    record("outlive-every", 1, || kept.drain(..2500).for_each(|block| drop(black_box(block))));
    record("outlive-again", 5000, || kept.clear());
}

#[test]
fn contents_stay_through_any_change_of_size() {
    record("sizes", 2000, || {
        let size = |random: &mut fastrand::Rng| {
            let most = 1 << random.u32(1..15);
            random.usize(1..most)
        };
        let mut random = fastrand::Rng::with_seed(4);
        let mut blocks: Vec<(Vec<u8>, u8)> = Vec::new();
        for step in 0..60_000 {
            let fill = low(step);
            match random.u8(0..10) {
                0..3 => {
                    let bytes = size(&mut random);
                    blocks.push((vec![fill; bytes], fill));
                }
                3..6 if !blocks.is_empty() => {
                    let at = random.usize(..blocks.len());
                    let (block, fill) = &mut blocks[at];
                    let bytes = size(&mut random);
                    block.resize(bytes, *fill);
                    block.shrink_to_fit();
                }
                6 => {
                    let bytes = size(&mut random);
                    let zeroes = vec![0_u8; bytes];
                    assert!(zeroes.iter().all(|&byte| byte == 0));
                }
                _ if !blocks.is_empty() => {
                    let at = random.usize(..blocks.len());
                    let (block, fill) = blocks.swap_remove(at);
                    assert!(block.iter().all(|&byte| byte == fill));
                }
                _ => {}
            }
        }
    });
}

#[test]
fn threads_start_and_stop_with_the_recording() {
    let (go, gone) = std::sync::mpsc::channel::<std::sync::mpsc::Sender<()>>();
    // A thread that was there before, and did much.
    let worker = thread::spawn(move || {
        drop(black_box(vec![0_u8; 1 << 20]));
        for done in gone {
            (0..10_000).for_each(|_| drop(black_box(vec![0_u8; 1001])));
            done.send(()).expect("it waits");
        }
    });
    let work = || {
        let (done, wait) = std::sync::mpsc::channel();
        go.send(done).expect("it is there");
        wait.recv().expect("it works");
    };
    work();
    let log = record("started", 1, work);
    let count = |log: &[u8]| {
        Reader::new(log).filter(|record| matches!(record.event, Event::Allocated { size: 1001, .. })).count()
    };
    assert_eq!(count(&log), 10_000);
    work();
    let sampled = count(&record("sampled", 100_000, work));
    assert!((20..300).contains(&sampled), "{sampled} of about 100");
    drop(go);
    worker.join().expect("it ends");
}

#[test]
fn the_heap_tells_of_itself_at_the_end() {
    let kept = vec![1_u8; 3_000_000];
    let log = record("heap", 1 << 20, || drop(black_box(vec![1_u8; 100])));
    let large = Reader::new(&log).find_map(|record| match record.event {
        Event::Heap { large, .. } => Some(large),
        _ => None,
    });
    assert!(large.expect("there is a heap") >= 3_000_000);
    assert!(Reader::new(&log).any(|record| matches!(record.event, Event::Class { .. })));
    drop(black_box(kept));
}
