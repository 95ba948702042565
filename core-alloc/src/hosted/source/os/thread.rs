//! A thread of the C library's.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

use super::super::{NoThread, Work};
use super::{keeping_errno, without_signals};

pub(in super::super) const BARE_THREADS: bool = false;

/// The thread's stack. The program's thread-locals come out of it on some systems; what is not touched costs nothing.
const STACK: usize = 128 * 1024;

pub(in super::super) fn start_thread<W: Work>() -> Result<(), NoThread> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: the place is valid for attributes.
    if unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) } != 0 {
        return Err(NoThread);
    }
    // SAFETY: just initialised.
    let attributes = unsafe { attributes.assume_init_mut() };
    let started = keeping_errno(|| without_signals(|| start_detached::<W>(attributes)));
    // SAFETY: they were initialised, and the thread does not need them any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    started
}

fn start_detached<W: Work>(attributes: &mut libc::pthread_attr_t) -> Result<(), NoThread> {
    // SAFETY: the attributes were initialised. A size that the system does not accept leaves them as they are.
    unsafe { libc::pthread_attr_setstacksize(attributes, STACK) };
    // SAFETY: as above.
    unsafe { libc::pthread_attr_setdetachstate(attributes, libc::PTHREAD_CREATE_DETACHED) };
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the place is valid for a thread's name, the attributes were initialised, and the work needs no argument.
    let status = unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, work::<W>, ptr::null_mut()) };
    if status == 0 { Ok(()) } else { Err(NoThread) }
}

extern "C" fn work<W: Work>(_: *mut c_void) -> *mut c_void {
    W::work();
    ptr::null_mut()
}

/// The C library sees to that.
pub(in super::super) const fn forget_thread() {}
