//! The third and fourth step of a search: edges are counted, and what is held from elsewhere is reached.

use super::edge_buffer::EdgeBuffer;
use super::{FAR_AHEAD, Phase, SEGMENT_COST, Search, entry, prefetch, trace_all};
use crate::segment::CAPACITY;
use crate::trace::Tracer;

impl Search {
    /// Tallies the edges of all objects of one segment.
    pub(super) fn count_all(&mut self) -> usize {
        let Some((place, segment)) = self.next_segment(Phase::Spread) else { return 0 };
        let marks = &self.marks;
        for place in place..place + segment.len() {
            marks.admit(place);
        }
        let tally = |_, target| {
            marks.tally(target);
        };
        trace_all(segment, |_| true, tally) + SEGMENT_COST
    }

    /// Tallies the edges of members, as far as the budget goes; then makes the candidates of one segment members.
    pub(super) fn count(&mut self, budget: usize) -> usize {
        let followed = self.follow_members(budget);
        if followed >= budget {
            return followed;
        }
        let Some((place, segment)) = self.next_segment(Phase::Spread) else { return followed };
        for place in place..place + segment.len() {
            if self.marks.is_candidate(place) && self.marks.admit(place) {
                self.stack.push(place);
            }
        }
        followed + SEGMENT_COST
    }

    /// Follows members that were not followed yet.
    fn follow_members(&self, budget: usize) -> usize {
        let (marks, stack) = (&self.marks, &self.stack);
        let buffer = EdgeBuffer::new(|_, target| {
            if let Some(place) = marks.tally(target) {
                stack.push(place);
            }
        });
        let mut tracer = Tracer::buffer(&buffer);
        let mut followed = 0;
        while followed < budget {
            let next = stack.pop().or_else(|| {
                buffer.flush();
                stack.pop()
            });
            let Some(place) = next else { break };
            if let Some(object) = entry(&self.segments, place) {
                object.trace(&mut tracer);
                followed += 1;
            }
        }
        buffer.flush();
        followed
    }

    /// Reaches what is held from elsewhere in one segment, and what that leads to, as far as the budget goes.
    pub(super) fn spread(&mut self, budget: usize) -> usize {
        let followed = self.follow_reached(budget);
        if self.marks.has_reached() {
            return followed;
        }
        let Some((place, segment)) = self.next_segment(Phase::Gather) else { return followed };
        for index in 0..CAPACITY {
            prefetch(segment, index + FAR_AHEAD, |index| self.marks.is_member(place + index));
            match segment.entry(index) {
                Some(object) => self.marks.reach_if_held(place + index, object),
                None => self.marks.set_aside(place + index),
            }
        }
        followed + SEGMENT_COST
    }

    /// Follows what was reached and not yet followed.
    fn follow_reached(&self, budget: usize) -> usize {
        let mut followed = 0;
        let (marks, segments) = (&self.marks, &self.segments);
        let buffer = EdgeBuffer::new(|_, target| marks.reach(target));
        let mut tracer = Tracer::buffer(&buffer);
        while followed < budget {
            let Some(place) = marks.pop_reached() else {
                buffer.flush();
                if marks.has_reached() {
                    continue;
                }
                break;
            };
            if let Some(object) = entry(segments, place) {
                object.trace(&mut tracer);
                followed += 1;
            }
        }
        buffer.flush();
        followed
    }
}
