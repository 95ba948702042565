//! The groups of the race.

use core::fmt;

use clap::ValueEnum;

use crate::entry::Entry;

/// A group: entries that are alike enough to do the same work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Global allocators.
    Alloc,
    /// Heaps over a fixed region of memory.
    Region,
    /// Counted pointers.
    Counted,
    /// Garbage collectors.
    Gc,
    /// Instructions an operation, of the other groups' entries.
    Instructions,
}

impl Group {
    /// All groups, in the order of the report.
    pub(crate) const ALL: [Self; 5] = [Self::Alloc, Self::Region, Self::Counted, Self::Gc, Self::Instructions];

    /// The groups that have entries of their own.
    pub(crate) const TIMED: [Self; 4] = [Self::Alloc, Self::Region, Self::Counted, Self::Gc];

    /// The group's name, on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alloc => "alloc",
            Self::Region => "region",
            Self::Counted => "counted",
            Self::Gc => "gc",
            Self::Instructions => "instructions",
        }
    }

    /// Whether the group runs this entry.
    pub(crate) fn runs(self, entry: &Entry) -> bool {
        match self {
            Self::Instructions => entry.is_native(),
            _ => entry.group == self,
        }
    }

    /// The entry that everybody has already: the second ratio in the tables is to it.
    pub(crate) fn baseline(self) -> &'static str {
        match self {
            Self::Alloc | Self::Instructions => "system",
            Self::Region => "linked-list-allocator",
            Self::Counted => "std-rc",
            Self::Gc => "cpython",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
