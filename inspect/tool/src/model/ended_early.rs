//! A log that ends before its program.

use core::fmt;
use std::io;

use mudlark_hooks::{Chunks, EarlyEnd, Event, Found};

/// Where a log ends before its program, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedEarly {
    /// When.
    pub time: u64,
    /// Why.
    pub why: EarlyEnd,
    /// The number that the system has for it, or zero.
    pub error: u32,
}

impl EndedEarly {
    /// Whether somebody has wished for it.
    #[must_use]
    pub const fn is_wished(&self) -> bool {
        matches!(self.why, EarlyEnd::Limit)
    }

    /// That of the last program in the last bytes of a log, if there is one.
    pub(crate) fn at_the_end_of(bytes: &[u8]) -> Option<Self> {
        let mut chunks = Chunks::new(bytes);
        let mut ended = None;
        loop {
            match chunks.find_next() {
                Found::Chunk { chunk, .. } => {
                    for record in chunk.records() {
                        ended = match record.event {
                            Event::EndedEarly { why, error } => Some(Self { time: record.time, why, error }),
                            Event::Started { .. } => None,
                            _ => ended,
                        };
                    }
                }
                Found::Incomplete { .. } if chunks.pass_byte() => {}
                Found::Incomplete { .. } => return ended,
            }
        }
    }
}

/// What is to be said behind «the log».
impl fmt::Display for EndedEarly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            EarlyEnd::Limit => f.write_str("ended at its limit"),
            EarlyEnd::NoRoom => f.write_str("ended early, as there was no room on the disk"),
            EarlyEnd::FileSize => f.write_str("ended early, as the process may not write a longer file (`ulimit -f`)"),
            _ => match i32::try_from(self.error) {
                Ok(error @ 1..) => {
                    write!(f, "ended early, as it could not be written: {}", io::Error::from_raw_os_error(error))
                }
                _ => f.write_str("ended early, as it could not be written"),
            },
        }
    }
}
