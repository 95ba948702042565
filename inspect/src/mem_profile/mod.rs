//! The memory of a function, line by line: what `memory_profiler` is to Python.
//!
//! ```text
//! examples/lists_and_generators.rs: sum_of_list
//! line      bytes   increment  times  source
//!   12        548           0      1  fn sum_of_list(count: u64) -> u64 {
//!   13  8 000 548   8 000 000      1      let squares: Vec<u64> = (0..count).map(|number| number * number).collect();
//!   14  8 000 548           0      1      squares.iter().sum()
//!   15        548  -8 000 000      1  }
//! ```
//!
//! [`#[mem_profile]`](macro@crate::mem_profile) before a function has such a table printed when a call of it ends:
//!
//! - *bytes*: what the program has in use after the line, as it was asked for, to the byte. (`memory_profiler` shows the memory of
//!   the process, in pages.) After a line that ran several times, the most that it was.
//! - *increment*: by how much the line changed that, all times together. A line has everything that happens while it runs, in
//!   functions that it calls and in other threads; the increments of all lines are what the call has left behind.
//! - *times*: how often the line ran. The head of a loop runs once more than the body.
//!
//! The program's allocator has to be [`Metered`](crate::Metered); if it is not, the table says what to add:
//!
//! ```
//! use mudlark_inspect::{Metered, mem_profile};
//! use std::alloc::System;
//!
//! # #[cfg(not(miri))]
//! #[global_allocator]
//! static ALLOCATOR: Metered<System> = Metered::new(System);
//!
//! #[mem_profile]
//! fn sum_of_list(count: u64) -> u64 {
//!     let squares: Vec<u64> = (0..count).map(|n| n * n).collect();
//!     squares.iter().sum()
//! }
//!
//! sum_of_list(1000);
//! ```
//!
//! The attribute does its work in every build. One that is to stay in the source stands behind a condition of the program's own, as
//! `#[cfg_attr(feature = "memory", mem_profile)]`.
//!
//! # What counts as a line
//!
//! Each statement belongs to the line where it begins, also in nested blocks, loops and the arms of a `match`. What is freed when
//! a block ends belongs to the line of its brace, which is shown if anything was. What is freed when a `return`, a `?` or a
//! `break` leaves blocks belongs to that line. Closures, `async` blocks and what macros make of their arguments are part of the
//! line that has them.
//!
//! Parameters are dropped at the last brace, too, and are in the table. `self` and parameters that are patterns are not: they are
//! dropped after the table is made, as all are if the function returns an `impl Trait` or `!`. What the function returns is still
//! in use, and so part of what the call leaves behind.
//!
//! A call that the function makes to itself is part of the line that makes it, and the table says how many there were. Each
//! thread's call has a table of its own. If the call ends by a panic, the table says on which line.
//!
//! In an `async fn`, what happens while it waits does not count. A future that is dropped halfway has a table that says so. Calls
//! of the function to itself have tables of their own. An `.await` inside of another macro's argument is not seen as one.
//!
//! A function that `macro_rules!` makes has the lines of its body, where that is written: in the macro, or in its invocation. A
//! `const fn` is refused.
//!
//! # Options
//!
//! - `#[mem_profile(thread)]`: only what the calling thread asks for and frees counts, so that a busy program's other threads do
//!   not show.
//! - `#[mem_profile(stdout)]`: the table goes to the standard output, and not to the standard error.
//! - `#[mem_profile(html = "profile.html")]`: it goes to a page that needs nothing else, for a browser. All tables that go to one file are on
//!   one page; a program writes the file anew.
//! - `#[mem_profile(with = function)]`: it goes to a `fn(&Table)`, such as a test that looks at its [rows](Table::rows). The function must
//!   not panic.
//! - `#[mem_profile(crate = path)]`: where this crate is found, if not as `mudlark_inspect`.

mod call;
mod function;
mod html;
mod number;
mod output;
mod table;

pub use call::{Call, Closing, Each};
pub use function::{Depth, Function, Whose};
pub use output::Output;
pub use table::{Ending, Figures, Row, Table};

/// Before edition 2024, what a body's value is made from is dropped after the body's variables, as which parameters count.
///
/// ```edition2021
/// use mudlark_inspect::mem_profile;
/// use std::cell::RefCell;
///
/// macro_rules! begins {
///     ($bytes:ident, $first:pat) => {
///         match $bytes.borrow().first() {
///             $first => true,
///             _ => false,
///         }
///     };
/// }
///
/// #[mem_profile]
/// fn by_a_macro(bytes: RefCell<Vec<u8>>) -> bool {
///     begins!(bytes, Some(1))
/// }
///
/// #[mem_profile]
/// fn by_a_macro_in_braces(bytes: RefCell<Vec<u8>>) -> bool {
///     begins! { bytes, Some(1) }
/// }
///
/// #[mem_profile]
/// fn by_an_expression(bytes: RefCell<Vec<u8>>) -> usize {
///     bytes.borrow().len()
/// }
///
/// #[mem_profile]
/// fn without_a_value(bytes: RefCell<Vec<u8>>) {
///     if let Some(first) = bytes.borrow_mut().first_mut() {
///         *first += 1;
///     }
/// }
///
/// #[mem_profile]
/// fn of_a_type_without_a_name(bytes: RefCell<Vec<u8>>) -> impl Sized {
///     bytes.borrow().len()
/// }
///
/// #[mem_profile]
/// async fn asynchronous(bytes: RefCell<Vec<u8>>) -> bool {
///     begins!(bytes, Some(1))
/// }
///
/// let bytes = || RefCell::new(vec![1]);
/// assert!(by_a_macro(bytes()) && by_a_macro_in_braces(bytes()));
/// assert_eq!(by_an_expression(bytes()), 1);
/// without_a_value(bytes());
/// of_a_type_without_a_name(bytes());
/// drop(asynchronous(bytes()));
/// ```
#[cfg(doctest)]
struct AValueMayBorrowParametersInEdition2021;
