//! The program's `errno`, which a recording must not change: the program may be about to ask why some call of its own has failed.

#[cfg(any(target_os = "linux", target_os = "hurd"))]
use libc::__errno_location as place;

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as place;

#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
use libc::__errno as place;

/// What `errno` was when this was made; so it is again when this is dropped.
pub(crate) struct Errno(#[cfg(unix)] Option<core::ffi::c_int>);

#[cfg(any(
    target_os = "linux",
    target_os = "hurd",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "android",
    target_os = "netbsd",
    target_os = "openbsd"
))]
mod known {
    use super::{Errno, place};

    impl Errno {
        pub(crate) fn keep() -> Self {
            // SAFETY: this may be asked at any time.
            let place = unsafe { place() };
            // SAFETY: it is this thread's.
            Self(Some(unsafe { place.read() }))
        }
    }

    impl Drop for Errno {
        fn drop(&mut self) {
            if let Some(errno) = self.0 {
                // SAFETY: this may be asked at any time.
                let place = unsafe { place() };
                // SAFETY: it is this thread's.
                unsafe { place.write(errno) };
            }
        }
    }
}

/// Where it is not known, it is left alone.
#[cfg(not(any(
    target_os = "linux",
    target_os = "hurd",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "android",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
impl Errno {
    pub(crate) fn keep() -> Self {
        Self(
            #[cfg(unix)]
            None,
        )
    }
}
