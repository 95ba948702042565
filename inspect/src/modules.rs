//! The files whose code is loaded: where in memory each of them is.

use crate::memory::{Array, Plain};

/// A file whose code is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    /// What the file's own addresses are relative to.
    pub(crate) base: usize,
    /// The end of the range that it takes.
    pub(crate) end: usize,
    path: [u8; LONGEST_PATH],
    path_len: usize,
}

/// No path is longer, in bytes; what is longer is cut off at its end.
const LONGEST_PATH: usize = 512;

// SAFETY: all zero is a module of no bytes.
unsafe impl Plain for Module {}

impl Module {
    /// The file.
    pub(crate) fn path(&self) -> &str {
        let path = &self.path[..self.path_len];
        match core::str::from_utf8(path) {
            Ok(path) => path,
            Err(error) => core::str::from_utf8(&path[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    fn contains(&self, address: usize) -> bool {
        (self.base..self.end).contains(&address)
    }

    fn is(&self, other: &Self) -> bool {
        self.base == other.base && self.end == other.end && self.path() == other.path()
    }
}

/// The files that the log has been told of.
pub(crate) struct Modules {
    known: Array<Module>,
    /// An address that is in none of them, though the dynamic loader was asked: of code that the program has made itself, say.
    stray: usize,
}

impl Modules {
    pub(crate) const fn new() -> Self {
        Self { known: Array::new(), stray: 0 }
    }

    /// Forgets all: the next log has heard of none.
    pub(crate) const fn clear(&mut self) {
        self.known.clear();
        self.stray = 0;
    }

    /// The first of some addresses that is in no file that is known.
    pub(crate) fn unknown_of(&self, addresses: &[usize]) -> Option<usize> {
        let is_known = |address| address == self.stray || self.known.iter().any(|module| module.contains(address));
        addresses.iter().copied().find(|&address| !is_known(address))
    }

    /// Learns what is loaded now, and calls `tell` with what is new. The `address` that was not known may be so still.
    pub(crate) fn learn(&mut self, loaded: &Loaded, address: usize, mut tell: impl FnMut(&Module)) {
        for module in loaded.0.iter() {
            if !self.known.iter().any(|known| known.is(module)) {
                // What overlaps was unloaded.
                tell(module);
                // If there is no memory, it is told again the next time.
                let _ = self.known.push(*module);
            }
        }
        self.stray = address;
    }
}

/// What is loaded at this moment.
pub(crate) struct Loaded(Array<Module>);

impl Loaded {
    /// The files, the program's own first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Module> {
        self.0.iter()
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android", target_os = "freebsd"), not(miri)))]
mod loader {
    use core::ffi::{CStr, c_int, c_void};
    use core::slice;

    use super::{Array, LONGEST_PATH, Loaded, Module};

    impl Loaded {
        /// Asks the dynamic loader, and waits for its lock: not to be called with another one that a thread may wait for
        /// while it has that.
        pub(crate) fn now() -> Self {
            let mut modules = Array::new();
            // SAFETY: the function is called with the place of `modules`, and before this returns.
            unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut modules).cast()) };
            Self(modules)
        }
    }

    /// Adds a file that the loader tells of.
    extern "C" fn add(info: *mut libc::dl_phdr_info, _size: usize, modules: *mut c_void) -> c_int {
        // SAFETY: the loader's description may be read.
        let info = unsafe { &*info };
        // SAFETY: it is the array of `now`, who waits for us.
        let modules = unsafe { &mut *modules.cast::<Array<Module>>() };
        let base = usize::try_from(info.dlpi_addr).unwrap_or(0);
        let mut module = Module { base, end: base + extent(info), path: [0; LONGEST_PATH], path_len: 0 };
        module.path_len =
            if modules.is_empty() { read_own_path(&mut module.path) } else { copy(info, &mut module.path) };
        // What there is no memory for stays unknown.
        let _ = modules.push(module);
        0
    }

    /// The number of bytes from a file's base to the end of its last segment.
    fn extent(info: &libc::dl_phdr_info) -> usize {
        // SAFETY: the loader says that so many headers are there.
        let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
        let end = loaded.map(|header| header.p_vaddr + header.p_memsz).max().unwrap_or(0);
        usize::try_from(end).unwrap_or(0)
    }

    /// The path of the program itself, which the loader tells of first, without a name.
    fn read_own_path(path: &mut [u8]) -> usize {
        // SAFETY: the call writes up to so many bytes.
        let len = unsafe { libc::readlink(c"/proc/self/exe".as_ptr(), path.as_mut_ptr().cast(), path.len()) };
        usize::try_from(len).unwrap_or(0)
    }

    fn copy(info: &libc::dl_phdr_info, path: &mut [u8]) -> usize {
        if info.dlpi_name.is_null() {
            return 0;
        }
        // SAFETY: it is a string of the loader's.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes();
        let len = name.len().min(path.len());
        path[..len].copy_from_slice(&name[..len]);
        len
    }
}

/// Where nobody can be asked, nothing is known.
#[cfg(not(all(any(target_os = "linux", target_os = "android", target_os = "freebsd"), not(miri))))]
impl Loaded {
    pub(crate) fn now() -> Self {
        Self(Array::new())
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn code_of_the_program_is_known_once_the_loader_was_asked() {
        let here = code_of_the_program_is_known_once_the_loader_was_asked as fn();
        let address = (here as *const ()).addr();
        let mut modules = Modules::new();
        assert_eq!(modules.unknown_of(&[address]), Some(address));
        let mut told = Vec::new();
        modules.learn(&Loaded::now(), address, |module| told.push(module.path().to_owned()));
        assert_eq!(modules.unknown_of(&[address]), None);
        let program = std::env::current_exe().expect("there is one");
        assert!(told.iter().any(|path| *path == program.to_string_lossy()), "{told:?}");
        modules.learn(&Loaded::now(), address, |module| panic!("{} was known", module.path()));
    }

    #[test]
    fn an_address_that_is_nowhere_is_asked_for_once() {
        let mut modules = Modules::new();
        modules.learn(&Loaded::now(), 64, |_| {});
        assert_eq!(modules.unknown_of(&[64]), None);
    }
}
