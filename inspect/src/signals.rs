//! Signals, which wait while something is done that no handler may interrupt.

#[cfg(unix)]
use core::mem::MaybeUninit;
#[cfg(unix)]
use core::ptr;

/// Calls `f` while this thread handles no signals; nor does a thread that `f` starts.
#[cfg(unix)]
pub(crate) fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: it is written to.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: one set was just made, the other one is written to.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let answer = f();
    // SAFETY: it was written to above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    answer
}

/// Takes back the signal that a file which may not be as large has brought upon this thread, which takes none now.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn take_back_file_size() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: it is written to.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it was just made.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGXFSZ) };
    // SAFETY: zeroes are a time: none.
    let at_once: libc::timespec = unsafe { core::mem::zeroed() };
    // SAFETY: the set was made, and nobody wants to know more.
    unsafe { libc::sigtimedwait(set.as_ptr(), ptr::null_mut(), &raw const at_once) };
}

/// Elsewhere there is no call that takes a signal without waiting for one.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn take_back_file_size() {}

/// There are no signals that a thread could take.
#[cfg(not(unix))]
pub(crate) fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    f()
}
