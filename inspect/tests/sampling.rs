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

/// Records what `work` does, by an interval that stays, and returns the log.
fn record(name: &str, interval: u64, work: impl FnOnce()) -> Vec<u8> {
    record_at_most(None, name, interval, work)
}

/// Records what `work` does, up to so many samples a second, and returns the log.
fn record_at_most(limit: Option<u32>, name: &str, interval: u64, work: impl FnOnce()) -> Vec<u8> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let file = std::env::temp_dir().join(format!("mudlark-{name}-{}.mmt", std::process::id()));
    let builder = Profiler::builder().interval(interval).limit(limit).stack_depth(8).stats_period(None);
    let profile = builder.start(&file).expect("it begins");
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

/// What the log stands for of one size in the scope: requests, their variance, what is left of them, and the intervals.
fn adapted(log: &[u8], scope: &str, wanted_size: u64) -> (f64, f64, f64, Vec<u64>) {
    let (mut wanted, mut tag, mut now) = (None, 0, None);
    let (mut requests, mut variance, mut intervals) = (0.0, 0.0, Vec::new());
    let mut live = HashMap::new();
    for record in Reader::new(log) {
        match record.event {
            Event::Name { of: NameOf::Tag, id, text } if text == scope => wanted = Some(id),
            Event::Switched { tag: now, .. } => tag = now,
            Event::Sampling { interval } => {
                intervals.push(interval);
                now = Some(interval);
            }
            Event::Allocated { address, size, .. } if Some(tag) == wanted && size == wanted_size => {
                let interval = now.expect("each chunk says it before the first request");
                let weight = -1.0 / (-(size as f64) / interval as f64).exp_m1();
                requests += weight;
                variance += weight * (weight - 1.0);
                live.insert(address, weight);
            }
            Event::Freed { address } => drop(live.remove(&address)),
            _ => {}
        }
    }
    intervals.sort_unstable();
    intervals.dedup();
    (requests, variance, live.values().sum(), intervals)
}

#[test]
fn estimates_are_right_though_the_interval_changes() {
    const SIZE: usize = 333;
    const INTERVAL: u64 = 1000;
    let mut deviations = Vec::new();
    for round in 0..2 {
        let (mut asked, mut kept) = (0, Vec::new());
        let log = record_at_most(Some(1000), &format!("adapts-{round}"), INTERVAL, || {
            scope!("adapting");
            for requests in [200, 300_000, 100, 100_000, 5000, 50] {
                for n in 0..requests {
                    let block = Vec::<u8>::with_capacity(SIZE);
                    if n % 4 == 0 { kept.push(block) } else { drop(black_box(block)) }
                }
                asked += requests;
                thread::sleep(core::time::Duration::from_millis(150));
            }
        });
        let (requests, variance, left, intervals) = adapted(&log, "adapting", SIZE as u64);
        assert_eq!(intervals.first(), Some(&INTERVAL));
        assert!(intervals.len() > 1 && intervals.iter().all(|interval| (interval / INTERVAL).is_power_of_two()));
        let samples = Reader::new(&log).filter(|record| matches!(record.event, Event::Allocated { .. })).count();
        let without_limit = f64::from(asked) * SIZE as f64 / INTERVAL as f64;
        assert!((samples as f64) < without_limit / 4.0, "{samples} are hardly fewer than {without_limit}");
        deviations.push((requests - f64::from(asked)) / variance.sqrt());
        deviations.push((left - f64::from(asked / 4)) / (variance / 4.0).sqrt());
    }
    // The odds that one of these is so far off are one to a million.
    assert!(deviations.iter().all(|deviations: &f64| deviations.abs() < 5.5), "{deviations:.1?}");
}

#[test]
fn a_program_that_calms_down_is_sampled_again_within_a_second_though_nothing_else_looks() {
    const INTERVAL: u64 = 512 << 10;
    const BURST: usize = 20_000_000;
    const CALM: usize = 64 << 10;
    const REQUESTS: u32 = 1000;
    let request = |size| drop(black_box(Vec::<u8>::with_capacity(size)));
    let calm_request = |size| {
        request(size);
        thread::sleep(core::time::Duration::from_millis(1));
    };
    let log = record_at_most(Some(1000), "calms-down", INTERVAL, || {
        scope!("calming");
        (0..100_000).for_each(|_| request(BURST));
        let calm = std::time::Instant::now();
        let mut requests = 0;
        while requests < REQUESTS || calm.elapsed().as_secs() < 1 {
            calm_request(CALM);
            requests += 1;
        }
        (0..REQUESTS).for_each(|_| calm_request(CALM + 1));
    });
    let (_, _, _, intervals) = adapted(&log, "calming", BURST as u64);
    assert!(intervals.iter().any(|interval| interval / INTERVAL >= 1024), "that was a burst: {intervals:?}");
    let is_calm = |event: &Event<'_>| matches!(event, Event::Allocated { size, .. } if *size == CALM as u64 + 1);
    let samples = Reader::new(&log).filter(|record| is_calm(&record.event)).count() as f64;
    // Of a binomial distribution, as 118 ± 10: the odds that it is so far off are less than one to a million.
    let chance = -(-(CALM as f64) / INTERVAL as f64).exp_m1();
    let (expected, deviation) = (f64::from(REQUESTS) * chance, (f64::from(REQUESTS) * chance * (1.0 - chance)).sqrt());
    assert!((samples - expected).abs() < 5.5 * deviation, "{samples} samples, where {expected:.0} were to come");
}

#[test]
fn a_limit_makes_samples_rare_and_traced_stays_an_estimate() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let profile = Profiler::builder().interval(1000).limit(Some(100)).start_in_memory().expect("it begins");
    let kept: Vec<Box<[u8; 500]>> = (0..200_000).map(|_| Box::new([1; 500])).collect();
    let traced = profile.traced();
    let snapshot = mudlark_inspect::Snapshot::take().expect("there is a recording");
    let recorded = snapshot.blocks().filter(|block| block.size() == 500).count();
    assert!((50..20_000).contains(&recorded), "{recorded} of {} are recorded", kept.len());
    let tags = snapshot.statistics(mudlark_inspect::By::Tag);
    // The list has its eight bytes of each block, and what it has had before is freed.
    let truth = kept.len() as f64 * 508.0;
    for estimate in [traced.current, usize::try_from(tags[0].size).expect("it is no larger")] {
        assert!((0.4..2.5).contains(&(estimate as f64 / truth)), "{estimate} of {truth}");
    }
    drop(kept);
    let left = profile.traced();
    // Other tests may have got some megabytes meanwhile, to be recorded next.
    assert!(left.current < traced.current / 8 && left.peak >= traced.current, "{left:?} of {traced:?}");
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
