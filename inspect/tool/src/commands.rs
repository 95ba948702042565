//! The commands, one file each: its arguments, what it shows, and an example.

pub(crate) mod stats;
pub(crate) mod timeline;
