//! What Linux does in its own way.

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::time::Duration;

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

/// The highest that the process's resident memory has been, in bytes.
pub(super) fn peak_resident() -> Option<usize> {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: there is a place for the answer.
    let status = keeping_errno(|| unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) });
    if status != 0 {
        return None;
    }
    // SAFETY: the system has just written it.
    let kibibytes = unsafe { usage.assume_init() }.ru_maxrss;
    usize::try_from(kibibytes).ok()?.checked_mul(1024)
}

/// Rests for about that long; a signal may end it early.
///
/// The C library's own calls to sleep are cancellation points: a thread that is cancelled while it waits for a lock would be
/// unwound out of the allocator. So this asks the kernel itself, where its time is the C library's.
#[cfg(target_pointer_width = "64")]
pub(super) fn sleep(duration: Duration) {
    let time = libc::timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    };
    let rest = core::ptr::null_mut::<libc::timespec>();
    // SAFETY: the time is there to be read, and nobody wants to know the rest.
    unsafe { libc::syscall(libc::SYS_nanosleep, &raw const time, rest) };
}

/// The same by way of the C library.
#[cfg(not(target_pointer_width = "64"))]
pub(super) fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}

/// Below this size, in bytes, it costs more to ask what is resident than that may save.
const WORTH_ASKING: usize = 256 * 1024;
/// So much is asked about at a time, in bytes.
const AT_A_TIME: usize = 4 * 1024 * 1024;

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
    for offset in (0..size).step_by(AT_A_TIME) {
        // SAFETY: the offset is below the size.
        let part = unsafe { start.byte_add(offset) };
        // SAFETY: by the caller's promise.
        unsafe { clear_part(part, AT_A_TIME.min(size - offset)) };
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

/// Clears each grain in the way that suits it, and such as follow each other together.
///
/// # Safety
///
/// As for [`clear`]; `size` is at most [`AT_A_TIME`].
unsafe fn clear_part(start: NonNull<u8>, size: usize) {
    let resident = Residency::of(start, size);
    let grains = size.div_ceil(GRAIN);
    let mut first = 0;
    while first < grains {
        let way = resident.way_to_clear(first);
        let end = (first + 1..grains).find(|&next| resident.way_to_clear(next) != way).unwrap_or(grains);
        let (offset, len) = (first * GRAIN, size.min(end * GRAIN) - first * GRAIN);
        // SAFETY: the offset is below the size.
        let part = unsafe { start.byte_add(offset) };
        // SAFETY: by the caller's promise; the system rounds up to the OS page.
        if way == Clearing::Write || unsafe { purge(part, len) } == Fresh::No {
            // SAFETY: by the caller's promise.
            unsafe { part.write_bytes(0, len) };
        }
        first = end;
    }
}

/// Which OS pages of some memory cost memory: a one each.
struct Residency([u8; AT_A_TIME / LEAST_OS_PAGE]);

impl Residency {
    /// Asks about up to [`AT_A_TIME`] bytes. Where OS pages are larger than the least, the answer is too short, and more is
    /// purged than is best.
    fn of(start: NonNull<u8>, size: usize) -> Self {
        let mut pages = [0; AT_A_TIME / LEAST_OS_PAGE];
        let answer: *mut u8 = pages.as_mut_ptr();
        // SAFETY: there is a place for the answer for each OS page, of which there are no more than that.
        let status = keeping_errno(|| unsafe { libc::mincore(start.as_ptr().cast(), size, answer.cast()) });
        if status == 0 { Self(pages) } else { Self([1; AT_A_TIME / LEAST_OS_PAGE]) }
    }

    /// The way that suits a grain.
    ///
    /// Where little is resident, writing would make it so, a page fault for each OS page. What is resident for a good part
    /// is likely to be touched again, and then it is purging that would cost the page faults.
    fn way_to_clear(&self, grain: usize) -> Clearing {
        const PAGES: usize = GRAIN / LEAST_OS_PAGE;
        // The other bits are reserved.
        let present: u8 = self.0.iter().skip(grain * PAGES).take(PAGES).map(|page| page & 1).sum();
        if usize::from(present) * 4 < PAGES { Clearing::Purge } else { Clearing::Write }
    }
}
