//! The tool is tested from outside: by logs whose figures are known, and by reading what it writes.

mod anything;
mod classes;
mod common;
mod damage;
mod diff;
mod dot;
mod exports;
#[cfg(unix)]
mod firmware;
mod golden;
mod greedy;
mod model;
mod perfetto;
mod pprof;
#[cfg(unix)]
mod record;
mod report;
mod server;
mod symbols;
mod timeline;
