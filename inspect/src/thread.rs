//! What a thread is to a recording: its number, the scope that it is in, and what it does at this moment.

use core::cell::Cell;
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::cancel::Uncancelled;
use crate::errno::Errno;

thread_local! {
    // Without destructors, so that they are there to the thread's very end.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
    static TAG: Cell<u32> = const { Cell::new(0) };
    static ACTIVITY: Cell<Activity> = const { Cell::new(Activity::Program) };
    static NAMED: Cell<u32> = const { Cell::new(0) };
    static TRIES_AGAIN: Cell<bool> = const { Cell::new(false) };
}

/// What a thread does, as far as a recording cares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Activity {
    /// It runs the program: what it allocates is recorded.
    Program,
    /// It records something: what it allocates meanwhile is not.
    Recorder,
    /// And it has the engine's lock.
    Locked,
}

/// The calling thread's number, from one up.
pub(crate) fn number() -> u32 {
    static THREADS: AtomicU32 = AtomicU32::new(0);
    if NUMBER.get() == 0 {
        NUMBER.set(THREADS.fetch_add(1, Ordering::Relaxed) + 1);
    }
    NUMBER.get()
}

/// Whether this log is to be told of the calling thread: the first time that it is asked.
pub(crate) fn is_news(log: u32) -> bool {
    NAMED.replace(log) != log
}

/// The number of the scope that the calling thread is in.
pub(crate) fn tag() -> u32 {
    TAG.get()
}

/// Puts the calling thread into a scope, and returns the one that it was in.
pub(crate) fn set_tag(tag: u32) -> u32 {
    TAG.replace(tag)
}

/// Whether a request that the calling thread makes now is another attempt at one that was refused.
pub(crate) fn is_trying_again() -> bool {
    TRIES_AGAIN.get()
}

/// While this lives, what the thread asks for in vain is a request that was refused already, and does not count again.
#[derive(Debug)]
pub struct TryingAgain {
    before: bool,
    /// It stays with its thread.
    _not_send: core::marker::PhantomData<*mut ()>,
}

impl TryingAgain {
    pub(crate) fn begin() -> Self {
        Self { before: TRIES_AGAIN.replace(true), _not_send: core::marker::PhantomData }
    }
}

impl Drop for TryingAgain {
    fn drop(&mut self) {
        TRIES_AGAIN.set(self.before);
    }
}

/// While this lives, nothing that the thread asks for is recorded.
pub struct Unrecorded {
    /// Unless it is at a recording anyway.
    _recording: Option<Recording>,
}

impl Unrecorded {
    pub(crate) fn begin() -> Self {
        Self { _recording: Recording::begin() }
    }
}

impl fmt::Debug for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unrecorded").finish_non_exhaustive()
    }
}

/// While this lives, the thread is the recorder's. Then `errno` is what it was.
pub(crate) struct Recording {
    before: Activity,
    _errno: Errno,
    _uncancelled: Uncancelled,
    /// It stays with its thread.
    _not_send: core::marker::PhantomData<*mut ()>,
}

impl Recording {
    /// The thread begins to record something. `None` if it is at that already: it must not record what it does for that.
    pub(crate) fn begin() -> Option<Self> {
        (ACTIVITY.get() == Activity::Program).then(|| Self::enter(Activity::Recorder))
    }

    /// The thread is about to lock the engine. `None` if it has it locked: a signal handler may find it so.
    pub(crate) fn lock() -> Option<Self> {
        (ACTIVITY.get() < Activity::Locked).then(|| Self::enter(Activity::Locked))
    }

    fn enter(activity: Activity) -> Self {
        let (_errno, _uncancelled) = (Errno::keep(), Uncancelled::begin());
        Self { before: ACTIVITY.replace(activity), _errno, _uncancelled, _not_send: core::marker::PhantomData }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        ACTIVITY.set(self.before);
    }
}

/// The thread is about to lock the engine, until [`end_lock`] gets what it did before. `None` if it has it locked.
#[cfg(unix)]
pub(crate) fn begin_lock() -> Option<Activity> {
    (ACTIVITY.get() < Activity::Locked).then(|| ACTIVITY.replace(Activity::Locked))
}

/// Undoes a [`begin_lock`].
#[cfg(unix)]
pub(crate) fn end_lock(before: Activity) {
    ACTIVITY.set(before);
}

/// The calling thread's name, in the room that there is.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn name(room: &mut [u8; 64]) -> &str {
    // SAFETY: the call writes up to 16 bytes, and a zero at their end.
    unsafe { libc::prctl(libc::PR_GET_NAME, room.as_mut_ptr()) };
    let len = room.iter().position(|&byte| byte == 0).unwrap_or(0);
    core::str::from_utf8(&room[..len]).unwrap_or_default()
}

/// The calling thread's name is unknown: to ask std may allocate.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn name(_room: &mut [u8; 64]) -> &str {
    ""
}
