//! `Counted<T>`: a counted pointer like [`Rc`](alloc::rc::Rc), with half the header.
//!
//! # Handle, box, weak box
//!
//! A **handle** is what a program holds: a strong one, [`Counted`], keeps the value alive; a weak one, [`Weak`], does not.
//! The **box** is the value with the **count word** before it. A box that has had a weak handle also has a **weak box**,
//! which is made by the first **downgrade**:
//!
//! ```text
//!   before the first downgrade          after it
//!
//!       Counted   Counted                   Counted   Counted
//!             │   │                               │   │
//!             ▼   ▼                               ▼   ▼
//!   │   2    │ value … │                │   ●    │ value … │        the box
//!                                           │      ▲
//!                                           ▼      │
//!                              Weak ──▶ │ 2 strong │ 1 weak │ value │   the weak box
//! ```
//!
//! - The count word says either how many strong handles there are, or where the weak box is (`count.rs` draws its bits).
//!   So a box without weak handles, as most are, pays one word for being counted, and no other memory.
//!   That word is eight bytes, and four where addresses have 32 bits; a value aligned to eight begins after four more there.
//! - When the last strong handle goes, the value is dropped and its memory freed. The weak box (32 bytes; 24) stays until the
//!   last weak handle goes, so that **upgrade** can find out.
//! - A count that would overflow makes the value **immortal**: it is never dropped, rather than the program aborted. Values
//!   can be immortal from the start, or `static`: see [`static_counted!`].
//!
//! [`Counted`] and [`Weak`] count in plain memory, for one thread; `SyncCounted` and `SyncWeak` count by atomic
//! instructions. Both are the same code: [`Handle`] and [`WeakHandle`], with another type parameter.
//!
//! How all this differs from the standard library's pointers stands in [`what_differs`].
//!
//! # Deep drops
//!
//! A value's own handles are dropped with it, and may be the last ones of other values, and so on: one drop inside the other,
//! exactly as with `Rc`, until the stack overflows. *Deep* values, which [`new_deep`](Handle::new_deep) makes, do not overflow
//! it:
//!
//! ```
//! use mudlark_rc::Counted;
//!
//! # #[cfg(feature = "std")] {
//! enum Tree {
//!     Leaf,
//!     Boxed(Box<Counted<Tree>>),
//!     Many(Vec<Counted<Tree>>),
//! }
//!
//! let make_and_drop = || {
//!     let mut tree = Counted::new_deep(Tree::Leaf);
//!     for i in 0..1_000_000 {
//!         let above = if i % 2 == 0 { Tree::Boxed(Box::new(tree)) } else { Tree::Many(vec![tree]) };
//!         tree = Counted::new_deep(above);
//!     }
//!     drop(tree);
//! };
//! let small_stack = std::thread::Builder::new().stack_size(64 * 1024);
//! small_stack.spawn(make_and_drop).unwrap().join().unwrap();
//! # }
//! ```
//!
//! Up to 16 deep values are dropped inside each other, and what lies deeper is *put off*. It is dropped before the drop of a
//! deep value above it, at that depth or deeper, returns; one after the other, the last put off first. That takes constant
//! stack (as much as 16 drops inside each other, and one more on the way for each type, and for each length of a slice), and
//! allocates nothing. The weak handles of a value that is put off are dead already, and its callbacks called.
//!
//! - **Covered** are lists, trees and graphs of deep values, wherever the handles lie: in a field, a `Box`, a `Vec`, a map, a
//!   variable of a `Drop` implementation, a value that is not deep; also through several types by turns, and through slices
//!   and trait objects ([`make_deep`](Handle::make_deep) is for these).
//! - **Not covered**, and dropped by recursion, are chains of values that were not made deep, and of `Box`es or `Vec`s
//!   themselves; values that were lent mutably since they were made deep; and handles with an allocator that has a size.
//! - What is being dropped is known of each thread by a thread local. **Without the feature `std`**, the program has to say
//!   which contexts it has, by a `DropContext` (feature `drop-context`): some lines for firmware, which has a main loop and
//!   interrupt handlers. It cannot be found out, and if nobody says it, all values are dropped by recursion.
//! - A deep value has to be `'static`: one that borrows must not outlive its last handle. That is why it has to be said, and
//!   where the value is made: only the compiler knows it, and [`new`](Handle::new) takes values of both kinds. Put off by
//!   itself, a value could read what it borrows from a neighbour after that neighbour is gone.
//!
//! # Sharing on top
//!
//! - [`Interner`] and `SyncInterner`: of equal values there is one, as long as it is used.
//! - [`ValueCache`]: values for small integers, made once.
//! - [`ObjectPool`]: objects that are used again, blocks and all.
//! - [`WeakMap`] and [`WeakSet`]: what is known of values while they live.
//! - [`downgrade_with_callback`](Handle::downgrade_with_callback): what is to be done when a value is gone.
//!
//! # Example
//!
//! ```
//! use mudlark_rc::Counted;
//!
//! let line: Counted<str> = Counted::from("It is counted.");
//! let bookmark = Counted::downgrade(&line);
//! let copy = line.clone();
//! drop(line);
//! assert_eq!(bookmark.upgrade().as_deref(), Some("It is counted."));
//! drop(copy);
//! assert!(bookmark.upgrade().is_none());
//! ```
//!
//! # Features
//!
//! - `std` (default): deep drops in constant stack, `SyncInterner`, conversions from `OsStr`, `OsString`, `Path`, `PathBuf`,
//!   `Read`, `Write` and `Seek` for handles to files and such.
//!   Without it, the crate needs `alloc` only.
//! - `drop-context`: deep drops in constant stack without `std`, by a `DropContext` that the program gives.
//! - `allocator-api2`: boxes from any allocator of that crate.
//! - `serde`: handles are written and read as their values. What was shared is not shared after.
//! - `critical-section`: `SyncCounted` on targets without compare-and-swap.
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;
// By which name the tests' contexts know it.
#[cfg(all(test, feature = "drop-context"))]
extern crate self as mudlark_rc;

mod allocate;
mod block;
mod callback;
mod clone_to_counted;
#[cfg(all(test, feature = "drop-context"))]
#[path = "../tests/contexts/mod.rs"]
mod contexts;
mod convert;
mod count;
mod counted;
mod counted_box;
mod counts;
mod deep;
#[cfg_attr(not(any(feature = "std", feature = "drop-context")), path = "immediate_drop.rs")]
mod deferred_drop;
#[cfg(feature = "drop-context")]
mod drop_context;
#[cfg(not(feature = "std"))]
mod fnv;
mod forward;
mod immortal;
#[cfg(all(test, not(loom)))]
mod immortal_tests;
mod intern;
#[cfg(feature = "std")]
mod io;
mod object_pool;
mod raw;
mod reflexive;
#[cfg(feature = "serde")]
mod serde;
mod symbols;
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
mod sync;
#[cfg(feature = "std")]
mod thread_context;
mod uninit;
mod unique;
mod unsize;
mod value_cache;
mod weak;
mod weak_box;
mod weak_map;
mod wide_pointer;

pub use allocate::{Allocate, Global};
pub use clone_to_counted::CloneToCounted;
pub use counted::{Counted, Handle};
pub use counts::{Counts, Local};
#[cfg(feature = "drop-context")]
pub use drop_context::{DropContext, DropNest};
pub use immortal::StaticCounted;
#[doc(hidden)]
pub use immortal::{StaticBox, array_len, words_before};
pub use intern::{DefaultHashBuilder, Interner};
pub use object_pool::{ObjectPool, Pooled};
#[doc(hidden)]
pub use unsize::unsizing;
pub use value_cache::ValueCache;
pub use weak::{Weak, WeakHandle};
pub use weak_map::{WeakMap, WeakSet};

#[cfg(feature = "std")]
pub use intern::SyncInterner;

#[doc = include_str!("what_differs.md")]
pub mod what_differs {}

#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
pub use {counted::SyncCounted, counts::Atomic, weak::SyncWeak};
