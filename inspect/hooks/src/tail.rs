//! The tail of a log: what is collected and not yet in a chunk, in a file beside it that outlives its process.
//!
//! ```text
//!   out.mmt        │ chunk 0 │ chunk 1 │ chunk 2 │
//!   out.mmt.tail   │ process │ 3, length │ records of what will be chunk 3 │ …
//! ```

use crate::chunk::Chunk;

/// What a tail's file says. Who writes it has it in memory that is shared with the system, which then needs no call to have it:
/// so it is whole however the process ends.
///
/// ```
/// use mudlark_hooks::{Event, Tail, Writer};
///
/// let mut writer = Writer::<_, 256>::new(|_: &[u8]| unreachable!("the process ends before"));
/// writer.write(1, &Event::Mark { text: "about to crash" });
/// let chunk = writer.collected();
///
/// let mut file = Vec::from(Tail::beginning(4711));
/// file.extend(Tail::progress(chunk.sequence, chunk.payload().len()).to_le_bytes());
/// file.extend(chunk.payload());
///
/// let tail = Tail::read(&file).expect("it is whole");
/// assert_eq!((tail.process, tail.chunk.sequence), (4711, 0));
/// assert_eq!(tail.chunk.records().next().unwrap().event, Event::Mark { text: "about to crash" });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tail<'a> {
    /// The process that wrote it.
    pub process: u32,
    /// What will be the chunk of that number. If the log has a chunk of that number, this one says nothing new.
    pub chunk: Chunk<'a>,
}

const MAGIC: [u8; 8] = [0xF5, b'M', b'T', b't', b'a', b'i', b'l', 1];
const PROGRESS_AT: usize = 16;

impl<'a> Tail<'a> {
    /// Where the progress is, eight bytes, little-endian.
    pub const PROGRESS_AT: usize = PROGRESS_AT;

    /// Where the records are.
    pub const RECORDS_AT: usize = 24;

    /// The first bytes of the file.
    #[must_use]
    pub fn beginning(process: u32) -> [u8; PROGRESS_AT] {
        let mut bytes = [0; PROGRESS_AT];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&process.to_le_bytes());
        bytes
    }

    /// How far the collecting is, in one word: so it can be stored at once, after the records.
    #[must_use]
    pub const fn progress(sequence: u32, len: usize) -> u64 {
        (sequence as u64) << 32 | len as u64
    }

    /// Reads a file. `None` if it is no tail, or of another version; or if there is nothing in it.
    #[must_use]
    pub fn read(file: &'a [u8]) -> Option<Self> {
        let (&magic, rest) = file.split_first_chunk()?;
        let (&process, rest) = rest.split_first_chunk()?;
        let (_, rest) = rest.split_first_chunk::<4>()?;
        let (&len, rest) = rest.split_first_chunk()?;
        let (&sequence, records) = rest.split_first_chunk()?;
        let len = usize::try_from(u32::from_le_bytes(len)).ok().filter(|&len| len > 0 && magic == MAGIC)?;
        let chunk = Chunk::new(u32::from_le_bytes(sequence), records.get(..len)?)?;
        Some(Self { process: u32::from_le_bytes(process), chunk })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tail_or_not_whole_or_empty_is_nothing() {
        let whole = [&Tail::beginning(1)[..], &Tail::progress(7, 3).to_le_bytes(), b"abcd"].concat();
        let tail = Tail::read(&whole).expect("it is one");
        assert_eq!((tail.chunk.sequence, tail.chunk.payload()), (7, &b"abc"[..]));
        for len in 0..whole.len() - 1 {
            assert!(Tail::read(&whole[..len]).is_none(), "{len} bytes");
        }
        let mut other = whole.clone();
        other[7] += 1;
        assert!(Tail::read(&other).is_none());
        let empty = [&Tail::beginning(1)[..], &Tail::progress(7, 0).to_le_bytes()].concat();
        assert!(Tail::read(&empty).is_none());
    }
}
