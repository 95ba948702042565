//! Recordings for snapshots, and how much they know of.

use crate::engine;
use crate::profiler::Profiler;
use crate::start_error::StartError;

/// The bytes of blocks that were asked for since the recording began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traced {
    /// In use.
    pub current: usize,
    /// The most that has been, since the start or since [`Profiler::reset_peak`].
    pub peak: usize,
}

impl Profiler {
    /// Begins to record every request, with so many frames of the program's own functions, to no file: for
    /// [`Snapshot`](crate::Snapshot)s. (A few more are kept where collections, through which it asked, have few.)
    ///
    /// It is Python's `tracemalloc.start`; to drop it is `stop`. Each request takes some microseconds.
    /// [`Builder::start_in_memory`](crate::Builder::start_in_memory) is for less than every request.
    ///
    /// # Errors
    ///
    /// [`StartError`], which tells what to do about it.
    pub fn in_memory(frames: usize) -> Result<Self, StartError> {
        /// Where nothing is inlined, so many functions lie between a request's allocator and who calls a collection.
        const OF_COLLECTIONS: usize = 24;
        Self::builder().interval(1).stack_depth(frames.saturating_add(OF_COLLECTIONS)).start_in_memory()
    }

    /// The bytes in use that were asked for since the recording began, and the most that were. Of a recording that samples, these are
    /// estimates; that of the most leans upwards, as it is the most that the sample has ever told of.
    #[must_use]
    pub fn traced(&self) -> Traced {
        let traced = engine::traced();
        Traced { current: traced.current, peak: traced.peak }
    }

    /// Has the peak be what is in use now.
    pub fn reset_peak(&self) {
        engine::reset_peak();
    }
}
