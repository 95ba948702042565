//! What a program sees when it looks at its own graph, held against the model.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mudlark_gc::{Chain, Gc, Generation};

use super::World;
use super::node::{Id, Node};

impl World {
    /// Counts, holds, chains and garbage are those of the model; looking changes no count.
    pub(super) fn look(&self) {
        let counts = || self.handles.iter().map(Gc::strong_count).collect::<Vec<_>>();
        let before = counts();
        self.look_at_types();
        self.look_at_holds();
        self.look_for_garbage();
        if let Some(node) = self.handles.first() {
            self.look_who_holds(node);
        }
        assert_eq!(counts(), before, "{}", self.name);
    }

    /// The nodes that have not been dropped.
    fn alive(&self) -> BTreeSet<Id> {
        let dropped = self.dropped.borrow();
        self.shared.model.borrow().keys().copied().filter(|id| !dropped.contains(id)).collect()
    }

    /// How many handles outside of the graph there are to each node that has any.
    fn held(&self) -> BTreeMap<Id, usize> {
        let model = self.shared.model.borrow();
        let saved = self.shared.saved.borrow();
        let mut held = BTreeMap::new();
        let hidden = self.alive().into_iter().flat_map(|id| model[&id].hidden.clone());
        let handles = self.handles.iter().chain(&*saved).map(|node| node.id);
        for id in handles.chain(hidden).chain(self.forgotten.iter().map(|&(id, _)| id)) {
            *held.entry(id).or_default() += 1;
        }
        held
    }

    /// What a node leads to, in order.
    fn edges_of(&self, id: Id) -> Vec<Id> {
        let model = self.shared.model.borrow();
        let node = &model[&id];
        node.edges.iter().copied().chain(node.attached.map(|attachment| attachment.to)).collect()
    }

    fn look_at_types(&self) {
        let census = self.collector.census();
        let alive = self.alive();
        let found = census.of_type::<Node>();
        assert_eq!(found.map_or(0, |row| row.objects), alive.len(), "{}", self.name);
        assert_eq!(census.objects(), self.collector.stats().objects, "{}", self.name);
        assert_eq!(census.bytes(), self.collector.stats().bytes, "{}", self.name);
        if let Some(found) = found.filter(|_| !self.wild) {
            let places = self.generations.borrow();
            let count = |place| alive.iter().filter(|&id| places[id] == place).count();
            let generations = Generation::ALL.map(|generation| count(Some(generation)));
            assert_eq!((found.generations, found.frozen), (generations, count(None)), "{}", self.name);
        }
    }

    fn look_at_holds(&self) {
        let mut found = BTreeMap::new();
        for held in self.collector.held_from_outside() {
            if let Ok(node) = held.object().clone().downcast::<Node>() {
                found.insert(node.id, held.external_count());
            }
        }
        assert_eq!(found, self.held(), "{}", self.name);
        for node in self.handles.iter().take(2) {
            assert_eq!(self.collector.external_count(node) + 1, found[&node.id], "{}", self.name);
        }
    }

    fn look_for_garbage(&self) {
        if self.wild && self.collector.frozen_count() > 0 {
            // What a finalizer lets out is no longer frozen, which the model does not know.
            return;
        }
        let mut garbage = self.alive();
        let frozen = |id: &Id| self.collector.frozen_count() > 0 && self.generations.borrow()[id].is_none();
        let mut waiting: Vec<Id> = garbage.iter().copied().filter(frozen).chain(self.held().into_keys()).collect();
        while let Some(id) = waiting.pop() {
            if garbage.remove(&id) {
                waiting.extend(self.edges_of(id));
            }
        }
        let found = self.collector.leaking();
        let found: BTreeSet<Id> =
            found.into_iter().filter_map(|node| node.downcast::<Node>().ok()).map(|node| node.id).collect();
        assert_eq!(found, garbage, "{}", self.name);
    }

    /// The nearest object held from outside that leads to a node, other than by the handle at hand.
    fn look_who_holds(&self, node: &Gc<Node>) {
        let chain = self.collector.backref_chain(node, |held| held.external_count() > 0);
        let mut held = self.held();
        *held.get_mut(&node.id).expect("there is a handle to it") -= 1;
        let nearest = self.nearest_before(node.id, |id| held.get(&id).is_some_and(|&count| count > 0));
        assert_eq!(chain.as_ref().map(|chain| chain.edges().len()), nearest, "{}", self.name);
        let Some(chain) = chain else { return };
        let ids = self.check_chain(&chain);
        assert_eq!(ids.last(), Some(&node.id), "{}", self.name);
        // The same way forward.
        let first = chain.objects()[0].object();
        let forward = self.collector.chain(first, |held| Gc::ptr_eq(held.object(), &Gc::into_dyn(node.clone())));
        assert_eq!(forward.map(|forward| self.check_chain(&forward).len()), Some(ids.len()), "{}", self.name);
    }

    /// How many edges there are on the shortest way to a node from one that is sought.
    fn nearest_before(&self, start: Id, is_sought: impl Fn(Id) -> bool) -> Option<usize> {
        let alive = self.alive();
        let mut distances = BTreeMap::from([(start, 0)]);
        let mut waiting = VecDeque::from([start]);
        while let Some(id) = waiting.pop_front() {
            if is_sought(id) {
                return Some(distances[&id]);
            }
            for &source in alive.iter().filter(|&&source| self.edges_of(source).contains(&id)) {
                if !distances.contains_key(&source) {
                    distances.insert(source, distances[&id] + 1);
                    waiting.push_back(source);
                }
            }
        }
        None
    }

    /// Each edge of the chain is in the model where its name says. The nodes on it.
    fn check_chain(&self, chain: &Chain) -> Vec<Id> {
        let nodes = chain.objects().iter().map(|held| held.object().clone().downcast::<Node>());
        let ids: Vec<Id> = nodes.map(|node| node.expect("only nodes lead to nodes").id).collect();
        let model = self.shared.model.borrow();
        for (pair, name) in ids.windows(2).zip(chain.edges()) {
            let node = &model[&pair[0]];
            let index = name.strip_prefix("edges[").and_then(|rest| rest.strip_suffix(']'));
            let target = match index {
                Some(index) => node.edges[index.parse::<usize>().expect("an index")],
                None if name == "(weak map).to" => node.attached.expect("something is attached").to,
                None => panic!("{}: an edge is called {name}", self.name),
            };
            assert_eq!(target, pair[1], "{}: {name}", self.name);
        }
        ids
    }
}
