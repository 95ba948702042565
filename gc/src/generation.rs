//! The three generations, by name.

use core::fmt;

use crate::segment::Home;

/// One of the three generations that objects pass through.
///
/// New objects are young. What survives a collection of its generation moves on to the next, and what is old stays.
/// Older generations are collected more seldom.
///
/// ```
/// use mudlark_gc::Generation;
///
/// assert_eq!(Generation::try_from(2), Ok(Generation::Old));
/// assert!(Generation::try_from(3).is_err());
/// assert!(Generation::Young < Generation::Old);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Objects that have survived no collection: CPython's generation 0.
    Young,
    /// Objects that have survived one collection: CPython's generation 1.
    Middle,
    /// Everything else: CPython's generation 2.
    Old,
}

impl Generation {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// All three, youngest first.
    pub const ALL: [Self; Self::COUNT] = [Self::Young, Self::Middle, Self::Old];

    /// 0, 1 or 2, as CPython numbers them.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Where objects go that survive a collection of this generation.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Young => Self::Middle,
            Self::Middle | Self::Old => Self::Old,
        }
    }

    pub(crate) const fn home(self) -> Home {
        match self {
            Self::Young => Home::Young,
            Self::Middle => Home::Middle,
            Self::Old => Home::Old,
        }
    }
}

impl fmt::Display for Generation {
    /// `young`, `middle` or `old`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Young => "young",
            Self::Middle => "middle",
            Self::Old => "old",
        })
    }
}

/// No generation has the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchGeneration(
    /// The number.
    pub usize,
);

impl fmt::Display for NoSuchGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no generation {}: they are numbered 0, 1 and 2", self.0)
    }
}

impl core::error::Error for NoSuchGeneration {}

impl TryFrom<usize> for Generation {
    type Error = NoSuchGeneration;

    fn try_from(index: usize) -> Result<Self, NoSuchGeneration> {
        Self::ALL.get(index).copied().ok_or(NoSuchGeneration(index))
    }
}
