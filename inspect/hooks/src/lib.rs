//! Hooks that allocators and collectors call, and the event log that they write.
//!
//! ```text
//!   program ── hooks ── Event ── Writer ── chunk ── Sink: a file, a serial line, a Ring in memory
//!                                                     │
//!                              Record ◂── Reader ◂────┘   on the developer's machine
//! ```
//!
//! Everything here works without an operating system and allocates nothing: how a firmware's log comes to the developer's machine
//! is told in [`firmware`].
//!
//! ```
//! use mudlark_hooks::{Address, Event, Reader, Writer};
//!
//! let mut log = Vec::new();
//! let mut writer = Writer::<_, 256>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
//! writer.write(10, &Event::Allocated { address: Address(0x2000_0040), size: 24, align: 8, stack: 0 });
//! writer.write(15, &Event::Freed { address: Address(0x2000_0040) });
//! writer.flush();
//! drop(writer);
//!
//! let records: Vec<_> = Reader::new(&log).collect();
//! assert_eq!(records[1].time, 15);
//! assert_eq!(records[1].event, Event::Freed { address: Address(0x2000_0040) });
//! ```
#![no_std]

#[cfg(test)]
extern crate std;

mod chunk;
#[cfg(feature = "gc")]
mod collections;
mod event;
mod field;
#[doc = include_str!("firmware.md")]
pub mod firmware {}
#[doc = include_str!("format.md")]
pub mod format {}
mod hooked;
#[cfg(feature = "core-alloc")]
mod hooked_source;
mod hooks;
mod reader;
mod recorder;
mod ring;
mod scopes;
mod sums;
mod tail;
mod writer;

pub use chunk::{Chunk, Chunks, Found};
#[cfg(feature = "gc")]
pub use collections::tell_of_collections;
pub use event::{EarlyEnd, Event, NameOf, Step};
pub use field::{Address, Frames};
pub use hooked::Hooked;
#[cfg(feature = "core-alloc")]
pub use hooked_source::{HookedSource, HooksPlace};
pub use hooks::Hooks;
pub use reader::{Damage, Reader, Record, Records};
pub use recorder::Recorder;
pub use ring::Ring;
pub use tail::Tail;
pub use writer::{Sink, Writer};
