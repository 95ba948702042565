//! jemalloc, built from its C by its crate.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

pub(crate) const GIVE_BACK: Option<fn()> = Some(|| {
    control(c"thread.tcache.flush");
    // All arenas have this number (MALLCTL_ARENAS_ALL).
    control(c"arena.4096.purge");
});

/// Tells jemalloc to do something that takes and returns nothing.
fn control(name: &CStr) {
    // SAFETY: the name ends with a zero, and nothing is read or written for these names.
    let error = unsafe { _rjem_mallctl(name.as_ptr(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0) };
    assert_eq!(error, 0, "jemalloc knows {name:?}");
}

// SAFETY: jemalloc's declaration, with the prefix that the crate gives to its names.
unsafe extern "C" {
    fn _rjem_mallctl(
        name: *const c_char,
        old: *mut c_void,
        old_length: *mut usize,
        new: *mut c_void,
        new_length: usize,
    ) -> c_int;
}
