//! Whose an object is.
//!
//! A slot says nothing without its collector, and objects may have edges to those of others.

use core::ptr::NonNull;

use crate::object::ObjectRef;
use crate::state::State;

/// A collector, only to be compared with: it is not followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(NonNull<State>);

impl Owner {
    /// The collector with this state.
    pub(crate) fn of_objects_of(state: &State) -> Self {
        Self(NonNull::from(state))
    }

    /// Whether an object is one of its own.
    #[inline]
    pub(crate) fn owns(self, object: ObjectRef) -> bool {
        object.state() == self.0
    }
}
