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
//! The floor is one for all threads, so that a profile's start and stop reach them all at once. Each raises it:
//!
//! ```text
//!   off              sampling                     off          every request
//!   countdowns       ...........                               (none is ever above the floor)
//!   floor ▔▔▔▔▔▔▔▔▔  floor ▔▔▔▔▔▔▔▔               ...          floor ▔▔▔▔▔▔▔▔
//!   band 0           band 1: all older countdowns are below    band 3
//! ```
//!
//! # Frees
//!
//! Blocks that are recorded by sampling begin at an OS page. Few others do, and of these most find by a
//! small [filter](may_be_live) that no recorded block is there. Where every request is recorded, every free is looked at.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// What recorded blocks are aligned to, where requests are sampled.
pub(crate) const SAMPLE_ALIGN: usize = 4096;

/// Bytes of a band. No countdown is larger. There are bands for four million starts; then threads no more notice them at once.
const BAND: i64 = 1 << 41;

/// What a thread counts down while nothing is recorded: a terabyte.
const IDLE: i64 = 1 << 40;

/// The largest request that can be counted: no Layout is larger.
pub(crate) const MOST: usize = isize::MAX as usize;

/// Below this, a thread's countdown is looked at. At first all are.
static FLOOR: AtomicI64 = AtomicI64::new(1);
/// Where countdowns begin: the floor, unless every request is recorded.
static BASE: AtomicI64 = AtomicI64::new(1);
/// The mean number of bytes between recorded requests; [`OFF`], or [`EVERY`].
static INTERVAL: AtomicU64 = AtomicU64::new(OFF);
const OFF: u64 = 0;
const EVERY: u64 = 1;

/// An address may be a recorded block's if it has none of these bits.
static FREE_MASK: AtomicUsize = AtomicUsize::new(NO_ADDRESS);
const NO_ADDRESS: usize = usize::MAX;

/// Whether anyone came by.
static WAS_ASKED: AtomicBool = AtomicBool::new(false);

thread_local! {
    // Without destructors, so that they are there to the thread's very end.
    /// What is left of the countdown; not negative but while a request is due.
    static LEFT: Cell<i64> = const { Cell::new(0) };
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

/// What becomes of a request that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is as any other.
    Pass,
    /// It is recorded.
    Record,
    /// It is recorded, as one of many: its block shall begin at a multiple of [`SAMPLE_ALIGN`].
    Sample,
}

/// Decides about a request for which [`is_due`] has said so.
pub(crate) fn take_turn(size: usize) -> Turn {
    WAS_ASKED.store(true, Ordering::Relaxed);
    // Acquire: pairs with the Release in `open`: the interval is that of this band, or a newer one.
    let base = BASE.load(Ordering::Acquire);
    let interval = INTERVAL.load(Ordering::Relaxed);
    let size = size.cast_signed() as i64;
    match interval {
        EVERY => {
            // So that it does not go round below zero, however much is asked for.
            LEFT.set(base);
            Turn::Record
        }
        OFF => {
            LEFT.set(base + IDLE);
            Turn::Pass
        }
        _ => {
            let counted = LEFT.get().wrapping_add(size) >= base;
            let fresh = || base + draw(interval);
            // A countdown of an older band says nothing; the request is counted in a new one.
            let left = if counted { base - 1 } else { fresh() - size };
            LEFT.set(if left < base { fresh() } else { left });
            if left < base { Turn::Sample } else { Turn::Pass }
        }
    }
}

/// A random number of bytes, at least one, with this mean.
fn draw(mean: u64) -> i64 {
    /// The bits that a fraction has.
    const BITS: u32 = f64::MANTISSA_DIGITS;
    // In (0, 1].
    let fraction = ((random() >> (u64::BITS - BITS)) + 1) as f64 / (1_u64 << BITS) as f64;
    let bytes = -fraction.ln() * mean as f64;
    #[expect(clippy::cast_possible_truncation, reason = "what is too large becomes the largest, and then less")]
    let whole = bytes as i64;
    whole.clamp(0, BAND / 2) + 1
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

/// Whether the block at `address` has to be looked for among the recorded ones.
#[inline]
pub(crate) fn may_be_recorded(address: usize) -> bool {
    // Relaxed: a recorded block came to who frees it by way of who recorded it, and that one had seen the mask: see `open`.
    address & FREE_MASK.load(Ordering::Relaxed) == 0
}

/// Opens the gate for a recording with this interval. Called with the engine locked.
pub(crate) fn open(interval: u64) {
    FREE_MASK.store(if interval == EVERY { 0 } else { SAMPLE_ALIGN - 1 }, Ordering::Relaxed);
    raise(interval);
}

/// Closes it. If some of the blocks that live on lie at [`SAMPLE_ALIGN`] for its sake, these will be found when they are freed.
/// Called with the engine locked.
pub(crate) fn close(samples_live_on: bool) {
    FREE_MASK.store(if samples_live_on { SAMPLE_ALIGN - 1 } else { NO_ADDRESS }, Ordering::Relaxed);
    raise(OFF);
}

fn raise(interval: u64) {
    INTERVAL.store(interval, Ordering::Relaxed);
    let base = BASE.load(Ordering::Relaxed).saturating_add(BAND).min(i64::MAX - 2 * BAND);
    // Release: see `take_turn`.
    BASE.store(base, Ordering::Release);
    FLOOR.store(if interval == EVERY { i64::MAX } else { base }, Ordering::Release);
}

/// The mean number of bytes between recorded requests; one if every request is recorded, zero if none is.
pub(crate) fn interval() -> u64 {
    INTERVAL.load(Ordering::Relaxed)
}

/// Whether requests come by here at all.
pub(crate) fn is_installed() -> bool {
    drop(core::hint::black_box(Box::new(0_u8)));
    WAS_ASKED.load(Ordering::Relaxed)
}

/// For each [place](filter_index), the number of live recorded blocks, up to 255, which stays until the filter is
/// [made anew](renew_filter).
static FILTER: [AtomicU8; FILTER_LEN] = [const { AtomicU8::new(0) }; FILTER_LEN];
const FILTER_LEN: usize = 1 << FILTER_BITS;
const FILTER_BITS: u32 = 14;

fn filter_index(address: usize) -> usize {
    // The lowest bits are zero mostly; the golden ratio spreads the others (Knuth).
    let spread = (address as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread >> (u64::BITS - FILTER_BITS)) as usize
}

fn filter_place(address: usize) -> &'static AtomicU8 {
    &FILTER[filter_index(address)]
}

/// Whether a recorded block may be at this address. Answers without a lock, and mostly truly.
pub(crate) fn may_be_live(address: usize) -> bool {
    // Relaxed: as in `may_be_recorded`.
    filter_place(address).load(Ordering::Relaxed) != 0
}

/// A recorded block is at this address from now on. Called with the engine locked.
pub(crate) fn note_live(address: usize) {
    let place = filter_place(address);
    place.store(place.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
}

/// It is not any more. Called with the engine locked.
pub(crate) fn note_dead(address: usize) {
    let place = filter_place(address);
    let count = place.load(Ordering::Relaxed);
    // At the highest count nobody knows how many there are.
    if count < u8::MAX {
        place.store(count.saturating_sub(1), Ordering::Relaxed);
    }
}

/// No recorded block is live any more. Called with the engine locked.
pub(crate) fn forget_live() {
    for place in &FILTER {
        place.store(0, Ordering::Relaxed);
    }
}

/// Counts anew: just these are live. Called with the engine locked.
///
/// No count is zero for a moment if there is a live block at its place: somebody may be about to free it.
pub(crate) fn renew_filter(live: impl Iterator<Item = usize>) {
    let mut counts = [0_u8; FILTER_LEN];
    for address in live {
        let count = &mut counts[filter_index(address)];
        *count = count.saturating_add(1);
    }
    for (place, count) in FILTER.iter().zip(counts) {
        place.store(count, Ordering::Relaxed);
    }
}
