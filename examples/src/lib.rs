//! The library part of the examples: what would run on a microcontroller.
#![no_std]

extern crate alloc;

pub mod sensor_log;
