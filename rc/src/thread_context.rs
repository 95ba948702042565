//! Which nest of drops is mine, with `std`: each thread has one.

use crate::deferred_drop::Nest;

std::thread_local! {
    static NEST: Nest = const { Nest::new() };
}

/// Calls `act` with this thread's nest.
#[inline]
pub(crate) fn with_nest<R>(act: impl FnOnce(Option<&Nest>) -> R) -> R {
    NEST.with(|nest| act(Some(nest)))
}
