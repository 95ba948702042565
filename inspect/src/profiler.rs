//! `Profiler`: a recording that a program makes of itself.

use core::mem;
use core::time::Duration;
use std::path::Path;
use std::process;
use std::sync::{Mutex, PoisonError};

use mudlark_hooks::Event;

use crate::engine::{self, AlreadyRecording, Settings};
use crate::family::{self, Kin};
use crate::fork;
use crate::gate::{self, EVERY, LARGEST_INTERVAL};
use crate::log::{LEAST_LIMIT, LogFile, Place};
use crate::modules;
use crate::names::{self, Names};
use crate::report;
use crate::reporter::{HeapReports, Reporter, report_all};
use crate::start_error::StartError;
use crate::thread::Recording;
use crate::walk;

/// A recording, until it is dropped: then the log is whole.
///
/// There is one at a time. It is of the whole process, of all threads, from its start on: blocks that were there
/// before are not known to it.
///
/// A forked child is not recorded, unless [that is wanted](Builder::children).
///
/// A process that crashes or is killed loses nothing that was recorded: what is collected and not yet in the log is in «out.mmt.tail»
/// beside it, on systems of the Unix kind. The tool reads both; a log that ends well has no tail.
///
/// One process at a time writes a file; another one is [refused](StartError::InUse), and what is in the file stays. (Not so where files
/// cannot be locked, nor once the program itself has opened and closed the file that it writes.) Where the file can grow no more, as on
/// a full disk, the log ends and says why, and the program goes on.
#[derive(Debug)]
pub struct Profiler {
    reporter: Option<Reporter>,
    process: u32,
    reports: HeapReports,
}

/// How a recording is to be made.
///
/// ```no_run
/// use std::time::Duration;
/// use mudlark_inspect::Profiler;
///
/// let profile = Profiler::builder().interval(64 << 10).stack_depth(32).stats_period(None).start("out.mmt")?;
/// # Ok::<(), mudlark_inspect::StartError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing before it is started"]
pub struct Builder {
    settings: Settings,
    has_thread: bool,
    stats_period: Option<Duration>,
    place: Place,
    max_size: u64,
    reports: HeapReports,
    allocator: fn() -> String,
}

impl Profiler {
    /// Half a megabyte, the mean number of bytes between two recorded requests unless another is chosen. (So it is with jemalloc, with
    /// gperftools, and in Go.)
    pub const DEFAULT_INTERVAL: u64 = 512 * 1024;

    /// As many recorded requests in a second are the most unless another number is chosen. They take less than a hundredth of a
    /// processor's time, and tell what a second's memory was for to three parts in a hundred.
    pub const DEFAULT_LIMIT: u32 = 1024;

    /// Begins to record to this file, which is overwritten.
    ///
    /// # Errors
    ///
    /// [`StartError`], which tells what to do about it.
    pub fn start(file: impl AsRef<Path>) -> Result<Self, StartError> {
        Self::builder().start(file)
    }

    /// For recordings of another kind.
    pub const fn builder() -> Builder {
        Builder {
            settings: Settings {
                interval: Self::DEFAULT_INTERVAL,
                most_a_second: Self::DEFAULT_LIMIT,
                depth: 64,
                follows_children: false,
                own_figures: None,
            },
            has_thread: true,
            stats_period: Some(Duration::from_millis(100)),
            place: Place::Anew,
            max_size: u64::MAX,
            reports: HeapReports { heap: report::heap, pages: report::pages },
            allocator: names::of_type,
        }
    }

    /// Begins to record if the environment says so: `MUDLARK_PROFILE=out.mmt`, `MUDLARK_PROFILE=out.mmt,interval=1`.
    ///
    /// After the file there may be, each after a comma, `interval=BYTES`, `limit=SAMPLES` (in a second; zero for none), `depth=FRAMES`,
    /// `stats=MILLISECONDS` (zero for never), `size=BYTES` (of the file; zero for any number) and `children=1`, as in [`Builder`].
    ///
    /// A program that was started by one that writes this file, or by one further back, leaves the file alone: with `children=1` it
    /// writes one of its own beside, «out.1234.mmt», otherwise it is not recorded. They know of each other by the environment, which is
    /// changed for that only while there is no other thread: so call this at the beginning of `main`. (It can be known on Linux alone.)
    ///
    /// # Errors
    ///
    /// [`StartError`]; also if the variable says something else.
    pub fn from_env() -> Result<Option<Self>, StartError> {
        let Some(value) = family::told() else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| StartError::Variable("it is not UTF-8".to_owned()))?;
        let (file, builder) = Builder::parse(text).map_err(StartError::Variable)?;
        builder.start_as_kin(file.as_ref(), family::is_only_thread())
    }

    /// Writes that the program has come to some point.
    pub fn mark(&self, text: &str) {
        engine::write(&Event::Mark { text });
    }

    /// Hands what is collected to the system, so that it is there whatever happens next.
    pub fn flush(&self) {
        engine::flush();
    }

    /// Has the log's file be there, also in a child that has nothing to write yet: for a process that is about to lose the right to make
    /// one, as by `setuid` or `chroot`.
    pub fn make_file(&self) {
        engine::make_file();
    }

    /// Ends the recording without the last figures of the heap. It allocates nothing and waits for nobody but the engine: for a
    /// process that ends in the midst of anything.
    pub fn stop_at_once(mut self) {
        engine::stop();
        mem::forget(self.reporter.take());
        mem::forget(self);
    }

    /// Whether the calling process is the one that is recorded. It is not if it shares its memory with that: a child of
    /// `vfork`, which must not drop this then.
    #[must_use]
    pub fn is_here(&self) -> bool {
        engine::process() == Some(process::id())
    }
}

impl Builder {
    /// The mean number of bytes from one recorded request to the next, at most four gigabytes. One records every request; zero
    /// counts as one.
    ///
    /// All sums are estimates then: of `n` recorded requests the relative error is about one by the square root of `n`.
    pub const fn interval(mut self, bytes: u64) -> Self {
        self.settings.interval = match bytes {
            0 => EVERY,
            LARGEST_INTERVAL.. => LARGEST_INTERVAL,
            bytes => bytes,
        };
        self
    }

    /// So many requests are recorded in a second, at most and about: where more would be, the interval doubles, until it is so; when
    /// the program asks for less, it halves again, down to [the one that was chosen](Self::interval). What a second has not needed
    /// the next one may, so that a burst after a calm is not sampled by less.
    ///
    /// So a recording takes a small part of the program's time, whatever the program does. The log says by which interval each request
    /// was sampled, so that all sums are as right as they would be with one. `None` for any number of requests: then the interval
    /// stays as it is. Where every request is recorded, there is no limit.
    pub const fn limit(mut self, samples_a_second: Option<u32>) -> Self {
        self.settings.most_a_second = match samples_a_second {
            None => 0,
            Some(0) => 1,
            Some(most) => most,
        };
        self
    }

    /// So many return addresses of each stack are recorded at most, the innermost ones; at most 256.
    pub const fn stack_depth(mut self, frames: usize) -> Self {
        self.settings.depth = frames;
        self
    }

    /// How often the log gets figures of the whole heap, if they have changed by a hundredth, and all that is collected goes to the file. `None` for
    /// neither, until the recording ends. It takes a thread.
    ///
    /// When the recording is older than a thousand periods, a thousandth of its age takes their place: of a server that is left on, the
    /// log gets a few thousand such figures in the first day, and fewer and fewer after; of one that does nothing, none.
    pub const fn stats_period(mut self, period: Option<Duration>) -> Self {
        self.stats_period = period;
        self
    }

    /// So many bytes are the most that the file gets; at least 64 KiB. `None`, as it is unless this is called, for any number.
    ///
    /// A log that would become longer ends, and says why ([`EndedEarly`](Event::EndedEarly)); the program goes on. Each child's log
    /// has as much for itself.
    ///
    /// ```no_run
    /// let profile = mudlark_inspect::Profiler::builder().max_size(Some(1 << 30)).start("out.mmt")?;
    /// # Ok::<(), mudlark_inspect::StartError>(())
    /// ```
    pub const fn max_size(mut self, bytes: Option<u64>) -> Self {
        self.max_size = match bytes {
            None => u64::MAX,
            Some(..LEAST_LIMIT) => LEAST_LIMIT,
            Some(bytes) => bytes,
        };
        self
    }

    /// Starts no thread: some programs must have one alone, as those that go into a user namespace of their own (`unshare`).
    ///
    /// Then the heap tells of itself at the end only. What memory the process occupies is written once in a
    /// [period](Self::stats_period), along with what is recorded, and so it is handed to the system.
    pub const fn without_thread(mut self) -> Self {
        self.has_thread = false;
        self
    }

    /// Whether forked children are recorded, too: each goes on in a file of its own, «out.1234.mmt» beside «out.mmt» with its process's
    /// number, which is there as soon as there is something to write. It begins with the blocks that the child asks for; the drop of
    /// the guard ends it, if the child gets there.
    ///
    /// Otherwise, as it is unless this is called, the recording goes on in the parent alone.
    pub const fn children(mut self, are_recorded: bool) -> Self {
        self.settings.follows_children = are_recorded;
        self
    }

    /// Whether children are to be recorded: see [`children`](Self::children).
    #[must_use]
    pub const fn has_children(&self) -> bool {
        self.settings.follows_children
    }

    /// Leaves what is in the file, and writes the log behind it. Logs may follow each other in a file.
    pub const fn append(mut self) -> Self {
        self.place = Place::Behind;
        self
    }

    /// Writes another file beside, «out.1234.mmt» with the process's number: the process was started by one whose file it is. What the
    /// process has written there before, it leaves.
    pub const fn as_child(mut self) -> Self {
        self.place = Place::OfChild;
        self
    }

    /// What the allocator is called, if not by its type: it is asked once, at the start.
    pub const fn allocator(mut self, name: fn() -> String) -> Self {
        self.allocator = name;
        self
    }

    /// What the heap says of itself, for a program whose allocator is not Mudlark:
    /// [`Event::Heap`], and then [`Event::Class`] if there are such. What `heap` allocates is not recorded.
    pub const fn heap(mut self, heap: fn() -> Vec<Event<'static>>) -> Self {
        self.reports.heap = heap;
        self
    }

    /// And what it says of its pages, as [`Event::Page`]: that is asked whenever the heap has grown by an eighth, and at the end.
    pub const fn pages(mut self, pages: fn() -> Vec<Event<'static>>) -> Self {
        self.reports.pages = pages;
        self
    }

    /// Begins to record to this file, which is overwritten.
    ///
    /// # Errors
    ///
    /// [`StartError`], which tells what to do about it.
    pub fn start(self, file: impl AsRef<Path>) -> Result<Profiler, StartError> {
        self.begin(Some(file.as_ref()))
    }

    /// Begins to record to this file, which is that of the first of all processes that come of each other and of which the
    /// environment tells: as [`Profiler::from_env`] does. `None` if this process is a later one, and not to be recorded.
    ///
    /// # Errors
    ///
    /// [`StartError`], which tells what to do about it.
    ///
    /// # Safety
    ///
    /// No other thread looks at the environment, which is changed, so that others know that this is the first.
    pub unsafe fn start_in_family(self, file: impl AsRef<Path>) -> Result<Option<Profiler>, StartError> {
        self.start_as_kin(file.as_ref(), true)
    }

    /// Begins to record as whoever this process is. If it is the first, and alone, it tells those to come.
    fn start_as_kin(self, file: &Path, is_alone: bool) -> Result<Option<Profiler>, StartError> {
        let file = std::path::absolute(file).map_err(StartError::File)?;
        match Kin::of_this_process() {
            Kin::First => {
                let profiler = self.start(&file)?;
                if is_alone {
                    // SAFETY: whoever says so has seen to that; the recorder's own thread does not look at it.
                    unsafe { family::tell(&file) };
                }
                Ok(Some(profiler))
            }
            Kin::FirstAgain => self.append().start(file).map(Some),
            Kin::Later if self.has_children() => self.as_child().start(file).map(Some),
            Kin::Later => Ok(None),
        }
    }

    /// Begins to record to no file: for [`Snapshot`](crate::Snapshot)s.
    ///
    /// # Errors
    ///
    /// [`StartError`], which tells what to do about it.
    pub fn start_in_memory(self) -> Result<Profiler, StartError> {
        self.stats_period(None).begin(None)
    }

    fn begin(mut self, file: Option<&Path>) -> Result<Profiler, StartError> {
        if !gate::is_installed() {
            return Err(StartError::NotInstalled);
        }
        fork::arrange();
        modules::prepare();
        choose_walk();
        report::watch_regions();
        // A file that is being written to must not be overwritten.
        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if engine::is_recording() {
            return Err(StartError::AlreadyRecording);
        }
        let file = file.map(|file| LogFile::create(file, self.place, self.max_size)).transpose()?;
        let names = self.names();
        if !self.has_thread {
            self.settings.own_figures = self.stats_period.take();
        }
        engine::start(self.settings, file, &names).map_err(|AlreadyRecording| StartError::AlreadyRecording)?;
        let reporter = self.stats_period.and_then(|period| Reporter::start(period, self.reports));
        Ok(Profiler { reporter, process: process::id(), reports: self.reports })
    }

    fn names(&self) -> Names {
        let _recording = Recording::begin();
        Names::of(&(self.allocator)())
    }

    /// Reads what [`Profiler::from_env`] reads, «out.mmt,interval=1»: the file, and how it is to be written.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<(&str, Self), String> {
        let mut parts = text.split(',');
        let file = parts.next().filter(|file| !file.is_empty()).ok_or("there is no file")?;
        let builder = parts.try_fold(Profiler::builder(), |builder, part| {
            let number = |value: &str| value.parse::<u64>().map_err(|_| format!("«{part}»: there is no number"));
            match part.split_once('=') {
                Some(("interval", bytes)) => Ok(builder.interval(number(bytes)?)),
                Some(("limit", samples)) => {
                    let most = u32::try_from(number(samples)?).unwrap_or(u32::MAX);
                    Ok(builder.limit(Some(most).filter(|&most| most > 0)))
                }
                Some(("depth", frames)) => {
                    Ok(builder.stack_depth(usize::try_from(number(frames)?).unwrap_or(usize::MAX)))
                }
                Some(("stats", milliseconds)) => {
                    let period = Some(number(milliseconds)?).filter(|&period| period > 0);
                    Ok(builder.stats_period(period.map(Duration::from_millis)))
                }
                Some(("size", bytes)) => Ok(builder.max_size(Some(number(bytes)?).filter(|&most| most > 0))),
                Some(("children", "0")) => Ok(builder.children(false)),
                Some(("children", "1")) => Ok(builder.children(true)),
                _ => Err(format!("«{part}» is none of interval=, limit=, depth=, stats=, size=, and children=0 or 1")),
            }
        })?;
        Ok((file, builder))
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        if let Some(reporter) = self.reporter.take() {
            // In a forked child there is no such thread.
            if process::id() == self.process { reporter.stop() } else { mem::forget(reporter) }
        }
        #[cfg(feature = "gc")]
        crate::collections::write_censuses();
        report_all(&self.reports);
        engine::stop();
    }
}

/// Finds out how stacks are walked in this program.
fn choose_walk() {
    let _recording = Recording::begin();
    walk::choose();
}

/// Locked by who starts a recording.
static STARTING: Mutex<()> = Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_file_and_settings() {
        let (file, builder) =
            Builder::parse("a b.mmt,interval=0,limit=0,depth=7,stats=0,children=1").expect("that is right");
        assert!(builder.has_children());
        assert_eq!((file, builder.settings.interval, builder.settings.depth), ("a b.mmt", 1, 7));
        assert_eq!((builder.stats_period, builder.settings.most_a_second), (None, 0));
        assert_eq!(builder.max_size, u64::MAX);
        let (_, builder) = Builder::parse("a,size=99999999").expect("that is right");
        assert_eq!(builder.max_size, 99_999_999);
        assert_eq!(Builder::parse("a,size=1").expect("that is right").1.max_size, 64 << 10);
        assert_eq!(Builder::parse("a,size=0").expect("that is right").1.max_size, u64::MAX);
        let (_, builder) = Builder::parse("a,interval=9999999999,limit=100").expect("that is right");
        assert_eq!((builder.settings.interval, builder.settings.most_a_second), (1 << 32, 100));
        for wrong in [
            "",
            ",interval=1",
            "a,limit=-1",
            "a,interval",
            "a,interval=x",
            "a,size=big",
            "a,speed=1",
            "a,",
            "a,children",
            "a,children=yes",
        ] {
            assert!(Builder::parse(wrong).is_err(), "{wrong}");
        }
    }
}
