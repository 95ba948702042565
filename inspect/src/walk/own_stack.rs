//! The calling thread's stack: where it is.

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr;

/// A place of the stack that the thread is on, further in than all frames of interest.
#[inline(always)]
pub(super) fn place_in() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

/// Where the calling thread's stack ends; zero if nobody knows, or if it is on another one at this moment.
pub(super) fn end() -> usize {
    thread_local! {
        static BOUNDS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }
    let (start, end) = BOUNDS.get().unwrap_or_else(|| {
        let bounds = ask_bounds().unwrap_or((0, 0));
        BOUNDS.set(Some(bounds));
        bounds
    });
    if (start..end).contains(&place_in()) { end } else { 0 }
}

/// Asks where the calling thread's stack is. May allocate.
fn ask_bounds() -> Option<(usize, usize)> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: this may be asked at any time.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: the thread is this one, and the attributes are written to.
    let status = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
    if status != 0 {
        return None;
    }
    let (mut start, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes were written, and so is what they have.
    let status = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size) };
    // SAFETY: they are not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (status == 0).then(|| (start.addr(), start.addr() + size))
}
