//! A thread of the recorder's own: nothing that it asks for is recorded, from its first moment to its last.
//!
//! The threads of `std` ask for memory before and after they do their work, so this one is the C library's.

use core::ffi::CStr;

use crate::thread::Recording;

/// A thread that is the recorder's.
#[derive(Debug)]
pub(crate) struct OwnThread(Handle);

// SAFETY: any thread may wait for it; some systems have a pointer for a handle.
#[cfg(unix)]
unsafe impl Send for OwnThread {}

// SAFETY: there is nothing to be done by a reference.
#[cfg(unix)]
unsafe impl Sync for OwnThread {}

#[cfg(unix)]
type Handle = libc::pthread_t;
#[cfg(not(unix))]
type Handle = std::thread::JoinHandle<()>;

/// All that the thread does.
fn run(work: impl FnOnce()) {
    // For good: what is dropped when a thread ends is the recorder's, too.
    core::mem::forget(Recording::begin());
    work();
}

#[cfg(unix)]
impl OwnThread {
    /// Starts a thread that does this, if one can be had. `work` must not panic.
    pub(crate) fn start<F: FnOnce() + Send + 'static>(name: &'static CStr, work: F) -> Option<Self> {
        use core::ffi::c_void;
        use core::mem::MaybeUninit;
        use core::ptr;

        struct Work<F> {
            name: &'static CStr,
            work: F,
        }

        extern "C" fn begin<F: FnOnce()>(work: *mut c_void) -> *mut c_void {
            run(|| {
                // SAFETY: it was a Box, and is given to one thread.
                let work = unsafe { Box::from_raw(work.cast::<Work<F>>()) };
                name_thread(work.name);
                (work.work)();
            });
            ptr::null_mut()
        }

        let work = Box::into_raw(Box::new(Work { name, work }));
        let mut handle = MaybeUninit::uninit();
        // SAFETY: the handle is written to, and the work is what `begin` expects, and may go to another thread.
        let answer = unsafe { libc::pthread_create(handle.as_mut_ptr(), ptr::null(), begin::<F>, work.cast()) };
        if answer != 0 {
            // SAFETY: there is no thread that has it.
            drop(unsafe { Box::from_raw(work) });
            return None;
        }
        // SAFETY: there is a thread, so it was written.
        Some(Self(unsafe { handle.assume_init() }))
    }

    /// Waits for its end.
    pub(crate) fn join(self) {
        // SAFETY: it is a thread that nobody else has waited for.
        unsafe { libc::pthread_join(self.0, core::ptr::null_mut()) };
    }
}

/// Names the calling thread.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn name_thread(name: &CStr) {
    // SAFETY: the name is a string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Elsewhere it has none.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn name_thread(_name: &CStr) {}

#[cfg(not(unix))]
impl OwnThread {
    /// Starts a thread that does this, if one can be had.
    pub(crate) fn start<F: FnOnce() + Send + 'static>(name: &'static CStr, work: F) -> Option<Self> {
        let builder = std::thread::Builder::new().name(name.to_string_lossy().into_owned());
        builder.spawn(|| run(work)).ok().map(Self)
    }

    /// Waits for its end.
    pub(crate) fn join(self) {
        // It does not panic.
        let _ = self.0.join();
    }
}
