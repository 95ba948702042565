//! What must hold of a program's graph at any time, and at its end.

use core::cell::Cell;
use std::collections::BTreeSet;

use mudlark_gc::{Gc, Generation};

use super::node::{Id, Node};
use super::{WeakNode, World};

impl World {
    /// What handles lead to, and what is kept by hidden handles of nodes that have not been dropped.
    fn reachable(&self) -> BTreeSet<Id> {
        let dropped = self.dropped.borrow();
        let model = self.shared.model.borrow();
        let saved = self.shared.saved.borrow();
        let hidden = model.iter().filter(|(id, _)| !dropped.contains(id)).flat_map(|(_, node)| &node.hidden);
        let mut waiting: Vec<Id> =
            self.handles.iter().chain(&*saved).map(|node| node.id).chain(hidden.copied()).collect();
        waiting.extend(self.forgotten.iter().map(|(id, _)| id));
        let mut reachable = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if reachable.insert(id) {
                waiting.extend(&model[&id].edges);
                waiting.extend(model[&id].attached.map(|attachment| attachment.to));
            }
        }
        reachable
    }

    /// Everything reachable lives; after a full collection nothing else does.
    pub(super) fn check(&mut self, after_full_collection: bool) {
        let reachable = self.reachable();
        let dropped = self.dropped.borrow().clone();
        let lost: Vec<_> = reachable.intersection(&dropped).collect();
        assert!(lost.is_empty(), "{}: {lost:?} can be reached but were dropped", self.name);
        for WeakNode { id, handle, calls } in &self.weak {
            let alive = handle.upgrade().is_some();
            let calls = calls.as_ref().map_or(u32::from(!alive), |calls| calls.get());
            assert_eq!(calls, u32::from(!alive), "{}: callback of {id}", self.name);
            // One to what was resurrected is dead.
            let right = if self.wild { !(alive && dropped.contains(id)) } else { alive != dropped.contains(id) };
            assert!(right, "{}: weak handle to {id}", self.name);
        }
        for node in self.handles.iter().filter(|_| !self.wild) {
            let place = self.generations.borrow()[&node.id];
            assert_eq!(self.collector.generation_of(node), place, "{}: node {}", self.name, node.id);
        }
        for node in &self.handles {
            let attached = self.map.with(node, |attached| attached.to.id);
            let expected = self.shared.model.borrow()[&node.id].attached.map(|attachment| attachment.to);
            assert_eq!(attached, expected, "{}: what node {} has in the map", self.name, node.id);
        }
        if self.looks {
            self.look();
        }
        if after_full_collection {
            let model = self.shared.model.borrow();
            let alive: BTreeSet<Id> = model.keys().copied().filter(|id| !dropped.contains(id)).collect();
            assert_eq!(alive, reachable, "{}", self.name);
            assert_eq!(self.collector.stats().objects, reachable.len(), "{}", self.name);
        }
        self.shared.model.borrow_mut().retain(|id, _| !dropped.contains(id));
        self.weak.retain(|weak| !dropped.contains(&weak.id));
        self.dropped.borrow_mut().clear();
    }

    pub(crate) fn collect_everything(&mut self) {
        if self.below(2) == 1 {
            // What is garbage now is found by a search that starts now.
            for _ in 0..2 {
                let over = Cell::new(false);
                while !over.get() {
                    self.guard(|world| over.set(world.collector.step(100)));
                }
            }
        }
        self.collector.unfreeze();
        self.generations.borrow_mut().values_mut().for_each(|place| *place = place.or(Some(Generation::Old)));
        // A hidden handle that goes may free more, and what a finalizer changed as well.
        // All that was found may have been resurrected, and garbage have been made.
        let quiet = Cell::new(false);
        while !quiet.get() {
            let count = |world: &Self| {
                let (saved, dropped) = (world.shared.saved.borrow().len(), world.dropped.borrow().len());
                (world.collector.stats().objects, saved, dropped)
            };
            let before = count(self);
            self.guard(|world| quiet.set(world.collector.collect(Generation::Old) == 0 && count(world) == before));
        }
        self.check(true);
    }

    /// Ends the program: nothing is left of it.
    pub(crate) fn end(mut self) {
        // What is dropped may be let out once more by a finalizer, which does not run again. But others do then.
        for _ in 0..20 {
            self.let_go();
            self.collect_everything();
        }
        assert_eq!(self.collector.stats().objects, 0, "{}", self.name);
    }

    /// A handle that was forgotten.
    fn remember(&mut self) -> Option<Gc<Node>> {
        let (_, pointer) = self.forgotten.pop()?;
        // SAFETY: it came from `into_raw`, and was just taken from where it stood once.
        Some(unsafe { Gc::from_raw(pointer) })
    }

    fn let_go(&mut self) {
        loop {
            let handle =
                self.handles.pop().or_else(|| self.remember()).or_else(|| self.shared.saved.borrow_mut().pop());
            let Some(handle) = handle else { break };
            self.guard(|_| drop(handle));
        }
        // Hidden handles in a cycle of their own would leak.
        let nodes: Vec<_> =
            Generation::ALL.into_iter().flat_map(|generation| self.collector.objects(generation)).collect();
        for node in nodes.into_iter().filter_map(|node| node.downcast::<Node>().ok()) {
            let hidden = node.hidden.0.take();
            self.in_model(node.id, |node| node.hidden.clear());
            self.guard(|_| drop(hidden));
            self.guard(|_| drop(node));
        }
        let saved = self.shared.saved.take();
        saved.into_iter().for_each(|node| self.guard(|_| drop(node)));
    }
}
