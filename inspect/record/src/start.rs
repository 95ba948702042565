//! The recording begins when the library is loaded, and ends when the program does.

use core::ffi::c_int;
use core::ptr::NonNull;
use std::env;
use std::sync::{Mutex, PoisonError};

use mudlark_inspect::{Builder, Malloc, Profiler};

use crate::{PROFILED, heap, next};

/// What to do, for this process and those that come of it.
const VARIABLE: &str = "MUDLARK_PROFILE";

/// The recording, while it is made.
static PROFILER: Mutex<Option<Profiler>> = Mutex::new(None);

#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

#[used]
#[unsafe(link_section = ".fini_array")]
static END: extern "C" fn() = end;

extern "C" fn begin() {
    let Some(value) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return };
    // So that it is known to be asked.
    if let Some(block) = NonNull::new(PROFILED.malloc(1)) {
        // SAFETY: just allocated.
        unsafe { PROFILED.free(block) };
    }
    let started = value.to_str().ok_or_else(|| "it is not UTF-8".to_owned()).and_then(start);
    match started {
        Ok(Some(profiler)) => {
            *PROFILER.lock().unwrap_or_else(PoisonError::into_inner) = Some(profiler);
            watch_quick_exit();
        }
        Ok(None) => {}
        Err(problem) => eprintln!("mudlark-record: nothing is recorded: {VARIABLE}={}: {problem}", value.display()),
    }
}

extern "C" fn end() {
    drop(take());
}

/// Has `quick_exit` end the recording, after all that the program does then.
fn watch_quick_exit() {
    unsafe extern "C" {
        safe fn at_quick_exit(work: extern "C" fn()) -> c_int;
    }
    extern "C" fn end() {
        end_at_once();
    }
    // If there is no room for it, up to the last moments are written all the same.
    let _ = at_quick_exit(end);
}

/// Ends the recording, wherever the program is: it may be a signal handler that ends it.
pub(crate) fn end_at_once() {
    if let Some(profiler) = take() {
        profiler.stop_at_once();
    }
}

/// The recording, if it is this process's and nobody is at it.
fn take() -> Option<Profiler> {
    PROFILER.try_lock().ok()?.take_if(|profiler| profiler.is_here())
}

/// Hands what is collected to the system: the process may be another program in a moment.
pub(crate) fn flush() {
    if let Ok(profiler) = PROFILER.try_lock()
        && let Some(profiler) = profiler.as_ref().filter(|profiler| profiler.is_here())
    {
        profiler.flush();
    }
}

/// Begins to record. `None` if this process is not to be recorded.
fn start(value: &str) -> Result<Option<Profiler>, String> {
    let (file, builder) = Builder::parse(value)?;
    let mut builder = builder.heap(heap::state).pages(heap::pages).allocator(next::name);
    let asks_for_stats = value.split(',').skip(1).any(|setting| setting.starts_with("stats="));
    if !asks_for_stats && !heap::tells() {
        // There is nothing that a thread is needed for, and many a program must have one alone.
        builder = builder.without_thread();
    }
    // SAFETY: the program has not begun, so there is no other thread.
    let started = unsafe { builder.start_in_family(file) };
    started.map_err(|error| error.to_string())
}

/// Has the log's file be there: the process is about to lose the right to make one.
pub(crate) fn make_file() {
    if let Ok(profiler) = PROFILER.try_lock()
        && let Some(profiler) = profiler.as_ref().filter(|profiler| profiler.is_here())
    {
        profiler.make_file();
    }
}
