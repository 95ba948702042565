//! The model's sums are those of a naive one, which remembers every block and looks at each moment.

use std::collections::{BTreeMap, HashMap};

use crate::common::{Log, model_of};
use mudlark_tool::Model;
use mudlark_tool::model::{Amount, Count, Place};
use proptest::prelude::*;

/// What a program may do next.
#[derive(Clone, Debug)]
enum Step {
    Allocate { slot: u64, size: u64, by: Place },
    Free { slot: u64, by: Place },
    Resize { slot: u64, size: u64, by: Place },
}

/// A block's life, by the numbers of the steps at which it begins and ends.
#[derive(Clone, Copy, Debug)]
struct Life {
    by: Place,
    size: u64,
    begin: usize,
    end: Option<usize>,
    is_resize: bool,
    ends_by_resize: bool,
}

impl Life {
    fn lives_at(&self, step: usize) -> bool {
        self.begin <= step && self.end.is_none_or(|end| end > step)
    }
}

fn place() -> impl Strategy<Value = Place> {
    (0..3_u32, 0..3_u32, 0..3_u32).prop_map(|(stack, tag, thread)| Place { stack, tag, thread })
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0..64_u64, 0..100_000_u64];
    prop_oneof![
        (0..8_u64, size.clone(), place()).prop_map(|(slot, size, by)| Step::Allocate { slot, size, by }),
        (0..8_u64, place()).prop_map(|(slot, by)| Step::Free { slot, by }),
        (0..8_u64, size, place()).prop_map(|(slot, size, by)| Step::Resize { slot, size, by }),
    ]
}

/// The lives of all blocks; steps that no program could take are left out.
fn play(steps: &[Step]) -> (Vec<Step>, Vec<Life>) {
    let mut taken = Vec::new();
    let mut lives: Vec<Life> = Vec::new();
    let mut slots: HashMap<u64, usize> = HashMap::new();
    for step in steps {
        let number = taken.len();
        let (Step::Allocate { slot, .. } | Step::Free { slot, .. } | Step::Resize { slot, .. }) = *step;
        let is_used = slots.contains_key(&slot);
        let mut begin = |slot, size, by, is_resize| {
            lives.push(Life { by, size, begin: number, end: None, is_resize, ends_by_resize: false });
            slots.insert(slot, lives.len() - 1)
        };
        match *step {
            Step::Allocate { slot, size, by } if !is_used => drop(begin(slot, size, by, false)),
            Step::Resize { slot, size, by } if is_used => {
                let old = begin(slot, size, by, true).expect("there was one");
                (lives[old].end, lives[old].ends_by_resize) = (Some(number), true);
            }
            Step::Free { slot, .. } if is_used => {
                let old = slots.remove(&slot).expect("there was one");
                lives[old].end = Some(number);
            }
            _ => continue,
        }
        taken.push(step.clone());
    }
    (taken, lives)
}

/// The log of these steps. A step takes ten ticks, from 1000 on.
fn log_of(steps: &[Step]) -> Vec<u8> {
    let mut log = Log::headless();
    for step in steps {
        let address = |slot: u64| 0x1000 + slot * 0x100;
        match *step {
            Step::Allocate { slot, size, by } => {
                log.switch(by.thread, by.tag);
                log.allocate(address(slot), size, by.stack);
            }
            Step::Free { slot, by } => {
                log.switch(by.thread, by.tag);
                log.free(address(slot));
            }
            Step::Resize { slot, size, by } => {
                log.switch(by.thread, by.tag);
                log.reallocate(address(slot), address(slot), size, by.stack);
            }
        }
    }
    log.cut()
}

fn amount<'a>(lives: impl Iterator<Item = &'a Life>) -> Amount {
    lives.map(|life| Amount { bytes: life.size, blocks: Count::ONE, seen: 1, variance: 0 }).sum()
}

/// Whether the block was freed before its thread asked for another.
fn is_temporary(life: &Life, lives: &[Life]) -> bool {
    let Some(end) = life.end.filter(|_| !life.ends_by_resize) else { return false };
    !lives.iter().any(|other| other.by.thread == life.by.thread && (life.begin + 1..end).contains(&other.begin))
}

fn check_group(
    model: &Model,
    sums: &mudlark_tool::model::Sums,
    all: &[Life],
    is_in: impl Fn(&Life) -> bool,
    peak: Option<usize>,
) {
    let lives = || all.iter().filter(|life| is_in(life));
    let steps = all.iter().flat_map(|life| [life.begin, life.end.unwrap_or(0)]).max().unwrap_or(0);
    assert_eq!(sums.total, amount(lives()));
    assert_eq!(sums.resized, amount(lives().filter(|life| life.is_resize)));
    assert_eq!(sums.now, amount(lives().filter(|life| life.end.is_none())));
    assert_eq!(sums.temporary, amount(lives().filter(|life| is_temporary(life, all))));
    assert_eq!(model.at_peak(sums), amount(lives().filter(|life| peak.is_some_and(|peak| life.lives_at(peak)))));
    let most = (0..=steps).map(|step| amount(lives().filter(|life| life.lives_at(step))).bytes).max();
    assert_eq!(Some(sums.most.bytes), most);
    let lifetimes: u128 = lives().map(|life| (life.end.unwrap_or(steps) - life.begin) as u128 * 10).sum();
    assert_eq!(sums.lifetimes(1000 + steps as u64 * 10), lifetimes);
}

/// The first step after which as much is live as ever; if that is anything.
fn peak_of(lives: &[Life], steps: usize) -> Option<usize> {
    let live = |step: &usize| amount(lives.iter().filter(|life| life.lives_at(*step))).bytes;
    (0..steps).rev().max_by_key(live).filter(|step| live(step) > 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 200 }))]

    #[test]
    fn the_sums_are_those_of_who_looks_at_each_moment(steps in prop::collection::vec(step(), 1..120)) {
        let (steps, lives) = play(&steps);
        let model = model_of(&log_of(&steps));
        let peak = peak_of(&lives, steps.len());

        check_group(&model, model.all(), &lives, |_| true, peak);
        for (place, sums) in model.places() {
            check_group(&model, sums, &lives, |life| life.by == *place, peak);
        }
        let sizes: BTreeMap<u64, _> = model.sizes().collect();
        for (&size, sums) in sizes.iter().filter(|(size, _)| **size <= Model::LARGE) {
            check_group(&model, sums, &lives, |life| life.size == size, peak);
        }
        let by_size: Amount = sizes.values().map(|sums| sums.total).sum();
        prop_assert_eq!(by_size, model.all().total);
        if let Some(peak) = peak {
            prop_assert_eq!(model.peak_time(), 1000 + peak as u64 * 10);
        }
        let places: std::collections::HashSet<Place> = lives.iter().map(|life| life.by).collect();
        prop_assert_eq!(model.places().len(), places.len());
        prop_assert_eq!(model.gaps, mudlark_tool::model::Gaps::default());
    }
}

#[test]
fn what_the_log_lacks_is_counted_and_breaks_nothing() {
    let mut log = Log::new();
    log.free(0x5000);
    log.allocate(0x1000, 10, 0);
    log.allocate(0x1000, 20, 0);
    log.reallocate(0x7000, 0x7000, 5, 0);
    let model = model_of(&log.finish());
    assert_eq!((model.gaps.unknown_frees, model.gaps.missing_frees), (2, 1));
    assert_eq!(model.all().now.bytes, 25);
    assert_eq!(model.all().total.bytes, 35);
}

#[test]
fn a_block_that_moves_may_say_so_after_others_came_to_its_place() {
    let mut log = Log::new();
    log.allocate(0x1000, 10, 0);
    // Two threads resize, and the second one, which came to the first one's place, has moved on as well.
    log.allocate(0x1000, 20, 0);
    log.allocate(0x1000, 40, 0);
    log.reallocate(0x1000, 0x2000, 100, 0);
    log.reallocate(0x1000, 0x3000, 200, 0);
    log.free(0x1000);
    let model = model_of(&log.finish());
    assert_eq!(model.gaps, mudlark_tool::model::Gaps::default());
    assert_eq!(model.all().now.bytes, 300);
    let mut live: Vec<u64> = model.live_blocks().map(|(address, _)| address).collect();
    live.sort_unstable();
    assert_eq!(live, [0x2000, 0x3000]);
}

#[test]
fn no_block_is_called_temporary_across_a_gap() {
    let temporary = |between: fn(&mut Log)| {
        let mut log = Log::new();
        log.allocate(0x1000, 10, 0);
        between(&mut log);
        log.free(0x1000);
        model_of(&log.finish()).all().temporary.bytes
    };
    assert_eq!(temporary(|_| {}), 10);
    assert_eq!(temporary(Log::end_chunk), 10);
    assert_eq!(temporary(|log| log.write(&mudlark_hooks::Event::Lost { events: 1 })), 0);
    assert_eq!(temporary(Log::lose_chunk), 0);
}

#[test]
fn the_last_program_of_a_log_is_read_unless_another_is_asked_for() {
    let programs: Vec<Vec<u8>> = [10, 20, 30]
        .map(|size| {
            let mut log = Log::new();
            log.allocate(0x1000, size, 0);
            log.finish()
        })
        .to_vec();
    let log = programs.concat();
    assert_eq!(model_of(&log).all().total.bytes, 30);
    for (number, size) in [(1, 10), (2, 20), (3, 30)] {
        let mut model = Model::of_program(number);
        let read = mudlark_tool::LogFile::new(&log[..]).read_to_end(|chunk| {
            let _ = model.read_chunk(chunk);
        });
        read.expect("memory can be read");
        assert_eq!(model.all().total.bytes, size);
    }
    assert_eq!(model_of(&log).programs(), 3);
}

#[test]
fn the_moments_of_the_heap_are_its_fullest_and_its_last() {
    let mut log = Log::new();
    for used in [100, 300, 200] {
        let at = log.time;
        log.write(&mudlark_hooks::Event::Heap { requested: 0, used, cached: 0, large: 0, committed: 0, reserved: 0 });
        for block_size in [16, 32] {
            log.time = at;
            log.write(&mudlark_hooks::Event::Class { block_size, pages: used, used, cached: 0, requested: 0 });
        }
    }
    let model = model_of(&log.finish());
    assert_eq!(model.heap.whole.len(), 3);
    for (moment, used) in [(model.heap.fullest(), 300), (model.heap.last(), 200)] {
        let moment = moment.expect("the heap has told");
        assert_eq!(moment.heap.used, used);
        assert_eq!(
            moment.classes.iter().map(|class| (class.block_size, class.pages)).collect::<Vec<_>>(),
            [(16, used), (32, used)]
        );
    }
}

/// Numbers from zero to one.
fn random(mut seed: u64) -> impl FnMut() -> f64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Sizes from 16 bytes to half a megabyte are sampled as the recorder does it: a request is taken if one of its bytes is.
/// The interval begins with `INTERVAL`, and doubles up to some power. A third of the blocks is freed.
fn sampled_program(interval_at: impl Fn(u64) -> u64) -> (Model, Truth) {
    let mut random = random(0x9E37_79B9_7F4A_7C15);
    let mut log = Log::sampled(INTERVAL);
    let mut truth = Truth { bytes: 0, count: 0, left: 0 };
    let mut sampled = Vec::new();
    for n in 0..200_000_u64 {
        let size = 16 << (n % 12);
        let interval = interval_at(n);
        (truth.bytes, truth.count) = (truth.bytes + size, truth.count + 1);
        truth.left += if n % 3 == 0 { 0 } else { size };
        if random() < -(-(size as f64) / interval as f64).exp_m1() {
            log.interval = Some(interval);
            log.allocate(0x1000 + n * 0x10_0000, size, 0);
            sampled.push(n);
        }
    }
    // In another interval than they were asked for.
    for n in sampled.into_iter().filter(|n| n % 3 == 0) {
        log.free(0x1000 + n * 0x10_0000);
    }
    (model_of(&log.finish()), truth)
}

const INTERVAL: u64 = 8192;

/// What there really was.
struct Truth {
    bytes: u64,
    count: u64,
    /// What was not freed, in bytes.
    left: u64,
}

#[test]
fn a_sample_tells_what_there_was_up_to_its_own_error() {
    /// The interval of the request of that number.
    type IntervalAt = fn(u64) -> u64;
    // With how far the number of blocks may be off: of small ones few are seen, so it is less certain than their bytes.
    let intervals: [(&str, f64, IntervalAt); 3] = [
        ("one interval", 0.2, |_| INTERVAL),
        ("many", 0.4, |n| INTERVAL << (n / 1000 % 7)),
        ("two that differ much", 0.8, |n| if n % 5000 < 100 { INTERVAL } else { INTERVAL << 8 }),
    ];
    for (name, count_error, interval_at) in intervals {
        let (model, truth) = sampled_program(interval_at);
        let all = model.all();
        assert!(!model.program.has_every_request() && all.total.seen < truth.count / 2, "most are left out: {all:?}");
        for (estimate, truth) in [(all.total, truth.bytes), (all.now, truth.left)] {
            let off = (estimate.bytes as f64 - truth as f64).abs() / truth as f64;
            assert!(off < 4.0 * estimate.error(), "{name}: {off} against {}", estimate.error());
            assert!(estimate.error() < 0.05, "{name}: that says something: {}", estimate.error());
        }
        let off = (all.total.blocks.as_float() / truth.count as f64 - 1.0).abs();
        assert!(off < count_error, "{name}: {off}");
    }
}

/// A program that always has as many blocks of a kilobyte, and none for long, sampled as the recorder does it.
fn steady_program(seed: u64) -> Model {
    let mut random = random(seed << 40);
    let mut log = Log::sampled(INTERVAL);
    let mut live: Vec<Option<u64>> = vec![None; STEADY];
    let probability = -(-(1024.0 / INTERVAL as f64)).exp_m1();
    for (n, stack) in (0..60 * STEADY).zip((0..3).cycle()) {
        let (place, address) = (n % STEADY, 0x1000 * (n as u64 + 1));
        if let Some(address) = live[place].take() {
            log.free(address);
        }
        if random() < probability {
            log.allocate(address, 1024, stack);
            live[place] = Some(address);
        }
    }
    model_of(&log.finish())
}

/// Blocks of that program.
const STEADY: usize = 256;

#[test]
fn what_was_live_at_the_peak_is_not_the_most_that_a_sample_ever_tells_of() {
    let seeds = if cfg!(miri) { 1..2 } else { 1..41 };
    let truth = (STEADY * 1024) as f64;
    let (mut peaks, mut mosts) = (Vec::new(), Vec::new());
    for model in seeds.map(steady_program) {
        let at_peak = model.at_peak(model.all());
        peaks.push(at_peak.bytes as f64 / truth);
        mosts.push(model.all().most.bytes as f64 / truth);
        let of_places: Amount = model.places().iter().map(|(_, sums)| model.at_peak(sums)).sum();
        assert_eq!((of_places.bytes, of_places.blocks), (at_peak.bytes, at_peak.blocks), "parts add up to the whole");
        assert!((0.05..1.0).contains(&at_peak.error()), "{at_peak:?}");
    }
    if cfg!(miri) {
        return;
    }
    let mean = |parts: &[f64]| parts.iter().sum::<f64>() / parts.len() as f64;
    let variance = peaks.iter().map(|peak| (peak - mean(&peaks)).powi(2)).sum::<f64>() / peaks.len() as f64;
    let doubt = (variance / peaks.len() as f64).sqrt();
    assert!((mean(&peaks) - 1.0).abs() < 3.0 * doubt && doubt < 0.06, "{:.2} ± {doubt:.2}", mean(&peaks));
    assert!(mean(&mosts) > 1.4, "there is something to be wrong about: {:.2}", mean(&mosts));
}

#[test]
fn a_sample_without_its_beginning_knows_its_intervals() {
    let mut log = Log::headless();
    for (n, interval) in [4096, 4096, 1 << 20].into_iter().enumerate() {
        log.interval = Some(interval);
        log.allocate(0x1000 * (n as u64 + 1), 1, 0);
    }
    let model = model_of(&log.cut());
    assert_eq!(model.program.intervals, Some((4096, 1 << 20)));
    assert_eq!(model.all().total.bytes, 2 * 4097 + (1 << 20) + 1, "and half a byte of each, which is rounded");
}
