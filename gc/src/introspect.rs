//! Looking at objects from outside: who leads to whom, how many there are of each type, who holds them.

mod census;
mod chain;
mod graph;
mod held;
mod survey;
mod type_name;

pub use census::{Census, Growth, TypeCensus, TypeGrowth};
pub use chain::Chain;
pub use graph::{Dot, Graph};
pub use held::Held;

use alloc::vec::Vec;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::generation::Generation;
use crate::object::ObjectRef;
use crate::trace::{Trace, Tracer};

/// A new handle to an object that is alive.
pub(crate) fn handle_to(object: ObjectRef) -> Gc<dyn Trace> {
    object.word().increment();
    // SAFETY: the object is alive, and the count was just added.
    unsafe { Gc::from_counted(object.as_dyn()) }
}

/// The objects that a live object has edges to, in the order in which it reports them.
fn targets_of(object: ObjectRef) -> Vec<ObjectRef> {
    let mut targets = Vec::new();
    object.trace(&mut Tracer::visit(&mut |target| targets.push(target)));
    targets
}

fn has_edge(source: ObjectRef, target: ObjectRef) -> bool {
    let mut found = false;
    source.trace(&mut Tracer::visit(&mut |edge| found |= edge == target));
    found
}

impl Collector {
    /// Handles to all objects of one generation, oldest first: CPython's `gc.get_objects`. O(objects).
    ///
    /// Objects that are untracked, frozen, or garbage in a running collection are in none.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc, Generation};
    ///
    /// let collector = Collector::new();
    /// let _pair = Gc::new_in((Gc::new_in(1, &collector), 2), &collector);
    /// assert_eq!(collector.objects(Generation::Young).len(), 1);
    /// ```
    #[must_use]
    pub fn objects(&self, generation: Generation) -> Vec<Gc<dyn Trace>> {
        self.state().generations.objects(generation).map(handle_to).collect()
    }

    /// The generation that an object is in: `None` when it is untracked, frozen, garbage in a running collection, or
    /// another collector's. O(1).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let pair = Gc::new_in(Some(Gc::new_in(1, &collector)), &collector);
    /// assert_eq!(collector.generation_of(&pair), Some(Generation::Young));
    /// ```
    #[must_use]
    pub fn generation_of<T: ?Sized>(&self, object: &Gc<T>) -> Option<Generation> {
        if !self.watches(object) {
            return None;
        }
        self.state().generations.of(object.object())
    }

    /// Handles to this collector's objects that have an edge to `object`, each once: CPython's `gc.get_referrers`, which leaves
    /// out frozen objects, too: [`backref_chain`](Self::backref_chain) and [`Graph`](crate::Graph) have these. O(objects and
    /// their edges).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let one = Gc::new_in(1, &collector);
    /// let pair = Gc::new_in((one.clone(), one.clone()), &collector);
    /// let referrers = collector.referrers(&one);
    /// assert!(referrers.len() == 1 && Gc::ptr_eq(&referrers[0], &Gc::into_dyn(pair)));
    /// collector.freeze();
    /// assert!(collector.referrers(&one).is_empty());
    /// ```
    #[must_use]
    pub fn referrers<T: ?Sized>(&self, object: &Gc<T>) -> Vec<Gc<dyn Trace>> {
        let target = object.object();
        let generations = &self.state().generations;
        Generation::ALL
            .into_iter()
            .flat_map(|generation| generations.objects(generation))
            .filter(|&source| has_edge(source, target))
            .map(handle_to)
            .collect()
    }
}

impl<T: ?Sized> Gc<T> {
    /// Handles to the objects that this one has edges to, one an edge: CPython's `gc.get_referents`.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let one = Gc::new_in(1, &collector);
    /// let pair = Gc::new_in((one.clone(), one), &collector);
    /// assert_eq!(Gc::referents(&pair).len(), 2);
    /// ```
    #[must_use]
    pub fn referents(this: &Self) -> Vec<Gc<dyn Trace>> {
        targets_of(this.object()).into_iter().map(handle_to).collect()
    }
}
