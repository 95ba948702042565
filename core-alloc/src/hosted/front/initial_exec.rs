//! The cache in a thread-local of the *initial-exec* model, for a shared library that serves `malloc`.
//!
//! Such a library's usual thread-locals are reached by a call of the dynamic loader's, which may itself allocate; and
//! registering a destructor with the C++ runtime, as std does, takes the loader's lock, which the thread may wait for
//! for ever, since its holder may be waiting for this thread. So the place is declared in assembly, at a distance from the
//! thread pointer that is known when the library is loaded, and the thread's end is heard of by a key of POSIX's.

use core::arch::{asm, global_asm};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::hosted::cache::Cache;

// All zero bytes are a new cache:
const _: Cache = Cache::new();
global_asm!(
    ".pushsection .tbss.mudlark_cache, \"awT\", @nobits",
    ".p2align 6",
    ".globl mudlark_cache",
    ".hidden mudlark_cache",
    ".type mudlark_cache, @object",
    ".size mudlark_cache, {size}",
    "mudlark_cache:",
    ".zero {size}",
    ".popsection",
    size = const size_of::<Cache>(),
);

const _: () = assert!(align_of::<Cache>() <= 64, "as declared");

/// Where this thread's cache is.
#[inline]
fn place() -> *const Cache {
    let place;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: this computes an address, by the thread pointer and a distance that the loader has written down.
    unsafe {
        asm!(
            "mov {place}, qword ptr [rip + mudlark_cache@GOTTPOFF]",
            "add {place}, qword ptr fs:[0]",
            place = out(reg) place,
            options(pure, nomem, nostack),
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        asm!(
            "mrs {place}, tpidr_el0",
            "adrp {distance}, :gottprel:mudlark_cache",
            "ldr {distance}, [{distance}, :gottprel_lo12:mudlark_cache]",
            "add {place}, {place}, {distance}",
            place = out(reg) place,
            distance = out(reg) _,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    place
}

/// Calls `f` with this thread's cache.
#[inline]
pub(crate) fn with_cache<R>(f: impl FnOnce(&Cache) -> R) -> R {
    // SAFETY: the place is this thread's for as long as the thread lives, and was zero at its start. It is only ever shared.
    f(unsafe { &*place() })
}

/// The key whose destructor hears of a thread's end, plus one; zero as long as there is none.
static KEY: AtomicU32 = AtomicU32::new(0);

/// Makes sure that the cache ends with the thread; `false` when there is no way to know of the thread's end.
///
/// May allocate and free.
pub(crate) fn arm() -> bool {
    // Any value but null has the destructor called.
    let armed = ptr::from_ref(&KEY).cast::<c_void>();
    // SAFETY: the key was created, and is never deleted.
    key().is_some_and(|key| unsafe { libc::pthread_setspecific(key, armed) } == 0)
}

/// The key, which the first thread creates.
fn key() -> Option<libc::pthread_key_t> {
    // Relaxed: a number, which is good for all threads from when it is there.
    if let Some(key) = KEY.load(Ordering::Relaxed).checked_sub(1) {
        return Some(key);
    }
    let mut key = 0;
    // SAFETY: the place is valid for a key.
    if unsafe { libc::pthread_key_create(&raw mut key, Some(end)) } != 0 {
        return None;
    }
    match KEY.compare_exchange(0, key + 1, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Some(key),
        Err(other) => {
            // SAFETY: just created, and nobody has heard of it.
            unsafe { libc::pthread_key_delete(key) };
            Some(other - 1)
        }
    }
}

unsafe extern "C" fn end(_: *mut c_void) {
    with_cache(Cache::end);
}
