//! Functions and lines of return addresses.

use core::ffi::c_void;
use core::ptr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::{Frame, UNKNOWN};

/// Who knows what an address stands for.
#[derive(Clone, Debug)]
pub(super) enum Symbols {
    /// This process: addresses are looked up when they are asked for, and kept.
    OfProcess,
    /// A saved snapshot.
    Saved(Arc<HashMap<u64, Arc<[Frame]>>>),
}

impl Symbols {
    /// The functions of a return address, the innermost inlined one first. Of what is unknown there is the address.
    pub(super) fn frames(&self, address: u64) -> Arc<[Frame]> {
        let found = match self {
            Self::OfProcess => usize::try_from(address).ok().map(looked_up),
            Self::Saved(known) => known.get(&address).cloned(),
        };
        found.filter(|frames| !frames.is_empty()).unwrap_or_else(|| [unknown(address)].into())
    }
}

fn unknown(address: u64) -> Frame {
    Frame::new(UNKNOWN, 0, &format!("{address:#x}"))
}

/// Code that is loaded stays where it is, so what was found once is kept.
fn looked_up(address: usize) -> Arc<[Frame]> {
    static FOUND: Mutex<Option<HashMap<usize, Arc<[Frame]>>>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.get_or_insert_with(HashMap::new);
    Arc::clone(found.entry(address).or_insert_with(|| look_up(address).into()))
}

fn look_up(address: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    backtrace::resolve(ptr::without_provenance_mut::<c_void>(address), |symbol| {
        let file = symbol.filename().map_or_else(|| UNKNOWN.into(), |file| file.to_string_lossy());
        let function = symbol.name().map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}"));
        frames.push(Frame::new(&file, symbol.lineno().unwrap_or(0), &function));
    });
    frames
}
