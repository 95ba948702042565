//! Observers: who wants to know when a collection starts and stops, or what its steps are.

use core::cell::{Cell, RefCell};
use core::ops::Range;
use core::time::Duration;

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::catch::Panics;
use crate::generation::Generation;
use crate::steps::StepEvent;

/// Whether a collection starts or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is about to look for garbage.
    Start,
    /// It has destroyed the garbage.
    Stop,
}

/// What an observer is told: the arguments of CPython's `gc.callbacks`, there `phase` and `info`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CollectionEvent {
    /// Start or stop.
    pub phase: Phase,
    /// The oldest generation that the collection looks at.
    pub generation: Generation,
    /// Objects destroyed; zero at the start.
    pub collected: usize,
    /// Garbage that could not be destroyed; always zero.
    pub uncollectable: usize,
    /// At the start, objects that are considered; at the end, those of them that were looked at: an automatic collection
    /// passes over what cannot have become garbage.
    pub candidates: usize,
    /// At the end, how long it took, if the collector has a [clock](crate::Collector::set_clock) and somebody observed its
    /// start. Of a collection that was spread over allocations, its slices together.
    pub duration: Option<Duration>,
}

/// Names an observer of one collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObserverId(u64);

/// Whom to tell what.
#[derive(Clone)]
pub(crate) enum Observer {
    OfCollections(Rc<dyn Fn(&CollectionEvent)>),
    OfSteps(Rc<dyn Fn(&StepEvent)>),
}

impl Observer {
    pub(crate) fn is_of_steps(&self) -> bool {
        matches!(self, Self::OfSteps(_))
    }
}

/// The observers of one collector.
#[derive(Default)]
pub(crate) struct Observers {
    list: RefCell<Vec<(ObserverId, Observer)>>,
    next_id: Cell<u64>,
}

impl Observers {
    pub(crate) fn add(&self, observer: impl Fn(&CollectionEvent) + 'static) -> ObserverId {
        self.push(Observer::OfCollections(Rc::new(observer)))
    }

    pub(crate) fn add_to_steps(&self, observer: impl Fn(&StepEvent) + 'static) -> ObserverId {
        self.push(Observer::OfSteps(Rc::new(observer)))
    }

    fn push(&self, observer: Observer) -> ObserverId {
        let id = ObserverId(self.next_id.get());
        self.next_id.set(id.0 + 1);
        self.list.borrow_mut().push((id, observer));
        id
    }

    /// Takes an observer out, if it is there. What it captured may run anything when it is dropped.
    pub(crate) fn remove(&self, id: ObserverId) -> Option<Observer> {
        let mut list = self.list.borrow_mut();
        let index = list.iter().position(|&(other, _)| other == id)?;
        Some(list.remove(index).1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Tells the observers of collections.
    pub(crate) fn notify(&self, event: &CollectionEvent, panics: &Panics) {
        self.for_each(panics, |observer| {
            if let Observer::OfCollections(observer) = observer {
                observer(event);
            }
        });
    }

    /// Tells the observers of steps.
    pub(crate) fn notify_step(&self, event: &StepEvent, panics: &Panics) {
        self.for_each(panics, |observer| {
            if let Observer::OfSteps(observer) = observer {
                observer(event);
            }
        });
    }

    /// Has each observer told that is there from start to end; they may add and remove observers meanwhile.
    fn for_each(&self, panics: &Panics, tell: impl Fn(&Observer)) {
        let end = self.next_id.get();
        let mut next = 0;
        while let Some((id, observer)) = self.first_of(next..end) {
            panics.catch(|| tell(&observer));
            // It may have removed itself: what it captured may panic when it is dropped.
            panics.catch(|| drop(observer));
            next = id.0 + 1;
        }
    }

    fn first_of(&self, ids: Range<u64>) -> Option<(ObserverId, Observer)> {
        self.list.borrow().iter().find(|(id, _)| ids.contains(&id.0)).cloned()
    }
}
