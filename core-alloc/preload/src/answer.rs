//! What C callers get: a pointer, or null and `errno`.

use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use mudlark_core_alloc::Malloc;

/// What every block is aligned to at least: as much as the largest of C's own types needs.
pub(crate) const LEAST_ALIGN: usize = 16;

/// The Layout of a request without an alignment; `None` for what is larger than any object may be.
#[inline]
pub(crate) const fn plain(size: usize) -> Option<Layout> {
    aligned(size, LEAST_ALIGN)
}

/// The Layout of a request; `None` for what is larger than any object may be. `align` is a power of two.
#[inline]
pub(crate) const fn aligned(size: usize, align: usize) -> Option<Layout> {
    let align = if align < LEAST_ALIGN { LEAST_ALIGN } else { align };
    match Layout::from_size_align(size, align) {
        Ok(layout) => Some(layout),
        Err(_) => None,
    }
}

/// A block for `layout`, or null and `ENOMEM`.
#[inline]
pub(crate) fn allocate(layout: Option<Layout>) -> *mut c_void {
    or_no_memory(layout.and_then(Malloc::allocate))
}

/// A zeroed block for `layout`, or null and `ENOMEM`.
#[inline]
pub(crate) fn allocate_zeroed(layout: Option<Layout>) -> *mut c_void {
    or_no_memory(layout.and_then(Malloc::allocate_zeroed))
}

/// The block, or null and `ENOMEM`.
#[inline]
pub(crate) fn or_no_memory(block: Option<NonNull<u8>>) -> *mut c_void {
    match block {
        Some(block) => block.as_ptr().cast(),
        None => fail(libc::ENOMEM),
    }
}

/// Null, with the reason in `errno`.
#[cold]
pub(crate) fn fail(reason: c_int) -> *mut c_void {
    // SAFETY: it may be asked at any time.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: it is this thread's.
    unsafe { errno.write(reason) };
    ptr::null_mut()
}
