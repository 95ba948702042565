//! Tests that need more than one layer, and what they share.

pub mod oracle;
