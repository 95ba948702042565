//! What is asked of a thread, as where its stack is. The C library asks for memory meanwhile, while it has the thread's lock:
//!
//! ```text
//!   pthread_getattr_np ── locks the thread ── realloc ── recorded ── walk of the stack ── pthread_getattr_np ── waits for ever
//! ```
//!
//! Such a walk asks where the stack is, too. So these requests are not recorded.

use core::ffi::c_int;

use crate::{PROFILED, next};

/// Stores what there is to know of a thread in `place`, and returns zero; or what is wrong.
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
