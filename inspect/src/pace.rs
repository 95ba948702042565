//! The pace: how often requests are sampled, so that this takes a small part of the program's time, whatever the program does.
//!
//! ```text
//!   samples a second   │         ╭╮
//!   the most ──────────│────────╭╯╰─╮──╭─╮──────────────────
//!                      │ ╭──────╯   ╰──╯ │
//!   a quarter of it ───│─╯───────────────│──╭───────────────
//!                      │                 ╰──╯╰───
//!   interval           │ chosen   2×  4×    2×   chosen
//! ```
//!
//! Samples are counted in short windows. What the limit allows and a window does not take is saved, up to a second's worth: a program
//! that asks for much once in a while, as when it begins, is sampled as one that does so evenly. If a window had more than the limit
//! allows for the time that it took, and nothing is saved any more, the interval doubles: once, as a window may be so short that it
//! tells little of the program's way, and a second's worth of samples is soon enough to double it as often as it takes. If a window had
//! less than a quarter of what is allowed, the interval halves, as often as that is so, down to the one that was chosen. So between the
//! halves and the doublings there is room enough that it does not swing to and fro.
//!
//! A window ends when a sample is counted, or somebody looks: the thread that writes figures of the process, if there is one, and
//! the program's own threads on their [visits](crate::gate). So the interval becomes shorter though no sample comes.
//!
//! This looks at the past alone, as it has to: see [`format`](mudlark_hooks::format).

use crate::gate::LARGEST_INTERVAL;

/// So many samples end a window.
const WINDOW: u64 = 64;

/// In windows of a quarter of the limit, or less, the interval halves.
const SLOW: u64 = 4;

const SECOND: u64 = 1_000_000_000;

/// How often requests are sampled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The interval that was chosen.
    chosen: u64,
    /// How often it is doubled.
    doublings: u8,
    /// The most samples in a second, in the long run; zero if there is no limit.
    most: u32,
    /// Samples that the limit has allowed and nobody has taken.
    saved: f64,
    /// When the window began, in nanoseconds.
    began: u64,
    /// As many samples are in it.
    samples: u64,
    /// When the last sample was counted.
    last: u64,
}

impl Pace {
    /// Beginning with this interval, and with no more samples in a second than this in the long run, if there is a limit.
    pub(crate) const fn new(interval: u64, most: u32) -> Self {
        Self { chosen: interval, doublings: 0, most, saved: most as f64, began: 0, samples: 0, last: 0 }
    }

    /// The interval that was chosen.
    pub(crate) const fn chosen(&self) -> u64 {
        self.chosen
    }

    /// How often the chosen interval has to be doubled for this one, if that makes it so.
    pub(crate) fn doublings_to(&self, interval: u64) -> Option<u8> {
        let doublings = (interval / self.chosen).checked_ilog2()?;
        (self.chosen << doublings == interval).then_some(u8::try_from(doublings).ok()?)
    }

    /// Counts a sample at this time. Returns the interval if it changes.
    #[must_use]
    pub(crate) fn count(&mut self, now: u64) -> Option<u64> {
        self.part_with_silence(now);
        (self.samples, self.last) = (self.samples + 1, now);
        self.end_window(now)
    }

    /// Looks what time it is: there may be no sample for long. Returns the interval if it changes.
    #[must_use]
    pub(crate) fn look(&mut self, now: u64) -> Option<u64> {
        self.part_with_silence(now);
        self.end_window(now)
    }

    /// If there was no sample for so long that this is a window of its own, it is one: what was before says nothing of it.
    fn part_with_silence(&mut self, now: u64) {
        if self.most != 0 && self.last > self.began && now.saturating_sub(self.last) >= self.slow() {
            (self.began, self.samples) = (self.last, 0);
        }
    }

    /// Begins another window if this one is over. Returns the interval if it changes.
    fn end_window(&mut self, now: u64) -> Option<u64> {
        let elapsed = now.saturating_sub(self.began);
        if self.most == 0 || !self.is_over(elapsed) {
            return None;
        }
        let allowed = elapsed as f64 / SECOND as f64 * f64::from(self.most);
        let left = self.saved + allowed - self.samples as f64;
        let doublings = self.doublings_after(allowed, left < 0.0);
        self.saved = left.clamp(0.0, f64::from(self.most));
        (self.began, self.samples) = (now, 0);
        if doublings == self.doublings {
            return None;
        }
        self.doublings = doublings;
        Some(self.chosen << doublings)
    }

    /// Whether the window has lasted so long, or has so many samples, that it is over.
    fn is_over(&self, elapsed: u64) -> bool {
        self.samples >= WINDOW || elapsed >= self.slow()
    }

    /// A window is over after so many nanoseconds, however few samples are in it; not to be asked if there is no limit.
    fn slow(&self) -> u64 {
        SLOW * WINDOW * SECOND / u64::from(self.most)
    }

    /// How often the interval is to be doubled after a window in which so many samples were allowed; whether more were taken than that
    /// and what was saved.
    fn doublings_after(&self, allowed: f64, are_too_many: bool) -> u8 {
        let mut expected = self.samples.max(1) as f64;
        if are_too_many && expected > allowed {
            return (self.doublings + 1).min(self.most_doublings());
        }
        let mut doublings = self.doublings;
        while expected * SLOW as f64 <= allowed && doublings > 0 {
            (expected, doublings) = (expected * 2.0, doublings - 1);
        }
        doublings
    }

    /// The interval can be doubled so often.
    fn most_doublings(&self) -> u8 {
        let times = (LARGEST_INTERVAL / self.chosen).checked_ilog2();
        times.and_then(|doublings| u8::try_from(doublings).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOSEN: u64 = 4096;
    const MOST: u32 = 1000;
    const MILLISECOND: u64 = SECOND / 1000;

    /// A program that asks for memory evenly, so that samples come as often as their interval makes it.
    struct Program {
        pace: Pace,
        interval: u64,
        now: u64,
        changes: u32,
        /// After so many bytes without a sample, somebody looks.
        stage: u64,
    }

    impl Program {
        fn new() -> Self {
            Self { pace: Pace::new(CHOSEN, MOST), interval: CHOSEN, now: 0, changes: 0, stage: u64::MAX }
        }

        /// Asks for so many bytes in a second, for so many milliseconds; returns the samples.
        fn run(&mut self, bytes_a_second: u64, milliseconds: u64) -> u64 {
            let end = self.now + milliseconds * MILLISECOND;
            let mut samples = 0;
            let mut left = self.interval;
            loop {
                let step = left.min(self.stage);
                let next = self.now + step * SECOND / bytes_a_second;
                if next > end {
                    self.now = end;
                    return samples;
                }
                (self.now, left) = (next, left - step);
                let change = if left == 0 {
                    (samples, left) = (samples + 1, self.interval);
                    self.pace.count(next)
                } else {
                    self.pace.look(next)
                };
                if let Some(interval) = change {
                    (self.interval, self.changes, left) = (interval, self.changes + 1, interval);
                }
            }
        }
    }

    #[test]
    fn a_program_that_asks_for_little_is_sampled_by_the_chosen_interval() {
        let mut program = Program::new();
        for bytes_a_second in [1, 1000, CHOSEN * 999] {
            program.run(bytes_a_second, 10_000);
            assert_eq!((program.interval, program.changes), (CHOSEN, 0));
        }
    }

    #[test]
    fn samples_are_never_more_than_the_limit_for_long() {
        for times in [2, 3, 10, 1000, 100_000] {
            let mut program = Program::new();
            let beginning = program.run(CHOSEN * u64::from(MOST) * times, 2000);
            // What is saved, what is allowed, and a window for each doubling.
            let most = u64::from(MOST) + 2000 + (2 + u64::from(times.ilog2())) * WINDOW;
            assert!(beginning <= most, "{beginning} with {times} times as many bytes");
            program.changes = 0;
            let samples = program.run(CHOSEN * u64::from(MOST) * times, 10_000);
            assert!((10_000 / SLOW..=10_000).contains(&samples), "{samples} with {times} times as many bytes");
            assert_eq!(program.changes, 0, "{times}: it stays as it is");
        }
    }

    #[test]
    fn a_short_burst_takes_what_was_saved() {
        let mut program = Program::new();
        for _ in 0..20 {
            program.run(CHOSEN * u64::from(MOST) * 50, 10);
            program.run(CHOSEN * u64::from(MOST) / 10, 990);
            assert_eq!((program.interval, program.changes), (CHOSEN, 0));
        }
    }

    #[test]
    fn when_the_program_has_calmed_down_the_chosen_interval_comes_back() {
        let mut program = Program::new();
        program.run(CHOSEN * u64::from(MOST) * 5000, 1000);
        assert!(program.interval >= 4096 * CHOSEN);
        program.changes = 0;
        program.run(CHOSEN * u64::from(MOST) / 10, 100_000);
        assert_eq!(program.interval, CHOSEN);
        assert!(program.changes <= 2, "the first samples that take long to come tell by how much");
    }

    #[test]
    fn so_it_does_when_no_sample_comes_at_all() {
        let mut program = Program::new();
        program.run(CHOSEN * u64::from(MOST) * 5000, 1000);
        let later = |milliseconds: u64| program.now + milliseconds * MILLISECOND;
        assert_eq!(program.pace.clone().look(later(10)), None, "that is no time");
        assert_eq!(program.pace.look(later(60_000)), Some(CHOSEN), "though the window had samples from before");
        assert_eq!(program.pace.look(later(600_000)), None);
    }

    #[test]
    fn so_it_does_within_a_second_when_threads_visit() {
        for calm in [10, 4] {
            let mut program = Program { stage: 16 * CHOSEN, ..Program::new() };
            program.run(CHOSEN * u64::from(MOST) * 5000, 1000);
            assert!(program.interval >= 4096 * CHOSEN);
            program.run(CHOSEN * u64::from(MOST) / calm, 1000);
            assert_eq!(program.interval, CHOSEN);
        }
    }

    #[test]
    fn visits_do_not_make_samples_more_than_the_limit() {
        for times in [2, 10, 100_000] {
            let mut program = Program { stage: 16 * CHOSEN, ..Program::new() };
            program.run(CHOSEN * u64::from(MOST) * times, 2000);
            program.changes = 0;
            let samples = program.run(CHOSEN * u64::from(MOST) * times, 2000);
            assert!((2000 / SLOW..=2000).contains(&samples), "{samples} with {times} times as many bytes");
            assert_eq!(program.changes, 0, "{times}: it stays as it is");
        }
    }

    #[test]
    fn there_is_a_largest_interval() {
        let mut pace = Pace::new(CHOSEN, MOST);
        let changes: Vec<u64> = (0..100 * WINDOW).filter_map(|_| pace.count(0)).collect();
        assert_eq!(changes.last(), Some(&LARGEST_INTERVAL), "if no time passes at all");
        let mut largest = Pace::new(LARGEST_INTERVAL, MOST);
        assert!((1..10_000).all(|now| largest.count(now).is_none()));
    }

    #[test]
    fn without_a_limit_nothing_changes() {
        let mut pace = Pace::new(CHOSEN, 0);
        assert!((1..100_000).all(|now| pace.count(now).is_none()));
        assert_eq!(pace.look(u64::MAX), None);
    }

    #[test]
    fn an_interval_is_known_by_its_doublings() {
        let pace = Pace::new(3000, MOST);
        assert_eq!([3000, 6000, 3000 << 20].map(|interval| pace.doublings_to(interval)), [Some(0), Some(1), Some(20)]);
        assert_eq!([0, 1, 2999, 3001, 9000].map(|interval| pace.doublings_to(interval)), [None; 5]);
    }
}
