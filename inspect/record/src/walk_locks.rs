//! What the walk of a stack asks of the C library and of the unwinder, and programs ask, too. Both ask for memory themselves while they
//! have a lock:
//!
//! ```text
//!   pthread_getattr_np ── locks the thread ── realloc ── recorded ── walk of the stack ── pthread_getattr_np ── waits for ever
//! ```
//!
//! So these requests are not recorded.

use core::ffi::{c_int, c_void};

use crate::{PROFILED, next};

/// Stores what there is to know of a thread in `place`, as where its stack is, and returns zero; or what is wrong.
///
/// # Safety
///
/// There is such a thread, and `place` may be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_getattr_np(thread: libc::pthread_t, place: *mut libc::pthread_attr_t) -> c_int {
    let _unrecorded = PROFILED.unrecorded();
    // SAFETY: the caller's promise is the same.
    unsafe { next::attributes_of(thread, place) }
}

/// How to unwind what is at an address, if anybody has told; what else there is to know is stored in `bases`. Of code that a program has
/// made itself, and told of by `__register_frame`, libgcc makes a table, and sorts it in memory that it asks for (up to version 12).
///
/// # Safety
///
/// `bases` may be written to, as libgcc has it.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn _Unwind_Find_FDE(address: *mut c_void, bases: *mut c_void) -> *const c_void {
    let _unrecorded = PROFILED.unrecorded();
    // SAFETY: the caller's promise is the same.
    unsafe { next::frame_description_of(address, bases) }
}
