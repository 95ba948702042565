//! What the macro writes down of a function.

use core::cell::Cell;
use std::thread::LocalKey;

use super::call::Call;
use super::output::Output;
use crate::meter;

/// A function that is profiled, as `#[mem_profile]` has found it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub file: &'static str,
    pub first_line: usize,
    /// Its lines, from the signature to the last brace.
    pub source: &'static str,
    pub whose: Whose,
    pub output: Output,
    /// `None` for what may go on in another thread, so that nobody knows which call it is inside of.
    pub depth: Option<&'static LocalKey<Depth>>,
}

/// Whose memory is counted.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Process,
    Thread,
}

/// How many calls of one function are under way on a thread, and how many were made by the outermost of them.
#[doc(hidden)]
#[derive(Debug)]
pub struct Depth {
    is_within: Cell<bool>,
    calls: Cell<usize>,
}

impl Depth {
    #[expect(clippy::new_without_default, reason = "only `#[mem_profile]` makes one, in a constant")]
    pub const fn new() -> Self {
        Self { is_within: Cell::new(false), calls: Cell::new(0) }
    }

    /// A call begins. Whether it is the outermost one.
    pub(super) fn enter(&self) -> bool {
        let is_outermost = !self.is_within.replace(true);
        self.calls.set(if is_outermost { 0 } else { self.calls.get() + 1 });
        is_outermost
    }

    /// The outermost call ends: how many there were inside of it.
    pub(super) fn leave(&self) -> usize {
        self.is_within.set(false);
        self.calls.get()
    }
}

impl Function {
    /// A call begins, in the function's first line.
    pub fn call(&'static self) -> Call {
        Call::begin(self)
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &'static str> {
        self.source.split('\n')
    }
}

impl Whose {
    /// The bytes in use.
    #[inline]
    pub(super) fn bytes(self) -> isize {
        match self {
            Self::Process => meter::bytes().cast_signed(),
            Self::Thread => meter::thread_bytes(),
        }
    }
}
