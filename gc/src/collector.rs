//! The collector: a handle by which a program says what is collected, and when.

use core::alloc::Layout;
use core::fmt;

use alloc::alloc::handle_alloc_error;

#[cfg(feature = "std")]
use crate::current;
use crate::gc::Gc;
use crate::generation::Generation;
use crate::observe::{CollectionEvent, Observer, ObserverId};
use crate::segment::Home;
use crate::state::{State, StateRef};
use crate::stats::Stats;

/// Watches objects, and finds those that only each other keep alive.
///
/// A program may have several; objects of one may hold handles to another's, but a cycle across collectors is not
/// found. A `Collector` is itself a handle: clones share one collector, and its objects keep it going after the last
/// has been dropped. That last drop collects everything once, since no automatic collection will come any more; what
/// is still held then, and becomes garbage in cycles later, waits for [`Gc::collector`]. So in a struct that has both,
/// declare the collector after the handles: fields are dropped in order.
///
/// Collections run by themselves when objects are made (see [`set_thresholds`](Collector::set_thresholds)) or by
/// [`collect`](Collector::collect). It is CPython's `gc` module as a value.
///
/// ```
/// # #[cfg(feature = "derive")] {
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
/// # }
/// ```
pub struct Collector {
    /// Its `collectors` counts this handle.
    state: StateRef,
}

impl Collector {
    /// A collector without objects, enabled, with CPython's thresholds.
    ///
    /// When memory is exhausted it ends the program as [`handle_alloc_error`] does.
    #[must_use]
    pub fn new() -> Self {
        match StateRef::try_new() {
            Some(state) => Self::from_state(state),
            None => handle_alloc_error(Layout::new::<State>()),
        }
    }

    pub(crate) fn from_state(state: StateRef) -> Self {
        state.collectors.increment();
        Self { state }
    }

    pub(crate) fn state(&self) -> &StateRef {
        &self.state
    }

    /// Collects `generation` and all younger ones, and says how many objects were found to be garbage and destroyed:
    /// CPython's `gc.collect`.
    ///
    /// Survivors move to the next generation. A collection of the old generation also gives the memory back that is kept for
    /// objects to come, so it is what to do when an allocation fails, before it is tried again. Takes time in proportion to
    /// the objects looked at and their edges, and bounded stack. Called while a collection is running, it does nothing and
    /// answers zero.
    ///
    /// # Panics
    ///
    /// When a finalizer, a destructor or a callback does, with the first such panic, after the collection is complete;
    /// its count is in [`stats`](Collector::stats) then. When a `trace` panics, nothing is collected; but finalizers may
    /// have run, weak handles may be dead, and the objects that were looked at belong to `generation` or the next.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let pair = Gc::new_in((1, Some(Gc::new_in(2, &collector))), &collector);
    /// assert_eq!(collector.collect(Generation::Young), 0);
    /// assert_eq!(collector.generation_of(&pair), Some(Generation::Middle));
    /// ```
    pub fn collect(&self, generation: Generation) -> usize {
        self.state.collect(generation)
    }

    /// Collects the old generation in slices: starts a search, or goes on with the one that is running, until about
    /// `budget` objects have been looked at. Says whether the search is over, after which the next call starts another.
    ///
    /// A search finds what was garbage when it started. Automatic collections of many old objects do the same by
    /// themselves; this is for programs that know when they have time. A slice takes longer than its budget says only to
    /// start a search, which is quick, and to destroy a structure of garbage that hangs together, which is done in one
    /// go. A budget of zero is taken for one. [`collect`](Collector::collect) of the old generation ends a search. Called
    /// while a collection is running, it does nothing and answers no.
    ///
    /// # Panics
    ///
    /// As [`collect`](Collector::collect) does.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] {
    /// # use core::cell::RefCell;
    /// # use mudlark_gc::{Collector, Gc, Trace};
    /// # #[derive(Trace)]
    /// # struct Node(RefCell<Option<Gc<Node>>>);
    /// let collector = Collector::new();
    /// for _ in 0..100 {
    ///     let node = Gc::new_in(Node(RefCell::default()), &collector);
    ///     *node.0.borrow_mut() = Some(node.clone());
    /// }
    /// while !collector.step(20) {
    ///     // Answer somebody.
    /// }
    /// assert_eq!(collector.stats().objects, 0);
    /// # }
    /// ```
    pub fn step(&self, budget: usize) -> bool {
        if self.state.collecting.get() {
            return false;
        }
        if !self.state.is_searching() && !self.state.start_search() {
            self.state.collect(Generation::Old);
            return true;
        }
        self.state.search_on(budget.max(1))
    }

    /// Lets automatic collections run: CPython's `gc.enable`. They do from the start.
    pub fn enable(&self) {
        self.state.enabled.set(true);
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
        self.state.enabled.set(false);
    }

    /// Whether automatic collections may run: CPython's `gc.isenabled`.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.state.enabled.get()
    }

    /// The thresholds, youngest generation first: CPython's `gc.get_threshold`.
    #[must_use]
    pub fn thresholds(&self) -> [usize; Generation::COUNT] {
        self.state.thresholds.get()
    }

    /// Sets when collections run by themselves: CPython's `gc.set_threshold`.
    ///
    /// The young generation is collected when, since the last time, more tracked objects have been made than freed by
    /// the first number; zero turns automatic collection off. An older one is collected instead when the next younger
    /// one has been collected more often than its number says, and the old one only when besides a quarter of it is
    /// new, or half, if the last search of a large one found little.
    ///
    /// ```
    /// # use mudlark_gc::Collector;
    /// let collector = Collector::new();
    /// assert_eq!(collector.thresholds(), [700, 10, 10]);
    /// collector.set_thresholds([10_000, 10, 10]);
    /// ```
    pub fn set_thresholds(&self, thresholds: [usize; Generation::COUNT]) {
        self.state.thresholds.set(thresholds);
    }

    /// The counts that the thresholds are compared with: CPython's `gc.get_count`.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let _pair = Gc::new_in(Some(Gc::new_in(1, &collector)), &collector);
    /// assert_eq!(collector.counts(), [1, 0, 0]); // the number is not tracked
    /// collector.collect(Generation::Young);
    /// assert_eq!(collector.counts(), [0, 1, 0]);
    /// ```
    #[must_use]
    pub fn counts(&self) -> [usize; Generation::COUNT] {
        self.state.thresholds.counts()
    }

    /// What the collector has done and holds. O(1).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let _one = Gc::new_in(1_u64, &collector);
    /// assert_eq!(collector.stats().objects, 1);
    /// println!("{}", collector.stats());
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.state.stats()
    }

    /// Puts all objects out of the collections' sight, until [`unfreeze`](Collector::unfreeze): CPython's `gc.freeze`.
    ///
    /// They are freed by their counts alone. Makes collections cheap in a program that has built what it needs. Does
    /// nothing during a collection. O(objects).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let pair = Gc::new_in(Some(Gc::new_in(1, &collector)), &collector);
    /// collector.freeze();
    /// assert_eq!((collector.frozen_count(), collector.generation_of(&pair)), (1, None));
    /// collector.unfreeze();
    /// assert_eq!(collector.generation_of(&pair), Some(Generation::Old));
    /// ```
    pub fn freeze(&self) {
        if !self.state.collecting.get() {
            self.state.guarded(|| self.state.end_search());
            self.state.generations.freeze();
            self.state.thresholds.reset_counts();
        }
    }

    /// Makes frozen objects old ones: CPython's `gc.unfreeze`. Does nothing during a collection. O(objects).
    pub fn unfreeze(&self) {
        if !self.state.collecting.get() {
            self.state.generations.unfreeze();
            // What they held was taken for reachable.
            self.state.look_at_all.set(true);
        }
    }

    /// How many objects are frozen: CPython's `gc.get_freeze_count`. O(frozen objects).
    #[must_use]
    pub fn frozen_count(&self) -> usize {
        self.state.generations.live(Home::Frozen)
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
        self.state.observers.add(observer)
    }

    /// Takes an observer away, and says whether it was there.
    pub fn remove_observer(&self, id: ObserverId) -> bool {
        let removed = self.state.observers.remove(id);
        if removed.as_ref().is_some_and(Observer::is_of_steps) {
            self.state.steps.observer_went();
        }
        removed.is_some()
    }

    /// Whether both are handles to the same collector.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.state.pointer() == other.state.pointer()
    }

    /// Whether this collector watches the object.
    #[must_use]
    pub fn watches<T: ?Sized>(&self, object: &Gc<T>) -> bool {
        object.object().state() == self.state.pointer()
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
        current::collector()
    }
}

impl Clone for Collector {
    /// Another handle to the same collector.
    fn clone(&self) -> Self {
        Self::from_state(self.state.clone())
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if self.state.collectors.decrement() == 0 {
            self.state.collect(Generation::Old);
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
