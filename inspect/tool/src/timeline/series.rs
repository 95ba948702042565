//! Quantities over time, each with a name, a colour, and what it means.

use crate::model::{Heap, Model, Point};
use crate::plot::Colour;

/// A kind of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Requested,
    Blocks,
    Cached,
    Large,
    Committed,
    Resident,
}

impl Kind {
    /// A word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Blocks => "blocks",
            Self::Cached => "cached",
            Self::Large => "large",
            Self::Committed => "committed",
            Self::Resident => "resident",
        }
    }

    /// What it means.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Requested => "what the program has asked for and not freed",
            Self::Blocks => "blocks in use, as large as they really are",
            Self::Cached => "free blocks that wait in caches",
            Self::Large => "large blocks, of those in use",
            Self::Committed => "what the heap has of the machine's memory",
            Self::Resident => "what the whole process occupies of the machine's memory",
        }
    }

    pub(crate) const fn colour(self) -> Colour {
        match self {
            Self::Requested => Colour::Blue,
            Self::Blocks => Colour::Green,
            Self::Cached => Colour::Orange,
            Self::Large => Colour::Red,
            Self::Committed => Colour::Purple,
            Self::Resident => Colour::Grey,
        }
    }

    const fn of_heap(self, heap: &Heap) -> u64 {
        match self {
            Self::Requested => heap.requested,
            Self::Blocks => heap.used,
            Self::Cached => heap.cached,
            Self::Large => heap.large,
            Self::Committed => heap.committed,
            Self::Resident => 0,
        }
    }
}

/// A quantity over time.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) kind: Kind,
    /// By their times, of which none is there twice.
    pub(crate) points: Vec<Point>,
}

impl Series {
    /// The most that it ever was.
    pub(crate) fn highest(&self) -> u64 {
        self.points.iter().map(|point| point.most).max().unwrap_or(0)
    }

    /// What it is at the end.
    pub(crate) fn last(&self) -> u64 {
        self.points.last().map_or(0, |point| point.last)
    }
}

/// What the log tells of the heap, or else of its own requests. Kinds that are always zero are unknown, and left out.
pub(crate) fn of(model: &Model, since_start: impl Fn(u64) -> u64) -> Vec<Series> {
    let point = |time: u64, value: u64| Point { time: since_start(time), least: value, most: value, last: value };
    let heap = |kind: Kind| {
        let points = model.heap.whole.iter().map(|(time, heap)| point(*time, kind.of_heap(heap)));
        Series { kind, points: in_order(points) }
    };
    let mut all: Vec<Series> =
        [Kind::Requested, Kind::Blocks, Kind::Cached, Kind::Large, Kind::Committed].map(heap).into();
    let own = in_order(model.curve.points().map(|point| Point { time: since_start(point.time), ..point }));
    let own = Series { kind: Kind::Requested, points: own };
    // A log of every request knows each moment, unless the heap has blocks from before it.
    if all[0].highest() == 0 || model.program.has_every_request() && own.highest() >= all[0].highest() {
        all[0] = own;
    }
    let resident = model.heap.resident.iter().map(|&(time, bytes)| point(time, bytes));
    all.push(Series { kind: Kind::Resident, points: in_order(resident) });
    all.retain(|series| series.highest() > 0);
    all
}

/// Points by their times: those of one time are one.
fn in_order(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut points: Vec<Point> = points.collect();
    points.sort_by_key(|point| point.time);
    points.dedup_by(|later, point| {
        let same = later.time == point.time;
        if same {
            let (least, most) = (point.least.min(later.least), point.most.max(later.most));
            *point = Point { time: point.time, least, most, last: later.last };
        }
        same
    });
    points
}

/// As many points as fit into columns, with the least and the most of each column.
pub(crate) fn in_columns(points: &[Point], column_of: impl Fn(u64) -> u64) -> Vec<Point> {
    let mut columns: Vec<(u64, Point)> = Vec::new();
    for &point in points {
        let column = column_of(point.time);
        match columns.last_mut() {
            Some((last, sum)) if *last == column => {
                let (least, most) = (sum.least.min(point.least), sum.most.max(point.most));
                *sum = Point { time: sum.time, least, most, last: point.last };
            }
            _ => columns.push((column, point)),
        }
    }
    columns.into_iter().map(|(_, point)| point).collect()
}
