//! What happened in a program, in sums: one pass over its log.
//!
//! ```text
//!   Allocated ──▸ live blocks ──▸ Freed
//!       └────────────┬──────────────┘
//!                    ▾
//!      Sums: of all, of each place (stack, tag, thread), of each size
//! ```
//!
//! Memory is taken for the live blocks, the places, and what the heap and its collectors say of themselves; not for the log's
//! length.
//!
//! **A request that resizes a block** counts as the free of the old block, and as a request of the new size by who resized it:
//! so a vector that grows to n by doubling has asked for about 2 n in all. The old block is no temporary one.
//!
//! **A temporary block** is one that is freed before the thread that asked for it asks for another: what Heaptrack shows by
//! this name. Often it need not be.

mod amount;
mod block;
mod collection;
mod curve;
mod ended_early;
mod halves;
mod hash;
mod heap;
mod number_table;
mod place;
mod program;
mod replay;
mod scope;
mod size;
mod sums;

use std::collections::BTreeMap;

use crate::error::Error;

pub use amount::{Amount, Count, Scale};
pub use block::Block;
pub use collection::{Census, Collection, Collections};
pub use curve::{Curve, Point};
pub use ended_early::EndedEarly;
pub use heap::{Class, Heap, HeapSeries, Moment, Page};
pub use place::Place;
pub(crate) use program::Symbol;
pub use program::{Module, Program};
pub use scope::{ScopeSpan, ScopeSpans, Scopes};
pub use sums::{Cost, Figures, Sums};

use block::Blocks;
use halves::Peaks;
use hash::NumberMap;
use number_table::NumberTable;
use place::Places;
use size::Sizes;
use sums::Change;

/// The sums of a program's log, up to what was read of it.
///
/// ```
/// use mudlark_tool::{LogFile, Model};
/// use mudlark_hooks::{Address, Event, Writer};
///
/// let mut log = Vec::new();
/// let mut writer = Writer::<_, 256>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
/// writer.write(10, &Event::Allocated { address: Address(0x40), size: 24, align: 8, stack: 0 });
/// writer.write(15, &Event::Allocated { address: Address(0x80), size: 100, align: 8, stack: 0 });
/// writer.write(20, &Event::Freed { address: Address(0x40) });
/// writer.flush();
/// drop(writer);
///
/// let mut model = Model::default();
/// LogFile::new(&log[..]).read_to_end(|chunk| {
///     model.read_chunk(chunk);
/// })?;
/// assert_eq!(model.all().total.bytes, 124);
/// assert_eq!(model.at_peak(model.all()).bytes, 124);
/// assert_eq!(model.all().now.bytes, 100);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Model {
    /// The program, and what its numbers stand for.
    pub program: Program,
    /// What the heap says of itself.
    pub heap: HeapSeries,
    /// What the collectors did.
    pub collections: Collections,
    /// What was told last of each collector, type and generation.
    pub census: BTreeMap<(u32, u32, u8), Census>,
    /// Points that the program came to, with their times.
    pub marks: Vec<(u64, String)>,
    /// When threads were in which scopes.
    pub scopes: Scopes,
    /// The bytes that were live, over time.
    pub curve: Curve,
    /// What the log does not know.
    pub gaps: Gaps,
    /// Requests that were not served, by stack.
    pub refused: BTreeMap<u32, Amount>,
    /// The regions that the heap has, by their beginnings.
    pub regions: BTreeMap<u64, u64>,
    /// Times of the first record and of the last.
    span: Option<(u64, u64)>,
    /// For how much the next request stands.
    scale: Scale,
    blocks: Blocks,
    all: Sums,
    places: Places,
    sizes: Sizes,
    peaks: Peaks,
    /// The block that a thread asked for last.
    last_requests: NumberTable<u64>,
    /// Addresses of blocks that have moved, though that is not said yet: others were handed out there. With their number.
    about_to_move: NumberMap<u64, u32>,
    /// The number that the next chunk has, if none is missing.
    next_sequence: Option<u32>,
    /// Something is missing from the log.
    has_gaps: bool,
    /// Whose the events are.
    thread: u32,
    tag: u32,
    programs: Programs,
}

/// A log may have several programs, one after the other.
#[derive(Clone, Copy, Debug, Default)]
struct Programs {
    /// The one to be read; otherwise the last.
    wanted: Option<usize>,
    /// As many have begun.
    begun: usize,
    /// The wanted one has ended.
    is_over: bool,
}

/// What a log does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Events that were not written, because there was no room for them.
    pub lost_events: u64,
    /// Blocks were freed of which there is no request.
    pub unknown_frees: u64,
    /// Blocks were handed out where there was one already, whose free is not in the log.
    pub missing_frees: u64,
}

/// Whether a chunk was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Understood {
    /// All of it.
    Whole,
    /// Up to an event that only newer versions know.
    Partly,
}

impl Model {
    /// Reads the program of this number alone, counted from one. Otherwise it is the last in the log.
    #[must_use]
    pub fn of_program(number: usize) -> Self {
        Self { programs: Programs { wanted: Some(number), ..Programs::default() }, ..Self::default() }
    }

    /// As many programs were found in the log.
    #[must_use]
    pub const fn programs(&self) -> usize {
        self.programs.begun
    }

    /// All requests.
    #[must_use]
    pub const fn all(&self) -> &Sums {
        &self.all
    }

    /// What a group had when the heap was at its peak.
    ///
    /// Of a sample it is an estimate that is as often too small as too large: not the most that the sample ever told of, which is too much.
    #[must_use]
    pub fn at_peak(&self, sums: &Sums) -> Amount {
        sums.at_peak(&self.peaks)
    }

    /// What can be added up of a group.
    #[must_use]
    pub fn figures(&self, sums: &Sums) -> Figures {
        Figures::of(sums, &self.peaks)
    }

    /// When the heap was at its peak for the first time. Where no request has a byte, there is no peak, and this is zero.
    #[must_use]
    pub fn peak_time(&self) -> u64 {
        self.peaks.time(&self.all.halves)
    }

    /// Times of the first record and of the last.
    #[must_use]
    pub fn span(&self) -> (u64, u64) {
        self.span.unwrap_or_default()
    }

    /// Who asked for memory, and what became of it.
    #[must_use]
    pub fn places(&self) -> &[(Place, Sums)] {
        &self.places.list
    }

    /// The requests of each size; large ones are put together by [eights of a doubling](Self::LARGE).
    pub fn sizes(&self) -> impl ExactSizeIterator<Item = (u64, &Sums)> {
        self.sizes.list.iter().map(|(size, sums)| (*size, sums))
    }

    /// Sizes above this one are put together.
    pub const LARGE: u64 = Sizes::LARGE;

    /// The blocks that are live, with their addresses, in no order.
    pub fn live_blocks(&self) -> impl ExactSizeIterator<Item = (u64, &Block)> {
        self.blocks.iter().map(|(&address, block)| (address, block))
    }

    /// # Errors
    ///
    /// If the log is a sample, in which the requests between two others are missing.
    pub(crate) const fn needs_every_request(&self, what: &'static str) -> Result<(), Error> {
        match self.program.intervals {
            None => Ok(()),
            Some((interval, _)) => Err(Error::Sampled { interval, what }),
        }
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.total.is_none()
    }
}
