//! The chunks that a log consists of: each can be read without the others, and found in the midst of garbage.

use crc::{CRC_32_ISO_HDLC, Crc};

use crate::sums::{MAX_RANGE, Sums, continued};

/// The first bytes of each chunk. The first of them is in no UTF-8 text; the last is the format's version.
const SYNC: [u8; 4] = [0xF5, b'M', b'T', 1];

/// Bytes of a chunk before its payload.
pub(crate) const HEADER: usize = 16;

/// No payload is longer.
const MAX_PAYLOAD: usize = MAX_RANGE;

/// The longest chunk.
pub(crate) const MAX_CHUNK: usize = HEADER + MAX_PAYLOAD;

const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A whole chunk of a log, whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The number of chunks before it, in its program's log.
    pub sequence: u32,
    pub(crate) payload: &'a [u8],
}

/// What is the first in some bytes.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A chunk, after as many bytes of something else.
    Chunk {
        /// Bytes before it.
        skipped: usize,
        /// Its own length.
        len: usize,
        /// What it says.
        chunk: Chunk<'a>,
    },
    /// After as many bytes of something else, perhaps a chunk, whose end is not there.
    Incomplete {
        /// Bytes before it.
        skipped: usize,
    },
}

impl<'a> Chunk<'a> {
    /// More bytes than this are never needed to find a whole chunk's end.
    pub const MAX_LEN: usize = MAX_CHUNK;

    /// A chunk of these records; `None` if there are too many.
    #[must_use]
    pub const fn new(sequence: u32, payload: &'a [u8]) -> Option<Self> {
        if payload.len() <= MAX_PAYLOAD { Some(Self { sequence, payload }) } else { None }
    }

    /// The bytes of its records.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The bytes that come before the payload in a log.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER] {
        header_of(self.sequence, self.payload)
    }

    /// Looks for the first chunk: see [`Chunks`], which looks for all.
    ///
    /// ```
    /// use mudlark_hooks::{Chunk, Found};
    ///
    /// let found = Chunk::find(b"plain text, and then \xF5M");
    /// assert!(matches!(found, Found::Incomplete { skipped: 21 }));
    /// ```
    #[must_use]
    pub fn find(bytes: &'a [u8]) -> Found<'a> {
        Chunks::new(bytes).find_next()
    }
}

/// Looks for chunks in some bytes, for one after the other.
///
/// Takes time for the length of the bytes, in all, and a little for each beginning of a chunk: also where beginnings are none, and lie
/// over one another and over chunks.
///
/// Who reads a file piece by piece asks until there is something incomplete, and again with more of the file from there on; who has
/// it all [passes](Self::pass_byte) one byte then, and asks again.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Of the first beginning, the sum is made at once: mostly it is a chunk's.
    sums: Option<Sums<'a>>,
}

impl<'a> Chunks<'a> {
    /// Begins with the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, sums: None }
    }

    /// Goes on to behind the next chunk, or to the beginning of what is incomplete.
    pub fn find_next(&mut self) -> Found<'a> {
        let from = self.at;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(before) = rest.iter().position(|&byte| byte == SYNC[0]) else {
                self.at = self.bytes.len();
                return Found::Incomplete { skipped: self.at - from };
            };
            self.at += before;
            match Candidate::read(&rest[before..]) {
                Ok(candidate) if self.is_right(&candidate) => {
                    let (skipped, len) = (self.at - from, HEADER + candidate.payload.len());
                    self.at += len;
                    let Candidate { sequence, payload, .. } = candidate;
                    return Found::Chunk { skipped, len, chunk: Chunk { sequence, payload } };
                }
                Err(NotRead::Incomplete) => return Found::Incomplete { skipped: self.at - from },
                Ok(_) | Err(NotRead::NoChunk) => self.at += 1,
            }
        }
    }

    /// Goes on one byte. Whether there was one.
    pub const fn pass_byte(&mut self) -> bool {
        let is_there = self.at < self.bytes.len();
        self.at += is_there as usize;
        is_there
    }

    /// Whether the checksum of what begins here is right.
    fn is_right(&mut self, candidate: &Candidate<'_>) -> bool {
        let &Candidate { payload, checksum, sum_of_header, .. } = candidate;
        let sum = match &mut self.sums {
            None => continued(sum_of_header, payload),
            Some(sums) => sums.after(sum_of_header, self.at + HEADER, payload.len()),
        };
        if sum != checksum {
            self.sums.get_or_insert(Sums::new(self.bytes));
        }
        sum == checksum
    }
}

/// What has the look of a chunk, and is one if its checksum is right.
struct Candidate<'a> {
    sequence: u32,
    payload: &'a [u8],
    checksum: u32,
    sum_of_header: u32,
}

impl<'a> Candidate<'a> {
    /// Reads what begins here.
    fn read(bytes: &'a [u8]) -> Result<Self, NotRead> {
        let begun = bytes.len().min(SYNC.len());
        if bytes[..begun] != SYNC[..begun] {
            return Err(NotRead::NoChunk);
        }
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(NotRead::Incomplete)?;
        let [payload_len, sequence, checksum] = words_of(header);
        let payload_len =
            usize::try_from(payload_len).ok().filter(|&len| len <= MAX_PAYLOAD).ok_or(NotRead::NoChunk)?;
        let payload = rest.get(..payload_len).ok_or(NotRead::Incomplete)?;
        Ok(Self { sequence, payload, checksum, sum_of_header: continued(0, &header[4..12]) })
    }
}

enum NotRead {
    Incomplete,
    NoChunk,
}

/// The words after the first bytes of a header: the payload's length, the sequence number, and the checksum of both of
/// these and the payload.
fn words_of(header: &[u8; HEADER]) -> [u32; 3] {
    [4, 8, 12].map(|at| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]))
}

fn checksum_of(header: &[u8; HEADER], payload: &[u8]) -> u32 {
    let mut digest = CHECKSUM.digest();
    digest.update(&header[4..12]);
    digest.update(payload);
    digest.finalize()
}

/// Writes the header of a chunk, whose payload is there already. The bytes are the chunk.
pub(crate) fn seal(chunk: &mut [u8], sequence: u32) {
    let Some((header, payload)) = chunk.split_first_chunk_mut::<HEADER>() else { return };
    *header = header_of(sequence, payload);
}

fn header_of(sequence: u32, payload: &[u8]) -> [u8; HEADER] {
    let payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&SYNC);
    header[4..8].copy_from_slice(&payload_len.to_le_bytes());
    header[8..12].copy_from_slice(&sequence.to_le_bytes());
    let checksum = checksum_of(&header, payload);
    header[12..].copy_from_slice(&checksum.to_le_bytes());
    header
}
