//! Who races.

use crate::group::Group;

/// The name of our own entry in every group.
pub(crate) const MUDLARK: &str = "mudlark";

/// An entry: a program that knows the workloads of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The group it belongs to.
    pub(crate) group: Group,
    /// Its name in the tables, and in the feature `group-name` that builds it.
    pub(crate) name: &'static str,
}

/// All entries, in the order of the tables' columns.
pub(crate) const ENTRIES: &[Entry] = &[
    Entry::new(Group::Alloc, MUDLARK),
    Entry::new(Group::Alloc, "system"),
    Entry::new(Group::Alloc, "mimalloc"),
    Entry::new(Group::Alloc, "snmalloc"),
    Entry::new(Group::Alloc, "jemalloc"),
    Entry::new(Group::Alloc, "rusty-alloc"),
    Entry::new(Group::Alloc, "talc"),
    Entry::new(Group::Region, MUDLARK),
    Entry::new(Group::Region, "linked-list-allocator"),
    Entry::new(Group::Region, "talc"),
    Entry::new(Group::Region, "rlsf"),
    Entry::new(Group::Region, "buddy-system-allocator"),
    Entry::new(Group::Counted, MUDLARK),
    Entry::new(Group::Counted, "std-rc"),
    Entry::new(Group::Counted, "std-arc"),
    Entry::new(Group::Counted, "triomphe"),
    Entry::new(Group::Counted, "rclite"),
    Entry::new(Group::Gc, MUDLARK),
    Entry::new(Group::Gc, "dumpster"),
    Entry::new(Group::Gc, "rust-cc"),
    Entry::new(Group::Gc, "gc-arena"),
    Entry::new(Group::Gc, "boa-gc"),
    Entry::new(Group::Gc, "gc"),
    Entry::new(Group::Gc, "bacon-rajan-cc"),
    Entry::new(Group::Gc, CPYTHON),
];

/// The one entry that is a script.
const CPYTHON: &str = "cpython";

impl Entry {
    const fn new(group: Group, name: &'static str) -> Self {
        Self { group, name }
    }

    /// Whether the entry is a program that cargo builds, not a script.
    pub(crate) fn is_native(&self) -> bool {
        self.name != CPYTHON
    }

    /// The feature of the entries' package that chooses this entry.
    pub(crate) fn feature(&self) -> String {
        format!("{}-{}", self.group, self.name)
    }
}
