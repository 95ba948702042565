//! What the heap does, told over the board's line, in the midst of the texts, if the feature `profile` is on:
//!
//! ```text
//!   counted handles: holds ␊ │ chunk │ chunk │ interned words: holds ␊ │ chunk │ …
//! ```
//!
//! `mudlark` reads what came over the line as it is: chunks are found in the midst of anything. What the heap has done is counted
//! here, too, and printed at the end, so that the two can be compared.

#[cfg(feature = "profile")]
mod counts;
#[cfg(feature = "profile")]
mod line;

#[cfg(feature = "profile")]
pub use line::{Told, finish, start, tell_state, told, watch, within};

#[cfg(not(feature = "profile"))]
pub use nobody::{Told, finish, start, tell_state, told, watch, within};

#[cfg(not(feature = "profile"))]
mod nobody {
    /// Who is told what the heap does: nobody.
    pub struct Told;

    impl mudlark_hooks::Hooks for Told {}

    pub const fn told() -> Told {
        Told
    }

    pub const fn start() {}

    pub fn within(_name: &'static str, work: fn()) {
        work();
    }

    pub const fn watch(_collector: &mudlark_gc::Collector, _name: &'static str) {}

    pub const fn tell_state() {}

    pub const fn finish() {}
}
