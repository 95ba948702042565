//! The engine: what is recorded, in one place, behind one lock.
//!
//! Nothing in here allocates or frees by the program's allocator while it has the lock, nor waits for anybody who may. What
//! may do so, as the walk of a stack and the question what code is loaded, is done before.

#[cfg(unix)]
pub(crate) mod forking;

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::time::Instant;

use lock_api::{Mutex, MutexGuard};
use mudlark_hooks::{Address, Event, NameOf};

use crate::gate::{self, EVERY};
use crate::live::{Live, LiveTable, Traced};
use crate::lock::PatientLock;
use crate::log::{Log, LogFile};
use crate::memory::{Array, NoMemory};
use crate::modules::{Loaded, Module, Modules, News, Unknown};
use crate::names::Names;
use crate::pace::Pace;
use crate::stacks::Stacks;
use crate::tags::Tags;
use crate::thread::{self, Recording};
use crate::walk::Walk;

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

/// A request that is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// What the program has asked for.
    pub(crate) layout: Layout,
    /// The interval under which it was drawn; one if every request is recorded.
    pub(crate) interval: u64,
    /// Whether its block is more aligned than that, for the recording's sake.
    pub(crate) is_over_aligned: bool,
}

/// There is a recording already.
#[derive(Debug)]
pub(crate) struct AlreadyRecording;

/// Begins to record, to this file if there is one, what is called so.
pub(crate) fn start(settings: Settings, file: Option<LogFile>, names: &Names) -> Result<(), AlreadyRecording> {
    let loaded = Loaded::now();
    #[cfg(unix)]
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

/// A block was handed out, and is recorded, unless that cannot be: then the answer is `false`. `from` is a place in the
/// frame below which nobody cares for frames.
pub(crate) fn allocated(block: NonNull<u8>, request: &Request, from: *const u8) -> bool {
    with_stack(from, |engine, stack| engine.add(block, request, stack).is_ok()).unwrap_or(false)
}

/// A request was not served.
pub(crate) fn refused(request: &Request, from: *const u8) {
    let (size, align) = (request.layout.size() as u64, request.layout.align() as u64);
    with_stack(from, |engine, stack| engine.write_request(request, &Event::Refused { size, align, stack }));
}

/// What is known of a block at some address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known {
    /// It is not recorded.
    Unrecorded,
    /// It is.
    Recorded(Live),
    /// The engine cannot be asked: a signal handler has interrupted it.
    NobodyKnows,
}

/// A recorded block that was at this address is about to be freed, if there is one.
pub(crate) fn freed(address: usize) -> Known {
    ask(address, |engine| {
        let live = engine.live.remove(address);
        live.iter().for_each(|live| engine.tell_freed(live));
        live
    })
}

/// Looks for the block at this address.
pub(crate) fn look(address: usize) -> Known {
    ask(address, |engine| engine.live.get(address))
}

/// The block of this recording at this address.
pub(crate) fn recorded_at(address: usize) -> Option<Live> {
    with(|engine| engine.live.get(address).filter(|live| engine.live.is_of_recording(live))).flatten()
}

/// Takes out the block at this address, which is about to be resized: when it has moved, somebody else may get its place.
pub(crate) fn take_out(address: usize) -> Known {
    ask(address, |engine| engine.live.remove(address))
}

/// A block that was taken out is not recorded any more.
pub(crate) fn let_go(old: &Live) {
    with(|engine| engine.tell_freed(old));
}

/// Puts a block back that could not be resized.
pub(crate) fn put_back(live: Live) {
    with(|engine| engine.insert(live));
}

/// A block that was taken out, if it was recorded, has a new size, and perhaps a new place.
pub(crate) fn resized(old: Option<Live>, block: NonNull<u8>, request: &Request, from: *const u8) {
    let Some(old) = old else {
        allocated(block, request, from);
        return;
    };
    if with_stack(from, |engine, stack| engine.replace(old, block, request, stack)).is_none() {
        // The recorder has resized a block of the program's: it is recorded no more.
        let_go(&old);
    }
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
        if is_forking() || is_astray() {
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

/// The recorded blocks in use.
pub(crate) struct LiveBlocks {
    /// In no order.
    pub(crate) blocks: Array<Live>,
    /// The recording's interval.
    pub(crate) interval: u64,
}

/// All blocks of this recording that are in use.
pub(crate) fn live_blocks() -> Result<LiveBlocks, NoMemory> {
    let copy = |engine: &mut Engine| {
        let mut blocks = Array::new();
        engine.live.of_recording().try_for_each(|live| blocks.push(*live))?;
        Ok(LiveBlocks { blocks, interval: engine.pace.chosen() })
    };
    with(copy).unwrap_or(Err(NoMemory))
}

/// The return addresses of a stack, innermost first.
pub(crate) fn frames(stack: u32) -> Result<Array<usize>, NoMemory> {
    let copy = |engine: &mut Engine| {
        let mut frames = Array::new();
        frames.extend(engine.stacks.frames(stack))?;
        Ok(frames)
    };
    with(copy).unwrap_or(Err(NoMemory))
}

/// The files whose code is in stacks: those that are loaded now, and those that were, where they are put. From here on, no stack is
/// of code that is not there any more.
pub(crate) fn modules() -> Result<Array<Module>, NoMemory> {
    let loaded = ask_loader();
    let copy = |engine: &mut Engine| {
        engine.learn(&loaded, &Unknown { address: 0 });
        let mut modules = Array::new();
        engine.modules.iter().chain(engine.modules.unloaded()).try_for_each(|module| modules.push(*module))?;
        Ok(modules)
    };
    with(copy).unwrap_or(Err(NoMemory))
}

/// The path of a scope, in UTF-8.
pub(crate) fn path_of_tag(tag: u32) -> Result<Array<u8>, NoMemory> {
    let copy = |engine: &mut Engine| {
        let mut path = Array::new();
        path.extend(engine.tags.path(tag).as_bytes())?;
        Ok(path)
    };
    with(copy).unwrap_or(Err(NoMemory))
}

/// The bytes of the recorded blocks in use, now and at their highest.
pub(crate) fn traced() -> Traced {
    with(|engine| engine.live.traced()).unwrap_or_default()
}

/// Has the highest be what it is now.
pub(crate) fn reset_peak() {
    with(|engine| engine.live.reset_peak());
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
    lock.lock_unless(is_astray).then(|| unsafe { ENGINE.make_guard_unchecked() })
}

/// Calls `f` with the engine and the number of the calling thread's stack. `None` if the thread is recording already.
fn with_stack<R>(from: *const u8, f: impl Fn(&mut Engine, u32) -> R) -> Option<R> {
    let _recording = Recording::begin()?;
    let walk = Walk::new(from, DEPTH.load(Ordering::Relaxed));
    let answer = with(|engine| engine.stack(&walk).map(|stack| f(engine, stack)))?;
    match answer {
        Ok(answer) => Some(answer),
        Err(unknown) => {
            let loaded = ask_loader();
            with(|engine| {
                engine.learn(&loaded, &unknown);
                let stack = engine.stack_of_any_code(&walk);
                f(engine, stack)
            })
        }
    }
}

/// What is loaded; nothing in a child, which knows what its parent has known.
fn ask_loader() -> Loaded {
    #[cfg(unix)]
    if forking::is_child() {
        return Loaded::nothing();
    }
    Loaded::now()
}

/// Asks the engine for the block at an address, unless it is clear without that there is none.
fn ask(address: usize, question: impl FnOnce(&mut Engine) -> Option<Live>) -> Known {
    if !gate::may_be_live(address) {
        return Known::Unrecorded;
    }
    match with(question) {
        Some(Some(live)) => Known::Recorded(live),
        Some(None) => Known::Unrecorded,
        None => Known::NobodyKnows,
    }
}

/// A block is not recorded.
#[derive(Debug)]
struct NotAdded;

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

    /// The number of a stack, of which the log is told, unless it is in code that nobody knows at once.
    fn stack(&mut self, walk: &Walk) -> Result<u32, Unknown> {
        let Self { log, modules, stacks, .. } = self;
        modules.meet(walk.frames(), |news| take_note(news, log, stacks))?;
        Ok(self.stack_of_any_code(walk))
    }

    /// The number of a stack, of which the log is told. Some of the code may be in no file: the program has made it itself.
    fn stack_of_any_code(&mut self, walk: &Walk) -> u32 {
        self.stacks.intern(walk.frames()).map_or(0, |number| self.told(number))
    }

    /// Tells the log of a stack, if it has not been told.
    fn told(&mut self, number: u32) -> u32 {
        if let Some(log) = &mut self.log
            && !self.stacks.is_known(number, log.number())
        {
            self.stacks.make_known(number, log.number());
            log.write_stack(number, &self.stacks);
        }
        number
    }

    /// Learns what code is loaded, and tells the log.
    fn learn(&mut self, loaded: &Loaded, unknown: &Unknown) {
        let Self { log, modules, stacks, .. } = self;
        modules.learn(loaded, unknown, |news| take_note(news, log, stacks));
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

    /// Adds a block, if it is of this recording: another one may have begun since the request was drawn.
    fn add(&mut self, block: NonNull<u8>, request: &Request, stack: u32) -> Result<(), NotAdded> {
        let address = block.addr().get();
        let live = self.live_block(address, request, stack).ok_or(NotAdded)?;
        self.insert(live).map_err(|NoMemory| NotAdded)?;
        let (size, align) = (request.layout.size() as u64, request.layout.align() as u64);
        self.write_request(request, &Event::Allocated { address: Address(address as u64), size, align, stack });
        Ok(())
    }

    fn replace(&mut self, old: Live, block: NonNull<u8>, request: &Request, stack: u32) {
        // A recording may have ended, and another one begun, while the block was resized.
        if !self.live.is_of_recording(&old) {
            // That it is lost is counted.
            let _ = self.add(block, request, stack);
            return;
        }
        let address = block.addr().get();
        let inserted = self.live_block(address, request, stack).is_some_and(|live| self.insert(live).is_ok());
        if inserted {
            let (from, to) = (Address(old.address as u64), Address(address as u64));
            self.write_request(request, &Event::Reallocated { from, to, size: request.layout.size() as u64, stack });
        } else {
            self.tell_freed(&old);
        }
    }

    /// A block that the calling thread has asked for just now, if it is of this recording.
    fn live_block(&self, address: usize, request: &Request, stack: u32) -> Option<Live> {
        let doublings = self.pace.doublings_to(request.interval).filter(|_| self.is_recording)?;
        let (tag, thread, recording) = (thread::tag(), thread::number(), self.live.recording());
        let (size, is_over_aligned) = (request.layout.size(), request.is_over_aligned);
        Some(Live { address, size, stack, tag, thread, recording, is_over_aligned, doublings })
    }

    /// Tells the log that a block is gone, if the log knows of it.
    fn tell_freed(&mut self, live: &Live) {
        if self.live.is_of_recording(live) {
            self.write(&Event::Freed { address: Address(live.address as u64) });
        }
    }

    fn insert(&mut self, live: Live) -> Result<(), NoMemory> {
        let inserted = self.live.insert(live);
        LOST.fetch_add(inserted.is_err().into(), Ordering::Relaxed);
        inserted
    }

    fn tell_lost(&mut self) {
        let events = LOST.swap(0, Ordering::Relaxed);
        if events > 0 {
            self.write(&Event::Lost { events });
        }
    }

    /// If this is a forked child that has not parted with its parent's log yet, does so.
    fn part_with_parent(&mut self) {
        if forgets_parent() {
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

/// Has the log and the stacks have what becomes known of loaded code.
fn take_note(news: News<'_>, log: &mut Option<Log>, stacks: &mut Stacks) {
    match news {
        News::Loaded(module) => log.iter_mut().for_each(|log| log.write_module(module)),
        News::Unloaded(unloaded) => stacks.code_has_changed(unloaded),
    }
}

/// Whether a thread is about to fork, or has just done so.
fn is_forking() -> bool {
    #[cfg(unix)]
    return forking::is_under_way();
    #[cfg(not(unix))]
    false
}

/// Whether this is a forked child whose log is still its parent's.
fn is_astray() -> bool {
    #[cfg(unix)]
    return forking::is_astray();
    #[cfg(not(unix))]
    false
}

/// The same, and it will not be any more.
fn forgets_parent() -> bool {
    #[cfg(unix)]
    return forking::forgets_parent();
    #[cfg(not(unix))]
    false
}
