//! Tests that need more than one layer, and what they share.

pub mod oracle;

/// The README's programs, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
