//! The groups of the race.

use core::fmt;

use clap::ValueEnum;

use crate::entry::Entry;
use crate::quantity::Quantity;

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
    /// Real programs, on the global allocators. They have a command of their own.
    #[value(skip)]
    Programs,
}

impl Group {
    /// All groups of the race, in the order of the report.
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
            Self::Programs => "programs",
        }
    }

    /// Whether the group runs this entry.
    pub(crate) fn runs(self, entry: &Entry) -> bool {
        match self {
            Self::Instructions => entry.is_native(),
            Self::Programs => entry.group == Self::Alloc,
            _ => entry.group == self,
        }
    }

    /// Whether the group's entries allocate as any program does, whatever the allocator.
    pub(crate) fn is_on_malloc(self) -> bool {
        matches!(self, Self::Counted | Self::Gc)
    }

    /// Whether a workload of the group leaves cycles, so that its time is that of collections.
    pub(crate) fn collects(self, workload: &str) -> bool {
        let collecting = ["rings-2", "rings-10", "rings-100", "document", "random-graph", "young-rings", "churn"];
        self == Self::Gc && collecting.contains(&workload)
    }

    /// Whether the group's tables tell of a quantity. The memory of a process tells nothing about a heap in a region of
    /// fixed size, and what a whole process needs nothing about a workload that is timed without its preparation.
    pub(crate) fn tells(self, quantity: &Quantity) -> bool {
        match quantity {
            Quantity::Processor | Quantity::Wall => self == Self::Programs,
            Quantity::Time => self != Self::Programs,
            Quantity::PeakMemory => self != Self::Region,
            Quantity::Instructions | Quantity::Figure(_) => true,
        }
    }

    /// The entry that everybody has already: the second ratio in the tables is to it.
    pub(crate) fn baseline(self) -> &'static str {
        match self {
            Self::Alloc | Self::Instructions | Self::Programs => "system",
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
