//! One function of a stack, and where in it.

use core::fmt;

use mudlark_inspect::origin::Function;

/// A function that was active, or that was inlined into one that was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Its name, with its path; demangled.
    pub function: String,
    /// The source file.
    pub file: Option<String>,
    /// The line in it, or zero.
    pub line: u32,
    /// The file of code that it is in, if the log tells.
    pub module: Option<String>,
    /// The name without its path, with the types that it is made for, if the name above lacks them.
    pub(crate) plain_name: Option<String>,
}

impl Frame {
    /// The source file and the line.
    #[must_use]
    pub fn location(&self) -> Option<Location<'_>> {
        let file = self.file.as_deref()?;
        Some(Location { file, line: self.line })
    }

    /// What tells whose function it is.
    pub(super) fn as_function(&self) -> Function<'_> {
        let Self { function, file, module, plain_name, .. } = self;
        Function { name: function, file: file.as_deref(), module: module.as_deref(), plain_name: plain_name.as_deref() }
    }
}

/// `src/main.rs:7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    file: &'a str,
    line: u32,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line } = self;
        if *line == 0 { write!(f, "{file}") } else { write!(f, "{file}:{line}") }
    }
}

/// `function (file:line)`, as far as it is known.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (self.location(), &self.module) {
            (Some(location), _) => write!(f, " ({location})"),
            (None, Some(module)) => write!(f, " (in {module})"),
            (None, None) => Ok(()),
        }
    }
}
