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
mod collection;
mod curve;
mod hash;
mod heap;
mod live;
mod place;
mod program;
mod sums;

use std::collections::BTreeMap;

use mudlark_hooks::{Chunk, Event, Record};

use crate::error::Error;

pub use amount::{Amount, Count, Scale};
pub use collection::{Census, Collection, Collections};
pub use curve::{Curve, Point};
pub use heap::{Class, Heap, HeapSeries, Moment, Page};
pub use live::Block;
pub use place::Place;
pub use program::{Module, Program};
pub use sums::{Cost, Figures, Sums};

use hash::NumberMap;
use live::Blocks;
use place::Places;
use sums::PeakNumber;

/// The sums of a program's log, up to what was read of it.
///
/// ```
/// use mudlark::{LogFile, Model};
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
    scale: Scale,
    blocks: Blocks,
    all: Sums,
    places: Places,
    sizes: NumberMap<u64, Sums>,
    peak: PeakNumber,
    peak_time: u64,
    /// The block that a thread asked for last.
    last_requests: NumberMap<u32, u64>,
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

    /// Goes on with what a chunk says.
    pub fn read_chunk(&mut self, chunk: Chunk<'_>) -> Understood {
        (self.thread, self.tag) = (0, 0);
        let mut records = chunk.records();
        for record in &mut records {
            self.read_record(&record);
        }
        if records.is_cut_short() { Understood::Partly } else { Understood::Whole }
    }

    /// All requests.
    #[must_use]
    pub const fn all(&self) -> &Sums {
        &self.all
    }

    /// What a group had when the heap was at its peak.
    #[must_use]
    pub fn at_peak(&self, sums: &Sums) -> Amount {
        sums.at_peak(self.peak)
    }

    /// What can be added up of a group.
    #[must_use]
    pub fn figures(&self, sums: &Sums) -> Figures {
        Figures::of(sums, self.peak)
    }

    /// When the heap was at its peak for the first time.
    #[must_use]
    pub const fn peak_time(&self) -> u64 {
        self.peak_time
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
        self.sizes.iter().map(|(&size, sums)| (size, sums))
    }

    /// Sizes above this one are put together.
    pub const LARGE: u64 = 1 << 16;

    /// The blocks that are live, with their addresses, in no order.
    pub fn live_blocks(&self) -> impl ExactSizeIterator<Item = (u64, &Block)> {
        self.blocks.iter().map(|(&address, block)| (address, block))
    }

    /// For how much a request in the log stands.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// # Errors
    ///
    /// If the log is a sample, in which the requests between two others are missing.
    pub(crate) const fn needs_every_request(&self, what: &'static str) -> Result<(), Error> {
        if self.scale.is_exact() {
            return Ok(());
        }
        Err(Error::Sampled { interval: self.program.sample_interval, what })
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.total.is_none()
    }

    fn read_record(&mut self, &Record { time, event }: &Record<'_>) {
        self.enter_program(&event);
        if self.programs.is_over {
            return;
        }
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        match event {
            Event::Allocated { address, size, stack, .. } => self.allocated(time, address.0, size, stack),
            Event::Freed { address } => self.freed(time, address.0),
            Event::Reallocated { from, to, size, stack } => self.reallocated(time, from.0, to.0, size, stack),
            Event::Refused { size, stack, .. } => *self.refused.entry(stack).or_default() += self.scale.amount(size),
            Event::Switched { thread, tag } => (self.thread, self.tag) = (thread, tag),
            Event::Mark { text } => self.marks.push((time, text.to_owned())),
            Event::Lost { events } => self.gaps.lost_events = self.gaps.lost_events.saturating_add(events),
            ref told => {
                let _ = self.program_told(told) || self.heap_told(time, told) || self.collector_told(time, told);
            }
        }
    }

    /// If another program begins here, forgets the one before, unless that was the wanted one.
    fn enter_program(&mut self, event: &Event<'_>) {
        let is_first = self.programs.begun == 0;
        match event {
            Event::Started { .. } => {}
            // A log whose beginning is missing; but whose the events are, may be said before it.
            _ if is_first && !matches!(event, Event::Switched { .. }) => {}
            _ => return,
        }
        self.programs.is_over |= self.programs.wanted == Some(self.programs.begun);
        self.programs.begun += 1;
        if !is_first && !self.programs.is_over {
            *self = Self { programs: self.programs, ..Self::default() };
        }
    }

    fn allocated(&mut self, time: u64, address: u64, size: u64, stack: u32) {
        let place = self.places.index_of(Place { stack, tag: self.tag, thread: self.thread });
        if let Some(block) = self.blocks.insert(address, Block { size, born: time, place }) {
            self.gaps.missing_frees += 1;
            self.sum_free(time, block);
        }
        self.sum_request(time, size, place);
        self.last_requests.insert(self.thread, address);
    }

    fn freed(&mut self, time: u64, address: u64) {
        let Some(block) = self.blocks.remove(&address) else {
            self.gaps.unknown_frees += 1;
            return;
        };
        let thread = self.places.place(block.place).thread;
        if self.last_requests.get(&thread) == Some(&address) {
            self.last_requests.remove(&thread);
            self.sum_temporary(block);
        }
        self.sum_free(time, block);
    }

    fn reallocated(&mut self, time: u64, from: u64, to: u64, size: u64, stack: u32) {
        match self.blocks.remove(&from) {
            Some(block) => self.sum_free(time, block),
            None => self.gaps.unknown_frees += 1,
        }
        self.allocated(time, to, size, stack);
        let amount = self.scale.amount(size);
        let place = self.places.index_of(Place { stack, tag: self.tag, thread: self.thread });
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.entry(rounded(size)).or_default()] {
            sums.resized += amount;
        }
    }

    fn sum_request(&mut self, time: u64, size: u64, place: u32) {
        let (amount, peak) = (self.scale.amount(size), self.peak);
        let most = self.all.most.bytes;
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.entry(rounded(size)).or_default()] {
            sums.request(amount, time, peak);
        }
        if self.all.most.bytes > most {
            self.peak.0 += 1;
            self.peak_time = time;
        }
        self.curve.push(time, self.all.now.bytes);
    }

    fn sum_free(&mut self, time: u64, Block { size, born, place }: Block) {
        let (amount, peak) = (self.scale.amount(size), self.peak);
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.entry(rounded(size)).or_default()] {
            sums.free(amount, born, time, peak);
        }
        self.curve.push(time, self.all.now.bytes);
    }

    fn sum_temporary(&mut self, Block { size, place, .. }: Block) {
        let amount = self.scale.amount(size);
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.entry(rounded(size)).or_default()] {
            sums.temporary += amount;
        }
    }

    /// What the program says of itself, and what its numbers stand for. Whether the event is of that kind.
    fn program_told(&mut self, event: &Event<'_>) -> bool {
        match *event {
            Event::Started { process, pointer_bytes, ticks_per_second, unix_nanoseconds, sample_interval } => {
                self.scale = Scale::of_interval(sample_interval);
                self.program = Program {
                    process,
                    pointer_bytes,
                    ticks_per_second,
                    unix_nanoseconds,
                    sample_interval,
                    has_start: true,
                    ..Program::default()
                };
            }
            Event::Name { of, id, text } => drop(self.program.names.insert((of, id), text.to_owned())),
            Event::Module { base, size, path } => {
                self.program.modules.push(Module { base: base.0, size, path: path.to_owned() });
            }
            Event::Stack { id, frames } => drop(self.program.stacks.insert(id, frames.iter().collect())),
            Event::Stopped {} => self.program.has_stop = true,
            _ => return false,
        }
        true
    }

    /// What the heap says of itself.
    fn heap_told(&mut self, time: u64, event: &Event<'_>) -> bool {
        match *event {
            Event::Heap { requested, used, cached, large, committed, reserved } => {
                self.heap.heap(time, Heap { requested, used, cached, large, committed, reserved });
            }
            Event::Class { block_size, pages, used, cached, requested } => {
                self.heap.class(Class { block_size, pages, used, cached, requested });
            }
            Event::Page { address, size, block_size, used, capacity } => {
                self.heap.page(Page { address: address.0, size, block_size, used, capacity });
            }
            Event::Resident { bytes } => self.heap.resident.push((time, bytes)),
            Event::RegionTaken { address, size } => drop(self.regions.insert(address.0, size)),
            Event::RegionGivenBack { address, .. } => drop(self.regions.remove(&address.0)),
            _ => return false,
        }
        true
    }

    /// What a collector says.
    fn collector_told(&mut self, time: u64, event: &Event<'_>) -> bool {
        match *event {
            Event::CollectionStarted { collector, generation, candidates } => {
                self.collections.start(time, collector, generation, candidates);
            }
            Event::CollectionStep { collector, step } => self.collections.step(time, collector, step),
            Event::CollectionStopped { collector, collected } => self.collections.stop(time, collector, collected),
            Event::Census { collector, type_id, generation, count, bytes } => {
                self.census.insert((collector, type_id, generation), Census { time, count, bytes });
            }
            _ => return false,
        }
        true
    }
}

/// The size by which requests are put together: small ones as they are, large ones rounded up to an eighth of a doubling.
fn rounded(size: u64) -> u64 {
    if size <= Model::LARGE {
        return size;
    }
    let step = 1 << ((size - 1).ilog2() - 3);
    size.checked_next_multiple_of(step).unwrap_or(u64::MAX)
}
