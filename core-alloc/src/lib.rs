//! A size-class pool allocator.
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "std")]
mod hosted;
mod size_class;

#[cfg(feature = "std")]
pub use hosted::{Mudlark, Stats};
pub use size_class::SizeClass;
