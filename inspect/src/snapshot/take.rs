//! Takes a snapshot of this process.

use core::error::Error;
use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::frame::Traceback;
use super::stacks::{Stack, Stacks, traceback};
use super::symbols::{Module, Symbols};
use super::{Record, Snapshot};
use crate::engine::{self, LiveBlocks};
use crate::live::Live;
use crate::memory::NoMemory;
use crate::thread::Recording;

impl Snapshot {
    /// What is in use now, of what was asked for since the recording began.
    ///
    /// Other threads that allocate wait while the blocks are copied, which takes time for their number. What they stand for is
    /// looked up when it is asked for.
    ///
    /// # Errors
    ///
    /// [`TakeError`], which tells what to do about it.
    pub fn take() -> Result<Self, TakeError> {
        let _not_recorded = Recording::begin();
        if !engine::is_recording() {
            return Err(TakeError::NotRecording);
        }
        let LiveBlocks { blocks, interval } = engine::live_blocks()?;
        let mut blocks: Vec<Record> = blocks.iter().map(|live| record_of(live, interval)).collect();
        blocks.sort_unstable_by_key(|block| block.address);
        let stacks = Arc::new(stacks_of(&blocks)?);
        Ok(Self { blocks, stacks, interval, is_whole: true })
    }

    /// Who asked for what is at this place, if that is a recorded block: Python's `get_object_traceback`.
    ///
    /// The place may be anywhere in a block, so that of a value in an `Rc` will do. If it is where the block begins,
    /// the answer takes constant time, else it takes time for the number of blocks.
    #[must_use]
    pub fn traceback_of<T: ?Sized>(place: *const T) -> Option<Traceback> {
        let _not_recorded = Recording::begin();
        let live = block_at(place.cast::<u8>().addr())?;
        let modules = modules().ok()?;
        let addresses = addresses_of(live.stack).ok()?;
        Some(traceback(&Symbols::OfProcess(modules), &addresses))
    }
}

fn block_at(address: usize) -> Option<Live> {
    if let Some(live) = engine::recorded_at(address) {
        return Some(live);
    }
    let LiveBlocks { blocks, .. } = engine::live_blocks().ok()?;
    blocks.iter().find(|live| (live.address..live.address + live.size).contains(&address)).copied()
}

/// A block of a recording with this interval.
const fn record_of(live: &Live, interval: u64) -> Record {
    let Live { address, size, stack, tag, thread, .. } = *live;
    // Alignments are not kept.
    Record {
        address: address as u64,
        size: size as u64,
        align: 1,
        stack,
        tag,
        thread,
        interval: live.interval(interval),
    }
}

/// What the numbers of these blocks stand for.
fn stacks_of(blocks: &[Record]) -> Result<Stacks, NoMemory> {
    let mut stacks = Stacks::new(Symbols::OfProcess(modules()?));
    for number in blocks.iter().map(|block| block.stack).collect::<BTreeSet<u32>>() {
        stacks.stacks.insert(number, Stack::new(addresses_of(number)?));
    }
    for number in blocks.iter().map(|block| block.tag).collect::<BTreeSet<u32>>() {
        stacks.tags.insert(number, String::from_utf8_lossy(&engine::path_of_tag(number)?).into());
    }
    Ok(stacks)
}

/// The files whose code is in stacks. To be asked for before these: so none of them has an address that is another file's by then.
fn modules() -> Result<Vec<Module>, NoMemory> {
    Ok(engine::modules()?.iter().map(Module::of).collect())
}

fn addresses_of(stack: u32) -> Result<Vec<u64>, NoMemory> {
    Ok(engine::frames(stack)?.iter().map(|&address| address as u64).collect())
}

/// Why there is no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TakeError {
    /// Nothing is recorded.
    NotRecording,
    /// There is no memory for it.
    OutOfMemory,
}

impl From<NoMemory> for TakeError {
    fn from(NoMemory: NoMemory) -> Self {
        Self::OutOfMemory
    }
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRecording => "nothing is recorded: keep what `Profiler::in_memory(25)` returns",
            Self::OutOfMemory => "there is no memory for a snapshot",
        })
    }
}

impl Error for TakeError {}
