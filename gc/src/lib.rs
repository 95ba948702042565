//! `Gc<T>`: a counted pointer whose cycles are found, by a generational collector that is a plain value.
//!
//! ```
//! # #[cfg(all(feature = "std", feature = "derive"))] {
//! use core::cell::RefCell;
//! use mudlark_gc::{Collector, Gc, Generation, Trace};
//!
//! #[derive(Trace)]
//! struct Node {
//!     name: &'static str,
//!     next: RefCell<Option<Gc<Node>>>,
//! }
//!
//! let node = |name| Gc::new(Node { name, next: RefCell::default() });
//! let (a, b, c) = (node("a"), node("b"), node("c"));
//! *a.next.borrow_mut() = Some(b.clone());
//! *b.next.borrow_mut() = Some(c.clone());
//! *c.next.borrow_mut() = Some(b.clone());
//! drop((b, c));
//! assert_eq!(Collector::current().collect(Generation::Old), 0); // `a` leads to both
//! drop(a);                                                      // freed at once: nothing leads to it
//! assert_eq!(Collector::current().collect(Generation::Old), 2); // `b` and `c` only led to each other
//! # }
//! ```
//!
//! There are no roots to register, no stack to scan, no write barrier, and no guard in the way of a dereference.
//! A handle counts; what is not in a cycle is freed the moment that its last handle goes, as with `Rc`. The collector
//! only has to find the rest.
//!
//! # How a cycle is found
//!
//! Take the program above, just before the second collection but with `a` still held by the variable:
//!
//! ```text
//!   variable ──▶ a ──▶ b ──▶ c
//!                      ▲     │
//!                      └─────┘
//!
//!                        a   b   c
//!   strong counts        1   2   1      handles, wherever they are
//!   edges subtracted     -   2   1      each object is traced: its edges are counted off their targets
//!   external counts      1   0   0      what is left comes from outside the set
//! ```
//!
//! 1. *Copy counts.* Every object under collection notes its strong count as its external count.
//! 2. *Subtract internal edges.* Each object's [`Trace`] reports its handles; each takes one from its target.
//! 3. *Spread reachability.* An object whose external count is not zero is held by something that was not traced: a
//!    variable, an older object, a handle inside an `Rc`. It is reachable, and so is what it leads to. Here `a` is, and
//!    by way of it `b` and `c`. Had the variable gone, `a`'s count would have come to zero, and `b` and `c` would be
//!    left over: they are *garbage*.
//! 4. *Kill weak handles* to the garbage, and call their callbacks.
//! 5. *Run finalizers*, once each, with the whole garbage still intact.
//! 6. *Rescue the resurrected.* Steps 1 to 3 once more, on the garbage alone: a finalizer may have let a handle out.
//! 7. *Drop the values* of what is left, then *free its memory*.
//!
//! This is CPython's algorithm (`gc.c`), which it calls subtracting internal references; Lins and Bacon and Rajan call
//! its relatives trial deletion. A handle that nobody traces over-counts: it can leak, but it never frees what is alive.
//!
//! # Generations
//!
//! Most garbage is young. Objects start in the [young](Generation::Young) generation and move on when they survive a
//! collection. A young collection looks at young objects only: an edge from an old object to a young one is a count
//! that nothing in the set accounts for, so it keeps the young one without any record of it. Collections run by
//! themselves, by CPython's [thresholds](Collector::set_thresholds). What they cost does not grow with the program's live
//! heap:
//!
//! - A generation is a list of short arrays of pointers. To make an object is to write one entry, to free one is to clear
//!   it, and to promote survivors is to join two lists.
//! - A cycle can only become garbage when a handle to it is dropped while others are left. Such a drop leaves a mark in
//!   the count that it changes anyway, and an automatic collection looks only at what marked objects, the *candidates*,
//!   lead to. [`Collector::collect`] looks at everything.
//! - The old generation is searched in slices of some hundred objects, between which the program goes on. The search may
//!   be wrong by the time that it is done: but what it finds goes through the steps above, some hundred objects at a time,
//!   and only they decide. One structure of garbage is destroyed in one go, however large it is: some tens of nanoseconds
//!   an object. See [`Collector::step`] for programs that know when they have time.
//!
//! A collection takes no memory while it runs, so that it can make room when there is none; only a search does, and a full
//! collection takes its place where it cannot.
//!
//! # What a type must do
//!
//! `#[derive(Trace)]`. It reports every field; fields of types without `Trace` are marked `#[trace(skip)]`. A traced
//! type may not implement `Drop`, since its handles may lead to values that were dropped first; it may have a
//! [finalizer](Finalize) instead. Mutation is by plain `Cell` and `RefCell`.
//!
//! # Where it differs from CPython
//!
//! The order of finalizers and callbacks, resurrection, generations, thresholds and statistics are CPython's. These
//! are not:
//!
//! - A panic in a finalizer, destructor or callback resumes when the collection is done, instead of being printed; but
//!   in the collection that a thread's own collector runs when the thread ends, it goes no further.
//! - A weak handle's callback is called even when the weak handle is part of the garbage.
//! - Objects made while thread-local storage is destroyed get a collector of their own.
//! - A count that reaches its limit, some 33 million handles, stays there: the object is immortal.
//! - An automatic collection of more than a few thousand old objects is spread over the allocations that follow. It starts
//!   when CPython's would, but finalizers run later, oldest first among some hundred objects, and its statistics are
//!   complete when it stops.
//! - An automatic collection passes over garbage that no candidate leads to. There is none unless handles were moved where
//!   safe code cannot move them; `collect` finds that, too.
//!
//! # Features
//!
//! - `std` (default): a collector for each thread, so that `Gc::new` works; panics in finalizers are caught; `Trace`
//!   for types of `std`. Without it everything else works, on bare metal too; a panic in a finalizer ends the program.
//! - `derive` (default): `#[derive(Trace)]`.
//! - `hashbrown`, `indexmap`, `smallvec`: `Trace` for the collections of these crates.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod attachments;
mod automatic;
mod candidates;
mod catch;
mod clock;
mod collection;
mod collector;
mod count;
mod count_word;
#[cfg(feature = "std")]
mod current;
mod cyclic;
mod debug;
mod finalize;
mod forward;
mod free_list;
mod gc;
mod generation;
mod generations;
mod introspect;
mod memory;
mod object;
mod observe;
mod owner;
mod parcel;
mod partition;
mod pause;
mod place;
mod prefetch;
mod prospects;
mod release;
mod search;
mod segment;
mod segments;
mod sendable;
mod state;
mod stats;
mod thresholds;
mod trace;
mod type_info;
mod types;
mod unique;
mod unsize;
mod weak;
mod weak_box;
mod weak_map;
mod work;

pub use collector::Collector;
pub use debug::DebugFlags;
pub use finalize::Finalize;
pub use gc::{Gc, OutOfMemory};
pub use generation::{Generation, NoSuchGeneration};
pub use observe::{CollectionEvent, ObserverId, Phase};
pub use parcel::{NotPacked, Parcel, Refusal};
pub use pause::Pause;
pub use sendable::Within;
pub use stats::{GenerationStats, Stats};
pub use trace::{Trace, Tracer};
pub use unique::GcMut;
pub use weak::WeakGc;
pub use weak_map::WeakMap;

#[cfg(feature = "derive")]
pub use mudlark_gc_derive::Trace;
#[cfg(feature = "derive")]
#[doc(hidden)]
pub use sendable::{__IsSend, __NotKnownToBeSend};
