//! How the program loads libraries. One with `RTLD_DEEPBIND` would ask the C library for its blocks, not the `malloc` that comes
//! before that, and would free the program's there. So that flag is left out.

use core::arch::naked_asm;
use core::ffi::{c_char, c_int, c_void};

/// The C library's `dlopen`, or that of another library before it.
extern "C" fn next_dlopen() -> *mut c_void {
    // SAFETY: the name is a string. Where libraries can be loaded, the C library is one, and comes after this.
    unsafe { libc::dlsym(libc::RTLD_NEXT, c"dlopen".as_ptr()) }
}

const DEEPBIND: c_int = libc::RTLD_DEEPBIND;

/// Loads a library, as the C library's function of this name does, with one `malloc` for all of the program.
///
/// Who calls is part of the question, as it may know where its libraries are: the next function returns to the caller, as if
/// this one had not been there.
///
/// # Safety
///
/// As the manual page has it.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dlopen(_name: *const c_char, _flags: c_int) -> *mut c_void {
    #[cfg(target_arch = "x86_64")]
    naked_asm!(
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {next_dlopen}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "and esi, {others}",
        "jmp rax",
        next_dlopen = sym next_dlopen,
        others = const !DEEPBIND,
    );
    #[cfg(target_arch = "aarch64")]
    naked_asm!(
        "stp x29, x30, [sp, #-32]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "bl {next_dlopen}",
        "mov x16, x0",
        "ldp x0, x1, [sp, #16]",
        "ldp x29, x30, [sp], #32",
        "and w1, w1, {others}",
        "br x16",
        next_dlopen = sym next_dlopen,
        others = const !DEEPBIND,
    )
}
