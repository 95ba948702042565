//! Processes that come of each other: which of them writes the file itself, and which one beside.
//!
//! ```text
//!   out.mmt   ◂── the first ── exec ──▸ the same process as another program: behind what is there
//!                    │
//!   out.7.mmt ◂──────┴── whatever it starts: beside, or not at all
//! ```
//!
//! Each is told by variables of its environment, which the first one sets.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process;

/// What is to be recorded, and where.
const PROFILE: &str = "MUDLARK_PROFILE";

/// The number of the first process.
const FIRST: &str = "MUDLARK_PROFILE_PROCESS";

/// What the environment tells of the file and the settings.
pub(crate) fn told() -> Option<OsString> {
    env::var_os(PROFILE).filter(|value| !value.is_empty())
}

/// Which one a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kin {
    First,
    /// It has been another program before.
    FirstAgain,
    /// It comes of the first one.
    Later,
}

impl Kin {
    pub(crate) fn of_this_process() -> Self {
        let first = env::var(FIRST).ok().and_then(|number| number.parse::<u32>().ok());
        first.map_or(Self::First, |first| if first == process::id() { Self::FirstAgain } else { Self::Later })
    }
}

/// Tells whatever this process, the first one, will start. The file's path is whole: they may be started somewhere else.
///
/// # Safety
///
/// No other thread looks at the environment.
pub(crate) unsafe fn tell(file: &Path) {
    let Some(value) = told() else { return };
    let value = value.to_string_lossy();
    let settings = value.split_once(',').map_or(String::new(), |(_, settings)| format!(",{settings}"));
    // SAFETY: the caller's promise.
    unsafe { env::set_var(PROFILE, format!("{}{settings}", file.display())) };
    // SAFETY: likewise.
    unsafe { env::set_var(FIRST, process::id().to_string()) };
}

/// Whether this thread is the only one, as far as the system tells.
pub(crate) fn is_only_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}
