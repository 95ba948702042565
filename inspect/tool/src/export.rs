//! What other tools open.

pub mod dhat;
pub mod flame;
pub mod folded;
pub mod pprof;
mod protobuf;
