//! The system's malloc: what a program has that chooses nothing.

use std::alloc::System;

#[global_allocator]
static ALLOCATOR: System = System;

#[cfg(target_env = "gnu")]
pub(crate) const GIVE_BACK: Option<fn()> = Some(|| {
    malloc_trim(0);
});

#[cfg(not(target_env = "gnu"))]
pub(crate) const GIVE_BACK: Option<fn()> = None;

#[cfg(target_env = "gnu")]
// SAFETY: glibc's declaration; it takes any number of bytes to keep.
unsafe extern "C" {
    safe fn malloc_trim(keep: usize) -> core::ffi::c_int;
}
