//! What becomes of blocks: who hands one out, resizes it or takes it back tells the engine, and asks it.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use mudlark_hooks::{Address, Event};

use super::stack::with_stack;
use super::{Engine, LOST, with};
use crate::gate;
use crate::live::Live;
use crate::memory::NoMemory;
use crate::thread;

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
}
