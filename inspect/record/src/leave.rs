//! Processes that leave without a word: by `_exit`, which calls nobody, by `abort`, or by becoming another program.

use core::ffi::{c_char, c_int, c_void};
use core::mem;
use core::ptr::NonNull;

use crate::{next, start};

macro_rules! exits {
    ($($name:ident = $text:literal;)*) => {$(
        /// Ends the process at once, after its recording.
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $name(status: c_int) -> ! {
            start::end_at_once();
            // SAFETY: the C library has a function of this type by this name.
            let exit = unsafe { mem::transmute::<NonNull<c_void>, extern "C" fn(c_int) -> !>(next::own($text)) };
            exit(status)
        }
    )*};
}

exits! {
    _exit = c"_exit";
    _Exit = c"_Exit";
}

/// Ends the process by a signal, for which it may have a handler: so its recording goes on, and what there is of it is safe.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn abort() -> ! {
    start::flush();
    // SAFETY: the C library has a function of this type by this name.
    let abort = unsafe { mem::transmute::<NonNull<c_void>, extern "C" fn() -> !>(next::own(c"abort")) };
    abort()
}

/// An array of strings, with a null at its end.
type Strings = *const *const c_char;

macro_rules! execs {
    ($($name:ident = $text:literal ($($argument:ident: $type:ty),*);)*) => {$(
        /// Makes the process another program. The answer is that this could not be done.
        ///
        /// # Safety
        ///
        /// The arguments are strings, or arrays of them.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> c_int {
            start::flush();
            // SAFETY: the C library has a function of this type by this name.
            let exec = unsafe { mem::transmute::<NonNull<c_void>, unsafe extern "C" fn($($type),*) -> c_int>(next::own($text)) };
            // SAFETY: the caller's promise is the same.
            unsafe { exec($($argument),*) }
        }
    )*};
}

execs! {
    execve = c"execve" (path: *const c_char, arguments: Strings, environment: Strings);
    execv = c"execv" (path: *const c_char, arguments: Strings);
    execvp = c"execvp" (file: *const c_char, arguments: Strings);
    execvpe = c"execvpe" (file: *const c_char, arguments: Strings, environment: Strings);
    fexecve = c"fexecve" (file: c_int, arguments: Strings, environment: Strings);
    execveat = c"execveat" (folder: c_int, path: *const c_char, arguments: Strings, environment: Strings, flags: c_int);
}
