//! Programs over object graphs, held against a plain model: what can be reached from a handle lives, after a full collection
//! nothing else does, and every object is in the generation that its past says.
//!
//! A wild program's finalizers also resurrect, move handles out, cut edges and panic.

mod check;
mod look;
mod node;

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use std::collections::{BTreeMap, BTreeSet};
use std::panic;
use std::rc::Rc;

use mudlark_gc::{Collector, Gc, Generation, Phase, WeakGc, WeakMap};

use node::{Attached, AttachedNote, Attachment, CANARY, DropNote, Hidden, Id, LastWords, ModelNode, Node, Shared};

/// Who decides what a program does.
pub(crate) trait Choose {
    /// A number below `limit`, which is not zero.
    fn below(&mut self, limit: usize) -> usize;
}

/// The real graph and the model of it, side by side.
pub(crate) struct World {
    /// Names the program when something is wrong.
    name: String,
    /// Whether finalizers do more than make objects.
    wild: bool,
    /// Whether it looks at its own graph now and then. That makes candidates of what it looks at, so not all do.
    looks: bool,
    choices: Box<dyn Choose>,
    collector: Collector,
    next_id: Id,
    dropped: Rc<RefCell<BTreeSet<Id>>>,
    handles: Vec<Gc<Node>>,
    weak: Vec<WeakNode>,
    map: WeakMap<Node, Attached>,
    attachments: u32,
    /// Handles that nobody will drop, but at the end.
    forgotten: Vec<(Id, *const Node)>,
    shared: Rc<Shared>,
    generations: Rc<RefCell<BTreeMap<Id, Place>>>,
}

struct WeakNode {
    id: Id,
    handle: WeakGc<Node>,
    /// How often its callback was called, if it has one.
    calls: Option<Rc<Cell<u32>>>,
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
    pub(crate) fn new(name: String, wild: bool, mut choices: Box<dyn Choose>) -> Self {
        let collector = Collector::new();
        collector.set_thresholds([choices.below(59) + 1, choices.below(4), choices.below(4)]);
        let looks = choices.below(3) == 0;
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
            name,
            wild,
            looks,
            choices,
            collector,
            next_id: 0,
            dropped: Rc::default(),
            handles: Vec::new(),
            weak: Vec::new(),
            map: WeakMap::new(),
            attachments: 0,
            forgotten: Vec::new(),
            shared: Rc::default(),
            generations,
        }
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.choices.below(limit)
    }

    pub(crate) fn step(&mut self) {
        match self.below(100) {
            0..30 => self.make_node(),
            30..52 => self.link(),
            52..61 => self.unlink(),
            61..65 => self.clone_handle(),
            65..84 => self.drop_handle(),
            84..87 => self.downgrade(),
            87..89 => self.attach(),
            89 => self.detach(),
            90 => self.change_exclusively(),
            91 => self.take_value_out(),
            92 => self.forget(),
            93 => self.hide(),
            94 => self.walk(),
            95 => self.freeze_or_unfreeze(),
            96..98 => self.search_a_little(),
            _ => self.collect(),
        }
    }

    /// Old objects are searched in slices, between which anything may happen.
    fn search_a_little(&mut self) {
        let borrowed = self.pick();
        let opaque = borrowed.as_ref().map(|node| node.edges.borrow_mut());
        self.collector.step(self.choices.below(39) + 1);
        drop(opaque);
        drop(borrowed);
        self.check(false);
    }

    fn pick(&mut self) -> Option<Gc<Node>> {
        (!self.handles.is_empty()).then(|| self.handles[self.choices.below(self.handles.len())].clone())
    }

    fn make_node(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let drop_note = DropNote { id, canary: Cell::new(CANARY), dropped: Rc::clone(&self.dropped) };
        let node = Node {
            id,
            last_words: self.last_words(),
            edges: RefCell::default(),
            hidden: Hidden::default(),
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
        match self.below(if self.wild { kinds } else { 8 }) {
            0 => LastWords::MakeScrap(u8::try_from(self.below(60)).expect("small")),
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
            let index = self.below(count);
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
            let index = self.below(self.handles.len());
            drop(self.handles.swap_remove(index));
        }
    }

    fn downgrade(&mut self) {
        if let Some(node) = self.pick() {
            let (handle, calls) = if self.below(2) == 1 {
                let calls = Rc::new(Cell::new(0));
                let count = Rc::clone(&calls);
                (Gc::downgrade_with_callback(&node, move || count.set(count.get() + 1)), Some(calls))
            } else {
                (Gc::downgrade(&node), None)
            };
            self.weak.push(WeakNode { id: node.id, handle, calls });
        }
        if self.weak.len() > 20 {
            self.weak.swap_remove(0);
        }
    }

    /// Gives a node a value in the weak map, that leads to a node.
    fn attach(&mut self) {
        if let (Some(key), Some(to)) = (self.pick(), self.pick()) {
            self.attachments += 1;
            let attachment = Attachment { number: self.attachments, to: to.id };
            let note = AttachedNote { key: key.id, attachment, shared: Rc::clone(&self.shared) };
            let old = self.map.insert(&key, Attached { to, _note: note });
            self.in_model(key.id, |node| node.attached = Some(attachment));
            drop(old);
        }
    }

    fn detach(&mut self) {
        if let Some(key) = self.pick() {
            drop(self.map.remove(&key));
        }
    }

    /// Has a node changed through its only handle, if there is one.
    fn change_exclusively(&mut self) {
        let Some(to) = self.pick() else { return };
        let index = self.below(self.handles.len());
        let id = self.handles[index].id;
        let Some(mut exclusive) = Gc::get_mut(&mut self.handles[index]) else { return };
        self.collector.collect(Generation::Young);
        let removed = exclusive.edges.get_mut().pop();
        exclusive.edges.get_mut().push(to.clone());
        drop(exclusive);
        self.generations.borrow_mut().insert(id, Some(Generation::Young));
        self.in_model(id, |node| {
            node.edges.pop();
            node.edges.push(to.id);
        });
        drop(removed);
    }

    /// Takes a node's value out of its object, if there is one handle.
    fn take_value_out(&mut self) {
        if self.handles.is_empty() {
            return;
        }
        let index = self.below(self.handles.len());
        match Gc::try_unwrap(self.handles.swap_remove(index)) {
            Ok(value) => drop(value),
            Err(handle) => self.handles.push(handle),
        }
    }

    fn forget(&mut self) {
        if let Some(node) = self.pick() {
            self.forgotten.push((node.id, Gc::into_raw(node)));
        }
    }

    fn hide(&mut self) {
        if let (Some(from), Some(to)) = (self.pick(), self.pick()) {
            from.hidden.0.borrow_mut().push(to.clone());
            self.in_model(from.id, |node| node.hidden.push(to.id));
        }
    }

    /// Follows a path of edges, comparing each step with the model.
    fn walk(&mut self) {
        let Some(mut node) = self.pick() else { return };
        for _ in 0..10 {
            let found: Vec<Id> = node.edges.borrow().iter().map(|edge| edge.id).collect();
            assert_eq!(found, self.shared.model.borrow()[&node.id].edges, "{}", self.name);
            if found.is_empty() {
                return;
            }
            let index = self.below(found.len());
            let next = node.edges.borrow()[index].clone();
            node = next;
        }
    }

    fn freeze_or_unfreeze(&mut self) {
        let freeze = self.below(2) == 1;
        for place in self.generations.borrow_mut().values_mut() {
            *place = if freeze { None } else { place.or(Some(Generation::Old)) };
        }
        if freeze { self.collector.freeze() } else { self.collector.unfreeze() }
    }

    fn collect(&mut self) {
        let generation = Generation::ALL[self.below(3)];
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
    pub(crate) fn guard(&mut self, act: impl FnOnce(&mut Self)) {
        if self.wild {
            // The message is for nobody.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| act(self))).map_err(|panic| {
                assert_eq!(panic.downcast_ref::<&str>(), Some(&"a finalizer"), "{}", self.name);
            });
        } else {
            act(self);
        }
    }
}
