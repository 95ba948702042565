//! `execl` and its kin, which take any number of arguments: Rust has no such functions, so these hand on all that they get, as it
//! lies in registers and on the stack.

use core::arch::naked_asm;
use core::ffi::{CStr, c_void};
use core::ptr::NonNull;

use crate::{next, start};

/// Sees the log off, and says who does the work.
fn prepare(name: &CStr) -> NonNull<c_void> {
    start::flush();
    next::own(name)
}

macro_rules! variadic_execs {
    ($($name:ident = $text:literal;)*) => {$(
        /// Makes the process another program, as the C library's function of this name does.
        ///
        /// # Safety
        ///
        /// The arguments are strings and a null; an array of strings may follow.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            extern "C" fn prepare_it() -> NonNull<c_void> {
                prepare($text)
            }
            #[cfg(target_arch = "x86_64")]
            // All registers that may hold arguments: an odd number of them aligns the stack. No argument is a fraction.
            naked_asm!(
                "push rdi",
                "push rsi",
                "push rdx",
                "push rcx",
                "push r8",
                "push r9",
                "push rax",
                "call {prepare}",
                "mov r11, rax",
                "pop rax",
                "pop r9",
                "pop r8",
                "pop rcx",
                "pop rdx",
                "pop rsi",
                "pop rdi",
                "jmp r11",
                prepare = sym prepare_it,
            );
            #[cfg(target_arch = "aarch64")]
            // Likewise, with where to return to, and with the frame pointer, so that stacks can be walked.
            naked_asm!(
                "stp x29, x30, [sp, #-80]!",
                "mov x29, sp",
                "stp x0, x1, [sp, #16]",
                "stp x2, x3, [sp, #32]",
                "stp x4, x5, [sp, #48]",
                "stp x6, x7, [sp, #64]",
                "bl {prepare}",
                "mov x16, x0",
                "ldp x0, x1, [sp, #16]",
                "ldp x2, x3, [sp, #32]",
                "ldp x4, x5, [sp, #48]",
                "ldp x6, x7, [sp, #64]",
                "ldp x29, x30, [sp], #80",
                "br x16",
                prepare = sym prepare_it,
            )
        }
    )*};
}

variadic_execs! {
    execl = c"execl";
    execlp = c"execlp";
    execle = c"execle";
}
