//! The functions and lines that a stack's addresses stand for.
//!
//! ```text
//!   stack 7:  0x55d0_1234  0x55d0_5678 …                    (innermost first)
//!                 │ module app, 0x1233: a return address is behind its call
//!                 ▾
//!             Vec::push ◂ grow ◂ read_all ◂ main ◂ lang_start
//!             └ container        └ own       └ cut off: the same for all
//! ```
//!
//! A saved snapshot has the functions and lines itself: what it says goes before what files say.
//! Nothing is looked up before it is needed, and nothing twice.

mod debug_file;
mod demangle;
mod frame;
mod module_map;

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mudlark_hooks::NameOf;
use mudlark_inspect::origin::{Function, Origin, names};

use crate::model::{Module, Program};
use debug_file::DebugFile;
use module_map::ModuleMap;

pub use frame::{Frame, Location};

/// Where files are found, and how much is shown.
#[derive(Clone, Debug, Default)]
pub struct SymbolOptions {
    /// The program's own file. A firmware's log does not name it, and its addresses are the file's own.
    pub exe: Option<PathBuf>,
    /// The directory in which the other machine's files are as they are there.
    pub sysroot: Option<PathBuf>,
    /// Shows the allocator's own functions and the recorder's, and what calls `main`.
    pub all_frames: bool,
}

/// A frame that [`Symbols`] has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(u32);

/// Knows the functions and lines of a program.
#[derive(Debug)]
pub struct Symbols<'p> {
    program: &'p Program,
    modules: ModuleMap,
    options: SymbolOptions,
    /// By their paths; those that cannot be read are nothing.
    files: HashMap<PathBuf, Option<DebugFile>>,
    addresses: HashMap<u64, Rc<[FrameId]>>,
    stacks: HashMap<u32, Rc<Stack>>,
    /// The same by all of their frames, also those that are not shown: a log may have many of one kind.
    kinds: HashMap<Vec<FrameId>, Rc<Stack>>,
    frames: Vec<Frame>,
    ids: HashMap<Frame, FrameId>,
    unreadable: BTreeSet<String>,
    changed: BTreeSet<String>,
}

/// A stack, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stack {
    /// Its frames, innermost first.
    pub frames: Vec<FrameId>,
    /// The frame that is said to have asked: the innermost that is of no container.
    pub asker: Option<FrameId>,
    /// The type of the blocks, if it can be told.
    pub type_name: Option<String>,
}

impl<'p> Symbols<'p> {
    /// Of this program.
    #[must_use]
    pub fn new(program: &'p Program, options: SymbolOptions) -> Self {
        let mut symbols = Self {
            program,
            modules: ModuleMap::of(&program.modules),
            options,
            files: HashMap::new(),
            addresses: HashMap::new(),
            stacks: HashMap::new(),
            kinds: HashMap::new(),
            frames: Vec::new(),
            ids: HashMap::new(),
            unreadable: BTreeSet::new(),
            changed: BTreeSet::new(),
        };
        symbols.stacks.insert(0, Rc::default());
        symbols
    }

    /// The stack of this number; if the log does not have it, one without frames.
    pub fn stack(&mut self, id: u32) -> Rc<Stack> {
        if let Some(stack) = self.stacks.get(&id) {
            return Rc::clone(stack);
        }
        let stack = self.look_up_stack(id);
        self.stacks.insert(id, Rc::clone(&stack));
        stack
    }

    /// A frame that a stack has.
    #[must_use]
    pub fn frame(&self, id: FrameId) -> &Frame {
        &self.frames[id.0 as usize]
    }

    /// Files that could not be read: of their code, no more is known than the file and the address.
    pub fn unreadable(&self) -> impl ExactSizeIterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }

    /// Files that are younger than the log: their functions and lines may not be those that the program had.
    pub fn changed(&self) -> impl ExactSizeIterator<Item = &str> {
        self.changed.iter().map(String::as_str)
    }

    fn look_up_stack(&mut self, id: u32) -> Rc<Stack> {
        let Some(addresses) = self.program.stacks.get(&id) else { return Rc::default() };
        // Who walks up a stack may find a zero at its end.
        let addresses = addresses.iter().filter(|address| **address != 0);
        let frames = addresses.flat_map(|&address| self.address(address).to_vec());
        let frames: Vec<FrameId> = frames.take(MOST_FRAMES).collect();
        if let Some(stack) = self.kinds.get(&frames) {
            return Rc::clone(stack);
        }
        let stack = Rc::new(self.stack_of(&frames));
        self.kinds.insert(frames, Rc::clone(&stack));
        stack
    }

    /// What is shown of a stack with these frames. Takes time for the length of their names.
    fn stack_of(&self, frames: &[FrameId]) -> Stack {
        let functions: Vec<Function<'_>> = frames.iter().map(|&frame| self.frame(frame).as_function()).collect();
        let Origin { first, asked, end, type_name } = Origin::of(&functions);
        if self.options.all_frames {
            return Stack { asker: frames.first().copied(), frames: frames.to_vec(), type_name };
        }
        Stack { frames: frames[first..end].to_vec(), asker: frames.get(asked).copied(), type_name }
    }

    /// The functions of a return address, innermost first.
    fn address(&mut self, address: u64) -> Rc<[FrameId]> {
        if let Some(frames) = self.addresses.get(&address) {
            return Rc::clone(frames);
        }
        let frames = self.look_up_address(address);
        let frames: Rc<[FrameId]> = frames.into_iter().map(|frame| self.id_of(frame)).collect();
        self.addresses.insert(address, Rc::clone(&frames));
        frames
    }

    fn id_of(&mut self, frame: Frame) -> FrameId {
        *self.ids.entry(frame).or_insert_with_key(|frame| {
            let id = u32::try_from(self.frames.len()).expect("each frame takes memory: there are no 2^32");
            self.frames.push(frame.clone());
            FrameId(id)
        })
    }

    fn look_up_address(&mut self, return_address: u64) -> Vec<Frame> {
        self.told_by_log(return_address).unwrap_or_else(|| self.look_up_in_files(return_address))
    }

    /// What the log itself says. It was asked of the code that ran, so it is right whatever has become of the files.
    fn told_by_log(&self, return_address: u64) -> Option<Vec<Frame>> {
        let told = self.program.symbols.get(&return_address)?;
        let module = self.module_at(return_address.wrapping_sub(1)).map(|module| module.path.clone());
        let frames = told.iter().map(|symbol| {
            let file = self.program.name(NameOf::File, symbol.file).filter(|file| !is_placeholder(file));
            let function = beginning(&symbol.function, MOST_OF_NAME).to_owned();
            tidied(Frame {
                function,
                file: file.map(str::to_owned),
                line: symbol.line,
                module: module.clone(),
                ..Frame::default()
            })
        });
        // Who wrote the log may not have known, either.
        told.iter().any(|symbol| !is_placeholder(&symbol.function)).then(|| frames.collect())
    }

    fn module_at(&self, address: u64) -> Option<&'p Module> {
        Some(&self.program.modules[self.modules.index_at(address)?])
    }

    fn look_up_in_files(&mut self, return_address: u64) -> Vec<Frame> {
        // The call is before the address to which it returns.
        let address = return_address.wrapping_sub(1);
        let module = self.module_at(address);
        // The program itself is the first of the modules; a firmware has none.
        let is_program = module == self.program.modules.first();
        let (path, base) = match (module, &self.options.exe) {
            (_, Some(exe)) if is_program => (exe.clone(), module.map_or(0, |module| module.base)),
            (Some(module), _) => (PathBuf::from(&module.path), module.base),
            (None, _) => return vec![Frame { function: format!("{address:#x}"), ..Frame::default() }],
        };
        let module = path.to_string_lossy().into_owned();
        let file = self.file(&path);
        let found = file.map(|file| file.frames(file.call_before(return_address, base))).unwrap_or_default();
        if found.is_empty() {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let function = format!("{}+{:#x}", beginning(&name, MOST_OF_FILE_NAME), address.wrapping_sub(base));
            return vec![Frame { function, module: Some(module), ..Frame::default() }];
        }
        found.into_iter().map(|frame| tidied(Frame { module: Some(module.clone()), ..frame })).collect()
    }

    /// A file of code, if it can be read.
    fn file(&mut self, path: &Path) -> Option<&DebugFile> {
        if !self.files.contains_key(path) {
            let file = self.open(path);
            // What is no path, as the kernel's own `linux-vdso.so.1`, is no file.
            if file.is_none() && path.components().nth(1).is_some() {
                self.unreadable.insert(path.to_string_lossy().into_owned());
            }
            if file.is_some() && self.is_younger_than_log(path) {
                self.changed.insert(path.to_string_lossy().into_owned());
            }
            self.files.insert(path.to_owned(), file);
        }
        self.files.get(path)?.as_ref()
    }

    /// Whether a file was written after the program had started. Of a file that the user names, that is the user's affair.
    fn is_younger_than_log(&self, path: &Path) -> bool {
        let is_named = self.options.sysroot.is_some() || self.options.exe.as_deref() == Some(path);
        let written = std::fs::metadata(path).and_then(|file| file.modified());
        match (written, self.program.started_at()) {
            (Ok(written), Some(started)) if !is_named => written > started + ROUGHLY,
            _ => false,
        }
    }

    fn open(&self, path: &Path) -> Option<DebugFile> {
        let root = self.options.sysroot.as_deref().unwrap_or(Path::new("/"));
        let inside = root.join(path.strip_prefix("/").unwrap_or(path));
        DebugFile::open(&inside, root).or_else(|_| DebugFile::open(path, root)).ok()
    }
}

/// Clocks and file systems agree no better than this.
const ROUGHLY: Duration = Duration::from_secs(2);

/// No stack is shown any deeper. What records stacks ends them long before.
const MOST_FRAMES: usize = 512;

/// Bytes of a function's name; few are as long, and nobody would read the rest.
const MOST_OF_NAME: usize = 4096;

/// Bytes of a file's name: no system has longer ones.
const MOST_OF_FILE_NAME: usize = 255;

/// Of a name so many bytes at most.
fn beginning(name: &str, most: usize) -> &str {
    let end = (0..=name.len().min(most)).rev().find(|&end| name.is_char_boundary(end));
    &name[..end.unwrap_or(0)]
}

/// Whether a name in a log stands for one that nobody knew: `<unknown>`, or a function's bare address.
fn is_placeholder(name: &str) -> bool {
    name == "<unknown>" || name.starts_with("0x")
}

fn tidied(frame: Frame) -> Frame {
    let function = names::tidy(&frame.function, frame.file.as_deref());
    let file = frame.file.map(|file| names::short_file(&file).to_owned());
    Frame { function, file, ..frame }
}
