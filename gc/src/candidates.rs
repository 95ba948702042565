//! Candidates: the objects from which garbage in cycles can be reached.
//!
//! A cycle can only become garbage by a decrement that leaves a count above zero: when a handle goes, and others to the
//! same object, by then only those of the cycle itself, are left. Each such decrement marks its object, in the word that
//! it writes anyway. So everything that an automatic collection can find is led to by a candidate, and only what they lead
//! to has to be looked at. Where there is no candidate, there is nothing to do.
//!
//! Survivors stay candidates: the rest of their cycle may be in an older generation. Only when all objects are looked at,
//! none of them has to be one any more. (Bacon and Rajan call candidates purple, and keep a buffer of them.)

use core::cell::Cell;

use crate::count_word::Flags;
use crate::object::{NO_SLOT, ObjectRef, SLOT_LIMIT};
use crate::owner::Owner;
use crate::partition::Members;
use crate::segment::{List, Use};
use crate::segments::Segments;
use crate::trace::Tracer;

/// One in so many objects is a candidate: then it is cheaper to look at all of them.
const MANY: usize = 4;

/// What is worth looking at in a set; `None` when nothing in it can be garbage.
pub(crate) fn worth_a_look(set: &List) -> Option<Members> {
    let many = set.live().div_ceil(MANY);
    let mut candidates = 0;
    for segment in set.segments() {
        segment.for_each(|_, object| candidates += usize::from(object.word().has(Flags::CANDIDATE)));
        if candidates >= many && candidates > 0 {
            return Some(Members::All);
        }
    }
    (candidates > 0).then_some(Members::Candidates)
}

/// Marks the candidates of a set and what they lead to in it as [`Flags::COLLECTING`], and the segments that have such.
pub(crate) fn mark_closure(set: &List, segments: &Segments, owner: Owner) {
    set.segments().for_each(|segment| segment.has_members.set(false));
    let closure = Closure { stack: Cell::new(END), segments, owner };
    let mut tracer = Tracer::close(&closure);
    set.for_each(|_, object| {
        if object.word().has(Flags::CANDIDATE) {
            closure.edge(object);
            while let Some(object) = closure.pop() {
                object.trace(&mut tracer);
            }
        }
    });
}

/// The end of the stack.
const END: u32 = NO_SLOT;

/// What candidates lead to.
///
/// Objects to be followed are on a stack that is linked by slot through their slots.
pub(crate) struct Closure<'a> {
    stack: Cell<u32>,
    segments: &'a Segments,
    owner: Owner,
}

impl Closure<'_> {
    /// A member has an edge to `target`, which is one, too, if it is in the set.
    #[inline]
    pub(crate) fn edge(&self, target: ObjectRef) {
        let slot = target.slot().get();
        if target.word().has(Flags::COLLECTING) || slot >= SLOT_LIMIT || !self.owner.owns(target) {
            return;
        }
        // SAFETY: it is one of ours, and the slots of objects that are not on the stack are their own.
        let segment = unsafe { self.segments.of_slot(slot) };
        if segment.used_by.get() == Use::Set {
            segment.has_members.set(true);
            target.word().insert(Flags::COLLECTING);
            target.slot().set(self.stack.replace(slot));
        }
    }

    fn pop(&self) -> Option<ObjectRef> {
        let slot = self.stack.get();
        if slot == END {
            return None;
        }
        // SAFETY: the stack is made of members' own slots.
        let object = unsafe { self.segments.entry(slot) }?;
        self.stack.set(object.slot().replace(slot));
        Some(object)
    }
}
