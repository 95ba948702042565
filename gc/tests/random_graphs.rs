//! Random programs over object graphs, held against a plain model: what can be reached from a handle lives, after a
//! full collection nothing else does, and every object is in the generation that its past says.
//!
//! Every other program is a wild one: its finalizers also resurrect, move handles out, cut edges and panic.
//!
//! `MUDLARK_PROGRAMS=20000 cargo test --release --test random_graphs` runs so many; `MUDLARK_SEED` is the first one's.

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use std::collections::{BTreeMap, BTreeSet};
use std::panic;
use std::rc::Rc;

use mudlark_gc::{Collector, Gc, Generation, Phase, Trace, WeakGc};

type Id = u32;

/// A value that says when it is dropped.
#[derive(Trace)]
#[trace(finalize = Node::finalize)]
struct Node {
    id: Id,
    #[trace(skip)]
    last_words: LastWords,
    edges: RefCell<Vec<Gc<Node>>>,
    /// Handles that the collector is not told about: they keep their objects alive.
    #[trace(skip)]
    hidden: RefCell<Vec<Gc<Node>>>,
    shared: Rc<Shared>,
    #[trace(skip)]
    _drop_note: DropNote,
}

/// What a finalizer does.
#[derive(Clone, Copy)]
enum LastWords {
    /// Makes and drops so many objects, so that generations grow and shrink while finalizers run.
    MakeScrap(u8),
    /// Lets a handle to its own object out.
    Resurrect,
    /// Moves one of its edges out.
    MoveOut,
    /// Cuts its edges.
    Cut,
    Panic,
}

impl Node {
    fn finalize(this: &Gc<Self>) {
        let model = |change: &dyn Fn(&mut ModelNode)| this.shared.model.borrow_mut().get_mut(&this.id).map(change);
        match this.last_words {
            LastWords::MakeScrap(number) => Self::make_scrap(this, number),
            LastWords::Resurrect => this.shared.saved.borrow_mut().push(this.clone()),
            LastWords::MoveOut => {
                // Somebody up the stack may have it borrowed.
                let Ok(moved) = this.edges.try_borrow_mut().map(|mut edges| edges.pop()) else { return };
                model(&|node| node.edges.truncate(node.edges.len().saturating_sub(1)));
                this.shared.saved.borrow_mut().extend(moved);
            }
            LastWords::Cut => {
                let Ok(cut) = this.edges.try_borrow_mut().map(|mut edges| core::mem::take(&mut *edges)) else { return };
                model(&|node| node.edges.clear());
                drop(cut);
            }
            LastWords::Panic => panic!("a finalizer"),
        }
    }

    fn make_scrap(this: &Gc<Self>, number: u8) {
        let collector = Gc::collector(this);
        let scrap: Vec<_> = (0..number).map(|_| Gc::new_in(Scrap::default(), &collector)).collect();
        for (index, object) in scrap.iter().enumerate() {
            if index % 5 == 0 {
                *object.0.borrow_mut() = Some(object.clone());
            }
        }
    }
}

/// One in five holds itself.
#[derive(Default, Trace)]
struct Scrap(RefCell<Option<Gc<Scrap>>>);

struct DropNote {
    id: Id,
    /// Never read from a value that was freed: the test would see the wrong number.
    canary: Cell<u64>,
    dropped: Rc<RefCell<BTreeSet<Id>>>,
}

const CANARY: u64 = 0x5EED_CAFE_F00D_BEEF;

impl Drop for DropNote {
    fn drop(&mut self) {
        assert_eq!(self.canary.replace(0), CANARY, "node {} was dropped twice", self.id);
        assert!(self.dropped.borrow_mut().insert(self.id));
    }
}

#[derive(Default)]
struct ModelNode {
    edges: Vec<Id>,
    hidden: Vec<Id>,
}

/// What finalizers reach.
#[derive(Default)]
struct Shared {
    model: RefCell<BTreeMap<Id, ModelNode>>,
    /// Handles that finalizers let out.
    saved: RefCell<Vec<Gc<Node>>>,
}

/// The real graph and the model of it, side by side.
struct World {
    seed: u64,
    /// Whether finalizers do more than make objects.
    wild: bool,
    random: fastrand::Rng,
    collector: Collector,
    next_id: Id,
    dropped: Rc<RefCell<BTreeSet<Id>>>,
    handles: Vec<Gc<Node>>,
    weak: Vec<(Id, WeakGc<Node>)>,
    shared: Rc<Shared>,
    generations: Rc<RefCell<BTreeMap<Id, Place>>>,
}

/// Where a node is: a generation, or frozen.
type Place = Option<Generation>;

/// What survives a collection moves on.
fn promote(generations: &mut BTreeMap<Id, Place>, collected: Generation) {
    let next = Generation::ALL[(collected.index() + 1).min(2)];
    for place in generations.values_mut().filter(|place| place.is_some_and(|place| place <= collected)) {
        *place = Some(next);
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let collector = Collector::new();
        let mut random = fastrand::Rng::with_seed(seed);
        collector.set_thresholds([random.usize(1..60), random.usize(0..4), random.usize(0..4)]);
        let generations: Rc<RefCell<BTreeMap<Id, Place>>> = Rc::default();
        let promoted = Rc::clone(&generations);
        collector.observe(move |event| {
            // The old generation may be collected in slices, while new objects are made.
            let when = if event.generation == Generation::Old { Phase::Start } else { Phase::Stop };
            if event.phase == when {
                promote(&mut promoted.borrow_mut(), event.generation);
            }
        });
        Self {
            seed,
            wild: seed % 2 == 1,
            random,
            collector,
            next_id: 0,
            dropped: Rc::default(),
            handles: Vec::new(),
            weak: Vec::new(),
            shared: Rc::default(),
            generations,
        }
    }

    fn step(&mut self) {
        match self.random.u8(0..100) {
            0..30 => self.make_node(),
            30..55 => self.link(),
            55..65 => self.unlink(),
            65..69 => self.clone_handle(),
            69..90 => self.drop_handle(),
            90..93 => self.downgrade(),
            93..94 => self.hide(),
            94..95 => self.walk(),
            95..96 => self.freeze_or_unfreeze(),
            96..98 => self.search_a_little(),
            _ => self.collect(),
        }
    }

    /// Old objects are searched in slices, between which anything may happen.
    fn search_a_little(&mut self) {
        let borrowed = self.pick();
        let opaque = borrowed.as_ref().map(|node| node.edges.borrow_mut());
        self.collector.step(self.random.usize(1..40));
        drop(opaque);
        drop(borrowed);
        self.check(false);
    }

    fn pick(&mut self) -> Option<Gc<Node>> {
        (!self.handles.is_empty()).then(|| self.handles[self.random.usize(..self.handles.len())].clone())
    }

    fn make_node(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let drop_note = DropNote { id, canary: Cell::new(CANARY), dropped: Rc::clone(&self.dropped) };
        let node = Node {
            id,
            last_words: self.last_words(),
            edges: RefCell::default(),
            hidden: RefCell::default(),
            shared: Rc::clone(&self.shared),
            _drop_note: drop_note,
        };
        self.shared.model.borrow_mut().insert(id, ModelNode::default());
        self.handles.push(Gc::new_in(node, &self.collector));
        self.generations.borrow_mut().insert(id, Some(Generation::Young));
    }

    fn last_words(&mut self) -> LastWords {
        // Without `std` a panic ends the program.
        let kinds = if cfg!(feature = "std") { 16 } else { 15 };
        match self.random.u8(..if self.wild { kinds } else { 8 }) {
            0 => LastWords::MakeScrap(self.random.u8(..60)),
            1..9 => LastWords::MakeScrap(0),
            9..11 => LastWords::Resurrect,
            11..13 => LastWords::MoveOut,
            13..15 => LastWords::Cut,
            _ => LastWords::Panic,
        }
    }

    fn link(&mut self) {
        if let (Some(from), Some(to)) = (self.pick(), self.pick()) {
            from.edges.borrow_mut().push(to.clone());
            self.in_model(from.id, |node| node.edges.push(to.id));
        }
    }

    fn unlink(&mut self) {
        let Some(from) = self.pick() else { return };
        let count = from.edges.borrow().len();
        if count > 0 {
            let index = self.random.usize(..count);
            let removed = from.edges.borrow_mut().swap_remove(index);
            self.in_model(from.id, |node| node.edges.swap_remove(index));
            drop(removed);
        }
    }

    fn clone_handle(&mut self) {
        let clone = self.pick();
        self.handles.extend(clone);
    }

    fn drop_handle(&mut self) {
        if !self.handles.is_empty() {
            let index = self.random.usize(..self.handles.len());
            drop(self.handles.swap_remove(index));
        }
    }

    fn downgrade(&mut self) {
        if let Some(node) = self.pick() {
            self.weak.push((node.id, Gc::downgrade(&node)));
        }
        if self.weak.len() > 20 {
            self.weak.swap_remove(0);
        }
    }

    fn hide(&mut self) {
        if let (Some(from), Some(to)) = (self.pick(), self.pick()) {
            from.hidden.borrow_mut().push(to.clone());
            self.in_model(from.id, |node| node.hidden.push(to.id));
        }
    }

    /// Follows a path of edges, comparing each step with the model.
    fn walk(&mut self) {
        let Some(mut node) = self.pick() else { return };
        for _ in 0..10 {
            let found: Vec<Id> = node.edges.borrow().iter().map(|edge| edge.id).collect();
            assert_eq!(found, self.shared.model.borrow()[&node.id].edges, "seed {}", self.seed);
            if found.is_empty() {
                return;
            }
            let index = self.random.usize(..found.len());
            let next = node.edges.borrow()[index].clone();
            node = next;
        }
    }

    fn freeze_or_unfreeze(&mut self) {
        let freeze = self.random.bool();
        for place in self.generations.borrow_mut().values_mut() {
            *place = if freeze { None } else { place.or(Some(Generation::Old)) };
        }
        if freeze { self.collector.freeze() } else { self.collector.unfreeze() }
    }

    fn collect(&mut self) {
        let generation = Generation::ALL[self.random.usize(..3)];
        // A node that is borrowed while the collector looks counts as holding its edges from outside.
        let borrowed = self.pick();
        let opaque = borrowed.as_ref().map(|node| node.edges.borrow_mut());
        self.collector.collect(generation);
        drop(opaque);
        drop(borrowed);
        self.check(false);
    }

    fn in_model<R>(&self, id: Id, change: impl FnOnce(&mut ModelNode) -> R) -> R {
        change(self.shared.model.borrow_mut().get_mut(&id).expect("a node that a handle leads to is in the model"))
    }

    /// Does something in which finalizers may run, of which those of wild programs panic.
    fn guard(&mut self, act: impl FnOnce(&mut Self)) {
        if self.wild {
            // The message is for nobody.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| act(self))).map_err(|panic| {
                assert_eq!(panic.downcast_ref::<&str>(), Some(&"a finalizer"), "seed {}", self.seed);
            });
        } else {
            act(self);
        }
    }

    /// What handles lead to, and what is kept by hidden handles of nodes that have not been dropped.
    fn reachable(&self) -> BTreeSet<Id> {
        let dropped = self.dropped.borrow();
        let model = self.shared.model.borrow();
        let saved = self.shared.saved.borrow();
        let hidden = model.iter().filter(|(id, _)| !dropped.contains(id)).flat_map(|(_, node)| &node.hidden);
        let mut waiting: Vec<Id> =
            self.handles.iter().chain(&*saved).map(|node| node.id).chain(hidden.copied()).collect();
        let mut reachable = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if reachable.insert(id) {
                waiting.extend(&model[&id].edges);
            }
        }
        reachable
    }

    /// Everything reachable lives; after a full collection nothing else does.
    fn check(&mut self, after_full_collection: bool) {
        let reachable = self.reachable();
        let dropped = self.dropped.borrow().clone();
        let lost: Vec<_> = reachable.intersection(&dropped).collect();
        assert!(lost.is_empty(), "seed {}: {lost:?} can be reached but were dropped", self.seed);
        for (id, weak) in &self.weak {
            let alive = weak.upgrade().is_some();
            // One to what was resurrected is dead.
            let right = if self.wild { !(alive && dropped.contains(id)) } else { alive != dropped.contains(id) };
            assert!(right, "seed {}: weak handle to {id}", self.seed);
        }
        for node in self.handles.iter().filter(|_| !self.wild) {
            let place = self.generations.borrow()[&node.id];
            assert_eq!(self.collector.generation_of(node), place, "seed {}: node {}", self.seed, node.id);
        }
        if after_full_collection {
            let model = self.shared.model.borrow();
            let alive: BTreeSet<Id> = model.keys().copied().filter(|id| !dropped.contains(id)).collect();
            assert_eq!(alive, reachable, "seed {}", self.seed);
            assert_eq!(self.collector.stats().objects, reachable.len(), "seed {}", self.seed);
        }
        self.shared.model.borrow_mut().retain(|id, _| !dropped.contains(id));
        self.weak.retain(|(id, _)| !dropped.contains(id));
        self.dropped.borrow_mut().clear();
    }

    fn collect_everything(&mut self) {
        if self.random.bool() {
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
    fn end(mut self) {
        // What is dropped may be let out once more by a finalizer, which does not run again. But others do then.
        for _ in 0..20 {
            self.let_go();
            self.collect_everything();
        }
        assert_eq!(self.collector.stats().objects, 0, "seed {}", self.seed);
    }

    fn let_go(&mut self) {
        loop {
            let handle = self.handles.pop().or_else(|| self.shared.saved.borrow_mut().pop());
            let Some(handle) = handle else { break };
            self.guard(|_| drop(handle));
        }
        // Hidden handles in a cycle of their own would leak.
        let nodes: Vec<_> =
            Generation::ALL.into_iter().flat_map(|generation| self.collector.objects(generation)).collect();
        for node in nodes.into_iter().filter_map(|node| node.downcast::<Node>().ok()) {
            let hidden = node.hidden.take();
            self.in_model(node.id, |node| node.hidden.clear());
            self.guard(|_| drop(hidden));
            self.guard(|_| drop(node));
        }
        let saved = self.shared.saved.take();
        saved.into_iter().for_each(|node| self.guard(|_| drop(node)));
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

#[test]
fn what_is_reachable_lives_and_everything_else_is_collected() {
    let (programs, steps) = if cfg!(miri) { (2, 60) } else { (150, 600) };
    let first = from_environment("MUDLARK_SEED", 0);
    let print_others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&"a finalizer") {
            print_others(info);
        }
    }));
    for seed in first..first + from_environment("MUDLARK_PROGRAMS", programs) {
        let mut world = World::new(seed);
        for _ in 0..4 {
            (0..steps / 4).for_each(|_| world.guard(World::step));
            world.collect_everything();
        }
        world.end();
    }
}
