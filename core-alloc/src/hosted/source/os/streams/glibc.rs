//! The lock of glibc's list of streams.
//!
//! Nothing of glibc's own waits here for another's allocator: it takes this lock before its allocator's. The functions are
//! there for other libraries that lock in glibc's stead, and have been since its first version.

unsafe extern "C" {
    /// The lock is one that a thread may take several times.
    safe fn _IO_list_lock();
    safe fn _IO_list_unlock();
    /// Makes it free.
    safe fn _IO_list_resetlock();
}

pub(in super::super) fn hold_streams() {
    _IO_list_lock();
}

pub(in super::super) fn let_go_streams() {
    _IO_list_unlock();
}

pub(in super::super) fn free_streams() {
    _IO_list_resetlock();
}
