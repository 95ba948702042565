//! Conditions: what `error` raises, and what a primitive's failure becomes when a program catches it.

use core::cell::OnceCell;

use mudlark_gc::Trace;

use super::{printer, source::Position, value::Value};

/// A message, the values it is about, and where it was first raised.
#[derive(Debug, Trace)]
pub struct Condition {
    /// What is wrong; mostly a string.
    pub message: Value,
    /// A list of the values concerned.
    pub irritants: Value,
    /// Where it was raised first: raising it again, as a guard without a matching clause does, keeps that place.
    #[trace(skip)]
    pub origin: OnceCell<Position>,
}

impl Condition {
    /// A condition that was not raised yet.
    pub fn new(message: Value, irritants: Value) -> Self {
        Self { message, irritants, origin: OnceCell::new() }
    }

    /// The message and the irritants in one line.
    pub fn report(&self) -> String {
        let mut report = printer::displayed(&self.message);
        // A list of irritants is made by `error` itself, so it is never circular.
        for link in self.irritants.links() {
            report.push(' ');
            report.push_str(&printer::written(&link.car.get()));
        }
        report
    }
}
