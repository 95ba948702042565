//! The commands, one file each: its arguments, what it shows, and an example.

pub(crate) mod census;
pub(crate) mod classes;
pub(crate) mod dhat;
pub(crate) mod diff;
pub(crate) mod dot;
pub(crate) mod flame;
pub(crate) mod leaks;
pub(crate) mod live;
pub(crate) mod pprof;
pub(crate) mod record;
pub(crate) mod report;
mod stack_list;
pub(crate) mod stats;
pub(crate) mod table;
pub(crate) mod temporary;
pub(crate) mod timeline;
