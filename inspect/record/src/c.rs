//! The calls of C: `malloc`, `free` and their family, as their manual pages have them.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use mudlark_inspect::Malloc;

use crate::PROFILED;

/// A block of at least `size` bytes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc(size: usize) -> *mut c_void {
    PROFILED.malloc(size).cast()
}

/// A block of `count` times `size` bytes, which are zero.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        Some(bytes) => PROFILED.zeroed(bytes).cast(),
        None => fail(libc::ENOMEM),
    }
}

/// Takes back a block, unless it is null.
///
/// # Safety
///
/// Nobody uses the block any more.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free(block: *mut c_void) {
    if let Some(block) = NonNull::new(block) {
        // SAFETY: the caller's promise is the same.
        unsafe { PROFILED.free(block.cast()) };
    }
}

/// The same, by its name of old.
///
/// # Safety
///
/// As for [`free`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn cfree(block: *mut c_void) {
    // SAFETY: the caller's promise is the same.
    unsafe { free(block) };
}

/// The same, where the caller knows the size (C23).
///
/// # Safety
///
/// As for [`free`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free_sized(block: *mut c_void, _size: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { free(block) };
}

/// The same, where the caller knows the alignment as well (C23).
///
/// # Safety
///
/// As for [`free`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free_aligned_sized(block: *mut c_void, _align: usize, _size: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { free(block) };
}

/// Makes a block one of at least `size` bytes. Null is as a block without bytes; a size of zero frees the block and gives
/// null.
///
/// # Safety
///
/// As for [`free`], if there is an answer or the size is zero.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let Some(old) = NonNull::new(block) else { return malloc(size) };
    if size == 0 {
        // SAFETY: the caller's promise is the same.
        unsafe { free(block) };
        return ptr::null_mut();
    }
    // SAFETY: the caller's promise is the same.
    unsafe { PROFILED.realloc(old.cast(), size) }.cast()
}

/// The same, for `count` times `size` bytes.
///
/// # Safety
///
/// As for [`realloc`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller's promise is the same.
        Some(bytes) => unsafe { realloc(block, bytes) },
        None => fail(libc::ENOMEM),
    }
}

/// A block at a multiple of `align`, which is rounded up to a power of two.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    match align.checked_next_power_of_two() {
        Some(align) => PROFILED.aligned(align, size).cast(),
        None => fail(libc::EINVAL),
    }
}

/// A block at a multiple of `align`; `EINVAL` unless that is a power of two.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if align.is_power_of_two() { PROFILED.aligned(align, size).cast() } else { fail(libc::EINVAL) }
}

/// Stores a block at a multiple of `align` in `place`, and returns zero; or `EINVAL` unless `align` is a power of two and a
/// multiple of a pointer's size, or `ENOMEM`; then `place` is as it was, and so is `errno` in any case.
///
/// # Safety
///
/// `place` may be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    let errno = errno();
    // SAFETY: it is this thread's.
    let before = unsafe { errno.read() };
    let block = PROFILED.aligned(align, size);
    // SAFETY: as above.
    unsafe { errno.write(before) };
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: by the caller's promise.
    unsafe { place.write(block.cast()) };
    0
}

/// A block at the start of an OS page.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn valloc(size: usize) -> *mut c_void {
    PROFILED.aligned(os_page_size(), size).cast()
}

/// A block of whole OS pages.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvalloc(size: usize) -> *mut c_void {
    match size.max(1).checked_next_multiple_of(os_page_size()) {
        Some(whole) => PROFILED.aligned(os_page_size(), whole).cast(),
        None => fail(libc::ENOMEM),
    }
}

/// The bytes of a block, all of which may be used; zero for null.
///
/// # Safety
///
/// The block is the caller's, or null.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    // SAFETY: the caller's promise is the same.
    NonNull::new(block).map_or(0, |block| unsafe { PROFILED.usable_size(block.cast()) })
}

/// The OS page that `valloc` and `pvalloc` speak of.
fn os_page_size() -> usize {
    // SAFETY: this may be asked at any time.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

fn errno() -> *mut c_int {
    // SAFETY: this may be asked at any time.
    unsafe { libc::__errno_location() }
}

/// Null, with the reason in `errno`.
#[cold]
fn fail(reason: c_int) -> *mut c_void {
    // SAFETY: it is this thread's.
    unsafe { errno().write(reason) };
    ptr::null_mut()
}
