//! See where a program's memory goes.
//!
//! | to see | is Python's | allocator |
//! |---|---|---|
//! | who asks for memory, all the time: [`Profiler`], a log for the `mudlark` tool | memray | [`Profiled`] |
//! | what is in use, and what has grown: [`Snapshot`] | `tracemalloc` | [`Profiled`] |
//! | what each line of a function takes: [`#[mem_profile]`](macro@mem_profile) | `memory_profiler` | [`Metered`] |
//! | what some work costs, to the byte: [`meter::measure`], [`Costs`] | | [`Metered`] |
//!
//! The allocator is the program's `#[global_allocator]`: any one, wrapped. `Profiled` costs next to nothing while nobody looks, and may
//! stay in; `Metered` counts each request, and is for a look.
//!
//! A program with a profiled allocator starts a profile when it likes:
//!
//! ```
//! use mudlark_core_alloc::Mudlark;
//! use mudlark_inspect::{Profiled, Profiler, scope};
//!
//! #[global_allocator]
//! static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());
//!
//! # let file = std::env::temp_dir().join(format!("inspect-{}.mmt", std::process::id()));
//! let profile = Profiler::start(&file)?; // «out.mmt»
//! let words: Vec<String> = {
//!     scope!("load");
//!     (0..1000).map(|n| n.to_string()).collect()
//! };
//! profile.mark("loaded");
//! drop(words);
//! drop(profile); // the log is whole
//! # std::fs::remove_file(&file)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`scope!`] names what the program is about for a while, so that the log tells who asked for what; with the feature `gc`,
//! `Watch` has a collector's collections in it, too. The log's format is [`mudlark_hooks::format`]. The tool `mudlark`, of the package of
//! that name, makes pages and pictures of it: `mudlark report out.mmt -o out.html`.
//!
//! A program that is to be looked at in both ways has one allocator around the other:
//!
//! ```
//! use mudlark_inspect::{Metered, Profiled};
//! use std::alloc::System;
//!
//! # #[cfg(not(miri))]
//! #[global_allocator]
//! static ALLOCATOR: Metered<Profiled<System>> = Metered::new(Profiled::new(System));
//! # if cfg!(miri) { return Ok(()) }
//! # assert!(mudlark_inspect::meter::is_installed());
//! # let file = std::env::temp_dir().join(format!("inspect-both-{}.mmt", std::process::id()));
//! # let profile = mudlark_inspect::Profiler::start(&file)?;
//! # let (_block, cost) = mudlark_inspect::meter::measure(|| vec![0_u8; 100]);
//! # assert_eq!(cost.held, 100);
//! # drop(profile);
//! # std::fs::remove_file(&file)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! ```text
//!   request ── gate: is it this one's turn? ── no ──▶ the allocator
//!                │ yes, one in half a megabyte, or fewer
//!                └──▶ the allocator, walk: who asks?, engine: live blocks, stacks, log ──▶ file
//!
//!   free ───── gate: may it be a recorded block? ── no ──▶ the allocator
//!                │ yes: it is at one of two places in an OS page, which all recorded blocks are
//!                └──▶ engine, the allocator
//! ```
//!
//! Requests that are recorded are chosen by chance, such that every byte that is asked for has the same one: so sums can be estimated from
//! few requests ([`Builder::interval`]). Where these come too fast, fewer are chosen ([`Builder::limit`]), so that a server may leave it on. What the engine needs itself it maps from the operating system.

mod cancel;
#[cfg(feature = "gc")]
mod collections;
mod costs;
mod engine;
mod errno;
mod family;
mod filter;
mod fork;
mod gate;
mod live;
mod lock;
mod log;
mod malloc;
pub mod mem_profile;
mod memory;
pub mod meter;
mod metered;
mod modules;
mod names;
pub mod origin;
mod own_thread;
mod pace;
mod profiled;
mod profiler;
mod report;
mod reporter;
mod scope;
mod signals;
pub mod snapshot;
mod stacks;
mod start_error;
mod tags;
mod thread;
mod walk;
mod weight;

#[cfg(feature = "gc")]
pub use collections::Watch;
pub use costs::Costs;
pub use malloc::{Malloc, ProfiledMalloc};
pub use metered::Metered;
pub use mudlark_hooks as hooks;
pub use mudlark_inspect_macros::mem_profile;
pub use profiled::Profiled;
pub use profiler::{Builder, Profiler};
pub use scope::{Scope, Site};
pub use snapshot::{By, Filter, Snapshot};
pub use start_error::StartError;
pub use thread::{TryingAgain, Unrecorded};
