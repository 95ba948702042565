//! Nodes with one edge, a finalizer and a destructor, and a collector to make them in.

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::panic;

use mudlark_gc::{Collector, Gc, Trace};

#[derive(Trace)]
#[trace(finalize = Node::last_words)]
pub(crate) struct Node {
    pub(crate) next: RefCell<Option<Gc<Node>>>,
    #[trace(skip)]
    last_words: RefCell<Option<LastWords>>,
    #[trace(skip)]
    _on_drop: OnDrop,
}

type LastWords = Box<dyn FnOnce(&Gc<Node>)>;

/// Runs something when its owner is dropped.
#[derive(Default)]
pub(crate) struct OnDrop(pub(crate) Option<Box<dyn FnOnce()>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}

impl Node {
    fn last_words(this: &Gc<Self>) {
        let words = this.last_words.take();
        if let Some(words) = words {
            words(this);
        }
    }
}

/// A collector and what is needed to make nodes in it.
pub(crate) struct World {
    pub(crate) collector: Collector,
}

impl World {
    pub(crate) fn new() -> Self {
        let collector = Collector::new();
        collector.disable();
        Self { collector }
    }

    pub(crate) fn node(&self) -> Gc<Node> {
        self.node_with_drop(OnDrop::default())
    }

    pub(crate) fn node_with_drop(&self, on_drop: OnDrop) -> Gc<Node> {
        let node = Node { next: RefCell::default(), last_words: RefCell::default(), _on_drop: on_drop };
        Gc::new_in(node, &self.collector)
    }

    pub(crate) fn ring(&self, length: usize) -> Vec<Gc<Node>> {
        let nodes: Vec<_> = (0..length).map(|_| self.node()).collect();
        for (index, node) in nodes.iter().enumerate() {
            *node.next.borrow_mut() = Some(nodes[(index + 1) % length].clone());
        }
        nodes
    }

    pub(crate) fn live(&self) -> usize {
        self.collector.stats().objects
    }
}

pub(crate) fn on_last_words(node: &Gc<Node>, words: impl FnOnce(&Gc<Node>) + 'static) {
    *node.last_words.borrow_mut() = Some(Box::new(words));
}

pub(crate) fn panics<R>(code: impl FnOnce() -> R) -> bool {
    panic::catch_unwind(AssertUnwindSafe(code)).is_err()
}
