//! The log of a recording: events to chunks, chunks to a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mudlark_hooks::{Event, Frames, NameOf, Sink, Writer};

use crate::modules::Module;
use crate::stacks::Stacks;
use crate::tags::Tags;
use crate::thread;

/// Bytes of a chunk.
const CHUNK: usize = 32 * 1024;

/// After so many nanoseconds, what is collected goes to the file with the next event.
const LONGEST_WAIT: u64 = 500_000_000;

/// A log that is being written.
pub(crate) struct Log {
    writer: Writer<LogFile, CHUNK>,
    began: Instant,
    flushed: u64,
    interval: u64,
    /// Which of the process's logs it is, from one up.
    number: u32,
    /// The process.
    process: u32,
    /// Whether there is more than the beginning.
    is_used: bool,
}

impl Log {
    /// A log in this file, whose beginning is written.
    pub(crate) fn begin(file: LogFile, number: u32, interval: u64) -> Self {
        let (writer, began) = (Writer::new(file), Instant::now());
        let mut log = Self { writer, began, flushed: 0, interval, number, process: process::id(), is_used: true };
        log.write_beginning();
        log.flush();
        log
    }

    /// In a forked child: a log of its own, in a file beside the parent's.
    #[cfg(unix)]
    pub(crate) fn begin_anew(&mut self) {
        self.process = process::id();
        self.is_used = false;
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
        self.writer.write(self.now(), event);
    }

    /// Writes events of one moment.
    pub(crate) fn write_at(&mut self, time: u64, event: &Event<'_>) {
        self.writer.write(time, event);
    }

    /// Writes an event of the calling thread, and what the thread is called if that is not known yet.
    pub(crate) fn write_of_thread(&mut self, event: &Event<'_>) {
        let (time, number) = (self.now(), thread::number());
        if thread::is_news(self.number) {
            let mut room = [0; 64];
            self.writer.write(time, &Event::Name { of: NameOf::Thread, id: number, text: thread::name(&mut room) });
        }
        self.writer.write_of(number, thread::tag(), time, event);
        self.is_used = true;
        if time.saturating_sub(self.flushed) > LONGEST_WAIT {
            self.flush();
        }
    }

    /// Writes a stack, so that events may refer to it.
    pub(crate) fn write_stack(&mut self, id: u32, stacks: &Stacks) {
        let mut addresses = [0; crate::walk::MOST_FRAMES];
        let frames = stacks.frames(id);
        for (address, &frame) in addresses.iter_mut().zip(frames) {
            *address = frame as u64;
        }
        let known = &addresses[..frames.len().min(addresses.len())];
        self.write(&Event::Stack { id, frames: Frames::from(known) });
    }

    /// Writes where a file is in memory.
    pub(crate) fn write_module(&mut self, module: &Module) {
        let base = mudlark_hooks::Address(module.base as u64);
        self.write(&Event::Module { base, size: (module.end - module.base) as u64, path: module.path() });
    }

    /// Writes the names of all scopes.
    pub(crate) fn write_tags(&mut self, tags: &Tags) {
        for (id, text) in tags.iter() {
            self.write(&Event::Name { of: NameOf::Tag, id, text });
        }
    }

    /// Hands what is collected to the system, unless a child has nothing to say.
    pub(crate) fn flush(&mut self) {
        if self.is_used {
            self.flushed = self.now();
            self.writer.flush();
        }
    }

    /// Ends the log.
    pub(crate) fn end(mut self) {
        self.write(&Event::Stopped {});
        self.flush();
    }
}

/// The file of a log.
///
/// When it cannot be written any more, as when the disk is full, the log ends there; the program goes on.
pub(crate) struct LogFile {
    file: Option<File>,
    /// In a forked child the file is there when there is something to write.
    #[cfg(unix)]
    path: child::PathOfChild,
}

impl LogFile {
    /// The file of the process that was started, or of a child of it: then that has one beside `path`.
    pub(crate) fn create(path: &Path, place: Place) -> io::Result<Self> {
        #[cfg(unix)]
        let beside = child::PathOfChild::beside(path)?;
        #[cfg(unix)]
        if place == Place::OfChild {
            return Ok(Self { file: None, path: beside.of(process::id(), libc::O_APPEND) });
        }
        let mut options = File::options();
        if place == Place::Behind {
            options.append(true).create(true);
        } else {
            options.write(true).create(true).truncate(true);
        }
        Ok(Self {
            file: Some(options.open(path)?),
            #[cfg(unix)]
            path: beside,
        })
    }
}

/// Where a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a file of its own, whatever was there.
    Anew,
    /// Behind what is in the file.
    Behind,
    /// Into a file beside, behind what this process may have written there before it became another program.
    OfChild,
}

impl Sink for LogFile {
    fn write(&mut self, chunk: &[u8]) {
        #[cfg(unix)]
        if self.file.is_none() {
            self.file = self.path.create();
        }
        if let Some(file) = &mut self.file
            && file.write_all(chunk).is_err()
        {
            self.file = None;
            #[cfg(unix)]
            self.path.forget();
        }
    }
}

#[cfg(unix)]
mod child {
    use std::fs::File;
    use std::io::{self, Write};
    use std::os::fd::FromRawFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::LogFile;

    /// The path of a child's log, «out.1234.mmt» beside «out.mmt». In memory of its own: it is needed in the midst of an
    /// allocation.
    ///
    /// # Invariants
    ///
    /// `stem` is at most `len`, which leaves [`ROOM`] bytes.
    #[derive(Clone, Copy)]
    pub(super) struct PathOfChild {
        /// The path of the process that was started.
        bytes: [u8; 512],
        /// Its length without the extension, and with it.
        stem: usize,
        len: usize,
        /// The number of the child; zero if there is nothing to be created.
        process: u32,
        /// What becomes of a file that is there.
        mode: libc::c_int,
    }

    /// For a point, a number, and the zero at the end.
    const ROOM: usize = 16;

    impl PathOfChild {
        /// For children of who writes this file.
        pub(super) fn beside(parent: &Path) -> io::Result<Self> {
            // The child may be somewhere else.
            let path = std::path::absolute(parent)?;
            let text = path.as_os_str().as_bytes();
            let mut bytes = [0; 512];
            if text.len() + ROOM > bytes.len() {
                return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the path is too long"));
            }
            bytes[..text.len()].copy_from_slice(text);
            let extension = path.extension().map_or(0, |extension| extension.len() + 1);
            Ok(Self { bytes, stem: text.len() - extension, len: text.len(), process: 0, mode: 0 })
        }

        /// The path of this child.
        pub(super) const fn of(mut self, process: u32, mode: libc::c_int) -> Self {
            (self.process, self.mode) = (process, mode);
            self
        }

        /// The file, if this is a child.
        pub(super) fn create(&self) -> Option<File> {
            const NEW: libc::c_int = libc::O_WRONLY | libc::O_CREAT | libc::O_CLOEXEC;
            if self.process == 0 {
                return None;
            }
            let mut path = [0_u8; 512];
            let (stem, extension) = self.bytes[..self.len].split_at(self.stem);
            let mut room = &mut path[..511];
            room.write_all(stem).ok()?;
            write!(room, ".{}", self.process).ok()?;
            room.write_all(extension).ok()?;
            // SAFETY: the path ends with a zero.
            let file = unsafe { libc::open(path.as_ptr().cast(), NEW | self.mode, 0o644) };
            // SAFETY: just opened, and nobody else's.
            (file >= 0).then(|| unsafe { File::from_raw_fd(file) })
        }

        /// Nothing will be created any more.
        pub(super) const fn forget(&mut self) {
            self.process = 0;
        }
    }

    impl LogFile {
        /// The file of a forked child of the process that writes this one. The child has a copy of that, which is closed.
        pub(super) const fn of_child(&mut self, process: u32) -> Self {
            Self { file: None, path: self.path.of(process, libc::O_TRUNC) }
        }
    }
}
