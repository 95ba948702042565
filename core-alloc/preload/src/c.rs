//! The calls of C: `malloc`, `free` and their family, as their manual pages and glibc have them.
//!
//! What they share: a size of zero is served as one byte; what cannot be served gives null and sets `errno` to `ENOMEM`;
//! what succeeds, and every free, leaves `errno` as it was.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use mudlark_core_alloc::Malloc;

use crate::answer::{self, aligned, allocate, allocate_zeroed, fail, plain};

/// The OS page that `valloc` and `pvalloc` speak of.
fn os_page_size() -> usize {
    // SAFETY: this may be asked at any time.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

/// A block of at least `size` bytes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc(size: usize) -> *mut c_void {
    match Malloc::allocate_at_hand(size) {
        Some(block) => block.as_ptr().cast(),
        None => malloc_slowly(size),
    }
}

#[cold]
#[inline(never)]
extern "C" fn malloc_slowly(size: usize) -> *mut c_void {
    allocate(plain(size))
}

/// A block of `count` times `size` bytes, which are zero.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    allocate_zeroed(count.checked_mul(size).and_then(plain))
}

/// Takes back a block; null, and what is no block of ours, is left alone.
///
/// # Safety
///
/// Nobody uses the block any more.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: the caller's promise is the same.
    if !unsafe { Malloc::free_at_hand(block.cast()) } {
        // SAFETY: the caller's promise is the same.
        unsafe { free_slowly(block) };
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn free_slowly(block: *mut c_void) {
    if let Some(block) = NonNull::new(block) {
        // SAFETY: the caller's promise is the same. An address that is not ours is left alone.
        let _ = unsafe { Malloc::free(block.cast()) };
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

/// The same, where the caller knows the size (C23), which is not looked at: a block that has shrunk where it is lies in a page of
/// larger ones, as only the page's mark knows; and once that is loaded, it says all that a free wants to know. To go from the
/// size to the class as well, and compare, would only be more. The same holds for C++'s `delete` with a size, where a block
/// may come from `malloc` and have been resized.
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

/// Makes a block one of at least `size` bytes, which may be elsewhere. Null is as a block without bytes; a size of zero
/// frees the block and gives null. If there is no memory, the block is as it was.
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
    match unsafe { Malloc::resize(old.cast(), size) } {
        Ok(new) => answer::or_no_memory(new),
        // There is nobody who knows how much to copy.
        Err(_) => fail(libc::ENOMEM),
    }
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
        Some(align) => allocate(aligned(size, align)),
        None => fail(libc::EINVAL),
    }
}

/// A block at a multiple of `align`; `EINVAL` unless that is a power of two.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if align.is_power_of_two() { allocate(aligned(size, align)) } else { fail(libc::EINVAL) }
}

/// Stores a block at a multiple of `align` in `place`, and returns zero; or `EINVAL` unless `align` is a power of two and a
/// multiple of a pointer's size, or `ENOMEM`; then `place` is as it was. `errno` says that there is no memory, too: POSIX
/// leaves that open, but glibc does so, and programs look there.
///
/// # Safety
///
/// `place` may be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    let block = allocate(aligned(size, align));
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: by the caller's promise.
    unsafe { place.write(block) };
    0
}

/// A block at the start of an OS page.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn valloc(size: usize) -> *mut c_void {
    allocate(aligned(size, os_page_size()))
}

/// A block of whole OS pages.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvalloc(size: usize) -> *mut c_void {
    let page = os_page_size();
    let whole = size.max(1).checked_next_multiple_of(page);
    allocate(whole.and_then(|size| aligned(size, page)))
}

/// The bytes of a block, all of which may be used; zero for null and what is no block of ours.
///
/// # Safety
///
/// As for [`free`], but the block stays the caller's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    // SAFETY: the caller's promise is the same.
    NonNull::new(block).and_then(|block| unsafe { Malloc::usable_size(block.cast()) }).unwrap_or(0)
}
