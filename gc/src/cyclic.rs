//! Objects that hold weak handles to themselves.

use core::alloc::Layout;
use core::mem;
use core::ptr::NonNull;

use alloc::alloc::handle_alloc_error;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::object::{Object, ObjectRef};
use crate::place::Place;
use crate::state::{State, StateRef};
use crate::trace::Trace;
use crate::type_info::{TRACE_DEPTH, Traits};
use crate::weak::WeakGc;
use crate::weak_box::DeadBoxes;

impl<T: Trace + 'static> Gc<T> {
    /// A new object of the thread's default collector, whose value is made from a weak handle to it.
    ///
    /// See [`new_cyclic_in`](Gc::new_cyclic_in).
    ///
    /// ```
    /// # #[cfg(all(feature = "std", feature = "derive"))] {
    /// # use mudlark_gc::{Gc, Trace, WeakGc};
    /// #[derive(Trace)]
    /// struct Parent {
    ///     child: Gc<Child>,
    /// }
    /// #[derive(Trace)]
    /// struct Child {
    ///     parent: WeakGc<Parent>,
    /// }
    ///
    /// let parent = Gc::new_cyclic(|parent| Parent { child: Gc::new(Child { parent: parent.clone() }) });
    /// assert!(Gc::ptr_eq(&parent.child.parent.upgrade().unwrap(), &parent));
    /// # }
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn new_cyclic(make: impl FnOnce(&WeakGc<T>) -> T) -> Self {
        Self::new_cyclic_in(make, &Collector::current())
    }

    /// A new object of `collector`, whose value is made from a weak handle to it. The weak handle is dead until the value
    /// is there.
    ///
    /// # Panics
    ///
    /// When `make` does; and as [`new_in`](Gc::new_in) does.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, WeakGc, Trace};
    /// # #[cfg(feature = "derive")] {
    /// #[derive(Trace)]
    /// struct Gadget {
    ///     me: WeakGc<Gadget>,
    /// }
    ///
    /// let collector = Collector::new();
    /// let gadget = Gc::new_cyclic_in(|me| Gadget { me: me.clone() }, &collector);
    /// assert!(Gc::ptr_eq(&gadget.me.upgrade().unwrap(), &gadget));
    /// # }
    /// ```
    #[must_use]
    pub fn new_cyclic_in(make: impl FnOnce(&WeakGc<T>) -> T, collector: &Collector) -> Self {
        let state = collector.state();
        // SAFETY: the collector keeps its state in being.
        let place: Place<T> = unsafe { Self::find_place(state.pointer()) }.unwrap_or_else(|| no_memory::<T>());
        let unborn = Unborn::new(place, state);
        // SAFETY: the object is freed by `unborn` only, which kills its weak handles.
        let weak = unsafe { WeakGc::to_unborn(unborn.object) }.unwrap_or_else(|| no_memory::<T>());
        let value = make(&weak);
        unborn.fill(value, state).unwrap_or_else(|| no_memory::<T>())
    }
}

fn no_memory<T>() -> ! {
    handle_alloc_error(Layout::new::<Object<T>>())
}

/// An object with a header, whose strong count is zero, and no value yet. If none comes, it is freed.
///
/// # Invariants
///
/// `object` was just made; only weak handles lead to it.
struct Unborn<'a, T> {
    object: NonNull<Object<T>>,
    state: &'a State,
}

impl<'a, T: Trace + 'static> Unborn<'a, T> {
    fn new(place: Place<T>, state: &'a StateRef) -> Self {
        // INVARIANT: as just made.
        Self { object: place.fill_header(), state }
    }

    /// Gives the object its value; `None` when there is no memory for its entry.
    fn fill(self, value: T, state: &State) -> Option<Gc<T>> {
        // A collection may have run since the place was found.
        let segment = if T::needs_trace(TRACE_DEPTH) { Some(state.generations.reserve()?) } else { None };
        let object = self.object;
        mem::forget(self);
        // SAFETY: the memory is the object's.
        let place = unsafe { &raw mut (*object.as_ptr()).value };
        // SAFETY: there is no value yet.
        unsafe { place.write(value) };
        // SAFETY: the value is intact now.
        let reference = unsafe { ObjectRef::new(object) };
        reference.word().increment();
        if let Some(segment) = segment {
            segment.push(reference);
        }
        // SAFETY: the count was just added.
        Some(unsafe { Gc::from_counted(object) })
    }
}

impl<T> Drop for Unborn<'_, T> {
    fn drop(&mut self) {
        // SAFETY: there is no value, but only the header is used below.
        let object = unsafe { ObjectRef::new(self.object) };
        DeadBoxes::default().kill_handles_to(object);
        if object.traits().contains(Traits::TRACKED) {
            self.state.thresholds.count_deallocations(1);
        }
        // SAFETY: there is nothing to drop, and no weak box any more.
        unsafe { object.free() };
    }
}
