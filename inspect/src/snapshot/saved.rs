//! Snapshots in files: event logs of the blocks in use.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process;
use std::sync::Arc;

use mudlark_hooks::{Address, Damage, Event, Frames, NameOf, Reader, Sink, Writer};

use super::frame::Frame;
use super::stacks::{Stack, Stacks};
use super::symbols::{Module, Symbols};
use super::{Record, Snapshot};
use crate::gate::EVERY;
use crate::thread::Recording;

impl Snapshot {
    /// Writes the snapshot to a file, with the functions and lines of its stacks. A file that is there is overwritten.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, file: impl AsRef<Path>) -> io::Result<()> {
        let _not_recorded = Recording::begin();
        let file = FileSink { file: BufWriter::new(File::create(file)?), error: None };
        let mut log = Box::new(Writer::<_, CHUNK>::new(file));
        self.write(|event| log.write(0, event));
        for &Record { address, size, align, stack, tag, thread, interval } in &self.blocks {
            let event = Event::Allocated { address: Address(address), size, align, stack };
            if interval == EVERY {
                log.write_of(thread, tag, 0, &event);
            } else {
                log.write_sampled(thread, tag, interval, 0, &event);
            }
        }
        log.write(0, &Event::Stopped {});
        log.flush();
        log.sink_mut().finish()
    }

    /// Writes what comes before the blocks.
    fn write(&self, mut write: impl FnMut(&Event<'_>)) {
        write(&Event::Started {
            process: process::id(),
            pointer_bytes: u8::try_from(size_of::<usize>()).unwrap_or(u8::MAX),
            ticks_per_second: 1_000_000_000,
            unix_nanoseconds: 0,
            sample_interval: self.interval,
        });
        for (&id, tag) in &self.stacks.tags {
            write(&Event::Name { of: NameOf::Tag, id, text: tag });
        }
        for Module { base, size, path } in self.stacks.modules() {
            write(&Event::Module { base: Address(*base), size: *size, path });
        }
        // Filters leave stacks behind that no block has.
        let used: BTreeSet<u32> = self.blocks.iter().map(|block| block.stack).collect();
        let stacks = || self.stacks.stacks.iter().filter(|(id, _)| used.contains(id));
        let addresses = stacks().flat_map(|(_, stack)| stack.addresses.iter().copied()).collect();
        self.write_symbols(addresses, &mut write);
        for (&id, stack) in stacks() {
            write(&Event::Stack { id, frames: Frames::from(&*stack.addresses) });
        }
    }

    fn write_symbols(&self, addresses: BTreeSet<u64>, mut write: impl FnMut(&Event<'_>)) {
        let mut files = BTreeMap::<Arc<str>, u32>::new();
        for address in addresses {
            for Frame { file, line, function } in self.stacks.frames(address).iter() {
                let next = u32::try_from(files.len() + 1).unwrap_or(0);
                let number = *files.entry(Arc::clone(file)).or_insert_with(|| {
                    write(&Event::Name { of: NameOf::File, id: next, text: file });
                    next
                });
                write(&Event::Symbol { address: Address(address), file: number, line: *line, function });
            }
        }
    }

    /// Reads a snapshot, or any other event log: then it is what was in use at its end, in the last program that it is of.
    ///
    /// What is damaged is passed over, and [`is_whole`](Self::is_whole) says so.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no event log.
    pub fn load(file: impl AsRef<Path>) -> io::Result<Self> {
        let _not_recorded = Recording::begin();
        let log = fs::read(file)?;
        let mut loading = Loading::default();
        let mut reader = Reader::new(&log);
        while let Some(record) = reader.next() {
            loading.pass(reader.damage());
            loading.take(&record.event);
        }
        if loading.events == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no event log, nor a snapshot"));
        }
        Ok(loading.finish(reader.damage()))
    }
}

/// Bytes of a chunk.
const CHUNK: usize = 32 * 1024;

/// A file, which remembers that it could not be written.
struct FileSink {
    file: BufWriter<File>,
    error: Option<io::Error>,
}

impl Sink for FileSink {
    fn write(&mut self, chunk: &[u8]) {
        if self.error.is_none() {
            self.error = self.file.write_all(chunk).err();
        }
    }
}

impl FileSink {
    fn finish(&mut self) -> io::Result<()> {
        self.error.take().map_or_else(|| self.file.flush(), Err)
    }
}

/// What was read so far.
#[derive(Default)]
struct Loading {
    events: u64,
    /// The interval that the log began with, and the one by which requests are sampled here.
    interval: u64,
    current_interval: u64,
    /// Whose the events are.
    thread: u32,
    tag: u32,
    blocks: BTreeMap<u64, Record>,
    stacks: BTreeMap<u32, Stack>,
    tags: BTreeMap<u32, Arc<str>>,
    modules: Vec<Module>,
    files: HashMap<u32, Arc<str>>,
    symbols: HashMap<u64, Vec<Frame>>,
    /// Blocks in whose place another one was handed out, by address, the oldest first: they are about to be said to have moved.
    displaced: HashMap<u64, VecDeque<Record>>,
    lost: u64,
    /// What could not be read up to here.
    damage: Damage,
    is_ended: bool,
    /// What came after that is not there.
    ended_early: bool,
}

impl Loading {
    fn take(&mut self, event: &Event<'_>) {
        self.events += 1;
        match *event {
            Event::Started { sample_interval, .. } => {
                let (interval, current_interval) = (sample_interval, sample_interval);
                *self =
                    Self { events: self.events, interval, current_interval, damage: self.damage, ..Self::default() };
            }
            Event::Sampling { interval } => self.current_interval = interval,
            Event::Name { of: NameOf::Tag, id, text } => drop(self.tags.insert(id, text.into())),
            Event::Name { of: NameOf::File, id, text } => drop(self.files.insert(id, text.into())),
            Event::Module { base, size, path } => {
                self.modules.push(Module { base: base.0, size, path: path.into() });
            }
            Event::Symbol { address, file, line, function } => {
                let file = self.files.get(&file).map_or_else(|| "<unknown>".into(), Arc::clone);
                let frame = Frame { file, line, function: function.into() };
                self.symbols.entry(address.0).or_default().push(frame);
            }
            Event::Stack { id, frames } => drop(self.stacks.insert(id, Stack::new(frames.iter().collect()))),
            Event::Switched { thread, tag } => (self.thread, self.tag) = (thread, tag),
            Event::Allocated { address, size, align, stack } => self.insert(address, size, align, stack),
            Event::Freed { address } => drop(self.blocks.remove(&address.0)),
            Event::Reallocated { from, to, size, stack } => {
                let align = self.take_out_older(from.0).map_or(1, |block| block.align);
                self.insert(to, size, align, stack);
            }
            Event::Lost { events } => {
                self.lost = self.lost.saturating_add(events);
                self.displaced.clear();
            }
            Event::Stopped {} => self.is_ended = true,
            Event::EndedEarly { .. } => self.ended_early = true,
            _ => {}
        }
    }

    fn insert(&mut self, address: Address, size: u64, align: u64, stack: u32) {
        let interval = self.current_interval.max(EVERY);
        let record = Record { address: address.0, size, align, stack, tag: self.tag, thread: self.thread, interval };
        if let Some(displaced) = self.blocks.insert(address.0, record)
            && !self.has_gaps()
        {
            self.displaced.entry(address.0).or_default().push_back(displaced);
        }
    }

    /// Takes out the block at this address that is now said to have moved: the older one, if there are two.
    fn take_out_older(&mut self, from: u64) -> Option<Record> {
        let Some(displaced) = self.displaced.get_mut(&from) else { return self.blocks.remove(&from) };
        let older = displaced.pop_front();
        if displaced.is_empty() {
            self.displaced.remove(&from);
        }
        older
    }

    /// Goes on behind what could not be read. Frees may have been there, so a block in another's place says nothing.
    fn pass(&mut self, damage: Damage) {
        if damage != self.damage {
            self.damage = damage;
            self.displaced.clear();
        }
    }

    /// Whether something is missing so far.
    fn has_gaps(&self) -> bool {
        self.lost > 0 || self.damage != Damage::default()
    }

    fn finish(self, damage: Damage) -> Snapshot {
        let symbols = self.symbols.into_iter().map(|(address, frames)| (address, frames.into())).collect();
        let mut stacks = Stacks::new(Symbols::Saved { symbols, modules: self.modules });
        (stacks.stacks, stacks.tags) = (self.stacks, self.tags);
        Snapshot {
            blocks: self.blocks.into_values().collect(),
            stacks: Arc::new(stacks),
            interval: self.interval.max(EVERY),
            is_whole: self.is_ended && !self.ended_early && self.lost == 0 && damage == Damage::default(),
        }
    }
}
