//! Components: suspects that lead to each other, one way or the other.
//!
//! A disjoint-set forest (Tarjan). Besides its parent each member knows the next of its component, round in a circle, so
//! that two are joined by swapping two links, and the members of one can be listed.

use core::cell::Cell;

use alloc::vec::Vec;

/// One suspect.
struct Member {
    place: u32,
    /// Itself, if it stands for its component.
    parent: Cell<u32>,
    next: Cell<u32>,
}

/// Set as `next` when the component was taken.
const TAKEN: u32 = u32::MAX;

/// Members are allocated so many at a time, so that no large array has to be moved when there are more.
const BLOCK: usize = 1024;

#[derive(Default)]
pub(crate) struct Components {
    blocks: Vec<Vec<Member>>,
    len: usize,
}

impl Components {
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many members there are.
    #[expect(clippy::cast_possible_truncation, reason = "each has a number")]
    pub(crate) fn len(&self) -> u32 {
        self.len as u32
    }

    /// Adds a component of one, and returns its number; `None` when there is no memory.
    pub(crate) fn add(&mut self, place: u32) -> Option<u32> {
        let number = u32::try_from(self.len).ok()?;
        if self.len.is_multiple_of(BLOCK) {
            let mut block = Vec::new();
            block.try_reserve_exact(BLOCK).ok()?;
            self.blocks.try_reserve(1).ok()?;
            self.blocks.push(block);
        }
        self.blocks.last_mut()?.push(Member { place, parent: Cell::new(number), next: Cell::new(number) });
        self.len += 1;
        Some(number)
    }

    #[inline]
    fn member(&self, number: u32) -> &Member {
        let number = number as usize;
        &self.blocks[number / BLOCK][number % BLOCK]
    }

    /// Frees the last members, which were taken, and says whether others are left.
    pub(crate) fn forget_some(&mut self) -> bool {
        self.blocks.pop();
        !self.blocks.is_empty()
    }

    /// The member that stands for a component. Paths are halved on the way.
    fn representative(&self, mut number: u32) -> u32 {
        loop {
            let parent = self.member(number).parent.get();
            if parent == number {
                return number;
            }
            let grandparent = self.member(parent).parent.get();
            self.member(number).parent.set(grandparent);
            number = grandparent;
        }
    }

    /// Makes the components of two members one. The lower number stands for it.
    #[inline]
    pub(crate) fn join(&self, one: u32, other: u32) {
        let (one, other) = (self.representative(one), self.representative(other));
        if one != other {
            self.member(one.max(other)).parent.set(one.min(other));
            self.member(one).next.swap(&self.member(other).next);
        }
    }

    /// Appends the places of a member's component, unless they were taken before. Says no when there is no memory for all.
    pub(crate) fn take(&self, number: u32, places: &mut Vec<u32>) -> bool {
        let mut next = self.member(number).next.get();
        if next == TAKEN {
            return true;
        }
        loop {
            let member = self.member(next);
            if places.try_reserve(1).is_err() {
                // What is left of it keeps the rest from being garbage.
                return false;
            }
            places.push(member.place);
            next = member.next.replace(TAKEN);
            if self.member(next).next.get() == TAKEN {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_taken_whole_and_once() {
        let mut components = Components::default();
        for place in 0..6 {
            components.add(place * 10);
        }
        for (one, other) in [(4, 2), (0, 5), (2, 4), (5, 4)] {
            components.join(one, other);
        }
        let taken = |number| {
            let mut places = Vec::new();
            assert!(components.take(number, &mut places));
            places.sort_unstable();
            places
        };
        assert_eq!(taken(0), [0, 20, 40, 50]);
        assert_eq!(taken(1), [10]);
        for number in [2, 4, 5, 1] {
            assert!(taken(number).is_empty());
        }
        assert_eq!(taken(3), [30]);
    }
}
