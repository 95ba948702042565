//! Reads a log from a file, of any length, piece by piece.
//!
//! ```text
//!   input:   │ text │ chunk │ chunk │ torn ch│garbage│ chunk │ …
//!   buffer:         └──── a few of them at a time ────┘
//! ```

use std::io::{self, Read};

use mudlark_hooks::{Chunk, Chunks, Damage, Found};

/// Bytes of the buffer; several of the longest chunks fit.
const PIECE: usize = 16 * Chunk::MAX_LEN;

/// A log that is read from its beginning on.
///
/// ```
/// use mudlark_tool::LogFile;
/// use mudlark_hooks::{Event, Writer};
///
/// let mut log = b"Booting... ".to_vec();
/// let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
/// writer.write(1, &Event::Mark { text: "ready" });
/// writer.flush();
/// drop(writer);
///
/// let mut file = LogFile::new(&log[..]);
/// let mut events = 0;
/// file.read_to_end(|chunk| events += chunk.records().count())?;
/// assert_eq!((events, file.damage().skipped_bytes), (1, 11));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LogFile<R> {
    input: R,
    /// Its first bytes are what was read of the input and is in no chunk yet.
    buffer: Box<[u8]>,
    /// As many bytes.
    filled: usize,
    bytes: u64,
    chunks: u64,
    next_sequence: Option<u32>,
    damage: Damage,
    text_bytes: u64,
}

impl<R: Read> LogFile<R> {
    /// A log of which nothing is read yet.
    #[must_use]
    pub fn new(input: R) -> Self {
        let buffer = vec![0; PIECE].into_boxed_slice();
        Self {
            input,
            buffer,
            filled: 0,
            bytes: 0,
            chunks: 0,
            next_sequence: None,
            damage: Damage::default(),
            text_bytes: 0,
        }
    }

    /// As many bytes were read.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// As many whole chunks were found.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.chunks
    }

    /// What could not be read up to here. Whether a chunk is understood is seen by who reads it, and is not counted here.
    #[must_use]
    pub const fn damage(&self) -> Damage {
        self.damage
    }

    /// The number that the next chunk has, if none is missing.
    #[must_use]
    pub fn next_sequence(&self) -> u32 {
        self.next_sequence.unwrap_or(0)
    }

    /// As many of the bytes that are in no chunk are text, as on a serial line that a firmware prints to as well: nothing is
    /// damaged there.
    #[must_use]
    pub const fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Hands out each chunk up to the end of the log. What is not whole there is damage.
    ///
    /// # Errors
    ///
    /// Those of the input.
    pub fn read_to_end(&mut self, mut each: impl FnMut(Chunk<'_>)) -> io::Result<()> {
        self.read_available(&mut each)?;
        self.give_up_tail(&mut each);
        Ok(())
    }

    /// Hands out each chunk that is whole, up to where the input ends for now. A chunk whose end is yet to be written waits
    /// for the next call: so a log is followed while a program writes it.
    ///
    /// # Errors
    ///
    /// Those of the input.
    pub fn read_available(&mut self, mut each: impl FnMut(Chunk<'_>)) -> io::Result<()> {
        while self.read_piece()? > 0 {
            self.take_chunks(&mut each);
        }
        Ok(())
    }

    fn read_piece(&mut self) -> io::Result<usize> {
        // There is room: what is kept is shorter than the longest chunk.
        let room = &mut self.buffer[self.filled..];
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answer => break answer?,
            }
        };
        self.filled += read;
        self.bytes += read as u64;
        Ok(read)
    }

    /// Hands out the whole chunks of the buffer, and keeps what may be the beginning of another.
    fn take_chunks(&mut self, each: &mut impl FnMut(Chunk<'_>)) {
        let mut passed = 0;
        let mut chunks = Chunks::new(&self.buffer[..self.filled]);
        loop {
            let found = chunks.find_next();
            let (Found::Chunk { skipped, .. } | Found::Incomplete { skipped }) = found;
            self.text_bytes += text_in(&self.buffer[passed..][..skipped]);
            self.damage.skipped_bytes += skipped as u64;
            passed += skipped;
            let Found::Chunk { len, chunk, .. } = found else { break };
            self.damage.missing_chunks += u64::from(missing_before(chunk.sequence, self.next_sequence));
            self.next_sequence = Some(chunk.sequence.wrapping_add(1));
            self.chunks += 1;
            passed += len;
            each(chunk);
        }
        self.pass(passed);
    }

    /// No more will come: what looks like a beginning is none, but something whole may be behind it.
    fn give_up_tail(&mut self, each: &mut impl FnMut(Chunk<'_>)) {
        while self.filled > 0 {
            self.pass(1);
            self.damage.skipped_bytes += 1;
            self.take_chunks(each);
        }
    }

    /// Drops the first bytes of the buffer.
    fn pass(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }
}

/// The length of these bytes, if they are text: what no text has, is in the header of each chunk.
fn text_in(bytes: &[u8]) -> u64 {
    let is_foreign = |&byte: &u8| byte == 0 || byte >= 0xF5;
    if bytes.iter().any(is_foreign) { 0 } else { bytes.len() as u64 }
}

/// Chunks that must have been between the one that was expected and this one. A program begins to count at zero.
fn missing_before(sequence: u32, expected: Option<u32>) -> u32 {
    let expected = if sequence == 0 { 0 } else { expected.unwrap_or(0) };
    sequence.saturating_sub(expected)
}
