//! The engine: what is recorded, in one place, behind one lock.
//!
//! Nothing in here allocates or frees by the program's allocator while it has the lock, nor waits for anybody who may. What
//! may do so, as the walk of a stack and the question what code is loaded, is done before.

mod answers;
mod blocks;
#[cfg_attr(not(unix), path = "engine/no_forking.rs")]
pub(crate) mod forking;
mod stack;

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::time::Instant;

use lock_api::{Mutex, MutexGuard};
use mudlark_hooks::{Event, NameOf};

use crate::gate::{self, EVERY};
use crate::live::LiveTable;
use crate::lock::PatientLock;
use crate::log::{Log, LogFile};
use crate::modules::{Loaded, Modules, Unknown};
use crate::names::Names;
use crate::pace::Pace;
use crate::stacks::Stacks;
use crate::tags::Tags;
use crate::thread::Recording;

pub(crate) use answers::{LiveBlocks, frames, live_blocks, modules, path_of_tag, reset_peak, traced};
pub(crate) use blocks::{
    Known, Request, allocated, freed, let_go, look, put_back, recorded_at, refused, resized, take_out,
};

/// All that is known of recorded blocks, and the log.
pub(crate) struct Engine {
    live: LiveTable,
    stacks: Stacks,
    modules: Modules,
    tags: Tags,
    names: Names,
    log: Option<Log>,
    is_recording: bool,
    pace: Pace,
    /// When the recording began: the clock of one without a log.
    began: Option<Instant>,
    /// Whether a forked child goes on, in a log of its own.
    follows_children: bool,
    logs: u32,
}

static ENGINE: Mutex<PatientLock, Engine> = Mutex::new(Engine::new());

/// Events that could not be written.
static LOST: AtomicU64 = AtomicU64::new(0);

/// So many frames of a stack are recorded.
static DEPTH: AtomicUsize = AtomicUsize::new(0);

/// What a recording is to be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The mean number of bytes between recorded requests; one for every request.
    pub(crate) interval: u64,
    /// At most as many are recorded in a second, or the interval becomes longer; zero for any number.
    pub(crate) most_a_second: u32,
    /// Frames of a stack.
    pub(crate) depth: usize,
    /// Whether forked children are recorded, too.
    pub(crate) follows_children: bool,
    /// How often the log has figures of the process if no thread writes any.
    pub(crate) own_figures: Option<Duration>,
}

/// There is a recording already.
#[derive(Debug)]
pub(crate) struct AlreadyRecording;

/// Begins to record, to this file if there is one, what is called so.
pub(crate) fn start(settings: Settings, file: Option<LogFile>, names: &Names) -> Result<(), AlreadyRecording> {
    let loaded = Loaded::now();
    forking::prepare();
    let begun = with(|engine| {
        if engine.is_recording {
            return Err(AlreadyRecording);
        }
        engine.is_recording = true;
        engine.live.begin_recording(settings.interval);
        engine.pace = Pace::new(settings.interval, if settings.interval == EVERY { 0 } else { settings.most_a_second });
        engine.began = Some(Instant::now());
        engine.follows_children = settings.follows_children;
        engine.names = *names;
        engine.logs += 1;
        engine.log = file.map(|file| Log::begin(file, engine.logs, settings.interval, settings.own_figures));
        engine.modules.clear();
        engine.learn(&loaded, &Unknown { address: 0 });
        engine.tell_names();
        DEPTH.store(settings.depth, Ordering::Relaxed);
        gate::open(settings.interval);
        Ok(())
    });
    begun.unwrap_or(Err(AlreadyRecording))
}

/// Whether there is a recording.
pub(crate) fn is_recording() -> bool {
    with(|engine| engine.is_recording).unwrap_or(true)
}

/// Ends the recording, if there is one.
pub(crate) fn stop() {
    with(|engine| {
        if engine.is_recording {
            engine.tell_lost();
            engine.end_recording();
            engine.live.renew_filter();
            engine.log.take().into_iter().for_each(Log::end);
        }
    });
}

/// Writes an event of the calling thread.
pub(crate) fn write(event: &Event<'_>) {
    with(|engine| engine.write(event));
}

/// Writes an event of the calling thread, which may hold an allocator's locks: if it would have to wait for a fork, which
/// waits for these locks, the event is lost.
pub(crate) fn write_promptly(event: &Event<'_>) {
    let Some(_locked) = Recording::lock() else { return };
    loop {
        if let Some(mut engine) = ENGINE.try_lock() {
            engine.part_with_parent();
            return engine.write(event);
        }
        if forking::is_under_way() || forking::is_astray() {
            LOST.fetch_add(1, Ordering::Relaxed);
            return;
        }
        std::thread::yield_now();
    }
}

/// Writes events of one moment that are no thread's, and hands all that is collected to the system.
pub(crate) fn write_together(events: impl FnOnce(&mut dyn FnMut(&Event<'_>))) {
    with(|engine| {
        engine.look_at_pace();
        let Some(log) = &mut engine.log else { return };
        let now = log.now();
        events(&mut |event| log.write_at(now, event));
        log.flush();
    });
}

/// A request comes by that is not recorded: requests may be sampled more often if it was long ago that one was. If somebody else
/// has the engine, the next one that comes by will do: no request has to wait for that.
pub(crate) fn visit() {
    let Some(_locked) = Recording::lock() else { return };
    if let Some(mut engine) = ENGINE.try_lock() {
        engine.part_with_parent();
        engine.look_at_pace();
    }
}

/// What the log's clock says, in nanoseconds, if there is a log.
#[cfg(feature = "gc")]
pub(crate) fn now() -> Option<u64> {
    with(|engine| engine.log.as_ref().map(Log::now)).flatten()
}

/// Writes an event that has happened before.
#[cfg(feature = "gc")]
pub(crate) fn write_late(time: u64, event: &Event<'_>) {
    with(|engine| engine.log.as_mut().map(|log| log.write_at(time, event)));
}

/// Hands what is collected to the system, and leaves no tail.
pub(crate) fn flush() {
    with(|engine| engine.log.as_mut().map(Log::settle));
}

/// Has the log's file be there.
pub(crate) fn make_file() {
    with(|engine| engine.log.as_mut().map(Log::make_file));
}

/// The process that writes the log.
pub(crate) fn process() -> Option<u32> {
    with(|engine| engine.log.as_ref().map(Log::process)).flatten()
}

/// The number of a scope of this name, within another.
pub(crate) fn tag(within: u32, name: &str) -> u32 {
    let tag = with(|engine| {
        let id = engine.tags.intern(within, name).ok()?;
        if let Some(log) = &mut engine.log {
            // It may be told again, which does no harm.
            log.write(&Event::Name { of: NameOf::Tag, id, text: engine.tags.path(id) });
        }
        Some(id)
    });
    tag.flatten().unwrap_or(within)
}

/// Calls `f` with the engine. `None` if this thread has it locked, as a signal handler may find, or nobody will unlock it.
fn with<R>(f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    let _locked = Recording::lock()?;
    let mut engine = lock()?;
    engine.part_with_parent();
    Some(f(&mut engine))
}

/// The engine, unless this is a forked child and the thread that has it is not in it.
fn lock() -> Option<MutexGuard<'static, PatientLock, Engine>> {
    // SAFETY: nothing is unlocked.
    let lock = unsafe { ENGINE.raw() };
    // SAFETY: it was just locked, for this guard.
    lock.lock_unless(forking::is_astray).then(|| unsafe { ENGINE.make_guard_unchecked() })
}

impl Engine {
    const fn new() -> Self {
        Self {
            live: LiveTable::new(),
            stacks: Stacks::new(),
            modules: Modules::new(),
            tags: Tags::new(),
            names: Names::unknown(),
            log: None,
            is_recording: false,
            pace: Pace::new(EVERY, 0),
            began: None,
            follows_children: false,
            logs: 0,
        }
    }

    /// Tells a new log whom it is about, and what other events refer to.
    fn tell_names(&mut self) {
        if let Some(log) = &mut self.log {
            log.write_names(&self.names);
            log.write_tags(&self.tags);
        }
    }

    /// What the recording's clock says, in nanoseconds.
    fn now(&self) -> u64 {
        let since_start =
            || self.began.map_or(0, |began| u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        self.log.as_ref().map_or_else(since_start, Log::now)
    }

    fn write(&mut self, event: &Event<'_>) {
        if let Some(log) = &mut self.log {
            log.write_of_thread(log.now(), None, event);
        }
    }

    /// Writes an event that is about a recorded request, and counts that if requests are sampled.
    fn write_request(&mut self, request: &Request, event: &Event<'_>) {
        if request.interval == EVERY || !self.is_recording {
            return self.write(event);
        }
        let now = self.now();
        if let Some(log) = &mut self.log {
            log.write_of_thread(now, Some(request.interval), event);
        }
        self.pace.count(now).into_iter().for_each(gate::change_interval);
    }

    /// Sees to it that requests are sampled more often if samples have become rare.
    fn look_at_pace(&mut self) {
        if self.is_recording {
            let now = self.now();
            self.pace.look(now).into_iter().for_each(gate::change_interval);
        }
    }

    fn tell_lost(&mut self) {
        let events = LOST.swap(0, Ordering::Relaxed);
        if events > 0 {
            self.write(&Event::Lost { events });
        }
    }

    /// If this is a forked child that has not parted with its parent's log yet, does so.
    fn part_with_parent(&mut self) {
        if forking::forgets_parent() {
            self.begin_anew();
        }
    }

    /// From here on nothing is recorded; the log stays as it is.
    fn end_recording(&mut self) {
        self.is_recording = false;
        self.live.end_recording();
        gate::close(self.live.has_over_aligned());
    }

    /// In a forked child: goes on in a log of its own, where what code is loaded is known from the parent; or ends the recording
    /// here.
    fn begin_anew(&mut self) {
        let Some(log) = &mut self.log else { return };
        if !self.follows_children {
            // It is the parent's, with all that is collected.
            self.log = None;
            self.end_recording();
            return;
        }
        #[cfg(unix)]
        log.begin_anew();
        self.logs = log.number();
        self.modules.iter().for_each(|module| log.write_module(module));
        self.tell_names();
    }
}
