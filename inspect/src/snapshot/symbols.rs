//! Functions and lines of return addresses.
//!
//! Of what was loaded when this was asked for the first time, [`backtrace`] knows functions and lines, also when it is unloaded by then.
//! Of plugins that came later, the dynamic loader knows the functions that they export, as long as they are there; and of what is gone,
//! there is the file.

use core::ffi::c_void;
use core::ptr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::{Frame, UNKNOWN};
use crate::modules::{self, Loaded};

/// A file whose code is in stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) base: u64,
    pub(super) size: u64,
    pub(super) path: Arc<str>,
}

impl Module {
    pub(super) fn of(module: &modules::Module) -> Self {
        Self { base: module.base as u64, size: (module.end - module.base) as u64, path: module.path().into() }
    }

    fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.base) < self.size
    }

    /// Whether it is the same file, wherever.
    fn is_like(&self, other: &Self) -> bool {
        self.size == other.size && self.path == other.path
    }
}

/// Who knows what an address stands for.
#[derive(Clone, Debug)]
pub(super) enum Symbols {
    /// This process, with the code that was in it: addresses are looked up when they are asked for, and kept.
    OfProcess(Vec<Module>),
    /// A saved snapshot.
    Saved { symbols: HashMap<u64, Arc<[Frame]>>, modules: Vec<Module> },
}

impl Symbols {
    /// The functions of a return address, the innermost inlined one first. Of what is unknown there is the address.
    pub(super) fn frames(&self, address: u64) -> Arc<[Frame]> {
        let found = match self {
            Self::OfProcess(modules) => {
                Some(looked_up(address, modules.iter().find(|module| module.contains(address))))
            }
            Self::Saved { symbols, .. } => symbols.get(&address).cloned(),
        };
        found.filter(|frames| !frames.is_empty()).unwrap_or_else(|| [unknown(address)].into())
    }

    /// The files that addresses are in.
    pub(super) fn modules(&self) -> &[Module] {
        let (Self::OfProcess(modules) | Self::Saved { modules, .. }) = self;
        modules
    }
}

fn unknown(address: u64) -> Frame {
    Frame::new(UNKNOWN, 0, &format!("{address:#x}"))
}

/// An address in a file, if it is in one: another one may come to be there.
type Place = (u64, Option<Arc<str>>);

/// What was looked up, and is kept.
struct Known {
    /// What was loaded when [`backtrace`] was asked for the first time: it knows of no other files.
    first: Vec<Module>,
    frames: HashMap<Place, Arc<[Frame]>>,
}

fn looked_up(address: u64, module: Option<&Module>) -> Arc<[Frame]> {
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let Known { first, frames } = known
        .get_or_insert_with(|| Known { first: Loaded::now().iter().map(Module::of).collect(), frames: HashMap::new() });
    let place = (address, module.map(|module| Arc::clone(&module.path)));
    Arc::clone(frames.entry(place).or_insert_with(|| look_up(address, module, first).into()))
}

fn look_up(address: u64, module: Option<&Module>, first: &[Module]) -> Vec<Frame> {
    let Some(module) = module else { return resolved(address) };
    match first.iter().find(|first| first.is_like(module)) {
        Some(first) => resolved(address - module.base + first.base),
        None => vec![exported(address, module)],
    }
}

fn resolved(address: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    backtrace::resolve(pointer(address), |symbol| {
        let file = symbol.filename().map_or_else(|| UNKNOWN.into(), |file| file.to_string_lossy());
        let function = symbol.name().map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}"));
        frames.push(Frame::new(&file, symbol.lineno().unwrap_or(0), &function));
    });
    frames
}

/// The function of an address, if its file is still there and exports it; or else the place in the file.
fn exported(address: u64, module: &Module) -> Frame {
    let name = loader::name_of(address, module);
    Frame::new(&module.path, 0, &name.unwrap_or_else(|| format!("{:#x}", address - module.base)))
}

fn pointer(address: u64) -> *mut c_void {
    ptr::without_provenance_mut(usize::try_from(address).unwrap_or(0))
}

#[cfg(all(any(target_os = "linux", target_os = "android", target_os = "freebsd"), not(miri)))]
mod loader {
    use core::ffi::CStr;
    use core::mem::MaybeUninit;

    use backtrace::SymbolName;

    use super::{Module, pointer};

    /// What the dynamic loader calls the function before this return address, which it has in this file.
    pub(super) fn name_of(address: u64, module: &Module) -> Option<String> {
        let mut info = MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: the address is only looked for; the answer is written to.
        if unsafe { libc::dladdr(pointer(address.wrapping_sub(1)), info.as_mut_ptr()) } == 0 {
            return None;
        }
        // SAFETY: the answer was that it is written.
        let info = unsafe { info.assume_init() };
        if info.dli_sname.is_null() || info.dli_fname.is_null() {
            return None;
        }
        // SAFETY: it is a string of the loader's, which keeps it as long as the file is there: nobody unloads code in which there may be
        // someone who asks.
        let path = unsafe { CStr::from_ptr(info.dli_fname) };
        // SAFETY: likewise.
        let name = unsafe { CStr::from_ptr(info.dli_sname) };
        let is_in_it = path.to_bytes() == module.path.as_bytes();
        is_in_it.then(|| format!("{:#}", SymbolName::new(name.to_bytes())))
    }
}

#[cfg(not(all(any(target_os = "linux", target_os = "android", target_os = "freebsd"), not(miri))))]
mod loader {
    use super::Module;

    /// Nobody can be asked.
    pub(super) const fn name_of(_address: u64, _module: &Module) -> Option<String> {
        None
    }
}
