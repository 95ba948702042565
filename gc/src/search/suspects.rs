//! The last steps of a search: what was not reached is sorted into components, and handed over.

use alloc::vec::Vec;

use super::{AHEAD, Phase, SEGMENT_COST, Search, entry, trace_all};
use crate::generations::Generations;
use crate::segment::CAPACITY;

/// Objects that are made one set, if no component among them is larger.
const BATCH: usize = 400;

impl Search {
    /// Makes each suspect of one segment a component.
    pub(super) fn gather(&mut self) -> usize {
        let Some((place, _)) = self.next_segment(Phase::Join) else { return 0 };
        let before = self.components.len();
        for place in place..place + CAPACITY {
            if self.marks.is_suspect(place) {
                let number = entry(&self.segments, place).and_then(|_| {
                    let number = self.components.add(place);
                    self.missed |= number.is_none();
                    number
                });
                match number {
                    Some(number) => self.marks.set_number(place, number),
                    None => self.marks.set_aside(place),
                }
            }
        }
        SEGMENT_COST + (self.components.len() - before) as usize / 2
    }

    /// Joins the components of one segment's suspects to those that they lead to.
    pub(super) fn join(&mut self) -> usize {
        if self.components.is_empty() {
            self.phase = Phase::Destroy;
            self.position = 0;
            return 0;
        }
        let Some((place, segment)) = self.next_segment(Phase::Destroy) else { return 0 };
        let (marks, components) = (&self.marks, &self.components);
        let number = |index| marks.number(place + index);
        let followed = trace_all(
            segment,
            |index| number(index).is_some(),
            |index, target| {
                if let (Some(one), Some(other)) = (number(index), marks.number_of(target)) {
                    components.join(one, other);
                }
            },
        );
        followed + SEGMENT_COST
    }

    /// Moves some components to the set, and says whether there are any.
    pub(super) fn make_set(&mut self, generations: &Generations) -> bool {
        let mut places = Vec::new();
        while places.len() < BATCH && self.taken < self.components.len() {
            self.missed |= !self.components.take(self.taken, &mut places);
            self.taken += 1;
        }
        if places.is_empty() {
            self.phase = self.finish();
        }
        // Finalizers run in the order of age.
        places.sort_unstable();
        for (index, &place) in places.iter().enumerate() {
            if let Some(later) = places.get(index + AHEAD as usize).and_then(|&place| entry(&self.segments, place)) {
                later.prefetch();
            }
            if let Some(object) = entry(&self.segments, place) {
                self.missed |= !generations.add_to_set(object);
            }
        }
        !generations.set.is_empty()
    }
}
