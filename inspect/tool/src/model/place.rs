//! Who asks for memory: a stack, under a tag, in a thread.

use crate::model::hash::NumberMap;
use crate::model::sums::Sums;

/// Where a request comes from. All three are the log's own numbers; zero is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The stack.
    pub stack: u32,
    /// The innermost scope.
    pub tag: u32,
    /// The thread.
    pub thread: u32,
}

/// All places, in the order of their first requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) list: Vec<(Place, Sums)>,
    index: NumberMap<Place, u32>,
}

impl Places {
    /// The place's index, which it keeps.
    pub(crate) fn index_of(&mut self, place: Place) -> u32 {
        *self.index.entry(place).or_insert_with(|| {
            let index = u32::try_from(self.list.len()).expect("each place takes memory: there are no 2^32");
            self.list.push((place, Sums::default()));
            index
        })
    }

    pub(crate) fn sums_mut(&mut self, index: u32) -> &mut Sums {
        &mut self.list[index as usize].1
    }

    pub(crate) fn place(&self, index: u32) -> Place {
        self.list[index as usize].0
    }
}
