//! What primitives may use besides their arguments.

use core::fmt;
use std::io::Write;

use super::{interner::Interner, memory::Memory};

/// What primitives may use besides their arguments.
pub struct Context {
    /// Where the program's output goes.
    pub out: Box<dyn Write>,
    /// All symbols.
    pub symbols: Interner,
    /// How much memory may be used.
    pub memory: Memory,
    /// The program's name and its arguments.
    pub command_line: Vec<String>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("memory", &self.memory).finish_non_exhaustive()
    }
}
