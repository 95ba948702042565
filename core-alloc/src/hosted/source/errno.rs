//! The program's `errno`, which an allocation must not change: the program may be about to ask why some call of its own
//! has failed.

use core::ptr::NonNull;

#[cfg(any(
    target_os = "linux",
    target_os = "dragonfly",
    target_os = "fuchsia",
    target_os = "hurd",
    target_os = "redox"
))]
use libc::__errno_location as place;

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as place;

#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
use libc::__errno as place;

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
use libc::___errno as place;

/// A system whose `errno` is not known here: it is left alone.
#[cfg(not(any(
    target_os = "linux",
    target_os = "dragonfly",
    target_os = "fuchsia",
    target_os = "hurd",
    target_os = "redox",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "android",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "illumos",
    target_os = "solaris"
)))]
const unsafe fn place() -> *mut libc::c_int {
    core::ptr::null_mut()
}

/// Calls the system, and leaves `errno` as it was.
pub(super) fn keeping_errno<R>(call: impl FnOnce() -> R) -> R {
    // SAFETY: this may be asked at any time.
    let Some(place) = NonNull::new(unsafe { place() }) else { return call() };
    // SAFETY: it is this thread's, and is there for as long as the thread.
    let errno = unsafe { place.read() };
    let result = call();
    // SAFETY: as above.
    unsafe { place.write(errno) };
    result
}
