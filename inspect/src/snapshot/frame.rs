//! Where a block was asked for.

use core::cmp::Ordering;
use core::fmt;
use std::fs;
use std::sync::Arc;

/// Stands for the name of a file or of a function that nobody knows.
pub(super) const UNKNOWN: &str = "<unknown>";

/// A function that was active, and the place in it.
///
/// Frames are ordered by file and line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Frame {
    /// The source file, or `<unknown>`.
    pub file: Arc<str>,
    /// The line in it, or zero.
    pub line: u32,
    /// The function, with its path and the types that it is made for, as far as they are known: where there are only line tables, the
    /// names of functions that were inlined lack the path.
    pub function: Arc<str>,
}

impl Frame {
    /// A frame of this function at this place.
    #[must_use]
    pub fn new(file: &str, line: u32, function: &str) -> Self {
        Self { file: file.into(), line, function: function.into() }
    }

    /// The source line, if the file is there, without the space around it.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        // Of a snapshot that was loaded, the path may be anything. A pipe would have us wait.
        fs::metadata(&*self.file).ok().filter(fs::Metadata::is_file)?;
        let text = fs::read_to_string(&*self.file).ok()?;
        let index = usize::try_from(self.line).ok()?.checked_sub(1)?;
        text.lines().nth(index).map(|line| line.trim().to_string())
    }

    fn key(&self) -> (&str, u32, &str) {
        (&self.file, self.line, &self.function)
    }
}

impl Ord for Frame {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Frame {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The frames that led to a request: Python's `Traceback`, but innermost first, as Rust's backtraces are.
///
/// It begins with the function that asked for memory: the allocator's own functions and those of std's collections, through
/// which it came there, are left out. A traceback is never empty.
///
/// Tracebacks are ordered by their outermost frames first, as Python's are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Traceback {
    frames: Arc<[Frame]>,
    type_name: Option<Arc<str>>,
}

impl Traceback {
    pub(super) fn new(frames: Vec<Frame>, type_name: Option<Arc<str>>) -> Self {
        let frames = if frames.is_empty() { [Frame::new(UNKNOWN, 0, UNKNOWN)].into() } else { frames.into() };
        Self { frames, type_name }
    }

    /// All frames, innermost first.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The frame that asked.
    #[must_use]
    pub fn innermost(&self) -> &Frame {
        &self.frames[0]
    }

    /// What the block is of, as far as the functions tell by which it was asked for: `Vec<u64>`, `Box<Node>`.
    ///
    /// What a collection holds is in its functions' names if the program is built with `-C symbol-mangling-version=v0`, or if
    /// they were inlined; else it is `Vec<_>`. (The `mudlark` tool reads it from the debug information of any build.)
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        self.type_name.as_deref()
    }
}

impl Ord for Traceback {
    fn cmp(&self, other: &Self) -> Ordering {
        self.frames.iter().rev().cmp(other.frames.iter().rev()).then_with(|| self.type_name.cmp(&other.type_name))
    }
}

impl PartialOrd for Traceback {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Two lines for each frame: the place with the function, and the source line if it is there.
impl fmt::Display for Traceback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for frame in &*self.frames {
            writeln!(f, "  {frame} in {}", frame.function)?;
            if let Some(source) = frame.source().filter(|source| !source.is_empty()) {
                writeln!(f, "    {source}")?;
            }
        }
        Ok(())
    }
}
