//! Collects events to chunks.

use core::fmt;

use crate::chunk::{self, Chunk, HEADER, MAX_CHUNK};
use crate::event::Event;
use crate::field::{Before, Encoder};

/// Where whole chunks go: a file, a serial line, a [`Ring`](crate::Ring). Any function that takes bytes is one.
///
/// It has no way to fail: one that may run out of room keeps that to itself, or remembers it for its owner.
pub trait Sink {
    /// Takes a chunk.
    fn write(&mut self, chunk: &[u8]);
}

impl<F: FnMut(&[u8])> Sink for F {
    fn write(&mut self, chunk: &[u8]) {
        self(chunk);
    }
}

/// Writes a log: events are collected to chunks of at most `CHUNK` bytes, from 128 to 64 KiB, in the writer itself.
///
/// Small chunks come sooner and are lost more cheaply, large ones are shorter in all. What is in no chunk yet is lost when
/// a writer is dropped: who ends a log calls [`flush`](Self::flush).
pub struct Writer<S, const CHUNK: usize> {
    sink: S,
    chunk: [u8; CHUNK],
    /// Bytes of the chunk that are written; none if there is no event in it.
    len: usize,
    before: Before,
    sequence: u32,
    /// What the chunk's last event is of.
    current: Context,
    /// Whether the chunk has more than what events are of.
    has_event: bool,
}

/// What a chunk has said that events are of, if it has.
#[derive(Clone, Copy)]
struct Context {
    /// Thread and tag.
    origin: Option<(u32, u32)>,
    /// The interval by which requests are sampled.
    interval: Option<u64>,
}

impl Context {
    const NONE: Self = Self { origin: None, interval: None };
}

impl<S: Sink, const CHUNK: usize> Writer<S, CHUNK> {
    const SIZE_FITS: () = assert!(CHUNK >= 128 && CHUNK <= MAX_CHUNK, "a chunk has 128 bytes to 64 KiB");

    /// A writer whose log is empty.
    #[must_use]
    pub const fn new(sink: S) -> Self {
        let () = Self::SIZE_FITS;
        let before = Before { time: 0, address: 0 };
        Self { sink, chunk: [0; CHUNK], len: 0, before, sequence: 0, current: Context::NONE, has_event: false }
    }

    /// Where the chunks go.
    pub const fn sink(&self) -> &S {
        &self.sink
    }

    /// Where the chunks go, to be changed.
    pub const fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Writes an event. Times may go back, as clocks of several processors do; the log is shortest if they do not.
    ///
    /// Of an event that does not fit into a chunk of its own, the end of its text or of its frames is cut off. Takes time
    /// for the event's length, and now and then for a chunk.
    pub fn write(&mut self, time: u64, event: &Event<'_>) {
        self.write_in(Context::NONE, time, event);
    }

    /// Writes an event of this thread, under this tag: says so before, where the event before was another's.
    pub fn write_of(&mut self, thread: u32, tag: u32, time: u64, event: &Event<'_>) {
        self.write_in(Context { origin: Some((thread, tag)), interval: None }, time, event);
    }

    /// Writes an event of this thread, under this tag, about a request that was sampled by this interval: says all that before,
    /// where it was different.
    ///
    /// ```
    /// use mudlark_hooks::{Address, Event, Reader, Writer};
    ///
    /// let mut log = Vec::new();
    /// let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    /// let block = Event::Allocated { address: Address(0x40), size: 24, align: 8, stack: 0 };
    /// writer.write_sampled(1, 0, 4096, 10, &block);
    /// writer.flush();
    /// drop(writer);
    /// let events = Reader::new(&log).map(|record| record.event);
    /// assert!(events.eq([Event::Switched { thread: 1, tag: 0 }, Event::Sampling { interval: 4096 }, block]));
    /// ```
    pub fn write_sampled(&mut self, thread: u32, tag: u32, interval: u64, time: u64, event: &Event<'_>) {
        self.write_in(Context { origin: Some((thread, tag)), interval: Some(interval) }, time, event);
    }

    /// Forgets what is in no chunk yet, and begins a new log elsewhere. Returns where the old one went.
    ///
    /// ```
    /// use mudlark_hooks::{Event, Reader, Ring, Writer};
    ///
    /// let mut writer = Writer::<_, 128>::new(Ring::<1024>::new());
    /// writer.write(1, &Event::Mark { text: "parent" });
    /// let empty = writer.restart(Ring::new());
    /// assert_eq!(empty.parts().concat(), []);
    /// writer.write(2, &Event::Mark { text: "child" });
    /// writer.flush();
    /// let log = writer.sink().parts().concat();
    /// assert!(Reader::new(&log).map(|record| record.event).eq([Event::Mark { text: "child" }]));
    /// ```
    pub const fn restart(&mut self, sink: S) -> S {
        self.begin_chunk();
        self.sequence = 0;
        core::mem::replace(&mut self.sink, sink)
    }

    /// Hands the chunk that was begun to the sink, if there is one.
    pub fn flush(&mut self) {
        if self.len == 0 {
            return;
        }
        let chunk = &mut self.chunk[..self.len];
        chunk::seal(chunk, self.sequence);
        self.sink.write(chunk);
        self.sequence = self.sequence.wrapping_add(1);
        self.begin_chunk();
    }

    /// What is collected and not with the sink yet: the next chunk, as far as it is.
    #[must_use]
    pub fn collected(&self) -> Chunk<'_> {
        let payload = self.chunk[..self.len].get(HEADER..).unwrap_or_default();
        Chunk { sequence: self.sequence, payload }
    }

    const fn begin_chunk(&mut self) {
        (self.len, self.before) = (0, Before { time: 0, address: 0 });
        (self.current, self.has_event) = (Context::NONE, false);
    }

    /// Writes an event and what it is of.
    fn write_in(&mut self, context: Context, time: u64, event: &Event<'_>) {
        if self.try_write_in(context, time, event).is_none() {
            self.flush();
            // An empty chunk has room for the fixed part of each event, and the rest is cut.
            let _ = self.try_write_in(context, time, event);
        }
    }

    /// Writes an event, and before it what is new about what it is of, as far as all that fits into the chunk.
    fn try_write_in(&mut self, context: Context, time: u64, event: &Event<'_>) -> Option<()> {
        if let Some((thread, tag)) = context.origin
            && self.current.origin != context.origin
        {
            self.try_write(time, &Event::Switched { thread, tag })?;
            self.current.origin = context.origin;
        }
        if let Some(interval) = context.interval
            && self.current.interval != context.interval
        {
            self.try_write(time, &Event::Sampling { interval })?;
            self.current.interval = context.interval;
        }
        self.try_write(time, event)?;
        self.has_event = true;
        Some(())
    }

    /// Writes an event into the chunk, if it fits.
    fn try_write(&mut self, time: u64, event: &Event<'_>) -> Option<()> {
        let len = self.len.max(HEADER);
        // The first event of a chunk finds all the room there is.
        let mut encoder = Encoder::new(&mut self.chunk[len..], self.before, time, !self.has_event);
        event.encode(&mut encoder)?;
        let (written, before) = encoder.finish();
        (self.len, self.before) = (len + written, before);
        Some(())
    }
}

impl<S: fmt::Debug, const CHUNK: usize> fmt::Debug for Writer<S, CHUNK> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sink, len, sequence, .. } = self;
        f.debug_struct("Writer").field("sink", sink).field("len", len).field("sequence", sequence).finish()
    }
}
