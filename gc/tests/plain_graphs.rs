//! Random graphs of nodes that have nothing but edges, whose old generation is searched while they change, against a model.
//!
//! [`random_graphs`](../random_graphs.rs) has finalizers and weak handles. Where there are none, collections take shorter
//! ways: small structures are settled one by one, and what is garbage as a whole is freed unmarked.

use core::cell::RefCell;

use fastrand::Rng;
use mudlark_gc::{Collector, Gc, Generation, Trace};

const EDGES: usize = 2;

#[derive(Trace)]
struct Node {
    number: usize,
    edges: RefCell<[Option<Gc<Node>>; EDGES]>,
}

/// A collector, handles to some nodes, and where every edge leads.
struct World {
    collector: Collector,
    roots: Vec<Gc<Node>>,
    edges: Vec<[Option<usize>; EDGES]>,
    random: Rng,
}

impl World {
    fn new(seed: u64) -> Self {
        let collector = Collector::new();
        collector.set_thresholds([100, 3, 3]);
        Self { collector, roots: Vec::new(), edges: Vec::new(), random: Rng::with_seed(seed) }
    }

    fn make(&mut self) -> Gc<Node> {
        let number = self.edges.len();
        self.edges.push([None; EDGES]);
        Gc::new_in(Node { number, edges: RefCell::default() }, &self.collector)
    }

    fn link(&mut self, from: &Gc<Node>, edge: usize, to: &Gc<Node>) {
        self.edges[from.number][edge] = Some(to.number);
        let before = from.edges.borrow_mut()[edge].replace(to.clone());
        drop(before);
    }

    /// A ring, now and then a large one, of which one node becomes a root.
    fn ring(&mut self) {
        let size = match self.random.u8(..) {
            0 if !cfg!(miri) => 3_000,
            1 => 30,
            _ => self.random.usize(1..6),
        };
        let first = self.make();
        let mut last = first.clone();
        for _ in 1..size {
            let next = self.make();
            self.link(&last, 0, &next);
            last = next;
        }
        self.link(&last, 0, &first);
        self.roots.push(first);
    }

    fn root(&mut self) -> Option<Gc<Node>> {
        self.random.choice(&self.roots).cloned()
    }

    fn act(&mut self) {
        match self.random.u8(..20) {
            0..6 => self.ring(),
            6..12 if !self.roots.is_empty() => {
                let index = self.random.usize(..self.roots.len());
                drop(self.roots.swap_remove(index));
            }
            12..14 => {
                if let (Some(from), Some(to)) = (self.root(), self.root()) {
                    self.link(&from, 1, &to);
                }
            }
            // A handle moves along an edge.
            14 => {
                if let Some(root) = self.root() {
                    let next = root.edges.borrow()[0].clone();
                    self.roots.extend(next);
                }
            }
            15..19 => {
                let budget = self.random.usize(1..300);
                self.collector.step(budget);
            }
            _ => {
                let generation = if self.random.bool() { Generation::Young } else { Generation::Middle };
                self.collector.collect(generation);
            }
        }
    }

    /// How many nodes the roots lead to; each is what the model says.
    fn check_reachable(&self) -> usize {
        let mut is_reached = vec![false; self.edges.len()];
        let mut queue: Vec<Gc<Node>> = self.roots.clone();
        let mut reached = 0;
        while let Some(node) = queue.pop() {
            if !core::mem::replace(&mut is_reached[node.number], true) {
                reached += 1;
                let edges = node.edges.borrow();
                let numbers = edges.each_ref().map(|edge| edge.as_ref().map(|end| end.number));
                assert_eq!(numbers, self.edges[node.number]);
                queue.extend(edges.iter().flatten().cloned());
            }
        }
        reached
    }
}

#[test]
fn searches_free_what_is_garbage_and_nothing_else() {
    let (seeds, steps) = if cfg!(miri) { (2, 150) } else { (40, 1_500) };
    for seed in 0..seeds {
        let mut world = World::new(seed);
        for _ in 0..steps {
            world.act();
        }
        let reachable = world.check_reachable();
        // The search that is running does not see what became garbage meanwhile.
        for _ in 0..3 {
            while !world.collector.step(50) {}
        }
        assert_eq!(world.collector.stats().objects, reachable, "seed {seed}");
        assert_eq!(world.check_reachable(), reachable, "seed {seed}");
        world.roots.clear();
        match seed % 2 {
            0 => while !world.collector.step(1_000) {},
            _ => assert!(world.collector.collect(Generation::Old) <= reachable, "seed {seed}"),
        }
        assert_eq!(world.collector.stats().objects, 0, "seed {seed}");
    }
}
