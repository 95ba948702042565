//! Counts of references that, at their limit, stay there.

use core::cell::Cell;

/// A count that saturates: what it counts is then never freed, whatever happens.
///
/// Only forgotten references can bring it there; freeing what they lead to would be worse than leaking it.
pub(crate) struct Count(Cell<usize>);

impl Count {
    pub(crate) const fn new(count: usize) -> Self {
        Self(Cell::new(count))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }

    pub(crate) fn increment(&self) {
        self.0.set(self.0.get().saturating_add(1));
    }

    /// Takes one away, and returns what is left.
    pub(crate) fn decrement(&self) -> usize {
        if self.0.get() < usize::MAX {
            self.0.set(self.0.get() - 1);
        }
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_at_its_limit_stays_there() {
        let count = Count::new(usize::MAX - 1);
        count.increment();
        count.increment();
        assert_eq!(count.decrement(), usize::MAX);
        let count = Count::new(1);
        assert_eq!(count.decrement(), 0);
    }
}
