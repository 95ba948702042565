//! What can go wrong: a [`Fault`] inside the machine, and the [`Error`] that is shown to the user.

use core::fmt;

use super::{source::Position, value::Value};

/// Why a computation was broken off.
#[derive(Debug)]
pub enum Fault {
    /// A primitive found something wrong. Programs can catch it: it becomes a condition.
    Failed(String),
    /// The program raised this value, with `raise` or `error`.
    Raised(Value),
    /// A limit was reached: memory or depth. Whoever runs the program set it, so the program cannot catch it.
    Limit(String),
    /// The program asked to end with this status.
    Exit(u8),
}

/// A value, or the reason why there is none. The fault is boxed so that the good case is two words.
pub type Outcome<T = Value> = Result<T, Box<Fault>>;

/// A primitive's failure with a message. The machine puts the primitive's name before it.
pub fn failed<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Box::new(Fault::Failed(message.into())))
}

/// An error that ends a form, as it is shown: `file:line:column: error: message`, then the line and a caret.
#[derive(Debug)]
pub struct Error {
    /// Where, as far as that is known.
    pub position: Option<Position>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.position {
            Some(position) => write!(f, "{position}: error: {}\n{}", self.message, position.excerpt()),
            None => write!(f, "error: {}", self.message),
        }
    }
}
