//! Threads with a stack of a certain size: some pointers and collectors recurse as deep as a structure is.

use std::thread;

use crate::outcome::Outcome;

/// Enough for any entry to recurse over every object of the largest structure.
const LARGE: usize = 1 << 30;
/// What a program's main thread has on Linux.
const USUAL: usize = 8 << 20;

/// Does `work` on a stack that is large enough for all.
pub(crate) fn large(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    on_stack(LARGE, work)
}

/// Does `work` on a usual stack. An entry that recurses may overflow it, and that is its result.
pub(crate) fn usual(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    on_stack(USUAL, work)
}

fn on_stack(size: usize, work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let thread = thread::Builder::new().stack_size(size).spawn(work).expect("a thread can be had");
    thread.join().expect("no panics")
}
