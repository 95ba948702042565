//! The program that the log tells of, and what its numbers are called.

use core::time::Duration;
use std::collections::HashMap;
use std::time::SystemTime;

use mudlark_hooks::NameOf;

/// A file whose code was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Where its first byte would be.
    pub base: u64,
    /// The length of the range.
    pub size: u64,
    /// The file.
    pub path: String,
}

/// What a log says of its program, apart from what happened in it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The process's number; zero where it is unknown.
    pub process: u32,
    /// Units of time in a second; zero if it is unknown.
    pub ticks_per_second: u64,
    /// Nanoseconds since 1970 at time zero, or zero.
    pub unix_nanoseconds: u64,
    /// The time at which the log begins.
    pub started: u64,
    /// Bytes of a pointer.
    pub pointer_bytes: u8,
    /// The mean number of bytes from one request in the log to the next, at first and at least; one if each is there.
    pub sample_interval: u64,
    /// The least and the most that it has been, where requests are sampled.
    pub intervals: Option<(u64, u64)>,
    /// Whether the log has its own beginning. If not, all of the above is unknown.
    pub has_start: bool,
    /// Whether the program ended its log.
    pub has_stop: bool,
    /// What code was loaded, in the log's order.
    pub modules: Vec<Module>,
    /// Return addresses by a stack's number, innermost first.
    pub stacks: HashMap<u32, Box<[u64]>>,
    pub(crate) names: HashMap<(NameOf, u32), String>,
    /// What code return addresses are of, innermost first, where the log knows it of itself, as a snapshot does.
    pub(crate) symbols: HashMap<u64, Vec<Symbol>>,
}

/// A function, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// The source file's number.
    pub(crate) file: u32,
    /// The line in it, or zero.
    pub(crate) line: u32,
    pub(crate) function: String,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            process: 0,
            ticks_per_second: 0,
            unix_nanoseconds: 0,
            started: 0,
            pointer_bytes: 8,
            sample_interval: 1,
            intervals: None,
            has_start: false,
            has_stop: false,
            modules: Vec::new(),
            stacks: HashMap::new(),
            names: HashMap::new(),
            symbols: HashMap::new(),
        }
    }
}

impl Program {
    /// What the thing of that number is called, if the log says so.
    #[must_use]
    pub fn name(&self, of: NameOf, id: u32) -> Option<&str> {
        self.names.get(&(of, id)).map(String::as_str)
    }

    /// What the program is called.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name(NameOf::Program, 0).unwrap_or("unknown program")
    }

    /// A thread's name, or else its number.
    #[must_use]
    pub fn thread(&self, thread: u32) -> String {
        match self.name(NameOf::Thread, thread) {
            Some(name) => name.to_owned(),
            None if thread == 0 => "unknown thread".to_owned(),
            None => format!("thread {thread}"),
        }
    }

    /// A tag's whole path, or else its number.
    #[must_use]
    pub fn tag(&self, tag: u32) -> String {
        match self.name(NameOf::Tag, tag) {
            Some(name) => name.to_owned(),
            None if tag == 0 => "no tag".to_owned(),
            None => format!("tag {tag}"),
        }
    }

    /// Whether each request is in the log.
    #[must_use]
    pub const fn has_every_request(&self) -> bool {
        self.intervals.is_none()
    }

    /// Requests are sampled by this interval; one is none.
    pub(crate) fn note_interval(&mut self, interval: u64) {
        if interval > 1 {
            let (least, most) = self.intervals.unwrap_or((interval, interval));
            self.intervals = Some((least.min(interval), most.max(interval)));
        }
    }

    /// When the log begins, if it knows the date.
    #[must_use]
    pub fn started_at(&self) -> Option<SystemTime> {
        if self.unix_nanoseconds == 0 || self.ticks_per_second == 0 {
            return None;
        }
        let since_zero = u128::from(self.started) * 1_000_000_000 / u128::from(self.ticks_per_second);
        let since_1970 = self.unix_nanoseconds.saturating_add(since_zero.try_into().unwrap_or(u64::MAX));
        Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(since_1970))
    }

    /// Seconds of a span of time. Where the log does not say how long a tick is, it is a second.
    #[must_use]
    pub fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks_per_second.max(1) as f64
    }
}
