//! The tool is tested from outside: by logs whose figures are known, and by reading what it writes.

mod common;
mod damage;
mod exports;
mod golden;
mod model;
mod pprof;
mod symbols;
