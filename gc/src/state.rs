//! What belongs to one collector: its objects, by generation, and all that is counted and remembered about them.

use core::cell::{Cell, RefCell};
use core::mem;
use core::ops::Deref;
use core::ptr::NonNull;
use core::time::Duration;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::clock::Clock;
use crate::collection::{self, Thoroughness};
use crate::count::Count;
use crate::debug::{DebugFlags, DebugOutput};
use crate::gc::Gc;
use crate::generation::Generation;
use crate::generations::Generations;
use crate::memory::try_box;
use crate::object::ObjectRef;
use crate::observe::{CollectionEvent, Observers, Phase};
use crate::prospects::Prospects;
use crate::search::Search;
use crate::segment::Home;
use crate::stats::{Counters, Stats};
use crate::steps::{Moment, Steps};
use crate::thresholds::Thresholds;
use crate::trace::Trace;
use crate::type_info::Traits;
use crate::types::Types;
use crate::work::Work;

/// What a [`Collector`](crate::Collector) is a handle to.
///
/// # Invariants
///
/// Exists as long as `references` is not zero or an object is left. No code of the user's runs while the lists of
/// `generations` are being changed, but for [`Trace::trace`](crate::Trace::trace), which may not come back here.
pub(crate) struct State {
    references: Count,
    /// How many collectors there are to say when to collect.
    pub(crate) collectors: Count,
    pub(crate) work: Rc<Work>,
    pub(crate) types: Types,
    pub(crate) generations: Generations,
    pub(crate) thresholds: Thresholds,
    pub(crate) prospects: Prospects,
    pub(crate) counters: Counters,
    pub(crate) observers: Observers,
    pub(crate) steps: Steps,
    pub(crate) enabled: Cell<bool>,
    pub(crate) debug: Cell<DebugFlags>,
    pub(crate) debug_output: DebugOutput,
    pub(crate) clock: Clock,
    /// Garbage that was not destroyed.
    pub(crate) garbage: RefCell<Vec<Gc<dyn Trace>>>,
    pub(crate) collecting: Cell<bool>,
    /// The search of the old generation, while one is running.
    pub(crate) search: RefCell<Option<Search>>,
    /// Objects may be garbage that no candidate leads to: the next search has to look at all.
    pub(crate) look_at_all: Cell<bool>,
    pub(crate) searched: Cell<Searched>,
    peak_bytes: Cell<usize>,
}

impl State {
    fn new() -> Self {
        Self {
            references: Count::new(1),
            collectors: Count::new(0),
            work: Work::of_this_thread(),
            types: Types::new(),
            generations: Generations::new(),
            thresholds: Thresholds::default(),
            prospects: Prospects::default(),
            counters: Counters::default(),
            observers: Observers::default(),
            steps: Steps::default(),
            enabled: Cell::new(true),
            debug: Cell::default(),
            debug_output: DebugOutput::default(),
            clock: Clock::default(),
            garbage: RefCell::default(),
            collecting: Cell::new(false),
            search: RefCell::new(None),
            look_at_all: Cell::new(false),
            searched: Cell::default(),
            peak_bytes: Cell::new(0),
        }
    }

    /// Whether only objects keep the state in being.
    #[inline]
    pub(crate) fn is_abandoned(&self) -> bool {
        self.references.get() == 0
    }

    /// Whether more than one collector, or something at work, refers to it.
    pub(crate) fn is_shared(&self) -> bool {
        self.references.get() != 1
    }

    /// Whether somebody listens to it, or its garbage was saved for somebody.
    pub(crate) fn is_observed(&self) -> bool {
        !self.observers.is_empty() || self.debug_output.is_set() || !self.garbage.borrow().is_empty()
    }

    pub(crate) fn objects(&self) -> usize {
        self.types.sum(|info| info.live.get())
    }

    /// Whether an object of the set can only lead to others of the set, as there are none but these in the thread.
    pub(crate) fn is_all_in_set(&self) -> bool {
        self.generations.set.live() == self.objects() && self.work.is_of_one_collector()
    }

    /// How many objects there are in generations. O(types), and O(frozen objects).
    pub(crate) fn collectable_objects(&self) -> usize {
        let tracked = self.types.sum(|info| if info.traits.contains(Traits::TRACKED) { info.live.get() } else { 0 });
        tracked.saturating_sub(self.generations.live(Home::Frozen))
    }

    /// The bytes that objects take.
    pub(crate) fn measure(&self) -> usize {
        let bytes = self.types.sum(|info| info.live.get() * info.layout.size());
        self.peak_bytes.set(self.peak_bytes.get().max(bytes));
        bytes
    }

    pub(crate) fn stats(&self) -> Stats {
        let bytes = self.measure();
        let (objects, peak_bytes) = (self.objects(), self.peak_bytes.get());
        Stats { generations: self.counters.generations(), objects, bytes, peak_bytes }
    }

    /// Counts an allocation to come, and collects what is due.
    #[inline]
    pub(crate) fn count_allocation(&self) {
        if self.thresholds.count_allocation() {
            self.attend();
        }
    }

    /// Takes an allocation back that could not be made.
    #[cold]
    pub(crate) fn forget_allocation<T>(&self) -> Option<T> {
        self.thresholds.count_deallocations(1);
        None
    }

    /// Collects, unless a collection is running; see [`Collector::collect`](crate::Collector::collect).
    pub(crate) fn collect(&self, generation: Generation) -> usize {
        if self.collecting.get() {
            return 0;
        }
        let collected = self.collect_with(generation, Thoroughness::Full);
        if generation == Generation::Old {
            self.give_memory_back();
        }
        collected
    }

    /// Frees all that is kept for objects to come.
    fn give_memory_back(&self) {
        self.types.clear_free_lists();
        self.generations.segments.free_spares();
    }

    pub(crate) fn collect_with(&self, generation: Generation, thoroughness: Thoroughness) -> usize {
        self.guarded(|| {
            if generation == Generation::Old {
                self.end_search();
            }
            let candidates = match generation {
                Generation::Old => self.collectable_objects(),
                _ => self.generations.live_up_to(generation),
            };
            self.notify(Phase::Start, generation, 0, candidates, None);
            let start = self.time();
            self.measure();
            self.thresholds.collection_starts(generation);
            self.at(Moment::Begins(generation));
            let outcome = collection::run(self, generation, thoroughness);
            if (generation, thoroughness) == (Generation::Old, Thoroughness::Full) {
                self.look_at_all.set(false);
            }
            self.thresholds.objects_survived(generation, outcome.survivors);
            self.counters.count_collection(generation, outcome.collected);
            let duration = self.clock.since(start);
            self.at(Moment::Tell);
            self.notify(Phase::Stop, generation, outcome.collected, outcome.looked_at, duration);
            if thoroughness != Thoroughness::Unseen {
                self.prospects.learn(generation, &outcome);
            }
            outcome.collected
        })
    }

    /// Does a part of a collection. Meanwhile no other runs; a panic that was put off goes on after it.
    pub(crate) fn guarded<R>(&self, work: impl FnOnce() -> R) -> R {
        self.collecting.set(true);
        let running = Running(self);
        let entered = self.work.enter_collection();
        let result = work();
        drop(entered);
        running.end();
        self.work.resume_panic();
        result
    }

    /// The time, if it matters to anybody.
    pub(crate) fn time(&self) -> Option<Duration> {
        let matters = !self.observers.is_empty() || self.debug.get().contains(DebugFlags::STATS);
        if matters { self.clock.read() } else { None }
    }

    pub(crate) fn notify(
        &self,
        phase: Phase,
        generation: Generation,
        collected: usize,
        candidates: usize,
        duration: Option<Duration>,
    ) {
        let event = CollectionEvent { phase, generation, collected, uncollectable: 0, candidates, duration };
        if self.debug.get().contains(DebugFlags::STATS) {
            self.print_event(&event);
        }
        self.observers.notify(&event, &self.work.panics);
    }
}

/// What the search that is running has come to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Searched {
    /// Objects that it looks at.
    pub(crate) objects: usize,
    pub(crate) collected: usize,
    /// What its slices took, if the time mattered to anybody when it began.
    pub(crate) duration: Option<Duration>,
}

/// A collection is running.
struct Running<'a>(&'a State);

impl Running<'_> {
    fn end(self) {
        self.0.collecting.set(false);
        mem::forget(self);
    }
}

impl Drop for Running<'_> {
    /// A `trace` has panicked: that panic goes on, instead of any that the collection put off.
    fn drop(&mut self) {
        self.0.generations.close_set();
        self.0.look_at_all.set(true);
        if let Some(search) = self.0.search.take() {
            search.end(&self.0.generations);
        }
        self.0.work.panics.forget();
        self.0.steps.forget();
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
        // SAFETY: the object keeps the state in being until the reference is counted.
        unsafe { Self::to(object.state()) }
    }

    /// One more reference to a state.
    ///
    /// # Safety
    ///
    /// The state is in being.
    pub(crate) unsafe fn to(state: NonNull<State>) -> Self {
        // INVARIANT: counted at once.
        let state = Self(state);
        state.references.increment();
        state
    }

    /// Parts the state from its thread, so that another may [take it](Self::enter_thread).
    ///
    /// # Safety
    ///
    /// Nobody else refers to the state, or to anything in it.
    pub(crate) unsafe fn leave_thread(&self) {
        // SAFETY: by this function's contract.
        unsafe { self.set_work(Rc::default()) };
    }

    /// Makes the state one of this thread.
    ///
    /// # Safety
    ///
    /// As [`leave_thread`](Self::leave_thread)'s.
    pub(crate) unsafe fn enter_thread(&self) {
        // SAFETY: by this function's contract.
        unsafe { self.set_work(Work::of_this_thread()) };
    }

    /// # Safety
    ///
    /// As [`leave_thread`](Self::leave_thread)'s.
    unsafe fn set_work(&self, work: Rc<Work>) {
        // SAFETY: by the type's invariant the state is in being.
        let place = unsafe { &raw mut (*self.0.as_ptr()).work };
        // SAFETY: by this function's contract nobody reads it meanwhile.
        drop(unsafe { place.replace(work) });
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
        self.references.increment();
        // INVARIANT: just counted.
        Self(self.0)
    }
}

impl Drop for StateRef {
    fn drop(&mut self) {
        if self.references.decrement() == 0 && self.objects() == 0 {
            // SAFETY: the state came from `try_box`, and neither a reference nor an object leads to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
