//! What systems other than Linux have to offer instead.

use core::ptr::NonNull;
use core::time::Duration;

use super::super::Fresh;

#[cfg(target_os = "netbsd")]
pub(super) const UNRESERVED: libc::c_int = libc::MAP_NORESERVE;
#[cfg(not(target_os = "netbsd"))]
pub(super) const UNRESERVED: libc::c_int = 0;

/// No mapping can grow.
///
/// # Safety
///
/// `start` is a mapping of `old_size` bytes that belongs to the caller.
pub(super) unsafe fn grow(
    _start: NonNull<u8>,
    _old_size: usize,
    _new_size: usize,
    _align: usize,
) -> Option<NonNull<u8>> {
    None
}

/// Has the system take memory when it needs some. Until then what was there is still in it.
///
/// # Safety
///
/// The `size` bytes are mapped and belong to the caller, who has no use for the contents.
#[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: by the caller's promise.
    super::keeping_errno(|| unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_FREE) });
    Fresh::No
}

/// How this system is asked for that is not known here.
///
/// # Safety
///
/// As above; nothing happens.
#[cfg(not(any(target_vendor = "apple", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd")))]
pub(super) unsafe fn purge(_start: NonNull<u8>, _size: usize) -> Fresh {
    Fresh::No
}

/// Systems count this in units of their own.
pub(super) const fn peak_resident() -> Option<usize> {
    None
}

/// Rests for that long.
pub(super) fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}

/// Memory becomes present when it is touched, and not before.
///
/// # Safety
///
/// Nothing happens.
pub(super) unsafe fn populate(_start: NonNull<u8>, _size: usize) {}

/// Makes memory zero.
///
/// # Safety
///
/// As for [`purge`].
pub(super) unsafe fn clear(start: NonNull<u8>, size: usize) {
    // SAFETY: by the caller's promise.
    unsafe { start.write_bytes(0, size) };
}
