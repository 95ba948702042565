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
    /// The thread and tag of the chunk's last event.
    current: Option<(u32, u32)>,
}

impl<S: Sink, const CHUNK: usize> Writer<S, CHUNK> {
    const SIZE_FITS: () = assert!(CHUNK >= 128 && CHUNK <= MAX_CHUNK, "a chunk has 128 bytes to 64 KiB");

    /// A writer whose log is empty.
    #[must_use]
    pub const fn new(sink: S) -> Self {
        let () = Self::SIZE_FITS;
        let before = Before { time: 0, address: 0 };
        Self { sink, chunk: [0; CHUNK], len: 0, before, sequence: 0, current: None }
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
        if self.try_write(time, event).is_none() {
            self.flush();
            // An empty chunk has room for the fixed part of each event, and the rest is cut.
            let _ = self.try_write(time, event);
        }
    }

    /// Writes an event of this thread, under this tag: says so before, where the event before was another's.
    pub fn write_of(&mut self, thread: u32, tag: u32, time: u64, event: &Event<'_>) {
        self.switch(thread, tag, time);
        if self.try_write(time, event).is_none() {
            self.flush();
            self.switch(thread, tag, time);
            let _ = self.try_write(time, event);
        }
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
        (self.len, self.before, self.current) = (0, Before { time: 0, address: 0 }, None);
    }

    fn switch(&mut self, thread: u32, tag: u32, time: u64) {
        if self.current != Some((thread, tag)) {
            self.write(time, &Event::Switched { thread, tag });
            self.current = Some((thread, tag));
        }
    }

    /// Writes an event into the chunk, if it fits.
    fn try_write(&mut self, time: u64, event: &Event<'_>) -> Option<()> {
        let len = self.len.max(HEADER);
        // The first event of a chunk, or the first after a switch, finds all the room there is.
        let cuts = len <= HEADER + MOST_OF_A_SWITCH;
        let mut encoder = Encoder::new(&mut self.chunk[len..], self.before, time, cuts);
        event.encode(&mut encoder)?;
        let (written, before) = encoder.finish();
        (self.len, self.before) = (len + written, before);
        Some(())
    }
}

/// Bytes of the longest [`Event::Switched`]: its kind, a time, and two numbers of 32 bits.
const MOST_OF_A_SWITCH: usize = 1 + 10 + 5 + 5;

impl<S: fmt::Debug, const CHUNK: usize> fmt::Debug for Writer<S, CHUNK> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sink, len, sequence, .. } = self;
        f.debug_struct("Writer").field("sink", sink).field("len", len).field("sequence", sequence).finish()
    }
}
