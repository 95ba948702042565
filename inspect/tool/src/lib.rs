//! The command line tool that turns memory logs into pictures, and the library that it consists of.
//!
//! ```text
//!   out.mmt ──▸ LogFile ──▸ Model: what happened, in sums ──▸ commands: tables, flame graphs, other tools' formats
//!             (chunks, even   │                                ▴
//!              of damaged)    └── addresses ──▸ Symbols ───────┘
//! ```
//!
//! - [`log_file`] reads a log of any length piece by piece, and passes over what is damaged.
//! - [`model`] goes through it once, and keeps what there is to know: live blocks, and sums for each place.
//! - [`symbols`] tells the functions and lines that a stack's addresses stand for.
//! - [`view`] sums up by what a user asks for: by function, by tag, by size.
//! - [`export`] writes what other tools open.
//! - [`cli`] is the command line: one file for each command.

mod census;
mod classes;
pub mod cli;
mod commands;
pub mod error;
pub mod export;
mod live;
pub mod log_file;
pub mod model;
mod plot;
mod recording;
mod report;
pub mod symbols;
mod text;
mod timeline;
pub mod view;

pub use error::Error;
pub use log_file::LogFile;
pub use model::Model;
pub use symbols::{SymbolOptions, Symbols};
