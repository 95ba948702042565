//! A size-class pool allocator.
#![no_std]

mod size_class;

pub use size_class::SizeClass;
