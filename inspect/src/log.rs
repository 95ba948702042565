//! The log of a recording: events to chunks, chunks to a file.

#[cfg(unix)]
mod claim;
mod file;
mod growing;
#[cfg(unix)]
mod kept;
#[cfg(not(unix))]
#[path = "log/no_kept.rs"]
mod kept;
#[cfg(unix)]
mod left;
#[cfg(unix)]
mod path;
#[cfg(all(unix, not(miri)))]
mod tail;
#[cfg(not(all(unix, not(miri))))]
#[path = "log/no_tail.rs"]
mod tail;

use core::time::Duration;
use std::process;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mudlark_hooks::{Event, Frames, NameOf, Writer};

use crate::modules::Module;
use crate::names::Names;
use crate::report;
use crate::stacks::Stacks;
use crate::tags::Tags;
use crate::thread;
use crate::walk::MOST_FRAMES;

pub(crate) use file::{LogFile, Place};
use growing::End;
pub(crate) use growing::LEAST_LIMIT;
use tail::Tail;

/// Bytes of a chunk.
const CHUNK: usize = 32 * 1024;

/// After so many nanoseconds at most, what is collected goes to the file with the next event: who follows it waits no longer. What a
/// process that is killed has collected is in the [`Tail`]; where there can be none, that much is lost.
const LONGEST_WAIT: u64 = 50_000_000;

/// A young log waits for such a part of its age only, so that a program that ends soon, and badly, leaves most of it.
const PART_OF_AGE: u64 = 16;

/// When figures of the whole process are written along with what happens.
#[derive(Clone, Copy)]
struct OwnFigures {
    /// At most every so many nanoseconds.
    period: u64,
    /// The first ones come soon, and then after twice as long each time.
    wait: u64,
    due: u64,
}

impl OwnFigures {
    fn every(period: Duration) -> Self {
        const FIRST: u64 = 1_000_000;
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let wait = period.min(FIRST);
        Self { period, wait, due: wait }
    }

    /// Whether it is time for some.
    fn are_due(&mut self, now: u64) -> bool {
        let are_due = now >= self.due;
        if are_due {
            self.wait = self.wait.saturating_mul(2).min(self.period);
            self.due = now.saturating_add(self.wait);
        }
        are_due
    }
}

/// A log that is being written.
pub(crate) struct Log {
    writer: Writer<LogFile, CHUNK>,
    tail: Tail,
    began: Instant,
    /// When it was begun, and when it last went to the file.
    born: u64,
    flushed: u64,
    interval: u64,
    /// Figures of the whole process, where no thread of the recorder's writes them.
    own_figures: Option<OwnFigures>,
    /// Which of the process's logs it is, from one up.
    number: u32,
    /// The process.
    process: u32,
    /// Whether there is more than the beginning.
    is_used: bool,
    /// Once the log has ended early: the events that are lost by that.
    lost: Option<u64>,
    /// Room for a stack that is written. The program's own stack may be small.
    addresses: [u64; MOST_FRAMES],
}

impl Log {
    /// A log in this file, whose beginning is written. If there is a `period`, the log has figures of the process without anybody's
    /// help.
    pub(crate) fn begin(file: LogFile, number: u32, interval: u64, period: Option<Duration>) -> Self {
        let (writer, began) = (Writer::new(file), Instant::now());
        let mut log = Self {
            writer,
            tail: Tail::new(),
            began,
            born: 0,
            flushed: 0,
            interval,
            own_figures: period.map(OwnFigures::every),
            number,
            process: process::id(),
            is_used: true,
            lost: None,
            addresses: [0; MOST_FRAMES],
        };
        log.write_beginning();
        log.flush();
        log
    }

    /// In a forked child: a log of its own, in a file beside the parent's.
    #[cfg(unix)]
    pub(crate) fn begin_anew(&mut self) {
        self.process = process::id();
        (self.is_used, self.lost) = (false, None);
        self.tail.leave_to_parent();
        (self.born, self.flushed) = (self.now(), self.now());
        let file = self.writer.sink_mut().of_child(self.process);
        // In place: the stack of a thread that forks may be small.
        drop(self.writer.restart(file));
        self.number = self.number.wrapping_add(1);
        self.write_beginning();
    }

    fn write_beginning(&mut self) {
        let now = self.now();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_nanoseconds = u64::try_from(since_1970.as_nanos()).unwrap_or(0).saturating_sub(now);
        self.write(&Event::Started {
            process: self.process,
            pointer_bytes: u8::try_from(size_of::<usize>()).unwrap_or(0),
            ticks_per_second: 1_000_000_000,
            unix_nanoseconds,
            sample_interval: self.interval,
        });
    }

    /// Which of the process's logs it is.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// The process that writes it.
    pub(crate) const fn process(&self) -> u32 {
        self.process
    }

    /// What the clock says, in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Writes an event that is no thread's.
    pub(crate) fn write(&mut self, event: &Event<'_>) {
        self.write_at(self.now(), event);
    }

    /// Writes events of one moment.
    pub(crate) fn write_at(&mut self, time: u64, event: &Event<'_>) {
        if self.loses() {
            return;
        }
        self.writer.write(time, event);
        self.follow();
    }

    /// Writes an event of the calling thread, and what the thread is called if that is not known yet. A request that was sampled
    /// has the `interval` by which it was.
    pub(crate) fn write_of_thread(&mut self, time: u64, interval: Option<u64>, event: &Event<'_>) {
        if self.loses() {
            return;
        }
        let (number, tag) = (thread::number(), thread::tag());
        if thread::is_news(self.number) {
            let mut room = [0; 64];
            self.writer.write(time, &Event::Name { of: NameOf::Thread, id: number, text: thread::name(&mut room) });
        }
        match interval {
            Some(interval) => self.writer.write_sampled(number, tag, interval, time, event),
            None => self.writer.write_of(number, tag, time, event),
        }
        self.is_used = true;
        if let Some(figures) = &mut self.own_figures
            && figures.are_due(time)
            && let Some(bytes) = report::resident()
        {
            self.writer.write(time, &Event::Resident { bytes });
        }
        self.follow();
        let longest = (time.saturating_sub(self.born) / PART_OF_AGE).min(LONGEST_WAIT);
        if time.saturating_sub(self.flushed) > longest {
            self.flush();
        }
    }

    /// Writes a stack, so that events may refer to it.
    pub(crate) fn write_stack(&mut self, id: u32, stacks: &Stacks) {
        if self.loses() {
            return;
        }
        let (now, frames) = (self.now(), stacks.frames(id));
        for (address, &frame) in self.addresses.iter_mut().zip(frames) {
            *address = frame as u64;
        }
        let known = &self.addresses[..frames.len().min(MOST_FRAMES)];
        self.writer.write(now, &Event::Stack { id, frames: Frames::from(known) });
        self.follow();
    }

    /// Writes where a file is in memory.
    pub(crate) fn write_module(&mut self, module: &Module) {
        let base = mudlark_hooks::Address(module.base as u64);
        self.write(&Event::Module { base, size: (module.end - module.base) as u64, path: module.path() });
    }

    /// Writes what the program and its allocator are called, as far as that is known.
    pub(crate) fn write_names(&mut self, names: &Names) {
        for (of, name) in [(NameOf::Program, &names.program), (NameOf::Allocator, &names.allocator)] {
            let text = name.as_str();
            if !text.is_empty() {
                self.write(&Event::Name { of, id: 0, text });
            }
        }
    }

    /// Writes the names of all scopes.
    pub(crate) fn write_tags(&mut self, tags: &Tags) {
        for (id, text) in tags.iter() {
            self.write(&Event::Name { of: NameOf::Tag, id, text });
        }
    }

    /// Has the tail have what is collected, unless a child has nothing to say. If the file takes no more, the log ends.
    fn follow(&mut self) {
        if let Some(end) = self.writer.sink().end() {
            self.end_early(end);
        } else if self.is_used {
            self.tail.follow(self.writer.collected(), self.process, self.writer.sink());
        }
    }

    /// Says why the log ends, and loses what comes from here on.
    #[cold]
    fn end_early(&mut self, End { why, error }: End) {
        if self.lost.is_none() {
            self.lost = Some(0);
            // Where the disk is full, this is the room for the last words.
            self.tail.remove();
            self.writer.write(self.now(), &Event::EndedEarly { why, error });
            self.writer.flush();
        }
    }

    /// Whether the log has ended, and so an event is lost, which is counted.
    fn loses(&mut self) -> bool {
        self.lost.as_mut().is_some_and(|lost| {
            *lost += 1;
            true
        })
    }

    /// Hands all that is collected to the system, so that there is no tail until there is something new: this process may be
    /// another program in a moment.
    pub(crate) fn settle(&mut self) {
        self.flush();
        match self.writer.sink().failure() {
            Some(end) => self.end_early(end),
            None => self.tail.remove(),
        }
    }

    /// Hands what is collected to the system, unless a child has nothing to say.
    pub(crate) fn flush(&mut self) {
        if self.is_used && self.lost.is_none() {
            self.flushed = self.now();
            self.writer.flush();
        }
    }

    /// Has the log's file be there, also if there is nothing to write yet: later it may not be possible to make one.
    pub(crate) fn make_file(&mut self) {
        if !self.is_used {
            self.is_used = true;
            self.settle();
        }
    }

    /// Ends the log.
    pub(crate) fn end(mut self) {
        self.follow();
        if self.lost.is_none() {
            self.write(&Event::Stopped {});
            self.settle();
        }
        if let Some(events) = self.lost.filter(|_| self.is_used) {
            self.say_last_words(events);
        }
    }

    /// Says how many events are lost, and that the program has ended.
    fn say_last_words(&mut self, lost: u64) {
        let now = self.now();
        if lost > 0 {
            self.writer.write(now, &Event::Lost { events: lost });
        }
        self.writer.write(now, &Event::Stopped {});
        self.writer.flush();
    }
}
