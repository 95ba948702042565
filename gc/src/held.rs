//! Who holds what: objects that are held from outside, and those that nobody holds.

use core::fmt;

use alloc::vec::Vec;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::introspect::handle_to;
use crate::survey::Survey;
use crate::trace::Trace;

/// An object, and how often it is held from outside.
///
/// Its *external count* is the number of handles to it that no object of its collector reports: in variables, in values that
/// are not traced (an `Rc`, a skipped field, a collection of the program's), in other collectors' objects, in a `RefCell`
/// that is mutably borrowed, or forgotten. What has such handles is a root: it and all that it leads to stay.
#[derive(Clone)]
pub struct Held {
    object: Gc<dyn Trace>,
    external: usize,
}

impl Held {
    /// The object of that number, as it was when the survey was made.
    pub(crate) fn new(survey: &Survey, number: usize) -> Self {
        Self { object: handle_to(survey.object(number)), external: survey.external_count(number) }
    }

    /// A handle to the object.
    #[must_use]
    pub fn object(&self) -> &Gc<dyn Trace> {
        &self.object
    }

    /// How many handles there were to it outside of the collector's objects, this one and that which was asked with not
    /// counted; [`usize::MAX`] if there have been so many that it is never freed.
    #[must_use]
    pub fn external_count(&self) -> usize {
        self.external
    }

    /// Whether it is of type `T`.
    #[must_use]
    pub fn is<T: Trace + 'static>(&self) -> bool {
        self.object.is::<T>()
    }

    /// The name of its type: [`Gc::type_name`].
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        Gc::type_name(&self.object)
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("object", &self.object.object()).field("external_count", &self.external).finish()
    }
}

impl Collector {
    /// How many handles to an object are outside of this collector's objects, the one that is given not counted: the object's
    /// *external count*. See [`Held`]. O(objects and their edges).
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let shell = Gc::new_in("shell", &collector);
    /// let _bucket = Gc::new_in([Some(shell.clone()), Some(shell.clone())], &collector);
    /// assert_eq!(collector.external_count(&shell), 0); // two in the bucket, and `shell` itself
    /// let pocket = shell.clone();
    /// assert_eq!(collector.external_count(&shell), 1);
    /// # drop(pocket);
    /// ```
    #[must_use]
    pub fn external_count<T: ?Sized>(&self, object: &Gc<T>) -> usize {
        let mut survey = Survey::of(self.state());
        let number = survey.asked_about(object.object());
        survey.external_count(number)
    }

    /// All tracked objects that are held from outside, oldest first: the roots of all that is alive. O(objects and their
    /// edges).
    ///
    /// Among them are the leaks that no collection can find: what a forgotten handle holds, or one in an `Rc` that has itself
    /// been forgotten. objgraph's `get_leaking_objects` looks for the same, objects that no other object leads to; here those
    /// are the ones whose [`Gc::strong_count`] is not above their external count. Handles that the program has at the
    /// moment count, and so do those in the result of an earlier question.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let inner = Gc::new_in(Some(Gc::new_in(1, &collector)), &collector);
    /// let outer = Gc::new_in(Some(inner), &collector);
    /// std::mem::forget(outer.clone());
    /// let held = collector.held_from_outside();
    /// assert_eq!((held.len(), held[0].external_count()), (1, 2));
    /// assert!(Gc::ptr_eq(held[0].object(), &Gc::into_dyn(outer)));
    /// ```
    #[must_use]
    pub fn held_from_outside(&self) -> Vec<Held> {
        let survey = Survey::of(self.state());
        let held = survey.traced().filter(|&number| survey.external_count(number) > 0);
        held.map(|number| Held::new(&survey, number)).collect()
    }

    /// All tracked objects that nobody outside holds, neither them nor anything that leads to them, oldest first: what a
    /// [collection](Collector::collect) of all generations would find now. O(objects and their edges).
    ///
    /// Objects that are frozen, and what they lead to, are not garbage to a collection, so they are none here. The handles in
    /// the result hold the garbage: it is found after they are dropped. [`Census::of`](crate::Census::of) sums it up by type.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] {
    /// # use core::cell::RefCell;
    /// use mudlark_gc::{Collector, Gc, Generation, Trace};
    ///
    /// #[derive(Trace)]
    /// struct Node(RefCell<Option<Gc<Node>>>);
    ///
    /// let collector = Collector::new();
    /// let node = Gc::new_in(Node(RefCell::default()), &collector);
    /// *node.0.borrow_mut() = Some(node.clone());
    /// assert_eq!(collector.leaking().len(), 0);
    /// drop(node);
    /// assert_eq!(collector.leaking().len(), 1);
    /// assert_eq!(collector.collect(Generation::Old), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn leaking(&self) -> Vec<Gc<dyn Trace>> {
        let mut survey = Survey::of(self.state());
        let garbage = survey.garbage(self.state());
        garbage.into_iter().map(|number| handle_to(survey.object(number))).collect()
    }
}
