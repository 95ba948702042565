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
//!
//! A program of one's own may ask for what no command shows:
//!
//! ```
//! use mudlark_tool::view::{By, rows};
//! use mudlark_tool::{LogFile, Model, SymbolOptions, Symbols};
//! # use mudlark_hooks::{Address, Event, NameOf, Writer};
//! # let mut log = Vec::new();
//! # let mut writer = Writer::<_, 256>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
//! # writer.write(0, &Event::Name { of: NameOf::Tag, id: 1, text: "load" });
//! # writer.write_of(0, 1, 1, &Event::Allocated { address: Address(0x40), size: 24, align: 8, stack: 0 });
//! # writer.flush();
//! # drop(writer);
//!
//! let mut model = Model::default();
//! LogFile::new(&log[..]).read_to_end(|chunk| {
//!     let _ = model.read_chunk(chunk);
//! })?;
//! let mut symbols = Symbols::new(&model.program, SymbolOptions::default());
//! let largest = rows(&model, &mut symbols, By::Tag).into_iter().max_by_key(|row| row.figures.at_peak).unwrap();
//! assert_eq!((largest.name.as_str(), largest.figures.at_peak.bytes), ("load", 24));
//! # Ok::<(), std::io::Error>(())
//! ```

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
mod tail;
mod text;
mod timeline;
pub mod view;

pub use error::Error;
pub use log_file::LogFile;
pub use model::Model;
pub use symbols::{SymbolOptions, Symbols};
