//! A bare thread: one of Linux's that the C library knows nothing of.
//!
//! To start one of its own, the C library takes locks and allocates. So a free must not do that: it may be the C library that
//! frees, with these locks. And a program with two such threads is another one: its streams begin to lock, its pointers to
//! count atomically, and a fork in a signal handler waits for the fork that it has interrupted. A bare thread changes nothing
//! of that. It lives in a place of its own, which is mapped once:
//!
//! ```text
//!   | guard |  ◀─ stack | thread-locals |
//!                              ▲
//!                        thread pointer
//! ```
//!
//! The thread-locals that it uses are the allocator's and `errno`, at the same distance from the thread pointer as in every
//! thread; the others are not its to use, and of the C library it calls nothing that knows threads. What the C library does to
//! all threads, it does not do to this one: who drops privileges drops them for the program's own threads.

use core::arch::asm;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

use super::super::{NoThread, Work};
use super::{GRAIN, keeping_errno, map, without_signals};
use crate::hosted::cache::Cache;
use crate::hosted::front;

pub(in super::super) const BARE_THREADS: bool = true;

const STACK: usize = 64 * 1024;

/// What lies around the thread pointer beside thread-locals, at most: the C library's own notes on the thread.
const NOTES: usize = 4096;

/// The flags by which C libraries start threads.
const FLAGS: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// The thread's number, which the kernel writes when it starts the thread, and makes zero when that has left its stack.
static NUMBER: AtomicI32 = AtomicI32::new(0);

/// The place of the thread, once it is mapped.
static PLACE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// Starts the thread. Called by one thread at a time, whose predecessor's work is done.
pub(in super::super) fn start_thread<W: Work>() -> Result<(), NoThread> {
    wait_for_predecessor();
    let extent = Extent::of_this_thread();
    let place = place(&extent).ok_or(NoThread)?;
    // SAFETY: the place is as large.
    let stack = unsafe { place.byte_add(GRAIN + STACK) };
    // SAFETY: as above.
    let thread_pointer = unsafe { stack.byte_add(extent.below) };
    // SAFETY: the place is as large, and nobody else's.
    unsafe { note_thread_pointer(thread_pointer) };
    let start = || {
        // SAFETY: the stack is the thread's alone, as are its thread-locals; the number's place is there for ever. The work
        // keeps to what the module's documentation says.
        unsafe {
            libc::clone(
                work::<W>,
                stack.as_ptr().cast(),
                FLAGS,
                ptr::null_mut(),
                NUMBER.as_ptr(),
                thread_pointer.as_ptr(),
                NUMBER.as_ptr(),
            )
        }
    };
    let number = keeping_errno(|| without_signals(start));
    if number > 0 { Ok(()) } else { Err(NoThread) }
}

extern "C" fn work<W: Work>(_: *mut c_void) -> c_int {
    W::work();
    0
}

/// The predecessor has but to return and to leave the kernel.
fn wait_for_predecessor() {
    // Acquire: pairs with the kernel's write, so whatever the predecessor did to its stack comes before.
    while NUMBER.load(Ordering::Acquire) != 0 {
        std::thread::yield_now();
    }
}

/// In a forked child there is no such thread.
pub(in super::super) fn forget_thread() {
    NUMBER.store(0, Ordering::Relaxed);
}

/// How far a thread's locals reach from its thread pointer, in bytes, as far as they are used here.
struct Extent {
    below: usize,
    above: usize,
}

impl Extent {
    /// The distances are the same for all threads.
    fn of_this_thread() -> Self {
        let pointer = thread_pointer();
        let cache = front::mark();
        // SAFETY: it may be asked at any time.
        let errno = unsafe { libc::__errno_location() }.addr();
        let lowest = pointer.min(cache).min(errno) - NOTES;
        let highest = pointer.max(cache + size_of::<Cache>()).max(errno + size_of::<c_int>()) + NOTES;
        // Whole OS pages, so that everything is aligned as it was.
        Self { below: (pointer - lowest).next_multiple_of(GRAIN), above: highest - pointer }
    }
}

/// The place of the thread, which the first call maps.
fn place(extent: &Extent) -> Option<NonNull<u8>> {
    // Relaxed: only who starts the thread looks here, one at a time.
    if let Some(place) = NonNull::new(PLACE.load(Ordering::Relaxed)) {
        return Some(place);
    }
    let size = GRAIN + STACK + extent.below + extent.above;
    let place = map(ptr::null_mut(), size)?;
    // SAFETY: that is the first part of the mapping, which nobody uses. Where it cannot be protected, all is as before.
    keeping_errno(|| unsafe { libc::mprotect(place.as_ptr().cast(), GRAIN, libc::PROT_NONE) });
    PLACE.store(place.as_ptr(), Ordering::Relaxed);
    Some(place)
}

/// This thread's thread pointer.
#[cfg(target_arch = "x86_64")]
fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: by the processor's ABI, the thread pointer is the first word that it points to.
    unsafe { asm!("mov {}, qword ptr fs:[0]", out(reg) pointer, options(nostack, preserves_flags, readonly)) };
    pointer
}

/// Writes at a new thread pointer what has to be there.
///
/// # Safety
///
/// It is the caller's to write to, and behind it there are [`NOTES`].
#[cfg(target_arch = "x86_64")]
unsafe fn note_thread_pointer(pointer: NonNull<u8>) {
    // By the ABI, the first word; and the third is where C libraries look for their notes.
    for word in [0, 2] {
        // SAFETY: there is room for that.
        let place = unsafe { pointer.cast::<NonNull<u8>>().add(word) };
        // SAFETY: as above.
        unsafe { place.write(pointer) };
    }
}

/// This thread's thread pointer.
#[cfg(target_arch = "aarch64")]
fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: every thread may read that.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Nothing has to be written.
///
/// # Safety
///
/// As where something has to be.
#[cfg(target_arch = "aarch64")]
const unsafe fn note_thread_pointer(_pointer: NonNull<u8>) {}
