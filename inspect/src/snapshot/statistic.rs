//! Sums over the blocks that have something in common, and how two snapshots differ in them.

use core::cmp::Reverse;
use core::fmt;
use std::collections::HashMap;
use std::sync::Arc;

use super::frame::Traceback;

/// What blocks have in common that are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum By {
    /// The line that asked.
    Line,
    /// The file of the function that asked.
    File,
    /// The function that asked.
    Function,
    /// The type, as far as it is known: [`Traceback::type_name`].
    Type,
    /// The scope, by its whole path.
    Tag,
    /// The thread that asked.
    Thread,
    /// All frames.
    Traceback,
}

/// What the blocks of a sum have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// A line.
    Line(Arc<str>, u32),
    /// A file.
    File(Arc<str>),
    /// A function.
    Function(Arc<str>),
    /// A type.
    Type(Arc<str>),
    /// A scope.
    Tag(Arc<str>),
    /// A thread, by its number.
    Thread(u32),
    /// All frames.
    Traceback(Traceback),
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}"),
            Self::Tag(tag) if tag.is_empty() => f.write_str("<no scope>"),
            Self::File(text) | Self::Function(text) | Self::Type(text) | Self::Tag(text) => f.write_str(text),
            Self::Thread(number) => write!(f, "thread {number}"),
            Self::Traceback(traceback) => write!(f, "{}", traceback.innermost()),
        }
    }
}

/// A sum over blocks. Its text is a line: what they have in common, their bytes, number, and mean size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistic {
    /// What they have in common.
    pub group: Group,
    /// Their bytes. Where requests are sampled, an estimate, as the count is.
    pub size: u64,
    /// How many there are.
    pub count: u64,
}

/// How a sum differs from that of an older snapshot. Its text is a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What the blocks have in common.
    pub group: Group,
    /// Their bytes in the newer snapshot.
    pub size: u64,
    /// By how many bytes these are more than in the older one.
    pub size_diff: i64,
    /// How many there are.
    pub count: u64,
    /// By how many these are more.
    pub count_diff: i64,
}

/// A sum that is being made. Where requests are sampled, a block stands for a number of them that is not whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) size: f64,
    pub(super) count: f64,
}

pub(super) type Sums = HashMap<Group, Sum>;

impl Statistic {
    /// Largest first; of the same size, those of more blocks.
    pub(super) fn sorted(sums: Sums) -> Vec<Self> {
        let mut statistics: Vec<Self> = sums.into_iter().map(|(group, sum)| Self::of(group, sum)).collect();
        statistics.sort_by(|one, other| other.rank().cmp(&one.rank()));
        statistics
    }

    pub(super) fn of(group: Group, sum: Sum) -> Self {
        Self { group, size: rounded(sum.size), count: rounded(sum.count) }
    }

    fn rank(&self) -> (u64, u64, &Group) {
        (self.size, self.count, &self.group)
    }
}

impl Difference {
    /// The largest differences first, whether more or less.
    pub(super) fn sorted(new: Sums, mut old: Sums) -> Vec<Self> {
        let mut differences: Vec<Self> = new
            .into_iter()
            .map(|(group, sum)| {
                let before = old.remove(&group).unwrap_or_default();
                Self::of(group, sum, before)
            })
            .collect();
        differences.extend(old.into_iter().map(|(group, before)| Self::of(group, Sum::default(), before)));
        differences.sort_by_cached_key(|difference| Reverse(difference.rank()));
        differences
    }

    fn of(group: Group, sum: Sum, before: Sum) -> Self {
        let (size, count) = (rounded(sum.size), rounded(sum.count));
        let (size_diff, count_diff) =
            (difference(size, rounded(before.size)), difference(count, rounded(before.count)));
        Self { group, size, size_diff, count, count_diff }
    }

    fn rank(&self) -> (u64, u64, u64, u64, Group) {
        (self.size_diff.unsigned_abs(), self.size, self.count_diff.unsigned_abs(), self.count, self.group.clone())
    }
}

/// Sums are of what a machine has, far below where floating point numbers have gaps between whole ones.
fn rounded(sum: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is never negative")]
    let rounded = sum.round() as u64;
    rounded
}

fn difference(new: u64, old: u64) -> i64 {
    i64::try_from(i128::from(new) - i128::from(old)).unwrap_or(if new > old { i64::MAX } else { i64::MIN })
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: size={}, count={}", self.group, Size::of(self.size), self.count)?;
        write_average(f, self.size, self.count)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, size, size_diff, count, count_diff } = self;
        write!(f, "{group}: size={} ({:+}), ", Size::of(*size), Size(*size_diff as f64))?;
        write!(f, "count={count} ({count_diff:+})")?;
        write_average(f, *size, *count)
    }
}

fn write_average(f: &mut fmt::Formatter<'_>, size: u64, count: u64) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    write!(f, ", average={}", Size(size as f64 / count as f64))
}

/// A number of bytes, in the unit in which it has few digits: `9876 B`, `12.3 KiB`, `456 KiB`. With `+`, its sign is always there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(f64);

impl Size {
    pub(super) const fn of(bytes: u64) -> Self {
        Self(bytes as f64)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut size = self.0;
        let mut unit = 0;
        // Below a hundred there is a digit behind the point, but not of bytes; up to 10 240 there is none.
        let is_last = |size: f64, unit: usize| (size < 100.0 && unit > 0) || size < 10_240.0 || unit + 1 == UNITS.len();
        while !is_last(size.abs(), unit) {
            size /= 1024.0;
            unit += 1;
        }
        let precision = usize::from(size.abs() < 100.0 && unit > 0);
        // Zero has the sign of what it was counted from.
        let sign = if f.sign_plus() && size.is_sign_positive() { "+" } else { "" };
        write!(f, "{sign}{size:.precision$} {}", UNITS[unit])
    }
}
