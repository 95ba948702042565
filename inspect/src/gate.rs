//! The gate: whether a request is to be recorded, and whether a block that is freed may have been. This is all that most
//! requests and frees see of a profile.
//!
//! # Requests
//!
//! Each thread counts down the bytes that it asks for; who crosses the *floor* is looked at. A countdown is drawn from the
//! exponential distribution, whose mean is the interval: so each byte is as likely as any other to be the one that crosses,
//! and a request of `size` bytes is recorded with the probability `1 − exp(−size / interval)`, whatever came before. (tcmalloc and
//! jemalloc do the same.)
//!
//! The floor is one for all threads, so that a profile's start and stop, and each change of the interval, reach them all at once.
//! Each raises it:
//!
//! ```text
//!   off              sampling                     less often   off          every request
//!   countdowns       ...........                  ...                       (none is ever above the floor)
//!   floor ▔▔▔▔▔▔▔▔▔  floor ▔▔▔▔▔▔▔▔               ...          ...          floor ▔▔▔▔▔▔▔▔
//!   band 0           band 1: all older countdowns are below    band 3       band 4
//! ```
//!
//! When the interval changes, every thread has its countdown drawn anew at its next request. That request has had its chance
//! under the old one, and takes the outcome, with the old interval; what is left of the old countdown says nothing about later ones, as the
//! distribution has no memory. So each request has one chance, of an interval that is known, and each recorded one tells it.
//!
//! A countdown may be so long that a program which has become calm never comes to its end, and nobody else may look at the clock. So a
//! thread counts down in *stages* of a small multiple of the chosen interval. Who crosses the end of a stage, and not that of the
//! countdown, comes by for a *visit*:
//!
//! ```text
//!   LEFT ──────────────▸ floor                                   where it ends
//!   ├────── stage ──────┼───────────── of the countdown ──────────────┤
//!                       visit: passes, and the pace looks at the clock
//! ```
//!
//! The visiting request has had its chance, as the countdown was longer than all that was asked for up to its end; then the thread draws anew.
//!
//! # Frees
//!
//! Blocks that are recorded by sampling are at one of two places in an OS page, its beginning or 16 bytes on: large ones are there
//! anyway, small ones are made to begin with the page. Few others are, and of these most find by a small [filter](crate::filter)
//! that no recorded block is there: so they are as any others. Where every request is recorded, every free is looked at.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use crate::engine;
use crate::filter::Filter;

/// What blocks are aligned to that are recorded by sampling, unless they are at a [place for samples](is_sample_place) anyway.
pub(crate) const SAMPLE_ALIGN: usize = 4096;

/// Bytes that an allocator may keep before a large block that has OS pages of its own. glibc does, and would write
/// zeroes to all of a block that shall be aligned otherwise and zero: so it is sampled where it is.
const HEADER: usize = 16;

/// A sample's address has none of these bits.
const SAMPLE_MASK: usize = (SAMPLE_ALIGN - 1) & !HEADER;

/// Bytes of a band. No countdown is larger. There are thirty million bands; then threads no more notice changes at once, but
/// when their countdown has run out.
const BAND: i64 = 1 << 38;

/// What a thread counts down while nothing is recorded: half of a band.
const IDLE: i64 = BAND / 2;

/// The largest interval. Countdowns that are so long that they do not fit into a band never come.
pub(crate) const LARGEST_INTERVAL: u64 = 1 << 32;

/// So many chosen intervals are a stage, and so many bytes at the least: a program that only asks for large blocks, by a small interval,
/// shall not come by with each of them.
const INTERVALS_OF_STAGE: u64 = 16;
const LEAST_STAGE: u64 = 8 << 20;

/// The largest request that can be counted: no Layout is larger.
pub(crate) const MOST: usize = isize::MAX as usize;

/// Below this, a thread's countdown is looked at. At first all are.
static FLOOR: AtomicI64 = AtomicI64::new(1);
/// Where countdowns begin: the floor, unless every request is recorded.
static BASE: AtomicI64 = AtomicI64::new(1);
/// Where countdowns of this recording begin: here, or higher up.
static OLDEST: AtomicI64 = AtomicI64::new(1);
/// The mean number of bytes between recorded requests; [`OFF`], or [`EVERY`].
static INTERVAL: AtomicU64 = AtomicU64::new(OFF);
const OFF: u64 = 0;
/// What a thread counts down at most, while requests are sampled, until it comes by.
static STAGE: AtomicU64 = AtomicU64::new(LEAST_STAGE);
/// The interval of a recording of every request.
pub(crate) const EVERY: u64 = 1;

/// An address may be a recorded block's if it has none of these bits.
static FREE_MASK: AtomicUsize = AtomicUsize::new(NO_ADDRESS);
const NO_ADDRESS: usize = usize::MAX;

/// Where recorded blocks in use may be. Changed with the engine locked.
pub(crate) static LIVE: Filter = Filter::new();

/// Whether anyone came by.
static WAS_ASKED: AtomicBool = AtomicBool::new(false);

thread_local! {
    // Without destructors, so that they are there to the thread's very end.
    /// What is left of the countdown; not negative but while a request is due.
    static LEFT: Cell<i64> = const { Cell::new(0) };
    /// How it was drawn.
    static DRAWN: Cell<Drawn> = const { Cell::new(Drawn::NOT) };
    /// The state of the generator of random numbers; zero before the first.
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// Counts a request of so many bytes, at most [`MOST`], and says whether it has to [take its turn](take_turn).
#[inline]
pub(crate) fn is_due(size: usize) -> bool {
    LEFT.with(|left| {
        let now = left.get().wrapping_sub(size.cast_signed() as i64);
        left.set(now);
        // Relaxed: who sees the new floor late is a request that came before the start.
        now < FLOOR.load(Ordering::Relaxed)
    })
}

/// How a thread's countdown was drawn.
#[derive(Clone, Copy)]
struct Drawn {
    /// The base of its band.
    base: i64,
    /// Where it ends: at the base, or below, if it is longer than a stage.
    end: i64,
    /// Its mean; [`OFF`] if it was not drawn, but set.
    interval: u64,
}

impl Drawn {
    const NOT: Self = Self { base: 0, end: 0, interval: OFF };

    /// Whether it was drawn for the recording that is made now.
    fn is_of_recording(self) -> bool {
        self.interval != OFF && self.base >= OLDEST.load(Ordering::Relaxed)
    }
}

/// What becomes of a request that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is as any other.
    Pass,
    /// It is recorded.
    Record,
    /// It is recorded, as one of many: its block shall be at a [place for samples](is_sample_place).
    Sample {
        /// The interval under which it was drawn.
        interval: u64,
    },
}

impl Turn {
    /// Whether the request is recorded as one of many.
    pub(crate) const fn is_sample(self) -> bool {
        matches!(self, Self::Sample { .. })
    }

    /// The interval under which the request is recorded, if it is.
    pub(crate) const fn interval(self) -> Option<u64> {
        match self {
            Self::Pass => None,
            Self::Record => Some(EVERY),
            Self::Sample { interval } => Some(interval),
        }
    }
}

/// Decides about a request for which [`is_due`] has said so.
pub(crate) fn take_turn(size: usize) -> Turn {
    let turn = decide(size);
    if turn == Turn::Pass && INTERVAL.load(Ordering::Relaxed) != OFF {
        engine::visit();
    }
    turn
}

fn decide(size: usize) -> Turn {
    WAS_ASKED.store(true, Ordering::Relaxed);
    // Acquire: pairs with the Release in `raise`: the interval is that of this band, or a newer one.
    let base = BASE.load(Ordering::Acquire);
    match INTERVAL.load(Ordering::Relaxed) {
        EVERY => {
            // So that it does not go round below zero, however much is asked for.
            set_countdown(base, Drawn::NOT);
            Turn::Record
        }
        OFF => {
            set_countdown(base + IDLE, Drawn::NOT);
            Turn::Pass
        }
        interval => {
            let drawn_with = try_luck(size, interval);
            begin_countdown(base, interval);
            drawn_with.map_or(Turn::Pass, |interval| Turn::Sample { interval })
        }
    }
}

/// Whether the request is to be sampled; if so, with which interval it was drawn.
fn try_luck(size: usize, interval: u64) -> Option<u64> {
    let drawn = DRAWN.get();
    if drawn.is_of_recording() {
        // It was counted; it may be here because of a new band, or the end of a stage, alone.
        return (LEFT.get() < drawn.end).then_some(drawn.interval);
    }
    // A countdown of an older recording says nothing; the request is counted in one of its own.
    (draw(interval) < size.cast_signed() as i64).then_some(interval)
}

/// Draws a countdown, and sets out for the end of its first stage.
fn begin_countdown(base: i64, interval: u64) {
    let bytes = draw(interval);
    let stage = bytes.min(STAGE.load(Ordering::Relaxed).cast_signed());
    set_countdown(base + stage, Drawn { base, end: base - (bytes - stage), interval });
}

fn set_countdown(left: i64, drawn: Drawn) {
    // In this order: a signal handler in between does not take the new countdown for one that has run out.
    LEFT.set(left);
    DRAWN.set(drawn);
}

/// A random number of bytes with this mean, that pass before one is drawn.
fn draw(mean: u64) -> i64 {
    /// The bits that a fraction has.
    const BITS: u32 = f64::MANTISSA_DIGITS;
    // In (0, 1].
    let fraction = ((random() >> (u64::BITS - BITS)) + 1) as f64 / (1_u64 << BITS) as f64;
    let bytes = -fraction.ln() * mean as f64;
    #[expect(clippy::cast_possible_truncation, reason = "what is too large becomes the largest, and then less")]
    let whole = bytes as i64;
    whole.clamp(0, BAND / 2)
}

/// A random number, of this thread's own sequence (SplitMix64).
fn random() -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    static SEEDS: AtomicU64 = AtomicU64::new(0);
    let before = match RANDOM.get() {
        0 => mixed(SEEDS.fetch_add(STEP, Ordering::Relaxed) ^ arbitrary()),
        state => state,
    };
    let state = before.wrapping_add(STEP);
    RANDOM.set(state);
    mixed(state)
}

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Something that differs from one run of the program to the next: where its memory is.
fn arbitrary() -> u64 {
    LEFT.with(|left| core::ptr::from_ref(left).addr() as u64)
}

/// Whether a block at `address` will be found when it is freed, if it is sampled.
pub(crate) const fn is_sample_place(address: usize) -> bool {
    address & SAMPLE_MASK == 0
}

/// Whether the block at `address` has to be looked for among the recorded ones.
#[inline]
pub(crate) fn may_be_recorded(address: usize) -> bool {
    // Relaxed: a recorded block came to who frees it by way of who recorded it, and that one had seen the mask: see `open`.
    if address & FREE_MASK.load(Ordering::Relaxed) != 0 {
        return false;
    }
    seldom();
    may_be_live(address)
}

/// Tells the compiler that the way here is one that is seldom gone.
#[cold]
const fn seldom() {}

/// Whether a recorded block may be at `address`. Answers without a lock, and mostly truly.
#[inline]
pub(crate) fn may_be_live(address: usize) -> bool {
    LIVE.may_have(address)
}

/// Opens the gate for a recording with this interval. Called with the engine locked.
pub(crate) fn open(interval: u64) {
    FREE_MASK.store(if interval == EVERY { 0 } else { SAMPLE_MASK }, Ordering::Relaxed);
    // No interval is so large that this is more than half of a band.
    STAGE.store(interval.saturating_mul(INTERVALS_OF_STAGE).max(LEAST_STAGE), Ordering::Relaxed);
    begin_recording(interval);
}

/// From now on, countdowns are drawn with this interval. Called with the engine locked, while requests are sampled.
pub(crate) fn change_interval(interval: u64) {
    raise(interval);
}

/// Closes it. If some of the blocks that live on lie at [`SAMPLE_ALIGN`] for its sake, these will be found when they are freed.
/// Called with the engine locked.
pub(crate) fn close(samples_live_on: bool) {
    FREE_MASK.store(if samples_live_on { SAMPLE_ALIGN - 1 } else { NO_ADDRESS }, Ordering::Relaxed);
    begin_recording(OFF);
}

/// Raises the floor, such that no countdown from before says anything.
fn begin_recording(interval: u64) {
    OLDEST.store(next_base(), Ordering::Relaxed);
    raise(interval);
}

fn next_base() -> i64 {
    BASE.load(Ordering::Relaxed).saturating_add(BAND).min(i64::MAX - 2 * BAND)
}

fn raise(interval: u64) {
    INTERVAL.store(interval, Ordering::Relaxed);
    let base = next_base();
    // Release: see `take_turn`.
    BASE.store(base, Ordering::Release);
    FLOOR.store(if interval == EVERY { i64::MAX } else { base }, Ordering::Release);
}

/// Whether requests come by here at all.
pub(crate) fn is_installed() -> bool {
    drop(core::hint::black_box(Box::new(0_u8)));
    WAS_ASKED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use crate::weight::weight;

    /// A program that asks for much and for little by turns, and for blocks of several sizes.
    struct Program {
        pace: Pace,
        /// Nanoseconds.
        now: u64,
        random: fastrand::Rng,
        /// For each size, the requests, the estimate of their number, and the variance that this should have.
        sums: [(u64, f64, f64); SIZES.len()],
        intervals: std::collections::BTreeSet<u64>,
        visits: u64,
        /// Visits that have changed the interval.
        changes: u64,
    }

    const SIZES: [usize; 4] = [400, 1000, 5000, 20_000];
    const CHOSEN: u64 = 4096;

    impl Program {
        fn request(&mut self, time: u64) {
            self.now += time;
            let kind = self.random.usize(..SIZES.len());
            let size = SIZES[kind];
            let drawn = DRAWN.get();
            let interval = if drawn.is_of_recording() { drawn.interval } else { CHOSEN };
            let weight_of = |interval| weight(size as u64, interval);
            let (count, estimate, variance) = &mut self.sums[kind];
            *count += 1;
            *variance += weight_of(interval) - 1.0;
            if !is_due(size) {
                return;
            }
            let change = if let Turn::Sample { interval } = decide(size) {
                *estimate += weight_of(interval);
                self.intervals.insert(interval);
                self.pace.count(self.now)
            } else {
                let change = self.pace.look(self.now);
                (self.visits, self.changes) = (self.visits + 1, self.changes + u64::from(change.is_some()));
                change
            };
            change.into_iter().for_each(change_interval);
        }
    }

    /// By how many standard deviations the estimates are wrong, with this seed.
    fn errors(seed: u64) -> Vec<f64> {
        RANDOM.set(seed);
        open(CHOSEN);
        STAGE.store(INTERVALS_OF_STAGE * CHOSEN, Ordering::Relaxed);
        let random = fastrand::Rng::with_seed(seed);
        let (sums, intervals) = Default::default();
        let pace = Pace::new(CHOSEN, 1000);
        let mut program = Program { pace, now: 0, random, sums, intervals, visits: 0, changes: 0 };
        let requests = if cfg!(miri) { 200 } else { 15_000 };
        for nanoseconds in [20_000, 1_000_000, 100_000, 10_000_000, 300_000] {
            (0..requests).for_each(|_| program.request(nanoseconds));
        }
        close(false);
        assert!(cfg!(miri) || program.intervals.len() > 4, "{:?}", program.intervals);
        assert!(cfg!(miri) || program.visits > 500 && program.changes > 0, "{} {}", program.visits, program.changes);
        program.sums.iter().map(|(count, estimate, variance)| (estimate - *count as f64) / variance.sqrt()).collect()
    }

    #[test]
    fn estimates_are_right_though_the_interval_changes() {
        let rounds = if cfg!(miri) { 1..=1 } else { 1..=50 };
        let errors: Vec<f64> = rounds.flat_map(errors).collect();
        if cfg!(miri) {
            // So few requests tell nothing.
            return;
        }
        let count = errors.len() as f64;
        // 200 figures from a seed: the most probable outcome has a mean of zero, and a mean square of one.
        assert!(errors.iter().all(|error| error.abs() < 4.5), "{errors:.1?}");
        let mean = errors.iter().sum::<f64>() / count;
        assert!(mean.abs() < 3.0 / count.sqrt(), "they lean to one side: {mean:.2}");
        let mean_square = errors.iter().map(|error| error * error).sum::<f64>() / count;
        assert!((0.7..1.3).contains(&mean_square), "{mean_square:.2}");
    }
}
