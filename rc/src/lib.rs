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
//! - When the last strong handle goes, the value is dropped and its memory freed at once. The weak box (three words)
//!   stays until the last weak handle goes, so that **upgrade** can find out.
//! - A count that would overflow makes the value **immortal**: it is never dropped, rather than the program aborted.
//!
//! The value's own handles are dropped with it, each inside the drop of the one before: dropping the first box of a very
//! long chain (some hundred thousand boxes) overflows the stack, as it does with `Rc`.
//!
//! # Rc and Counted: what differs
//!
//! Everything else is meant to be the same, names included.
//!
//! | | `Rc` | `Counted` |
//! |---|---|---|
//! | words before the value | two | one |
//! | a handle points at | the counts | the value |
//! | first downgrade | an addition | allocates the weak box |
//! | memory of a value whose weak handles remain | stays | is freed; the weak box stays |
//! | a count overflows | aborts | the value becomes immortal |
//! | `==` on two handles of the same value | true at once, if `T: Eq` | compares the value with itself |
//! | `make_mut` with weak handles left | moves the value | leaves it where it is |
//! | to `dyn Trait` | by itself | by [`unsize!`], or from a `Box<dyn Trait>` |
//! | `Weak::into_raw` | yes | no: a weak handle leads to the weak box |
//! | a value that borrows from a neighbour | may be dropped together with it | the neighbour has to outlive it |
//! | method receivers `self: Rc<Self>` | yes | no |
//!
//! The last three, and the short cut of `==`, need what only the standard library may use.
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
//! - `std` (default): conversions from `OsStr`, `OsString`, `Path`, `PathBuf`. Without it, the crate needs `alloc` only.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod allocate;
mod callback;
mod clone_to_counted;
mod convert;
mod count;
mod counted;
mod counted_box;
mod counts;
#[cfg_attr(not(feature = "std"), path = "immediate_drop.rs")]
mod deferred_drop;
#[cfg(not(feature = "std"))]
mod fnv;
mod forward;
mod immortal;
#[cfg(all(test, not(loom)))]
mod immortal_tests;
mod intern;
mod object_pool;
mod raw;
#[cfg(feature = "serde")]
mod serde;
mod symbols;
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
mod sync;
mod uninit;
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
pub use immortal::StaticCounted;
#[doc(hidden)]
pub use immortal::{StaticBox, words_before};
pub use intern::{DefaultHashBuilder, Interner};
pub use object_pool::{ObjectPool, Pooled};
#[doc(hidden)]
pub use unsize::unsizing;
pub use value_cache::ValueCache;
pub use weak::{Weak, WeakHandle};
pub use weak_map::{WeakMap, WeakSet};

#[cfg(feature = "std")]
pub use intern::SyncInterner;

#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
pub use {counted::SyncCounted, counts::Atomic, weak::SyncWeak};
