//! What Linux does in its own way.

use core::ptr::NonNull;

use super::super::Fresh;
use super::{GRAIN, keeping_errno};

/// Has the system not count as needed what may never be touched.
pub(super) const UNRESERVED: libc::c_int = libc::MAP_NORESERVE;

/// The size of the smallest OS page, which is the alignment that every mapping has.
const LEAST_OS_PAGE: usize = 4096;

/// Grows a mapping, if need be elsewhere. On failure it stays as it is.
///
/// # Safety
///
/// `start` is a mapping of `old_size` bytes that belongs to the caller.
#[cfg(target_os = "linux")]
pub(super) unsafe fn grow(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    // A mapping that moves is only sure of the OS page's alignment.
    let flags = if align <= LEAST_OS_PAGE { libc::MREMAP_MAYMOVE } else { 0 };
    // SAFETY: the caller gives the mapping to us; on failure it stays as it is.
    let moved = keeping_errno(|| unsafe { libc::mremap(start.as_ptr().cast(), old_size, new_size, flags) });
    super::mapped(moved)
}

/// The `libc` crate has no `mremap` for this system.
///
/// # Safety
///
/// As above; nothing happens.
#[cfg(target_os = "android")]
pub(super) unsafe fn grow(
    _start: NonNull<u8>,
    _old_size: usize,
    _new_size: usize,
    _align: usize,
) -> Option<NonNull<u8>> {
    None
}

/// Gives memory back that stays mapped: it is zero when it is next touched.
///
/// # Safety
///
/// The `size` bytes are mapped and belong to the caller, who has no use for the contents.
pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: by the caller's promise.
    let status = keeping_errno(|| unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_DONTNEED) });
    // What the program has locked into memory stays there.
    if status == 0 { Fresh::Yes } else { Fresh::No }
}

/// Makes memory present that will be touched soon. Older systems do not know this advice, and do nothing.
///
/// # Safety
///
/// The `size` bytes are mapped and belong to the caller.
pub(super) unsafe fn populate(start: NonNull<u8>, size: usize) {
    // SAFETY: by the caller's promise; what is in the memory stays.
    keeping_errno(|| unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_POPULATE_WRITE) });
}

/// Below this size, in bytes, it costs more to ask what suits some memory than that may save.
const WORTH_ASKING: usize = 256 * 1024;

/// Makes memory zero.
///
/// # Safety
///
/// As for [`purge`], up to the end of the last OS page.
pub(super) unsafe fn clear(start: NonNull<u8>, size: usize) {
    if size < WORTH_ASKING {
        // SAFETY: by the caller's promise.
        return unsafe { start.write_bytes(0, size) };
    }
    let mut done = 0;
    while done < size {
        // SAFETY: so far it is in the caller's memory.
        let rest = unsafe { start.byte_add(done) };
        let (way, len) = way_to_clear(rest, size - done);
        // SAFETY: by the caller's promise; the system rounds up to the OS page.
        if way != Clearing::Purge || unsafe { purge(rest, len) } == Fresh::No {
            // SAFETY: by the caller's promise.
            unsafe { rest.write_bytes(0, len) };
        }
        done += len;
    }
}

/// How to make memory zero.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clearing {
    /// Write zeros.
    Write,
    /// Let the system zero what the program touches.
    Purge,
}

/// The way that suits the first bytes, and the number of bytes that it suits.
///
/// Where little is resident, writing would make it so, a page fault for each OS page. What is resident for a good part is
/// likely to be touched again, and then it is purging that would cost the page faults.
fn way_to_clear(start: NonNull<u8>, size: usize) -> (Clearing, usize) {
    /// The most that is asked about at a time, in bytes.
    const AT_A_TIME: usize = 1024 * 1024;

    let size = size.min(AT_A_TIME);
    let mut resident = [0_u8; AT_A_TIME / LEAST_OS_PAGE];
    // SAFETY: there is a place for the answer for each OS page, of which there are no more than that.
    let status = keeping_errno(|| unsafe { libc::mincore(start.as_ptr().cast(), size, resident.as_mut_ptr().cast()) });
    if status != 0 {
        return (Clearing::Write, size);
    }
    // Where OS pages are larger, the rest of the answer stays zero, and more is purged than is best.
    let way = |grain: &[u8]| match grain.iter().filter(|&&page| page & 1 == 1).count() {
        present if present * 4 < grain.len() => Clearing::Purge,
        _ => Clearing::Write,
    };
    let mut grains = resident[..size.div_ceil(LEAST_OS_PAGE)].chunks(GRAIN / LEAST_OS_PAGE).map(way);
    let first = grains.next().unwrap_or(Clearing::Write);
    let alike = 1 + grains.take_while(|&next| next == first).count();
    (first, size.min(alike * GRAIN))
}
