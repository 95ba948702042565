//! The steps of a collection, for those who draw time lines.
//!
//! In the middle of a collection no code of the program's may run. So steps are noted as they end, and told a little later,
//! with the times at which they happened. Where nobody wants to know, a step costs a look at a flag.

use core::cell::{Cell, RefCell};
use core::time::Duration;

use alloc::vec::Vec;

use crate::collector::Collector;
use crate::generation::Generation;
use crate::observe::ObserverId;
use crate::state::State;

/// A step of a collection; the [crate's page](crate) tells what is done in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Strong counts are copied, and edges subtracted.
    Count,
    /// What is held from outside, and all that it leads to, is found reachable; the rest is garbage.
    Spread,
    /// Weak handles to garbage die, callbacks are called, and what weak maps have for it is dropped.
    KillWeak,
    /// Finalizers run. After it, the garbage is counted and spread again.
    Finalize,
    /// The garbage is dropped, and its memory freed.
    Destroy,
    /// A slice of a [search](Collector::step) of the old generation. The steps above are parts of it, where it has found
    /// suspects.
    Slice,
}

impl Step {
    /// What it is called: `count`, `spread`, `kill weak`, `finalize`, `destroy`, `slice`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Spread => "spread",
            Self::KillWeak => "kill weak",
            Self::Finalize => "finalize",
            Self::Destroy => "destroy",
            Self::Slice => "slice",
        }
    }
}

/// A step that has been done: what [`Collector::observe_steps`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepEvent {
    /// Which.
    pub step: Step,
    /// The oldest generation that the collection looks at.
    pub generation: Generation,
    /// Objects that were counted, found reachable, were garbage, or were destroyed; of a slice, how many were to be looked at.
    pub objects: usize,
    /// What the collector's [clock](Collector::set_clock) said when it began, if there is one.
    pub start: Option<Duration>,
    /// How long it took. `None` if there is no clock, or it could not be read at the end of the step: a clock of the program's
    /// own is not, where no code of the program's may run. The next step's `start` is this one's then, and its duration that
    /// of both.
    pub duration: Option<Duration>,
}

/// So many steps are noted before they are told, at most: of one set that is collected, and a slice.
const MOST_NOTED: usize = 12;

/// What happens to a collection that somebody may want to know.
#[derive(Clone, Copy)]
pub(crate) enum Moment {
    /// Steps of a collection begin. Code of the program's may run.
    Begins(Generation),
    /// A step that concerned so many objects is over. Code of the program's may run.
    Ends(Step, usize),
    /// A step is over, at that time if it is known. No code of the program's may run.
    Ended(Step, usize, Option<Duration>),
    /// A slice with that budget is over, which began then. Code of the program's may run.
    SliceEnds(usize, Option<Duration>),
    /// What was noted can be told.
    Tell,
}

/// Sees to a moment of a collection.
type Note = fn(&State, Moment);

/// The steps of one collector that are still to be told.
///
/// All that is done with them is behind a pointer to a function, which is there when somebody observes: so a program in which
/// nobody ever does is built without it.
#[derive(Default)]
pub(crate) struct Steps {
    note: Cell<Option<Note>>,
    observers: Cell<usize>,
    generation: Cell<Option<Generation>>,
    /// When the step that is being done began.
    start: Cell<Option<Duration>>,
    /// Has room for all: nothing is allocated during a collection.
    noted: RefCell<Vec<StepEvent>>,
}

impl Steps {
    #[inline]
    pub(crate) fn are_observed(&self) -> bool {
        self.note.get().is_some()
    }

    fn observer_came(&self) {
        self.observers.set(self.observers.get() + 1);
        self.noted.borrow_mut().reserve(MOST_NOTED);
        self.note.set(Some(State::note_moment));
    }

    pub(crate) fn observer_went(&self) {
        self.observers.set(self.observers.get() - 1);
        if self.observers.get() == 0 {
            self.note.set(None);
            self.generation.set(None);
            self.start.set(None);
            self.forget();
        }
    }

    /// Forgets what was to be told.
    pub(crate) fn forget(&self) {
        self.noted.borrow_mut().clear();
    }

    fn add(&self, step: Step, objects: usize, start: Option<Duration>, end: Option<Duration>) {
        let mut noted = self.noted.borrow_mut();
        if let Some(generation) = self.generation.get()
            && noted.len() < MOST_NOTED
        {
            let duration = end.and_then(|end| end.checked_sub(start?));
            noted.push(StepEvent { step, generation, objects, start, duration });
        }
    }

    /// The step that is being done is over; `now` if the time is known.
    fn end(&self, step: Step, objects: usize, now: Option<Duration>) {
        self.add(step, objects, self.start.get(), now);
        self.start.set(now.or(self.start.get()));
    }
}

impl State {
    /// Has a moment noted, if anybody wants to know.
    #[inline]
    pub(crate) fn at(&self, moment: Moment) {
        if let Some(note) = self.steps.note.get() {
            note(self, moment);
        }
    }

    fn note_moment(&self, moment: Moment) {
        let steps = &self.steps;
        match moment {
            Moment::Begins(generation) => {
                steps.generation.set(Some(generation));
                steps.start.set(self.time_put_off());
            }
            Moment::Ends(step, objects) => steps.end(step, objects, self.time_put_off()),
            Moment::Ended(step, objects, now) => steps.end(step, objects, now),
            Moment::SliceEnds(budget, start) => {
                steps.generation.set(Some(Generation::Old));
                steps.add(Step::Slice, budget, start, self.time_put_off());
                self.tell_steps();
            }
            Moment::Tell => self.tell_steps(),
        }
    }

    /// The time; if the clock panics, that is put off.
    fn time_put_off(&self) -> Option<Duration> {
        let mut time = None;
        self.work.panics.catch(|| time = self.clock.read());
        time
    }

    fn tell_steps(&self) {
        // They are few, and an observer may do anything meanwhile.
        let mut events = [None; MOST_NOTED];
        let mut noted = self.steps.noted.borrow_mut();
        events.iter_mut().zip(noted.drain(..)).for_each(|(event, noted)| *event = Some(noted));
        drop(noted);
        for event in events.iter().flatten() {
            self.observers.notify_step(event, &self.work.panics);
        }
    }
}

impl Collector {
    /// Calls `observer` with each step that a collection has done: counting, finalizers, the slices of a search.
    ///
    /// It is told of some steps at a time, when code of the program's may run: after them, and before the collection's
    /// [stop](crate::Phase::Stop). What [`observe`](Collector::observe) says of observers holds for it, and
    /// [`remove_observer`](Collector::remove_observer) takes it away.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc};
    /// use mudlark_gc::{Collector, Generation, Step};
    ///
    /// let collector = Collector::new();
    /// let steps = Rc::new(RefCell::new(Vec::new()));
    /// let log = Rc::clone(&steps);
    /// collector.observe_steps(move |event| log.borrow_mut().push(event.step));
    /// collector.collect(Generation::Old);
    /// assert_eq!(*steps.borrow(), [Step::Count, Step::Spread]); // there was no garbage
    /// ```
    pub fn observe_steps(&self, observer: impl Fn(&StepEvent) + 'static) -> ObserverId {
        self.state().steps.observer_came();
        self.state().observers.add_to_steps(observer)
    }
}
