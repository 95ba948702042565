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
//! # One collection, step by step
//!
//! Five objects, made in the order `b`, `c`, `a`, `d`, `e`. A variable leads to `a`; nothing leads to `d` and `e` but each
//! other:
//!
//! ```text
//!    variable ──▶ a ──▶ b ◀───▶ c
//!                       ▲
//!                       └────── e ◀───▶ d        d has a finalizer; a weak handle leads to e
//! ```
//!
//! 1. *Copy counts.* Each object under collection, the *members* of the *set*, notes its strong count as its external
//!    count.
//! 2. *Subtract internal edges.* Each member is traced: it reports its handles, and each takes one from its target. What
//!    is left comes from outside the set: a variable, an older object, a handle inside an `Rc`.
//!
//!    ```text
//!                           b    c    a    d    e
//!    strong counts          3    1    1    1    1     b's are in a, c and e
//!    edges from members    −3   −1    0   −1   −1
//!    external counts        0    0    1    0    0
//!    ```
//! 3. *Spread reachability*, in one pass. What has no external count is *tentative* garbage; what has one is reachable, and
//!    traced once more. It takes the mark from whatever it leads to, and that is queued to be traced, too.
//!
//!    ```text
//!                    b          c          a          d          e        queue
//!    pass b, c       tentative  tentative
//!    pass a          reachable  tentative  reachable                      b
//!    pass d, e       reachable  tentative  reachable  tentative  tentative   b
//!    follow b        reachable  reachable  reachable  tentative  tentative   c
//!    follow c        reachable  reachable  reachable  tentative  tentative
//!    ```
//!
//!    What is tentative now is *garbage*: `d` and `e`. That `e` leads to `b` does not matter, nor would it if they were
//!    thousands: only the edges that lead to an object decide.
//! 4. *Kill weak handles* to all garbage; only then are their callbacks called, and what [weak maps](WeakMap) have for garbage
//!    is dropped.
//! 5. *Run finalizers*, once each and oldest first: `d`'s, which still finds `e` and all that it leads to intact.
//! 6. *Split again*: steps 1 to 3 with the garbage as the set, since a finalizer may have let a handle out. Had `d`'s stored
//!    one to `d`, both would now have been *resurrected*.
//! 7. *Condemn* what is left: that its counts come to zero means nothing any more. *Drop values*, first `d`'s, then `e`'s,
//!    with which `b` loses a handle. *Free memory*, when no value is left that could lead to it.
//!
//! The survivors belong to the next generation. The same in Rust:
//!
//! ```
//! # #[cfg(all(feature = "std", feature = "derive"))] {
//! # use core::cell::RefCell;
//! # use mudlark_gc::{Collector, Finalize, Gc, Generation, Trace};
//! #[derive(Trace)]
//! #[trace(finalize)]
//! struct Node {
//!     name: &'static str,
//!     edges: RefCell<Vec<Gc<Node>>>,
//! }
//!
//! impl Finalize for Node {
//!     fn finalize(&self) {
//!         assert!(self.edges.borrow().iter().all(|target| !target.name.is_empty()), "all is intact");
//!     }
//! }
//!
//! let node = |name| Gc::new(Node { name, edges: RefCell::default() });
//! let link = |from: &Gc<Node>, to: &Gc<Node>| from.edges.borrow_mut().push(to.clone());
//! let (b, c, a, d, e) = (node("b"), node("c"), node("a"), node("d"), node("e"));
//! for (from, to) in [(&b, &c), (&c, &b), (&a, &b), (&d, &e), (&e, &d), (&e, &b)] {
//!     link(from, to);
//! }
//! let weak = Gc::downgrade(&e);
//! drop((b, c, d, e));
//!
//! let count_of_b = || Gc::strong_count(&a.edges.borrow()[0]);
//! assert_eq!(count_of_b(), 3);
//! assert_eq!(Collector::current().collect(Generation::Young), 2);
//! assert_eq!(count_of_b(), 2);
//! assert!(weak.upgrade().is_none());
//! assert_eq!(Collector::current().generation_of(&a), Some(Generation::Middle));
//! # }
//! ```
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
//! - The old generation is searched in slices of some hundred objects, between which the program goes on. What a candidate
//!   leads to goes through the steps above at once, if that is little. Otherwise the search may be wrong by the time that it
//!   is done: but what it finds goes through them, too, some hundred objects at a time, and only they decide. One structure
//!   of garbage is destroyed in one go, however large it is: some tens of nanoseconds an object. See [`Collector::step`] for
//!   programs that know when they have time.
//! - The memory of objects that are gone is kept for the next ones of their type, as far as there are many of those.
//!
//! A collection takes no memory while it runs, so that it can make room when there is none; only a search does, and a full
//! collection takes its place where it cannot. A program whose allocations fail may call [`Collector::collect`] for the old
//! generation, which also gives back what was kept, and try again.
//!
//! # Without an operating system
//!
//! Firmware has its collector in a static, a [`StaticCollector`], which `main` takes; and it collects when it is idle, in
//! steps that end in time for the next event:
//!
//! ```
//! # #[cfg(feature = "derive")] {
//! # use core::cell::{Cell, RefCell};
//! # use mudlark_gc::{Gc, StaticCollector, Trace};
//! # #[derive(Trace)]
//! # struct Node(RefCell<Option<Gc<Node>>>);
//! # let events = Cell::new(30);
//! # let next_event = || { events.set(events.get() - 1); (events.get() % 3 == 0).then_some(()) };
//! # fn answer(_event: (), collector: &mudlark_gc::Collector) {
//! #     let node = Gc::new_in(Node(RefCell::default()), collector);
//! #     *node.0.borrow_mut() = Some(node.clone());
//! # }
//! static COLLECTOR: StaticCollector = StaticCollector::new();
//!
//! let collector = COLLECTOR.take().expect("main is the only one to take it");
//! # while events.get() > 0 {
//! match next_event() {
//!     Some(event) => answer(event, collector),
//!     None => _ = collector.step(20),
//! }
//! # }
//! # assert!(collector.stats().objects < 10);
//! # }
//! ```
//!
//! What there is in memory, in bytes:
//!
//! | | 64 bits | 32 bits |
//! |---|---|---|
//! | an object's header: count and flags, slot, and a pointer to its type's info | 16 | 12 |
//! | its entry in a generation, if its type can hold handles | 8 | 4 |
//! | a handle, `Gc<T>` or `Option<Gc<T>>` | 8 | 4 |
//!
//! On 32 bits a value that is aligned to eight bytes begins after four more. A header of eight would have to do without the pointer: with an
//! index of some ten bits among the flags, which leaves so many types for all collectors and a count of sixteen bits, and with a
//! further load for each object that is traced or freed. Four bytes less would save eight for every other size of values, as a heap
//! rounds sizes up, and nothing for those between. Entries come in arrays of 252 (of 250 on 32 bits), which fill two kibibytes (one). An object without handles in it
//! costs no entry, and what need not be in cycles no header: a `Counted` of `mudlark-rc` has one word.
//!
//! # What a type must do
//!
//! `#[derive(Trace)]`. It reports every field; fields of types without `Trace` are marked `#[trace(skip)]`, which does not
//! compile where the field is seen to hold handles. A traced type may not implement `Drop`, since its handles may lead to
//! values that were dropped first; it may have a [finalizer](Finalize) instead. Mutation is by plain `Cell` and `RefCell`.
//!
//! # What else there is
//!
//! - [`WeakGc`], with callbacks, and [`WeakMap`], whose values may lead to their keys.
//! - A [`Collector`] is a value: a program may have several, each with its own objects. Counts are not atomic, so all of this
//!   stays in one thread; but a collector may go to another with all its objects, in a [`Parcel`].
//! - [`Collector::census`] counts objects by type, [`Collector::backref_chain`] says what keeps one alive,
//!   [`Collector::leaking`] what nothing does, and a [`Graph`] draws it; [`find_a_leak`] shows how. [`Collector::objects`],
//!   [`Collector::referrers`] and [`Gc::referents`] are what else one needs to look at the graph.
//! - [`Collector::observe`], [`Collector::observe_steps`] and [`DebugFlags`] look at what collections do.
//!
//! # CPython's gc module
//!
//! The order of finalizers and callbacks, resurrection, generations, thresholds and statistics are CPython's. What its
//! functions are called here, and where Rust makes a difference, stands in [`cpython`].
//!
//! # Features
//!
//! - `std` (default): a collector for each thread, so that `Gc::new` works; panics in finalizers are caught; `Trace`
//!   for types of `std`. Without it everything else works, on bare metal too; a panic in a finalizer ends the program.
//! - `derive` (default): `#[derive(Trace)]`.
//! - `critical-section`: `StaticCollector` on targets without compare-and-swap.
//! - `hashbrown`, `indexmap`, `smallvec`: `Trace` for the collections of these crates.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod ask;
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
#[cfg(any(target_has_atomic = "8", feature = "critical-section"))]
mod static_collector;
mod stats;
mod steps;
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
pub use introspect::{Census, Chain, Dot, Graph, Growth, Held, TypeCensus, TypeGrowth};
pub use observe::{CollectionEvent, ObserverId, Phase};
pub use parcel::{NotPacked, Parcel, Refusal};
pub use pause::Pause;
pub use sendable::Within;
#[cfg(any(target_has_atomic = "8", feature = "critical-section"))]
pub use static_collector::StaticCollector;
pub use stats::{GenerationStats, Stats};
pub use steps::{Step, StepEvent};
pub use trace::{NamedTracer, Trace, Tracer};
pub use unique::GcMut;
pub use weak::WeakGc;
pub use weak_map::WeakMap;

#[doc = include_str!("cpython.md")]
pub mod cpython {}
pub mod find_a_leak;

#[doc(hidden)]
pub use ask::{__Ask, __HoldsHandles, __No};
#[cfg(feature = "derive")]
pub use mudlark_gc_derive::Trace;
