//! A process that forks while it is recorded: the child goes on in a file of its own, and the parent's stays whole.
//!
//! The thread that forks takes the engine's lock before, and parent and child let go of it after.

/// Makes sure that forks are noticed. May allocate.
#[cfg(unix)]
pub(crate) fn arrange() {
    use crate::engine::forking;

    extern "C" fn before() {
        forking::before();
    }
    extern "C" fn in_parent() {
        forking::after(false);
    }
    extern "C" fn in_child() {
        forking::after(true);
    }

    static ARRANGED: std::sync::Once = std::sync::Once::new();
    ARRANGED.call_once(|| {
        // SAFETY: the three may be called at any fork. If there is no memory for that, a child writes nothing that makes sense.
        unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    });
}

/// There are no forks.
#[cfg(not(unix))]
pub(crate) fn arrange() {}
