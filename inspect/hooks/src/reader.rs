//! Reads a log, whatever has become of it.

use crate::chunk::{Chunk, Chunks, Found};
use crate::event::Event;
use crate::field::Decoder;

/// An event and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// In the units that [`Event::Started`] says, from any beginning.
    pub time: u64,
    /// What happened.
    pub event: Event<'a>,
}

/// What could not be read of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// Bytes that are in no whole chunk.
    pub skipped_bytes: u64,
    /// Chunks that are not there, by the numbers of those that are.
    pub missing_chunks: u64,
    /// Chunks whose end was not understood: a newer version wrote them.
    pub unknown_chunks: u64,
}

/// Reads the records of a log that is in memory, and passes over what is damaged.
///
/// Takes time for the log's length, in all, whatever is between its chunks.
///
/// ```
/// use mudlark_hooks::{Event, Reader, Writer};
///
/// let mut log = b"Booting... ".to_vec();
/// let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
/// writer.write(1, &Event::Mark { text: "ready" });
/// writer.flush();
/// drop(writer);
///
/// let mut reader = Reader::new(&log);
/// assert_eq!(reader.next().unwrap().event, Event::Mark { text: "ready" });
/// assert_eq!(reader.next(), None);
/// assert_eq!(reader.damage().skipped_bytes, 11);
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    chunks: Chunks<'a>,
    records: Records<'a>,
    next_sequence: Option<u32>,
    damage: Damage,
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    #[must_use]
    pub const fn new(log: &'a [u8]) -> Self {
        let damage = Damage { skipped_bytes: 0, missing_chunks: 0, unknown_chunks: 0 };
        Self { chunks: Chunks::new(log), records: Records::none(), next_sequence: None, damage }
    }

    /// What could not be read up to here.
    #[must_use]
    pub const fn damage(&self) -> Damage {
        self.damage
    }

    /// Goes to the next chunk. `None` at the end.
    fn next_chunk(&mut self) -> Option<()> {
        loop {
            match self.chunks.find_next() {
                Found::Chunk { skipped, chunk, .. } => {
                    self.damage.skipped_bytes += skipped as u64;
                    self.enter(chunk);
                    return Some(());
                }
                // No more will come, so it is no chunk.
                Found::Incomplete { skipped } => {
                    self.damage.skipped_bytes += skipped as u64;
                    if !self.chunks.pass_byte() {
                        return None;
                    }
                    self.damage.skipped_bytes += 1;
                }
            }
        }
    }

    fn enter(&mut self, chunk: Chunk<'a>) {
        // A program begins to count at zero.
        let expected = if chunk.sequence == 0 { 0 } else { self.next_sequence.unwrap_or(0) };
        self.damage.missing_chunks += u64::from(chunk.sequence.saturating_sub(expected));
        self.next_sequence = Some(chunk.sequence.wrapping_add(1));
        self.records = chunk.records();
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            if let Some(record) = self.records.next() {
                return Some(record);
            }
            self.damage.unknown_chunks += u64::from(self.records.is_cut_short());
            self.records = Records::none();
            self.next_chunk()?;
        }
    }
}

/// Reads the records of a chunk.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    payload: Decoder<'a>,
    is_cut_short: bool,
}

impl<'a> Chunk<'a> {
    /// What the chunk says.
    #[must_use]
    pub const fn records(self) -> Records<'a> {
        Records { payload: Decoder::new(self.payload), is_cut_short: false }
    }
}

impl<'a> Records<'a> {
    const fn none() -> Self {
        Self { payload: Decoder::new(&[]), is_cut_short: false }
    }

    /// Whether there is something more, that was not understood.
    #[must_use]
    pub const fn is_cut_short(&self) -> bool {
        self.is_cut_short
    }

    fn read(&mut self) -> Option<Record<'a>> {
        let kind = self.payload.byte()?;
        let time = self.payload.time()?;
        let event = Event::decode(kind, &mut self.payload)?;
        Some(Record { time, event })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        if self.payload.is_empty() || self.is_cut_short {
            return None;
        }
        let record = self.read();
        self.is_cut_short = record.is_none();
        record
    }
}
