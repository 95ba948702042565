//! Who races.

use crate::group::Group;

/// The name of our own entry in every group.
pub(crate) const MUDLARK: &str = "mudlark";

/// The same allocator with all its checks: what they cost is to be seen, but it is no peer.
pub(crate) const HARDENED: &str = "mudlark-hardened";

/// The same allocator while its requests may be recorded, are sampled, and are all recorded: what that costs is to be seen if it is
/// asked for by name.
const PROFILED: [&str; 3] = ["mudlark-profiled-off", "mudlark-profiled", "mudlark-profiled-every"];

/// The one global allocator that is behind a single lock.
pub(crate) const TALC: &str = "talc";

/// An entry: a program that knows the workloads of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The group it belongs to.
    pub(crate) group: Group,
    /// Its name in the tables, and in the feature `group-name` that builds it.
    pub(crate) name: &'static str,
    /// The package it comes from; empty for what comes with the system or the compiler.
    package: &'static str,
}

/// All entries, in the order of the tables' columns.
pub(crate) const ENTRIES: &[Entry] = &[
    Entry::new(Group::Alloc, MUDLARK, "mudlark-core-alloc"),
    Entry::new(Group::Alloc, HARDENED, "mudlark-core-alloc"),
    Entry::new(Group::Alloc, PROFILED[0], "mudlark-inspect"),
    Entry::new(Group::Alloc, PROFILED[1], "mudlark-inspect"),
    Entry::new(Group::Alloc, PROFILED[2], "mudlark-inspect"),
    Entry::new(Group::Alloc, "system", ""),
    Entry::new(Group::Alloc, "mimalloc", "mimalloc"),
    Entry::new(Group::Alloc, "snmalloc", "snmalloc-rs"),
    Entry::new(Group::Alloc, "jemalloc", "tikv-jemallocator"),
    Entry::new(Group::Alloc, "rusty-alloc", "rusty_alloc-api"),
    Entry::new(Group::Alloc, TALC, "talc"),
    Entry::new(Group::Region, MUDLARK, "mudlark-core-alloc"),
    Entry::new(Group::Region, "linked-list-allocator", "linked_list_allocator"),
    Entry::new(Group::Region, "talc", "talc"),
    Entry::new(Group::Region, "rlsf", "rlsf"),
    Entry::new(Group::Region, "buddy-system-allocator", "buddy_system_allocator"),
    Entry::new(Group::Counted, MUDLARK, "mudlark-rc"),
    Entry::new(Group::Counted, "std-rc", ""),
    Entry::new(Group::Counted, "std-arc", ""),
    Entry::new(Group::Counted, "triomphe", "triomphe"),
    Entry::new(Group::Counted, "rclite", "rclite"),
    Entry::new(Group::Gc, MUDLARK, "mudlark-gc"),
    Entry::new(Group::Gc, "dumpster", "dumpster"),
    Entry::new(Group::Gc, "rust-cc", "rust-cc"),
    Entry::new(Group::Gc, "gc-arena", "gc-arena"),
    Entry::new(Group::Gc, "boa-gc", "boa_gc"),
    Entry::new(Group::Gc, "gc", "gc"),
    Entry::new(Group::Gc, "bacon-rajan-cc", "bacon_rajan_cc"),
    Entry::new(Group::Gc, CPYTHON, ""),
];

/// Those of `known` that have one of these names; if there are none, all but those that are recorded.
pub(crate) fn named(known: &[Entry], names: &[String]) -> Result<Vec<Entry>, String> {
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|entry| entry.name == **name)) {
        let mut names: Vec<_> = known.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        names.dedup();
        return Err(format!("there is no entry named {unknown}; there are {}", names.join(", ")));
    }
    let is_wanted = |entry: &&Entry| match names {
        [] => !PROFILED.contains(&entry.name),
        names => names.iter().any(|name| name == entry.name),
    };
    Ok(known.iter().filter(is_wanted).copied().collect())
}

/// The one entry that is a script.
const CPYTHON: &str = "cpython";

impl Entry {
    const fn new(group: Group, name: &'static str, package: &'static str) -> Self {
        Self { group, name, package }
    }

    /// The package and its version, as the entries' lock file has it.
    pub(crate) fn version(&self, lock: &str) -> Option<String> {
        let mut lines = lock.lines();
        let name = format!("name = \"{}\"", self.package);
        lines.find(|line| *line == name)?;
        let version = lines.next()?.strip_prefix("version = ")?;
        Some(format!("{} {}", self.package, version.trim_matches('"')))
    }

    /// Whether an entry of this name is Mudlark, as it comes or otherwise.
    pub(crate) fn is_own(name: &str) -> bool {
        name == MUDLARK || name == HARDENED || PROFILED.contains(&name)
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

#[cfg(test)]
mod tests {
    use super::ENTRIES;

    #[test]
    fn every_entry_with_a_package_has_a_version_in_the_lock_file() {
        let lock = include_str!("../entries/Cargo.lock");
        for entry in ENTRIES.iter().filter(|entry| !entry.package.is_empty()) {
            let version = entry.version(lock).unwrap_or_default();
            assert!(version.starts_with(entry.package), "{} is not in the lock file", entry.package);
        }
    }
}
