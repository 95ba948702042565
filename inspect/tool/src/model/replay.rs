//! What each event does to the sums.

use mudlark_hooks::{Chunk, Event, NameOf, Record};

use crate::model::halves::shares;
use crate::model::{
    Block, Census, Change, Class, EndedEarly, Heap, Model, Module, Page, Place, Program, Scale, Symbol, Understood,
};

impl Model {
    /// Goes on with what a chunk says.
    pub fn read_chunk(&mut self, chunk: Chunk<'_>) -> Understood {
        (self.thread, self.tag) = (0, 0);
        self.scale = Scale::of_interval(self.program.sample_interval);
        if self.next_sequence.unwrap_or(0) != chunk.sequence {
            self.enter_gap();
        }
        let mut records = chunk.records();
        for record in &mut records {
            self.read_record(&record);
        }
        self.next_sequence = Some(chunk.sequence.wrapping_add(1));
        if records.is_cut_short() { Understood::Partly } else { Understood::Whole }
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
            Event::Sampling { interval } => self.sampled_by(interval),
            Event::Switched { thread, tag } => self.switched(time, last, thread, tag),
            Event::Mark { text } => self.marks.push((time, text.to_owned())),
            Event::Lost { events } => {
                self.gaps.lost_events = self.gaps.lost_events.saturating_add(events);
                self.enter_gap();
            }
            ref told => {
                let _ = self.program_told(time, told) || self.heap_told(time, told) || self.collector_told(time, told);
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

    /// From now on events are this thread's, under this tag. `last` is the time of the event before.
    fn switched(&mut self, time: u64, last: u64, thread: u32, tag: u32) {
        (self.thread, self.tag) = (thread, tag);
        self.scopes.switched(time, last, (thread, tag));
    }

    /// Requests from here on are a sample by this interval.
    fn sampled_by(&mut self, interval: u64) {
        self.scale = Scale::of_interval(interval);
        self.program.note_interval(interval);
    }

    fn allocated(&mut self, time: u64, address: u64, size: u64, stack: u32) {
        let place = self.places.index_of(Place { stack, tag: self.tag, thread: self.thread });
        if let Some(block) = self.blocks.insert(address, Block { size, born: time, place, scale: self.scale }) {
            self.displaced(time, address, block);
        }
        self.sum_request(time, address, size, place);
        self.last_requests.insert(self.thread.into(), address);
    }

    fn freed(&mut self, time: u64, address: u64) {
        let Some(block) = self.blocks.remove(&address) else {
            self.gaps.unknown_frees += 1;
            return;
        };
        let thread = self.places.place(block.place).thread;
        if self.last_requests.get(thread.into()) == Some(address) {
            self.last_requests.remove(thread.into());
            self.sum_temporary(block);
        }
        self.sum_free(time, address, block);
    }

    /// A block was handed out where this one is: so it is gone. It was resized, and another thread came to say what it did
    /// first; or its free is missing.
    fn displaced(&mut self, time: u64, address: u64, block: Block) {
        self.gaps.missing_frees += 1;
        self.sum_free(time, address, block);
        if !self.has_gaps {
            *self.about_to_move.entry(address).or_default() += 1;
        }
    }

    /// Whether a block that was displaced from this address is the one that is now said to have moved away.
    fn has_moved_away(&mut self, from: u64) -> bool {
        let Some(waiting) = self.about_to_move.get_mut(&from) else { return false };
        *waiting -= 1;
        if *waiting == 0 {
            self.about_to_move.remove(&from);
        }
        self.gaps.missing_frees -= 1;
        true
    }

    fn reallocated(&mut self, time: u64, from: u64, to: u64, size: u64, stack: u32) {
        if !self.has_moved_away(from) {
            match self.blocks.remove(&from) {
                Some(block) => self.sum_free(time, from, block),
                None => self.gaps.unknown_frees += 1,
            }
        }
        self.allocated(time, to, size, stack);
        let amount = self.scale.amount(size);
        let place = self.places.index_of(Place { stack, tag: self.tag, thread: self.thread });
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.sums_mut(size)] {
            sums.resized += amount;
        }
    }

    /// Something is missing here. It may be requests, so that no one knows which is a thread's last; or frees, so that a block
    /// in another's place says nothing.
    fn enter_gap(&mut self) {
        self.has_gaps = true;
        self.last_requests.clear();
        self.about_to_move.clear();
    }

    fn sum_request(&mut self, time: u64, address: u64, size: u64, place: u32) {
        let (amount, shares) = (self.scale.amount(size), shares(self.scale, size, address, time));
        let (change, peaks) = (Change { amount, shares }, self.peaks);
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.sums_mut(size)] {
            sums.request(&change, time, &peaks);
        }
        self.peaks.look(&self.all.halves, time, self.scale.is_exact());
        self.curve.push(time, self.all.now.bytes);
    }

    fn sum_free(&mut self, time: u64, address: u64, block: Block) {
        let Block { size, born, place, scale } = block;
        let change = Change { amount: block.amount(), shares: shares(scale, size, address, born) };
        self.peaks.end(&change.shares);
        let peaks = self.peaks;
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.sums_mut(size)] {
            sums.free(&change, born, time, &peaks);
        }
        self.curve.push(time, self.all.now.bytes);
    }

    fn sum_temporary(&mut self, block: Block) {
        let Block { size, place, .. } = block;
        let amount = block.amount();
        for sums in [&mut self.all, self.places.sums_mut(place), self.sizes.sums_mut(size)] {
            sums.temporary += amount;
        }
    }

    /// What the program says of itself, and what its numbers stand for. Whether the event is of that kind.
    fn program_told(&mut self, time: u64, event: &Event<'_>) -> bool {
        match *event {
            Event::Started { process, pointer_bytes, ticks_per_second, unix_nanoseconds, sample_interval } => {
                self.program = Program {
                    process,
                    pointer_bytes,
                    ticks_per_second,
                    unix_nanoseconds,
                    sample_interval,
                    started: time,
                    has_start: true,
                    ..Program::default()
                };
                self.sampled_by(sample_interval);
            }
            Event::Name { of, id, text } => {
                if of == NameOf::Tag {
                    self.scopes.named(id, text);
                }
                self.program.names.insert((of, id), text.to_owned());
            }
            Event::Module { base, size, path } => {
                self.program.load(Module { base: base.0, size, path: path.to_owned() });
            }
            Event::Symbol { address, file, line, function } => {
                let symbol = Symbol { file, line, function: function.to_owned() };
                self.program.symbols.entry(address.0).or_default().push(symbol);
            }
            Event::Stack { id, frames } => drop(self.program.stacks.insert(id, frames.iter().collect())),
            Event::Stopped {} => self.program.has_stop = true,
            Event::EndedEarly { why, error } => self.program.ended_early = Some(EndedEarly { time, why, error }),
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
