//! The collector: which generation is collected, and when.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

use alloc::alloc::handle_alloc_error;
use alloc::boxed::Box;

use crate::catch::Panics;
use crate::collection;
use crate::gc::Gc;
use crate::generation::{Generation, Generations};
use crate::memory::try_box;
use crate::object::ObjectRef;
use crate::observe::{CollectionEvent, ObserverId, Observers, Phase};
use crate::release::Releases;
use crate::stats::{Counters, Memory, Stats};
use crate::thresholds::Thresholds;
use crate::types::Types;

/// Watches objects, and finds those that only each other keep alive.
///
/// A program may have several; objects of one may hold handles to another's, but a cycle across collectors is not
/// found. A `Collector` is itself a handle: clones share one collector, and its objects keep it going after the last
/// has been dropped. That last drop collects everything once, since no automatic collection will come any more.
///
/// Collections run by themselves when objects are made (see [`set_thresholds`](Collector::set_thresholds)) or by
/// [`collect`](Collector::collect). It is CPython's `gc` module as a value.
///
/// ```
/// use core::cell::RefCell;
/// use mudlark_gc::{Collector, Gc, Generation, Trace};
///
/// #[derive(Trace)]
/// struct Node(RefCell<Option<Gc<Node>>>);
///
/// let collector = Collector::new();
/// let node = Gc::new_in(Node(RefCell::default()), &collector);
/// *node.0.borrow_mut() = Some(node.clone());
/// drop(node);
/// assert_eq!(collector.stats().objects, 1);
/// assert_eq!(collector.collect(Generation::Old), 1);
/// assert_eq!(collector.stats().objects, 0);
/// ```
///
/// # Invariants
///
/// `state` came from `try_box`, and its `handles` counts this handle.
pub struct Collector {
    state: NonNull<State>,
}

/// What a [`Collector`] is a handle to.
///
/// # Invariants
///
/// Exists as long as `handles` is not zero or an object is left in `memory`. No code of the user's runs while
/// `generations` is borrowed, but for [`Trace::trace`](crate::Trace::trace), which may not come back here.
pub(crate) struct State {
    handles: Cell<usize>,
    pub(crate) types: Types,
    pub(crate) generations: RefCell<Generations>,
    pub(crate) memory: Memory,
    pub(crate) releases: Releases,
    pub(crate) panics: Panics,
    thresholds: Thresholds,
    counters: Counters,
    observers: Observers,
    enabled: Cell<bool>,
    collecting: Cell<bool>,
}

impl State {
    fn new() -> Self {
        Self {
            handles: Cell::new(1),
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
        self.memory.subtract(object.info().vtable.layout.size());
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

    fn collect(&self, generation: Generation) -> usize {
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
        self.0.collecting.set(false);
    }
}

/// Keeps a state in being while an operation on one of its objects, perhaps the last, runs.
///
/// # Invariants
///
/// The state's `handles` counts this.
pub(crate) struct Pin(NonNull<State>);

impl Pin {
    /// Pins the state of an object that is alive.
    pub(crate) fn of(object: ObjectRef) -> Self {
        let pin = Self(object.info().collector);
        pin.handles.set(pin.handles.get() + 1);
        pin
    }
}

impl Deref for Pin {
    type Target = State;

    fn deref(&self) -> &State {
        // SAFETY: by the type's invariant.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.handles.set(self.handles.get() - 1);
        if self.handles.get() == 0 && self.memory.objects() == 0 {
            // SAFETY: the state came from `try_box`, and neither a handle nor an object leads to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

impl Collector {
    /// A collector without objects, enabled, with CPython's thresholds.
    ///
    /// When memory is exhausted it ends the program as [`handle_alloc_error`] does.
    #[must_use]
    pub fn new() -> Self {
        match try_box(State::new()) {
            // INVARIANT: a new state counts one handle.
            Ok(state) => Self { state },
            Err(_) => handle_alloc_error(core::alloc::Layout::new::<State>()),
        }
    }

    pub(crate) fn of(object: ObjectRef) -> Self {
        let pin = Pin::of(object);
        // INVARIANT: the pin's count becomes this handle's.
        let collector = Self { state: pin.0 };
        core::mem::forget(pin);
        collector
    }

    pub(crate) fn state(&self) -> &State {
        // SAFETY: by the type's invariant.
        unsafe { self.state.as_ref() }
    }

    pub(crate) fn pointer(&self) -> NonNull<State> {
        self.state
    }

    /// Counts an allocation to come, and collects what is due.
    #[inline]
    pub(crate) fn collect_if_due(&self) {
        let state = self.state();
        if state.thresholds.count_allocation() && state.enabled.get() && !state.collecting.get() {
            self.collect_due();
        }
    }

    #[cold]
    fn collect_due(&self) {
        if let Some(generation) = self.state().thresholds.due() {
            self.state().collect(generation);
        }
    }

    /// Collects `generation` and all younger ones, and says how many objects were found to be garbage and destroyed:
    /// CPython's `gc.collect`.
    ///
    /// Survivors move to the next generation. Takes time in proportion to the objects looked at and their edges, and
    /// bounded stack. Called while a collection is running, it does nothing and answers zero.
    ///
    /// # Panics
    ///
    /// When a finalizer, a destructor or a callback does, with the first such panic, after the collection is complete;
    /// its count is in [`stats`](Collector::stats) then. When a `trace` panics, nothing is collected.
    pub fn collect(&self, generation: Generation) -> usize {
        self.state().collect(generation)
    }

    /// Lets automatic collections run: CPython's `gc.enable`. They do from the start.
    pub fn enable(&self) {
        self.state().enabled.set(true);
    }

    /// Keeps automatic collections from running: CPython's `gc.disable`.
    ///
    /// ```
    /// # use mudlark_gc::Collector;
    /// let collector = Collector::new();
    /// collector.disable();
    /// assert!(!collector.is_enabled());
    /// ```
    pub fn disable(&self) {
        self.state().enabled.set(false);
    }

    /// Whether automatic collections may run: CPython's `gc.isenabled`.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.state().enabled.get()
    }

    /// The thresholds, youngest generation first: CPython's `gc.get_threshold`.
    #[must_use]
    pub fn thresholds(&self) -> [usize; Generation::COUNT] {
        self.state().thresholds.get()
    }

    /// Sets when collections run by themselves: CPython's `gc.set_threshold`.
    ///
    /// The young generation is collected when, since the last time, more tracked objects have been made than freed by
    /// the first number; zero turns automatic collection off. An older one is collected instead when the next younger
    /// one has been collected more often than its number says, and the old one only when besides a quarter of it is
    /// new.
    ///
    /// ```
    /// # use mudlark_gc::Collector;
    /// let collector = Collector::new();
    /// assert_eq!(collector.thresholds(), [700, 10, 10]);
    /// collector.set_thresholds([10_000, 10, 10]);
    /// ```
    pub fn set_thresholds(&self, thresholds: [usize; Generation::COUNT]) {
        self.state().thresholds.set(thresholds);
    }

    /// The counts that the thresholds are compared with: CPython's `gc.get_count`.
    #[must_use]
    pub fn counts(&self) -> [usize; Generation::COUNT] {
        self.state().thresholds.counts()
    }

    /// What the collector has done and holds. O(1).
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.state().counters.stats(&self.state().memory)
    }

    /// Puts all objects out of the collections' sight, until [`unfreeze`](Collector::unfreeze): CPython's `gc.freeze`.
    ///
    /// They are freed by their counts alone. Makes collections cheap in a program that has built what it needs. Does
    /// nothing during a collection. O(objects).
    pub fn freeze(&self) {
        if !self.state().collecting.get() {
            self.state().generations.borrow_mut().freeze();
            self.state().thresholds.reset_counts();
        }
    }

    /// Makes frozen objects old ones: CPython's `gc.unfreeze`. Does nothing during a collection. O(objects).
    pub fn unfreeze(&self) {
        if !self.state().collecting.get() {
            self.state().generations.borrow_mut().unfreeze();
        }
    }

    /// How many objects are frozen: CPython's `gc.get_freeze_count`. O(frozen objects).
    #[must_use]
    pub fn frozen_count(&self) -> usize {
        self.state().generations.borrow().frozen()
    }

    /// Calls `observer` when a collection starts and when it stops: CPython's `gc.callbacks`.
    ///
    /// The observer may do anything, but collections that it asks for do not run. It stays until
    /// [`remove_observer`](Collector::remove_observer) or the collector's end. One that holds a handle to the collector
    /// keeps it for ever.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use mudlark_gc::{Collector, Generation, Phase};
    ///
    /// let collector = Collector::new();
    /// let starts = Rc::new(Cell::new(0));
    /// let id = collector.observe({
    ///     let starts = Rc::clone(&starts);
    ///     move |event| if event.phase == Phase::Start { starts.set(starts.get() + 1) }
    /// });
    /// collector.collect(Generation::Young);
    /// collector.remove_observer(id);
    /// collector.collect(Generation::Young);
    /// assert_eq!(starts.get(), 1);
    /// ```
    pub fn observe(&self, observer: impl Fn(&CollectionEvent) + 'static) -> ObserverId {
        self.state().observers.add(observer)
    }

    /// Takes an observer away, and says whether it was there.
    pub fn remove_observer(&self, id: ObserverId) -> bool {
        self.state().observers.remove(id)
    }

    /// Whether both are handles to the same collector.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.state == other.state
    }

    /// Whether this collector watches the object.
    #[must_use]
    pub fn watches<T: ?Sized>(&self, object: &Gc<T>) -> bool {
        object.object().info().collector == self.state
    }
}

#[cfg(feature = "std")]
impl Collector {
    /// The thread's default collector, the one that [`Gc::new`] uses.
    ///
    /// While the thread's local storage is being destroyed, each call makes a new one.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let object = Gc::new(1);
    /// assert!(Collector::current().watches(&object));
    /// ```
    #[must_use]
    pub fn current() -> Self {
        Self::with_current(Self::clone)
    }

    pub(crate) fn with_current<R>(use_it: impl FnOnce(&Self) -> R) -> R {
        std::thread_local! {
            static CURRENT: Collector = Collector::new();
        }
        let mut use_it = Some(use_it);
        let result = CURRENT.try_with(|collector| use_it.take().map(|use_it| use_it(collector)));
        match (result, use_it) {
            (Ok(Some(result)), _) => result,
            (_, Some(use_it)) => use_it(&Self::new()),
            _ => unreachable!("the closure runs or is left"),
        }
    }
}

impl Clone for Collector {
    /// Another handle to the same collector.
    fn clone(&self) -> Self {
        self.state().handles.set(self.state().handles.get() + 1);
        // INVARIANT: just counted.
        Self { state: self.state }
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // INVARIANT: this handle's count becomes the pin's, which frees the state even if the collection panics.
        let pin = Pin(self.state);
        if pin.handles.get() == 1 {
            pin.collect(Generation::Old);
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("enabled", &self.is_enabled())
            .field("thresholds", &self.thresholds())
            .field("counts", &self.counts())
            .field("stats", &self.stats())
            .finish()
    }
}
