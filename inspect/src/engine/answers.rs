//! What the engine tells of what is recorded: copies, as nobody else may look at it.

use super::stack::ask_loader;
use super::{Engine, with};
use crate::live::{Live, Traced};
use crate::memory::{Array, NoMemory};
use crate::modules::{Module, Unknown};

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
