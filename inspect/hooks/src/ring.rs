//! Keeps the end of a log in memory, where there is nowhere to send it to.

use crate::writer::Sink;

/// The last `N` bytes of a log, for a firmware that is looked at afterwards: with a debugger, or by sending
/// [both parts](Self::parts) over some line.
///
/// The oldest bytes are overwritten; a reader finds the first chunk that is whole. What has to stay, as names, is
/// [pinned](Self::pin).
///
/// ```
/// use mudlark_hooks::{Event, NameOf, Reader, Ring, Writer};
///
/// let mut writer = Writer::<_, 128>::new(Ring::<1024>::new());
/// writer.write(0, &Event::Name { of: NameOf::Program, id: 0, text: "blinky" });
/// writer.flush();
/// writer.sink_mut().pin();
/// for time in 1..=10_000 {
///     writer.write(time, &Event::Mark { text: "tick" });
/// }
/// writer.flush();
///
/// let log = writer.sink().parts().concat();
/// let mut records = Reader::new(&log);
/// assert!(matches!(records.next().unwrap().event, Event::Name { text: "blinky", .. }));
/// assert_eq!(records.last().unwrap().time, 10_000);
/// ```
#[derive(Clone, Debug)]
pub struct Ring<const N: usize> {
    bytes: [u8; N],
    /// The first byte that may be overwritten.
    pinned: usize,
    /// Where the next byte goes.
    end: usize,
    /// Whether the bytes from there on are older ones.
    is_full: bool,
}

impl<const N: usize> Ring<N> {
    /// An empty ring.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; N], pinned: 0, end: 0, is_full: false }
    }

    /// Keeps for ever what the ring has now. Does nothing after bytes were overwritten.
    pub const fn pin(&mut self) {
        if !self.is_full {
            self.pinned = self.end;
        }
    }

    /// What the ring has: what is pinned, then older bytes, then newer ones.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 3] {
        let older = if self.is_full { &self.bytes[self.end..] } else { &[] };
        [&self.bytes[..self.pinned], older, &self.bytes[self.pinned..self.end]]
    }
}

impl<const N: usize> Default for Ring<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Sink for Ring<N> {
    fn write(&mut self, mut chunk: &[u8]) {
        if N == self.pinned {
            return;
        }
        while !chunk.is_empty() {
            if self.end == N {
                (self.end, self.is_full) = (self.pinned, true);
            }
            let (now, later) = chunk.split_at(chunk.len().min(N - self.end));
            self.bytes[self.end..][..now.len()].copy_from_slice(now);
            self.end += now.len();
            chunk = later;
        }
    }
}
