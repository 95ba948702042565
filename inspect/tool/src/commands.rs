//! The commands, one file each: its arguments, what it shows, and an example.

pub(crate) mod dhat;
pub(crate) mod diff;
pub(crate) mod flame;
pub(crate) mod leaks;
pub(crate) mod pprof;
mod stack_list;
pub(crate) mod stats;
pub(crate) mod table;
pub(crate) mod temporary;
