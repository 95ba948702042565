//! What is in use, and who asked for it: what `tracemalloc` is to Python.
//!
//! ```
//! use mudlark_core_alloc::Mudlark;
//! use mudlark_inspect::{By, Filter, Profiled, Profiler, Snapshot};
//!
//! #[global_allocator]
//! static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());
//!
//! let profile = Profiler::in_memory(25)?; // frames of each stack
//! let before = Snapshot::take()?;
//! let squares: Vec<u64> = (0..1000).map(|n| n * n).collect();
//! let after = Snapshot::take()?;
//!
//! let grown = &after.compare(&before, By::Line)[0];
//! assert_eq!((grown.size_diff, grown.count_diff), (8000, 1));
//! println!("{}", after.filter(&[Filter::exclude().tag("cache*")]).top(By::Line, 10));
//! println!("{}", Snapshot::traceback_of(squares.as_ptr()).expect("it was asked for after the start"));
//!
//! println!("{} bytes, {} at the peak", profile.traced().current, profile.traced().peak);
//! # drop(squares);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | Python | here |
//! |---|---|
//! | `tracemalloc.start(25)`, `stop()` | [`Profiler::in_memory(25)`](Profiler::in_memory), its drop |
//! | `take_snapshot()` | [`Snapshot::take`] |
//! | `snapshot.statistics("lineno")`, `cumulative=True` | [`Snapshot::statistics`], [`Snapshot::cumulative`] |
//! | `new.compare_to(old, "filename")` | [`Snapshot::compare`] |
//! | `snapshot.filter_traces((Filter(…), …))` | [`Snapshot::filter`] |
//! | `get_traced_memory()`, `reset_peak()` | [`Profiler::traced`], [`Profiler::reset_peak`] |
//! | `get_object_traceback(object)` | [`Snapshot::traceback_of`] |
//! | `snapshot.dump(file)`, `Snapshot.load(file)` | [`Snapshot::save`], [`Snapshot::load`] |
//! | a domain | a tag: the [`Scope`](crate::Scope) in which a block was asked for |
//!
//! Snapshots may be taken of any recording, also of one that samples or writes a log. Sums are estimates then: each recorded block stands for
//! as many as its size makes likely. What a snapshot itself takes is not in the next one.
//!
//! A saved snapshot is an event log ([`format`](crate::hooks::format)) of the blocks in use, with the functions and lines of its
//! stacks ([`Event::Symbol`](crate::hooks::Event::Symbol)), so that another program can read it, and the `mudlark` tool does. [`Snapshot::load`]
//! reads any log: it is the snapshot of what was in use at its end.

mod filter;
mod frame;
mod pattern;
mod saved;
mod stacks;
mod statistic;
mod symbols;
mod take;
mod top;
mod traced;

use core::fmt;
use std::sync::Arc;

use crate::thread::Recording;
use crate::weight::weight;
use stacks::Stacks;
use statistic::Sums;

pub use filter::Filter;
pub use frame::{Frame, Traceback};
pub use statistic::{By, Difference, Group, Statistic};
pub use take::TakeError;
pub use top::Top;
pub use traced::Traced;

#[cfg(doc)]
use crate::Profiler;

/// The blocks that were in use at some moment, of those that are recorded.
#[derive(Clone)]
pub struct Snapshot {
    blocks: Vec<Record>,
    /// What the blocks' numbers stand for. Snapshots that were made of this one by filters share it.
    stacks: Arc<Stacks>,
    /// The mean number of bytes between recorded requests, at least: each block has its own.
    interval: u64,
    is_whole: bool,
}

/// What is known of a block, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    address: u64,
    size: u64,
    align: u64,
    stack: u32,
    tag: u32,
    thread: u32,
    /// The interval by which it was sampled.
    interval: u64,
}

/// A block of a [`Snapshot`]: Python's `Trace`.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    record: &'a Record,
    stacks: &'a Stacks,
}

impl<'a> Block<'a> {
    /// Where it begins.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.record.address
    }

    /// What was asked for, in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.record.size
    }

    /// The path of the scope in which it was asked for; empty if that was in none.
    #[must_use]
    pub fn tag(&self) -> &'a str {
        self.stacks.tag(self.record.tag)
    }

    /// The number of the thread that asked.
    #[must_use]
    pub const fn thread(&self) -> u32 {
        self.record.thread
    }

    /// Who asked. Looks up symbols, the first time.
    #[must_use]
    pub fn traceback(&self) -> &'a Traceback {
        self.stacks.traceback(self.record.stack)
    }
}

impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let innermost = self.traceback().innermost();
        write!(f, "Block({} bytes at {:#x}, {innermost})", self.size(), self.address())
    }
}

impl Snapshot {
    /// All blocks, by their addresses.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = Block<'_>> {
        self.blocks.iter().map(|record| Block { record, stacks: &self.stacks })
    }

    /// Whether all is there: not so if the log that it was [loaded](Self::load) from is damaged, or was not ended.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Only those blocks that the filters let through: of the [inclusive](Filter::include) ones, if there are any, one has to; of
    /// the [exclusive](Filter::exclude) ones, all.
    #[must_use]
    pub fn filter(&self, filters: &[Filter]) -> Self {
        let _not_recorded = Recording::begin();
        let (inclusive, exclusive): (Vec<_>, Vec<_>) = filters.iter().partition(|filter| filter.is_inclusive);
        let stays = |block: &Block<'_>| {
            (inclusive.is_empty() || inclusive.iter().any(|filter| filter.lets_through(block)))
                && exclusive.iter().all(|filter| filter.lets_through(block))
        };
        let blocks = self.blocks().filter(stays).map(|block| *block.record).collect();
        Self { blocks, stacks: Arc::clone(&self.stacks), ..*self }
    }

    /// Sums over blocks that have this in common, the largest first.
    #[must_use]
    pub fn statistics(&self, by: By) -> Vec<Statistic> {
        let _not_recorded = Recording::begin();
        Statistic::sorted(self.sums(by))
    }

    /// Sums by lines, files or functions, in which each block counts for all frames of its traceback: so what a function has by
    /// way of others is its own, too. A block counts once in a sum.
    ///
    /// By anything else, these are the [statistics](Self::statistics).
    #[must_use]
    pub fn cumulative(&self, by: By) -> Vec<Statistic> {
        let _not_recorded = Recording::begin();
        Statistic::sorted(self.cumulative_sums(by))
    }

    /// How the sums differ from those of an older snapshot, the largest differences first. Sums that are the same are among
    /// them.
    #[must_use]
    pub fn compare(&self, older: &Self, by: By) -> Vec<Difference> {
        let _not_recorded = Recording::begin();
        Difference::sorted(self.sums(by), older.sums(by))
    }

    /// The largest sums, to be printed; of lines with their source if the file is there.
    #[must_use]
    pub fn top(&self, by: By, shown: usize) -> Top {
        Top { statistics: self.statistics(by), shown }
    }

    fn sums(&self, by: By) -> Sums {
        let mut sums = Sums::new();
        for block in self.blocks() {
            add(&mut sums, group_of(&block, by), &block);
        }
        sums
    }

    fn cumulative_sums(&self, by: By) -> Sums {
        let mut sums = Sums::new();
        for block in self.blocks() {
            let mut groups: Vec<Group> = match by {
                By::Line | By::File | By::Function => {
                    block.traceback().frames().iter().map(|frame| group_of_frame(frame, by)).collect()
                }
                _ => vec![group_of(&block, by)],
            };
            groups.sort_unstable();
            groups.dedup();
            groups.into_iter().for_each(|group| add(&mut sums, group, &block));
        }
        sums
    }
}

/// Adds a block, and those that it stands for.
fn add(sums: &mut Sums, group: Group, block: &Block<'_>) {
    let weight = weight(block.size(), block.record.interval);
    let sum = sums.entry(group).or_default();
    sum.size += block.size() as f64 * weight;
    sum.count += weight;
}

fn group_of(block: &Block<'_>, by: By) -> Group {
    match by {
        By::Line | By::File | By::Function => group_of_frame(block.traceback().innermost(), by),
        By::Type => Group::Type(block.traceback().type_name().unwrap_or("<unknown>").into()),
        By::Tag => Group::Tag(block.tag().into()),
        By::Thread => Group::Thread(block.thread()),
        By::Traceback => Group::Traceback(block.traceback().clone()),
    }
}

fn group_of_frame(frame: &Frame, by: By) -> Group {
    match by {
        By::File => Group::File(Arc::clone(&frame.file)),
        By::Function => Group::Function(Arc::clone(&frame.function)),
        _ => Group::Line(Arc::clone(&frame.file), frame.line),
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { blocks, interval, is_whole, .. } = self;
        f.debug_struct("Snapshot")
            .field("blocks", &blocks.len())
            .field("interval", interval)
            .field("is_whole", is_whole)
            .finish_non_exhaustive()
    }
}
