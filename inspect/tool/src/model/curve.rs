//! A quantity over time, in bounded memory: neighbouring moments are put together as the log grows.

/// What the quantity was in one span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it was first told of in the span.
    pub time: u64,
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// What it was at the end.
    pub last: u64,
}

/// A quantity over time.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// With the number of its span: spans in which nothing happened have no point.
    points: Vec<(u64, Point)>,
    start: u64,
    /// Ticks of a span, as a power of two.
    span: u32,
}

impl Curve {
    /// No curve has more points.
    pub const MOST_POINTS: usize = 4096;

    /// The points, by their times.
    pub fn points(&self) -> impl ExactSizeIterator<Item = Point> + DoubleEndedIterator {
        self.points.iter().map(|&(_, point)| point)
    }

    /// The quantity is so much from now on. A time before the last one counts as the last.
    pub(crate) fn push(&mut self, time: u64, value: u64) {
        if self.points.is_empty() {
            self.start = time;
        }
        let mut number = self.number_of(time);
        while number >= Self::MOST_POINTS as u64 {
            self.double_span();
            number = self.number_of(time);
        }
        match self.points.last_mut() {
            Some((last, point)) if *last >= number => {
                point.least = point.least.min(value);
                point.most = point.most.max(value);
                point.last = value;
            }
            _ => self.points.push((number, Point { time, least: value, most: value, last: value })),
        }
    }

    const fn number_of(&self, time: u64) -> u64 {
        time.saturating_sub(self.start) >> self.span
    }

    fn double_span(&mut self) {
        self.span += 1;
        for (number, _) in &mut self.points {
            *number /= 2;
        }
        self.points.dedup_by(|(later_number, later), (number, point)| {
            let same = number == later_number;
            if same {
                point.least = point.least.min(later.least);
                point.most = point.most.max(later.most);
                point.last = later.last;
            }
            same
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_extremes_and_its_ends_however_long_it_is() {
        let mut curve = Curve::default();
        for time in 0..100_000 {
            let value = if time == 77_777 { 1_000_000 } else { 10 + time % 7 };
            curve.push(500 + time, value);
        }
        let points: Vec<Point> = curve.points().collect();
        assert!((Curve::MOST_POINTS / 2..=Curve::MOST_POINTS).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by_key(|point| point.time));
        assert_eq!(points[0].time, 500);
        assert_eq!(points.iter().map(|point| point.most).max(), Some(1_000_000));
        assert_eq!(points.iter().map(|point| point.least).min(), Some(10));
        assert_eq!(points.last().map(|point| point.last), Some(10 + 99_999 % 7));
    }

    #[test]
    fn the_whole_range_of_times_fits() {
        let mut curve = Curve::default();
        curve.push(0, 1);
        curve.push(u64::MAX, 2);
        curve.push(5, 3);
        assert_eq!(curve.points().last().map(|point| (point.most, point.last)), Some((3, 3)));
    }
}
