//! Processes that give up rights: a child's log is made before, since it could not be made after.
//!
//! A child's file is there once it has something to write. A worker of a server is forked by the superuser, and goes to work as
//! somebody who may not write where the log is, or cannot see it any more.

use core::ffi::{c_char, c_int, c_void};
use core::mem;
use core::ptr::NonNull;

use crate::{next, start};

macro_rules! gives_up {
    ($($name:ident = $text:literal ($($argument:ident: $type:ty),*);)*) => {$(
        /// Does what the C library's function of this name does, once the log's file is there.
        ///
        /// # Safety
        ///
        /// As for that: pointers are to strings and arrays.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> c_int {
            start::make_file();
            // SAFETY: the C library has a function of this type by this name.
            let next = unsafe { mem::transmute::<NonNull<c_void>, unsafe extern "C" fn($($type),*) -> c_int>(next::own($text)) };
            // SAFETY: the caller's promise is the same.
            unsafe { next($($argument),*) }
        }
    )*};
}

gives_up! {
    setuid = c"setuid" (user: libc::uid_t);
    seteuid = c"seteuid" (user: libc::uid_t);
    setreuid = c"setreuid" (real: libc::uid_t, effective: libc::uid_t);
    setresuid = c"setresuid" (real: libc::uid_t, effective: libc::uid_t, saved: libc::uid_t);
    setgid = c"setgid" (group: libc::gid_t);
    setegid = c"setegid" (group: libc::gid_t);
    setregid = c"setregid" (real: libc::gid_t, effective: libc::gid_t);
    setresgid = c"setresgid" (real: libc::gid_t, effective: libc::gid_t, saved: libc::gid_t);
    setgroups = c"setgroups" (count: usize, groups: *const libc::gid_t);
    initgroups = c"initgroups" (user: *const c_char, group: libc::gid_t);
    chroot = c"chroot" (path: *const c_char);
}
