//! The figures of now.

use core::time::Duration;
use std::time::Instant;

use crate::live::places::{Names, Row};
use crate::model::{Amount, Collection, Cost, EndedEarly, Figures, Model};
use crate::text;

/// By what places are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Bytes that are live.
    #[default]
    Now,
    /// Bytes that were live at the heap's peak.
    Peak,
    /// Bytes that were asked for in all.
    Total,
    /// Requests.
    Count,
}

impl Sort {
    pub(crate) const ALL: [Self; 4] = [Self::Now, Self::Peak, Self::Total, Self::Count];

    /// The next one, and after the last the first.
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|&sort| sort == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Peak => "peak",
            Self::Total => "total",
            Self::Count => "requests",
        }
    }

    pub(crate) const fn key(self, figures: &Figures) -> u64 {
        match self {
            Self::Now => figures.cost(Cost::Leaked).bytes,
            Self::Peak => figures.cost(Cost::Peak).bytes,
            Self::Total => figures.cost(Cost::Total).bytes,
            Self::Count => figures.total.blocks.rounded(),
        }
    }
}

/// What collections there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pauses {
    pub(crate) count: u64,
    /// Seconds.
    pub(crate) last: f64,
    pub(crate) longest: f64,
    pub(crate) all: f64,
}

/// The figures of a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) title: String,
    /// Seconds since the log's beginning, by its own clock.
    pub(crate) elapsed: f64,
    pub(crate) is_sample: bool,
    pub(crate) is_over: bool,
    /// The program may go on, without its log.
    pub(crate) ended_early: Option<EndedEarly>,
    pub(crate) now: Amount,
    pub(crate) peak: Amount,
    pub(crate) total: Amount,
    pub(crate) resident: Option<u64>,
    /// Requests, and their bytes, in a second.
    pub(crate) rate: (f64, f64),
    pub(crate) pauses: Pauses,
    pub(crate) places: Vec<Row>,
    /// What was live, from the log's beginning up to now.
    pub(crate) heap: Vec<u64>,
}

/// Remembers what rates need.
#[derive(Debug)]
pub(crate) struct Meter {
    before: (Instant, Amount),
    rate: (f64, f64),
}

impl Meter {
    /// Begins at this moment.
    pub(crate) fn new(now: Instant) -> Self {
        Self { before: (now, Amount::default()), rate: (0.0, 0.0) }
    }

    /// What was asked for in a second, since the time before. Of shorter times than a tenth of a second, the rate before is
    /// kept.
    pub(crate) fn rate(&mut self, now: Instant, total: Amount) -> (f64, f64) {
        let (then, before) = self.before;
        let passed = now.saturating_duration_since(then);
        if passed >= Duration::from_millis(100) {
            let of = |now: f64, before: f64| ((now - before) / passed.as_secs_f64()).max(0.0);
            self.rate =
                (of(total.blocks.as_float(), before.blocks.as_float()), of(total.bytes as f64, before.bytes as f64));
            self.before = (now, total);
        }
        self.rate
    }
}

impl Status {
    /// Of what the log has told.
    pub(crate) fn of(model: &Model, is_over: bool, names: &mut Names, meter: &mut Meter, sort: Sort) -> Self {
        let (start, end) = model.span();
        let figures = model.figures(model.all());
        Self {
            title: text::harmless(model.program.title()).into_owned(),
            elapsed: model.program.seconds(end - start),
            is_sample: !model.program.has_every_request(),
            is_over,
            ended_early: model.program.ended_early,
            now: figures.leaked,
            peak: figures.at_peak,
            total: figures.total,
            resident: model.heap.resident.last().map(|resident| resident.1),
            rate: if is_over { (0.0, 0.0) } else { meter.rate(Instant::now(), figures.total) },
            pauses: pauses(model),
            places: names.rows(model, sort),
            heap: heap(model),
        }
    }
}

fn pauses(model: &Model) -> Pauses {
    let seconds = |collection: &Collection| collection.pause().map(|ticks| model.program.seconds(ticks));
    let mut pauses = Pauses::default();
    for pause in model.collections.list.iter().filter_map(seconds) {
        pauses.count += 1;
        pauses.last = pause;
        pauses.longest = pauses.longest.max(pause);
        pauses.all += pause;
    }
    pauses
}

/// So many columns tell enough of the past.
const COLUMNS: usize = 240;

/// The most that was live in each of the same spans of time.
fn heap(model: &Model) -> Vec<u64> {
    let (start, end) = model.span();
    let span = (end - start).max(1);
    let mut columns: Vec<u64> = Vec::new();
    let mut last = 0;
    for point in model.curve.points() {
        let column = u128::from(point.time.saturating_sub(start)) * (COLUMNS - 1) as u128 / u128::from(span);
        let column = usize::try_from(column).unwrap_or(0).min(COLUMNS - 1);
        if column >= columns.len() {
            // Where nothing happened, it stayed as it was.
            columns.resize(column, last);
            columns.push(point.most.max(last));
        }
        columns[column] = columns[column].max(point.most);
        last = point.last;
    }
    if !columns.is_empty() {
        columns.resize(COLUMNS, last);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Count;

    #[test]
    fn rates_are_of_the_time_between() {
        let start = Instant::now();
        let mut meter = Meter::new(start);
        let amount = |blocks, bytes| Amount { bytes, blocks: Count::whole(blocks), ..Amount::default() };
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(meter.rate(after(1000), amount(50, 5000)), (50.0, 5000.0));
        assert_eq!(meter.rate(after(1010), amount(500, 50_000)), (50.0, 5000.0), "too soon to say");
        assert_eq!(meter.rate(after(3000), amount(50, 6000)), (0.0, 500.0));
    }

    #[test]
    fn sorts_come_one_after_the_other() {
        let mut sort = Sort::default();
        for _ in Sort::ALL {
            sort = sort.next();
        }
        assert_eq!(sort, Sort::default());
    }
}
