//! From values to places on the paper, and the round values in between.

use crate::text;

/// A straight way from values to places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    values: (f64, f64),
    places: (f64, f64),
}

impl Scale {
    /// The first value is at the first place, the second at the second. If they are equal, all is at the first place.
    pub(crate) const fn new(values: (f64, f64), places: (f64, f64)) -> Self {
        Self { values, places }
    }

    /// Where a value is; one beyond the ends is at the end.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let ((low, high), (start, end)) = (self.values, self.places);
        let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        start + share * (end - start)
    }

    /// Where it ends.
    pub(crate) const fn places(&self) -> (f64, f64) {
        self.places
    }
}

/// Values from zero up to beyond the highest, at most so many steps, that are round in binary units; with their texts.
pub(crate) fn byte_ticks(highest: u64, steps: u64) -> Vec<(u64, String)> {
    let mut step: u64 = 1;
    while highest.div_ceil(step) > steps && step < 1 << 62 {
        step *= 2;
    }
    let count = highest.div_ceil(step).max(1);
    (0..=count)
        .map(|tick| tick.saturating_mul(step))
        .map(|value| (value, text::bytes(value).replace(".0 ", " ")))
        .collect()
}

/// Seconds from zero up to the end, at most so many steps, that are 1, 2 or 5 of a power of ten; with their texts, of
/// which all have the same unit.
pub(crate) fn time_ticks(end: f64, steps: u32) -> Vec<(f64, String)> {
    if end <= 0.0 {
        return vec![(0.0, "0 s".to_owned())];
    }
    let rough = end / f64::from(steps);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|&step| step >= rough * (1.0 - 1e-9));
    let step = step.unwrap_or(rough);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "there are few steps")]
    let count = (end / step * (1.0 + 1e-9)).floor() as u32;
    (0..=count).map(|tick| f64::from(tick) * step).map(|value| (value, time_label(value, end))).collect()
}

/// A time in the unit that suits the longest.
fn time_label(value: f64, longest: f64) -> String {
    let (unit, name) = match longest {
        s if s >= 1.0 => (1.0, "s"),
        s if s >= 1e-3 => (1e-3, "ms"),
        s if s >= 1e-6 => (1e-6, "µs"),
        _ => (1e-9, "ns"),
    };
    let digits = format!("{:.3}", value / unit);
    format!("{} {name}", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_round_in_binary_units() {
        let texts: Vec<String> = byte_ticks(1_500_000, 4).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["0 B", "512 KiB", "1 MiB", "1.5 MiB"]);
        assert_eq!(byte_ticks(0, 4).len(), 2, "an axis has two ends");
        assert!(byte_ticks(u64::MAX, 4).len() <= 6);
    }

    #[test]
    fn ticks_reach_beyond_the_highest() {
        for highest in (0..200_000).step_by(777) {
            let ticks = byte_ticks(highest, 4);
            assert!(ticks.len() <= 5 && ticks[ticks.len() - 1].0 >= highest, "{highest}");
        }
    }

    #[test]
    fn times_are_round_and_have_one_unit() {
        let texts = |end: f64| time_ticks(end, 5).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(10.0), ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]);
        assert_eq!(texts(0.0137), ["0 ms", "5 ms", "10 ms"]);
        assert_eq!(texts(0.0), ["0 s"]);
        assert!(texts(1e9).len() <= 6 && texts(1e-12).len() <= 6);
    }

    #[test]
    fn what_is_beyond_an_end_is_at_it() {
        let scale = Scale::new((10.0, 20.0), (100.0, 0.0));
        assert_eq!([5.0, 10.0, 15.0, 30.0].map(|value| scale.at(value)), [100.0, 100.0, 50.0, 0.0]);
        assert_eq!(Scale::new((1.0, 1.0), (3.0, 4.0)).at(1.0), 3.0);
    }
}
