//! What belongs to one collector: its objects, by generation, and all that is counted and remembered about them.

use core::cell::{Cell, RefCell};
use core::ops::Deref;
use core::ptr::NonNull;

use alloc::boxed::Box;

use crate::catch::Panics;
use crate::collection;
use crate::generation::{Generation, Generations};
use crate::memory::try_box;
use crate::object::ObjectRef;
use crate::observe::{CollectionEvent, Observers, Phase};
use crate::release::Releases;
use crate::stats::{Counters, Memory};
use crate::thresholds::Thresholds;
use crate::types::Types;

/// What a [`Collector`](crate::Collector) is a handle to.
///
/// # Invariants
///
/// Exists as long as `references` is not zero or an object is left in `memory`. No code of the user's runs while
/// `generations` is borrowed, but for [`Trace::trace`](crate::Trace::trace), which may not come back here.
pub(crate) struct State {
    references: Cell<usize>,
    /// How many collectors there are to say when to collect.
    pub(crate) collectors: Cell<usize>,
    pub(crate) types: Types,
    pub(crate) generations: RefCell<Generations>,
    pub(crate) memory: Memory,
    pub(crate) releases: Releases,
    pub(crate) panics: Panics,
    pub(crate) thresholds: Thresholds,
    pub(crate) counters: Counters,
    pub(crate) observers: Observers,
    pub(crate) enabled: Cell<bool>,
    pub(crate) collecting: Cell<bool>,
}

impl State {
    fn new() -> Self {
        Self {
            references: Cell::new(1),
            collectors: Cell::new(0),
            types: Types::new(),
            generations: RefCell::new(Generations::new()),
            memory: Memory::default(),
            releases: Releases::default(),
            panics: Panics::default(),
            thresholds: Thresholds::default(),
            counters: Counters::default(),
            observers: Observers::default(),
            enabled: Cell::new(true),
            collecting: Cell::new(false),
        }
    }

    /// Gives an object's memory back.
    ///
    /// # Safety
    ///
    /// As [`ObjectRef::free`]'s.
    pub(crate) unsafe fn free(&self, object: ObjectRef) {
        self.memory.subtract(object.info().vtable.size);
        if object.info().tracked {
            self.thresholds.count_deallocation();
        }
        // SAFETY: by this function's contract.
        unsafe { object.free() };
    }

    /// Lets a panic that was put off go on, at the end of the outermost collection or release.
    pub(crate) fn resume_panic(&self) {
        if !self.collecting.get() && !self.releases.are_under_way() {
            self.panics.resume();
        }
    }

    /// Collects, unless a collection is running; see [`Collector::collect`](crate::Collector::collect).
    pub(crate) fn collect(&self, generation: Generation) -> usize {
        if self.collecting.replace(true) {
            return 0;
        }
        let running = Running(self);
        self.notify(Phase::Start, generation, 0);
        self.thresholds.collection_starts(generation);
        let outcome = collection::run(self, generation);
        self.thresholds.objects_survived(generation, outcome.survivors);
        self.counters.count_collection(generation, outcome.collected);
        self.notify(Phase::Stop, generation, outcome.collected);
        drop(running);
        self.resume_panic();
        outcome.collected
    }

    fn notify(&self, phase: Phase, generation: Generation, collected: usize) {
        let event = CollectionEvent { phase, generation, collected, uncollectable: 0 };
        self.observers.notify(&event, &self.panics);
    }
}

/// A collection is running; ends with the value, even when a `trace` panics.
struct Running<'a>(&'a State);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.generations.borrow_mut().abandon_limbo();
        self.0.collecting.set(false);
    }
}

/// A counted reference to a state.
///
/// # Invariants
///
/// The state came from [`try_box`], and its `references` counts this one.
pub(crate) struct StateRef(NonNull<State>);

impl StateRef {
    /// The first reference to a new state; `None` when there is no memory.
    pub(crate) fn try_new() -> Option<Self> {
        // INVARIANT: a new state counts one reference.
        try_box(State::new()).ok().map(Self)
    }

    /// A reference to the state that an object belongs to.
    pub(crate) fn of(object: ObjectRef) -> Self {
        // INVARIANT: the object keeps the state in being until the reference is counted.
        let state = Self(object.info().state);
        state.references.set(state.references.get() + 1);
        state
    }

    /// Where the state lies, for its objects to lead to.
    pub(crate) fn pointer(&self) -> NonNull<State> {
        self.0
    }
}

impl Deref for StateRef {
    type Target = State;

    fn deref(&self) -> &State {
        // SAFETY: by the type's invariant the state is in being; all its fields are cells, so it is only ever shared.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for StateRef {
    fn clone(&self) -> Self {
        self.references.set(self.references.get() + 1);
        // INVARIANT: just counted.
        Self(self.0)
    }
}

impl Drop for StateRef {
    fn drop(&mut self) {
        self.references.set(self.references.get() - 1);
        if self.references.get() == 0 && self.memory.objects() == 0 {
            // SAFETY: the state came from `try_box`, and neither a reference nor an object leads to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
