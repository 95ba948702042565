//! Without `std` a program says what its contexts are, where values are dropped: here, its threads.

use std::thread_local;

use mudlark_rc::{DropContext, DropNest, set_drop_context};

thread_local! {
    static NEST: DropNest = const { DropNest::new() };
}

struct Threads;

// SAFETY: each thread has its own, which has no destructor, so it is there for as long as the thread.
unsafe impl DropContext for Threads {
    fn nest() -> Option<&'static DropNest> {
        // SAFETY: as above; a deep drop ends before its thread.
        NEST.with(|nest| Some(unsafe { &*core::ptr::from_ref(nest) }))
    }
}

set_drop_context!(Threads);
