//! A stack of places, in blocks, so that no large array has to be moved when it grows.

use core::cell::{Cell, RefCell};

use alloc::vec::Vec;

/// Places of one block.
const BLOCK: usize = 1024;

#[derive(Default)]
pub(crate) struct Stack {
    /// All but the last are full; the last may be empty.
    blocks: RefCell<Vec<Vec<u32>>>,
    lost: Cell<bool>,
}

impl Stack {
    /// Adds a place, or [remembers](Self::has_lost) that there was no memory for it.
    pub(crate) fn push(&self, place: u32) {
        let mut blocks = self.blocks.borrow_mut();
        if blocks.last().is_none_or(|block| block.len() == BLOCK) {
            let mut block = Vec::new();
            if blocks.try_reserve(1).is_err() || block.try_reserve_exact(BLOCK).is_err() {
                self.lost.set(true);
                return;
            }
            blocks.push(block);
        }
        if let Some(block) = blocks.last_mut() {
            block.push(place);
        }
    }

    pub(crate) fn pop(&self) -> Option<u32> {
        let mut blocks = self.blocks.borrow_mut();
        let place = blocks.last_mut()?.pop();
        if place.is_some() || blocks.len() == 1 {
            return place;
        }
        blocks.pop();
        blocks.last_mut()?.pop()
    }

    /// Whether a place could not be added.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_last_is_popped_first() {
        let stack = Stack::default();
        let number = 3 * 1024 + 5;
        for round in 0..2 {
            (0..number).for_each(|place| stack.push(place));
            assert!((0..number).rev().all(|place| stack.pop() == Some(place)), "round {round}");
            assert_eq!(stack.pop(), None);
        }
    }
}
