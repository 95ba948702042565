//! Threads that C programs cancel: not while they record something, though that calls functions at which a thread may be
//! cancelled. A request for memory is none of these.

/// Until this is dropped, the thread is not cancelled.
pub(crate) struct Uncancelled {
    #[cfg(target_os = "linux")]
    before: core::ffi::c_int,
}

#[cfg(target_os = "linux")]
mod linux {
    use core::ffi::c_int;
    use core::ptr;

    use super::Uncancelled;

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    /// As the C libraries of Linux have it.
    const PTHREAD_CANCEL_DISABLE: c_int = 1;

    impl Uncancelled {
        pub(crate) fn begin() -> Self {
            let mut before = 0;
            // SAFETY: the state before is written to.
            unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
            Self { before }
        }
    }

    impl Drop for Uncancelled {
        fn drop(&mut self) {
            // SAFETY: it was that before; nobody wants to know the one until now.
            unsafe { pthread_setcancelstate(self.before, ptr::null_mut()) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Uncancelled {
    pub(crate) const fn begin() -> Self {
        Self {}
    }
}
