//! Edges that wait until their targets have been fetched.
//!
//! Each target lies somewhere in memory, and to look at it at once would be to wait for it. So it is prefetched and put
//! into a short queue; by the time that it comes out, it is there.

use core::cell::Cell;

use crate::object::ObjectRef;

/// How many edges wait at most.
const LENGTH: usize = 32;

/// A queue of edges, handed on in order.
pub(crate) struct EdgeBuffer<F: ?Sized> {
    /// A circle, in which the last `waiting` before `end` are there.
    edges: [Cell<Option<(u32, ObjectRef)>>; LENGTH],
    end: Cell<usize>,
    waiting: Cell<usize>,
    source: Cell<u32>,
    hand_on: F,
}

impl<F: Fn(u32, ObjectRef)> EdgeBuffer<F> {
    /// A queue that hands edges to `hand_on`: the number of the source, and the target.
    pub(crate) fn new(hand_on: F) -> Self {
        Self {
            edges: [const { Cell::new(None) }; LENGTH],
            end: Cell::new(0),
            waiting: Cell::new(0),
            source: Cell::new(0),
            hand_on,
        }
    }
}

impl<F: Fn(u32, ObjectRef) + ?Sized> EdgeBuffer<F> {
    /// Says whose edges come next.
    #[inline]
    pub(crate) fn from(&self, source: u32) {
        self.source.set(source);
    }

    /// Takes an edge, and hands on the one that has waited longest, if the queue is full.
    #[inline]
    pub(crate) fn edge(&self, target: ObjectRef) {
        target.prefetch();
        if self.waiting.get() == LENGTH {
            self.hand_one_on();
        }
        self.edges[self.end.get() % LENGTH].set(Some((self.source.get(), target)));
        self.end.set(self.end.get() + 1);
        self.waiting.set(self.waiting.get() + 1);
    }

    #[inline]
    fn hand_one_on(&self) {
        let first = self.end.get() - self.waiting.get();
        self.waiting.set(self.waiting.get() - 1);
        if let Some((source, target)) = self.edges[first % LENGTH].get() {
            (self.hand_on)(source, target);
        }
    }

    /// Hands on all that wait, and says whether any did.
    pub(crate) fn flush(&self) -> bool {
        let any = self.waiting.get() > 0;
        while self.waiting.get() > 0 {
            self.hand_one_on();
        }
        any
    }
}
