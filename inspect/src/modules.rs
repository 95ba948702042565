//! The files whose code is loaded: where in memory each of them is.

mod found;

use core::ops::Range;

use crate::memory::{Array, Plain};
use found::{File, Found};

pub(crate) use found::prepare;

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

    /// A file that was found.
    fn of(file: &File<'_>) -> Self {
        let mut module = Self { base: file.base, end: file.end, path: [0; LONGEST_PATH], path_len: 0 };
        let own_path = &mut module.path;
        module.path_len = if file.path.is_empty() { read_own_path(own_path) } else { copy_path(file.path, own_path) };
        module
    }

    const fn range(&self) -> Range<usize> {
        self.base..self.end
    }

    fn overlaps(&self, range: &Range<usize>) -> bool {
        self.base < range.end && range.start < self.end
    }

    /// Whether it is this one. The program itself, whose path is empty, stays where it is.
    fn is_of(&self, file: &File<'_>) -> bool {
        let path = &file.path[..file.path.len().min(LONGEST_PATH)];
        (self.base, self.end) == (file.base, file.end) && (path.is_empty() || &self.path[..self.path_len] == path)
    }

    fn is(&self, other: &Self) -> bool {
        self.base == other.base && self.end == other.end && self.path() == other.path()
    }

    /// Has it be none: it was unloaded.
    const fn forget(&mut self) {
        (self.base, self.end, self.path_len) = (0, 0, 0);
    }
}

/// The files that the log has been told of.
pub(crate) struct Modules {
    known: Array<Module>,
    /// Those that were unloaded, where they are put.
    unloaded: Array<Module>,
    /// An address that is in none of them, though the dynamic loader was asked: of code that the program has made itself, say.
    stray: usize,
    /// Where in `known` a file was found last, by a few bits of its base.
    recent: [usize; RECENT],
}

/// So many files are found without a search.
const RECENT: usize = 64;

/// An address of code of which nobody knows the file but the dynamic loader, for whom one may have to wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) address: usize,
}

/// A file was unloaded, and another one got its place: what was known of its addresses is known of others from here on, where
/// nothing is. So each address stands for one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unloaded {
    pub(crate) range: Range<usize>,
    /// Where its base is put; nowhere if there is no room.
    pub(crate) base: Option<usize>,
}

impl Unloaded {
    /// What stands for an address from here on; zero for none.
    pub(crate) fn moved(&self, address: usize) -> usize {
        if self.range.contains(&address) {
            self.base.map_or(0, |base| base + (address - self.range.start))
        } else {
            address
        }
    }
}

/// Where the unloaded file of this number is put: no program's code is there.
fn elsewhere(number: usize, len: usize) -> Option<usize> {
    const ELSEWHERE: u64 = 0xE000_0000_0000_0000;
    const ROOM: u64 = 1 << 40;
    let is_room = number < 4096 && len as u64 <= ROOM;
    usize::try_from(ELSEWHERE + number as u64 * ROOM).ok().filter(|_| is_room)
}

/// What becomes known.
#[derive(Clone, Copy)]
pub(crate) enum News<'m> {
    Loaded(&'m Module),
    Unloaded(&'m Unloaded),
}

impl Modules {
    pub(crate) const fn new() -> Self {
        Self { known: Array::new(), unloaded: Array::new(), stray: 0, recent: [0; RECENT] }
    }

    /// Forgets what is loaded.
    pub(crate) const fn clear(&mut self) {
        self.known.clear();
        self.stray = 0;
    }

    /// The files that are known and there, the program's own first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Module> {
        self.known.iter().filter(|module| !module.range().is_empty())
    }

    /// Those that were unloaded, where they are put.
    pub(crate) fn unloaded(&self) -> impl Iterator<Item = &Module> {
        self.unloaded.iter()
    }

    /// Learns what code the calling thread's stack with these return addresses is in, and calls `tell` with what is new.
    ///
    /// Where somebody knows it at once, that is asked for each stack, since a file may have been unloaded, and another one be where it
    /// was. Where not, the answer may be that the dynamic loader has to be asked.
    pub(crate) fn meet(&mut self, stack: &[usize], mut tell: impl FnMut(News<'_>)) -> Result<(), Unknown> {
        let mut last = 0..0;
        for address in stack.iter().filter(|address| **address != 0) {
            if last.contains(address) {
                continue;
            }
            // SAFETY: it is of the calling thread's stack.
            match unsafe { found::at(address) } {
                Found::File(file) => {
                    last = file.start..file.end;
                    if !self.knows(&file) {
                        self.add(Module::of(&file), &mut tell);
                    }
                }
                Found::Nothing => {}
                Found::NobodyAnswers if self.has_heard_of(*address) => {}
                Found::NobodyAnswers => return Err(Unknown { address: *address }),
            }
        }
        Ok(())
    }

    /// Learns what is loaded now, and calls `tell` with what is new. What was unknown may be so still.
    pub(crate) fn learn(&mut self, loaded: &Loaded, unknown: &Unknown, mut tell: impl FnMut(News<'_>)) {
        self.stray = unknown.address;
        for module in loaded.iter() {
            if !self.known.iter().any(|known| known.is(module)) {
                self.add(*module, &mut tell);
            }
        }
    }

    fn has_heard_of(&self, address: usize) -> bool {
        address == self.stray || self.known.iter().any(|module| module.range().contains(&address))
    }

    /// Whether this file is known where it is.
    fn knows(&mut self, file: &File<'_>) -> bool {
        let recent = (file.base >> 12) % RECENT;
        if self.known.get(self.recent[recent]).is_some_and(|module| module.is_of(file)) {
            return true;
        }
        let found = self.known.iter().position(|module| module.is_of(file));
        self.recent[recent] = found.unwrap_or(0);
        found.is_some()
    }

    /// Adds a file, and tells of it. What it overlaps was unloaded.
    fn add(&mut self, module: Module, tell: &mut impl FnMut(News<'_>)) {
        tell(News::Loaded(&module));
        let range = module.range();
        for index in 0..self.known.len() {
            if self.known[index].overlaps(&range) {
                self.put_elsewhere(index, tell);
            }
        }
        // If there is no memory, it is told again the next time.
        let _ = self.known.push(module);
    }

    /// No known file is the one that was there, so that it is told of when it comes back.
    fn put_elsewhere(&mut self, index: usize, tell: &mut impl FnMut(News<'_>)) {
        let mut module = self.known[index];
        self.known[index].forget();
        let range = module.range();
        let base = elsewhere(self.unloaded.len(), range.len());
        let unloaded = Unloaded { range, base };
        if let Some(base) = base {
            (module.base, module.end) = (base, base + unloaded.range.len());
            // Without memory for it, nobody will know what was there.
            let _ = self.unloaded.push(module);
        }
        tell(News::Unloaded(&unloaded));
    }
}

/// What is loaded at this moment.
pub(crate) struct Loaded(Array<Module>);

impl Loaded {
    /// As if nothing were.
    pub(crate) const fn nothing() -> Self {
        Self(Array::new())
    }

    /// The files, the program's own first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Module> {
        self.0.iter()
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android", target_os = "freebsd"), not(miri)))]
mod loader {
    use core::ffi::{CStr, c_int, c_void};
    use core::slice;

    use super::{Array, LONGEST_PATH, Loaded, Module, copy_path, read_own_path};

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

    fn copy(info: &libc::dl_phdr_info, path: &mut [u8]) -> usize {
        if info.dlpi_name.is_null() {
            return 0;
        }
        // SAFETY: it is a string of the loader's.
        copy_path(unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes(), path)
    }
}

/// Copies as much of a path as there is room for, and says how much that is.
fn copy_path(from: &[u8], path: &mut [u8]) -> usize {
    let len = from.len().min(path.len());
    path[..len].copy_from_slice(&from[..len]);
    len
}

/// The path of the program itself, which the loader knows without a name.
#[cfg(all(unix, not(miri)))]
fn read_own_path(path: &mut [u8]) -> usize {
    // SAFETY: the call writes up to so many bytes.
    let len = unsafe { libc::readlink(c"/proc/self/exe".as_ptr(), path.as_mut_ptr().cast(), path.len()) };
    usize::try_from(len).unwrap_or(0)
}

#[cfg(not(all(unix, not(miri))))]
fn read_own_path(_path: &mut [u8]) -> usize {
    0
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

    const NOWHERE: Unknown = Unknown { address: 64 };

    /// An address of the program, which this test is in.
    fn here() -> usize {
        (here as fn() -> usize as *const ()).addr()
    }

    #[test]
    fn code_of_the_program_is_known_once_the_loader_was_asked() {
        prepare();
        let mut modules = Modules::new();
        let mut told = Vec::new();
        modules.learn(&Loaded::now(), &NOWHERE, |news| told.push(said(news)));
        let program = std::env::current_exe().expect("there is one");
        assert_eq!(told[0], program.to_string_lossy(), "{told:?}");
        let tell = |news: News<'_>| panic!("{} was known", said(news));
        modules.learn(&Loaded::now(), &NOWHERE, tell);
        assert_eq!(modules.meet(&[here()], tell), Ok(()));
    }

    #[test]
    fn an_address_that_is_nowhere_is_asked_for_once() {
        let mut modules = Modules::new();
        modules.learn(&Loaded::now(), &NOWHERE, |_| {});
        assert_eq!(modules.meet(&[NOWHERE.address, 0], |_| {}), Ok(()));
    }

    #[test]
    fn a_file_in_anothers_place_is_another_file_and_what_was_there_is_put_elsewhere() {
        let file = |path| File { base: 0x5000, start: 0x5000, end: 0x9000, path };
        let (one, other) = (file(b"/one.so"), file(b"/other.so"));
        let mut modules = Modules::new();
        let (mut told, mut moved) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            for file in [&one, &other] {
                assert!(!modules.knows(file));
                modules.add(Module::of(file), &mut |news| match news {
                    News::Unloaded(unloaded) => moved.push(unloaded.moved(0x6000)),
                    News::Loaded(_) => told.push(said(news)),
                });
                assert!(modules.knows(file));
            }
        }
        assert_eq!(told, ["/one.so", "/other.so", "/one.so", "/other.so"]);
        let paths: Vec<&str> = modules.unloaded().map(Module::path).collect();
        assert_eq!(paths, ["/one.so", "/other.so", "/one.so"]);
        let within = modules.unloaded().zip(&moved).all(|(module, &address)| module.base + 0x1000 == address);
        assert!(within && moved[0] != moved[2], "{moved:x?}");
        assert!(moved.iter().all(|&address| Unloaded { range: 0x5000..0x9000, base: None }.moved(address) == address));
    }

    fn said(news: News<'_>) -> String {
        match news {
            News::Loaded(module) => module.path().to_owned(),
            News::Unloaded(unloaded) => format!("{unloaded:x?}"),
        }
    }
}
