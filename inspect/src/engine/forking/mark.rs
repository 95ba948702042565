//! What tells a child from its parent, however it was made: a page that the system wipes in every copy of the process.
//!
//! A child that shares its parent's memory, as that of `vfork`, is no copy, and finds the mark.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Any page is as large, or larger.
const SIZE: usize = 4096;

/// The page, or null: then nobody has set a mark, or there can be none.
static MARK: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());

/// Marks this process.
pub(super) fn set() {
    if let Some(mark) = mark().or_else(make) {
        mark.store(1, Ordering::Relaxed);
    }
}

/// Whether there was a mark, which this process has not.
pub(super) fn is_gone() -> bool {
    mark().is_some_and(|mark| mark.load(Ordering::Relaxed) == 0)
}

fn mark() -> Option<&'static AtomicU32> {
    // Acquire: pairs with the Release in `make`, so that the page has its mark.
    // SAFETY: it is null, or such a page, which stays.
    unsafe { MARK.load(Ordering::Acquire).as_ref() }
}

/// A page that is wiped in children, if the system can do so (Linux since 4.14).
fn make() -> Option<&'static AtomicU32> {
    const READ_WRITE: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;
    const PRIVATE: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    if cfg!(miri) {
        return None;
    }
    // SAFETY: it asks for new memory only.
    let page = unsafe { libc::mmap(ptr::null_mut(), SIZE, READ_WRITE, PRIVATE, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is new, and nobody else's.
    let answer = unsafe { libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) };
    let page = page.cast::<AtomicU32>();
    // SAFETY: the page is there, for good if it becomes the mark, and zero is a value.
    let mark = unsafe { &*page };
    mark.store(1, Ordering::Relaxed);
    let is_kept =
        answer == 0 && MARK.compare_exchange(ptr::null_mut(), page, Ordering::Release, Ordering::Relaxed).is_ok();
    if is_kept {
        return Some(mark);
    }
    // SAFETY: nobody has heard of it, and `mark` is not used any more.
    unsafe { libc::munmap(page.cast(), SIZE) };
    None
}
