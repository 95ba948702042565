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
            )
        }
    )*};
}

variadic_execs! {
    execl = c"execl";
    execlp = c"execlp";
    execle = c"execle";
}
