//! Memory by `mmap`, for every Unix.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use super::errno::keeping_errno;
use super::{Fresh, NoThread};

pub(super) const UNTOUCHED_IS_FREE: bool = true;

/// Sizes are rounded up to this: a multiple of the OS page on every system, so nobody needs to ask for its size.
const GRAIN: usize = 64 * 1024;

/// The alignment that every mapping has.
const LEAST_OS_PAGE: usize = 4096;

/// Mappings of at least this size are aligned to it, so that the system may use its huge pages for them.
const HUGE: usize = 2 * 1024 * 1024;

/// The stack of a thread of ours. The program's thread-locals come out of it on some systems; what is not touched costs
/// nothing.
const STACK: usize = 128 * 1024;

pub(super) fn acquire(size: usize, align: usize) -> Option<NonNull<u8>> {
    let size = size.checked_next_multiple_of(GRAIN)?;
    let align = if size >= HUGE { align.max(HUGE) } else { align };
    let start = map(ptr::null_mut(), size)?;
    if start.addr().get().is_multiple_of(align) {
        return Some(start);
    }
    // SAFETY: just mapped, and nobody else knows of it.
    unsafe { unmap(start, size) };
    acquire_below(start, size, align).or_else(|| acquire_with_margin(size, align))
}

/// Maps what is just below `start`, where the system has placed an unaligned mapping: since it goes downwards, most of
/// that place is free.
fn acquire_below(start: NonNull<u8>, size: usize, align: usize) -> Option<NonNull<u8>> {
    let wish = start.addr().get() / align * align;
    let start = map(ptr::without_provenance_mut(wish), size)?;
    if start.addr().get().is_multiple_of(align) {
        return Some(start);
    }
    // SAFETY: just mapped, and nobody else knows of it.
    unsafe { unmap(start, size) };
    None
}

/// Maps so much that an aligned part of `size` bytes is in it, and unmaps what lies around that.
fn acquire_with_margin(size: usize, align: usize) -> Option<NonNull<u8>> {
    let reserved = map(ptr::null_mut(), size.checked_add(align)?)?;
    let address = reserved.addr().get();
    let head = address.next_multiple_of(align) - address;
    // SAFETY: `head` is at most `align`, which the mapping is larger than.
    let start = unsafe { reserved.byte_add(head) };
    // SAFETY: `head + size` is at most the mapping's length.
    let end = unsafe { start.byte_add(size) };
    // SAFETY: the part below `start` is ours and unused.
    unsafe { unmap(reserved, head) };
    // SAFETY: so is the part from `end` on.
    unsafe { unmap(end, align - head) };
    Some(start)
}

pub(super) unsafe fn release(start: NonNull<u8>, size: usize, _align: usize) {
    // SAFETY: by the caller's promise; `acquire` rounded the same way.
    unsafe { unmap(start, size.next_multiple_of(GRAIN)) };
}

pub(super) unsafe fn resize(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    let old_size = old_size.next_multiple_of(GRAIN);
    let new_size = new_size.checked_next_multiple_of(GRAIN)?;
    if new_size > old_size {
        // SAFETY: by the caller's promise, `start` is a mapping of `old_size` bytes.
        return unsafe { grow(start, old_size, new_size, align) };
    }
    // SAFETY: `new_size` is within the mapping.
    let end = unsafe { start.byte_add(new_size) };
    // SAFETY: the tail is part of the caller's memory, which has no use for it any more.
    unsafe { unmap(end, old_size - new_size) };
    Some(start)
}

/// # Safety
///
/// `start` is a mapping of `old_size` bytes that belongs to the caller.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn grow(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    // A mapping that moves is only sure of the OS page's alignment.
    let flags = if align <= LEAST_OS_PAGE { libc::MREMAP_MAYMOVE } else { 0 };
    // SAFETY: the caller gives the mapping to us; on failure it stays as it is.
    let moved = keeping_errno(|| unsafe { libc::mremap(start.as_ptr().cast(), old_size, new_size, flags) });
    mapped(moved)
}

/// # Safety
///
/// As above; nothing happens.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn grow(_start: NonNull<u8>, _old_size: usize, _new_size: usize, _align: usize) -> Option<NonNull<u8>> {
    None
}

/// Linux gives zeroed memory when it is next touched.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: the caller has the memory, and has no use for the contents.
    let status = unsafe { advise(start, size, libc::MADV_DONTNEED) };
    // What the program has locked into memory stays there.
    if status == 0 { Fresh::Yes } else { Fresh::No }
}

/// Others take the memory when they need some, and until then leave in it what was there.
#[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: the caller has the memory, and has no use for the contents.
    unsafe { advise(start, size, libc::MADV_FREE) };
    Fresh::No
}

/// Of the rest it is not known here how they are asked.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
pub(super) unsafe fn purge(_start: NonNull<u8>, _size: usize) -> Fresh {
    Fresh::No
}

/// # Safety
///
/// The `size` bytes are mapped and belong to the caller, who can do without the contents if the advice is such.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
unsafe fn advise(start: NonNull<u8>, size: usize, advice: libc::c_int) -> libc::c_int {
    // SAFETY: by the caller's promise.
    keeping_errno(|| unsafe { libc::madvise(start.as_ptr().cast(), size, advice) })
}

pub(super) unsafe fn populate(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller has the memory; what is in it stays. Older systems do not know this advice, and do nothing.
    unsafe { advise(start, size, libc::MADV_POPULATE_WRITE) };
}

pub(super) fn os_page_size() -> usize {
    // SAFETY: to ask does no harm.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(GRAIN)
}

/// Below this size, in bytes, it costs more to ask what suits some memory than that may save.
const WORTH_ASKING: usize = 256 * 1024;

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
#[cfg(any(target_os = "linux", target_os = "android"))]
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

/// Elsewhere purging would not make anything zero.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn way_to_clear(_start: NonNull<u8>, size: usize) -> (Clearing, usize) {
    (Clearing::Write, size)
}

pub(super) fn around_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) {
    // SAFETY: functions may be called at any time. If there is no memory for the arrangement, forks are as they were.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

pub(super) fn start_thread(work: extern "C" fn(*mut c_void) -> *mut c_void) -> Result<(), NoThread> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: the place is valid for attributes.
    if unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) } != 0 {
        return Err(NoThread);
    }
    // SAFETY: just initialised.
    let attributes = unsafe { attributes.assume_init_mut() };
    let started = without_signals(|| start_detached(attributes, work));
    // SAFETY: they were initialised, and the thread does not need them any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    started
}

fn start_detached(
    attributes: &mut libc::pthread_attr_t,
    work: extern "C" fn(*mut c_void) -> *mut c_void,
) -> Result<(), NoThread> {
    // SAFETY: the attributes were initialised. A size that the system does not accept leaves them as they are.
    unsafe { libc::pthread_attr_setstacksize(attributes, STACK) };
    // SAFETY: as above.
    unsafe { libc::pthread_attr_setdetachstate(attributes, libc::PTHREAD_CREATE_DETACHED) };
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the place is valid for a thread's name, the attributes were initialised, and `work` needs no argument.
    let status = unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, work, ptr::null_mut()) };
    if status == 0 { Ok(()) } else { Err(NoThread) }
}

/// Calls `f` with all signals blocked, which a thread that it starts inherits.
fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    let mut all = MaybeUninit::uninit();
    // SAFETY: the place is valid for a set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    let mut before = MaybeUninit::uninit();
    // SAFETY: `all` has just been filled, and the place is valid for a set.
    let status = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let result = f();
    if status == 0 {
        // SAFETY: it has been filled, since that went well.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    }
    result
}

pub(super) fn complain(message: &[u8]) {
    // SAFETY: the message is readable memory of that length. A failure to complain has no one to be told to.
    unsafe { libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len()) };
}

/// Maps new memory, if that is possible at `wish`, which may be null.
fn map(wish: *mut c_void, size: usize) -> Option<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | UNRESERVED;
    // SAFETY: a new anonymous mapping, placed where nothing is, disturbs nothing.
    let start = keeping_errno(|| unsafe { libc::mmap(wish, size, protection, flags, -1, 0) });
    mapped(start)
}

/// Has the system not count as needed what may never be touched.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "netbsd"))]
const UNRESERVED: libc::c_int = libc::MAP_NORESERVE;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "netbsd")))]
const UNRESERVED: libc::c_int = 0;

fn mapped(start: *mut c_void) -> Option<NonNull<u8>> {
    if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) }
}

/// # Safety
///
/// The `size` bytes are mapped, belong to the caller and are not used any more; both ends lie between OS pages.
unsafe fn unmap(start: NonNull<u8>, size: usize) {
    if size == 0 {
        return;
    }
    // SAFETY: by the caller's promise.
    let status = keeping_errno(|| unsafe { libc::munmap(start.as_ptr().cast(), size) });
    if status != 0 {
        // Unmapping its middle makes two of a mapping, and the process may have as many as it is allowed. What stays is
        // the address space, which nobody uses again.
        // SAFETY: by the caller's promise.
        unsafe { purge(start, size) };
    }
}
