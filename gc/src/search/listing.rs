//! The second step of a search: the segments, and the candidates in them.

use super::marks::Marks;
use super::{FAR_AHEAD, Phase, SEGMENT_COST, Search, marks, prefetch};
use crate::count_word::Flags;
use crate::generations::Generations;
use crate::segment::{SegmentRef, Use};
use crate::trace::Tracer;

/// If one in so many objects is a candidate, all are looked at, in order.
const MANY: usize = 3;

impl Search {
    /// Gets ready to list the old generation as it is now; says no when there is no memory for that.
    ///
    /// What is in the way of listing its segments bit by bit is held off until that is done: the old generation is
    /// [sealed](Generations::seal_old).
    pub(super) fn start_list(&mut self, generations: &Generations) -> bool {
        let Some(marks) = Marks::new(generations.segments.numbers(), self.owner) else { return false };
        self.marks = marks;
        (self.next, self.last) = generations.seal_old();
        self.phase = Phase::List;
        true
    }

    /// Lists one segment more, with marks. Where there is no memory for that, the search is over.
    pub(super) fn list(&mut self, generations: &Generations) -> usize {
        let Some(segment) = self.next else {
            self.admit_newcomers(generations);
            generations.unseal_old();
            self.phase = match self.candidates {
                _ if self.thorough || self.candidates > self.objects / MANY => Phase::CountAll,
                0 => self.finish(),
                _ => Phase::Count,
            };
            return 0;
        };
        if self.segments.try_reserve(1).is_err() || !self.marks.add(self.segments.len(), segment) {
            generations.unseal_old();
            self.phase = Phase::Release;
            return SEGMENT_COST;
        }
        segment.used_by.set(Use::Search);
        self.list_candidates(segment);
        self.segments.push(segment);
        self.next = if self.last == Some(segment) { None } else { generations.old_segment_after(segment) };
        SEGMENT_COST
    }

    /// Takes down the candidates of the segment that is about to be listed. They are none from now on.
    fn list_candidates(&mut self, segment: SegmentRef) {
        let place = marks::place(self.segments.len());
        for index in 0..segment.len() {
            prefetch(segment, index + FAR_AHEAD, |_| true);
            if let Some(object) = segment.entry(index) {
                self.objects += 1;
                if object.word().has(Flags::CANDIDATE) {
                    object.word().remove(Flags::CANDIDATE);
                    self.marks.set_candidate(place + index);
                    self.candidates += 1;
                }
            }
        }
    }

    /// Makes candidates of all searched objects that newer ones lead to.
    fn admit_newcomers(&self, generations: &Generations) {
        let admit = |target| {
            if self.marks.has(target) {
                target.word().insert(Flags::CANDIDATE);
            }
        };
        let mut admit_object = |target| admit(target);
        let mut tracer = Tracer::visit(&mut admit_object);
        for object in generations.newcomers(self.last) {
            object.trace(&mut tracer);
        }
    }
}
