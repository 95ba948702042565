//! The nodes of a script's graph, and what their finalizers do.

use core::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic;
use std::rc::Rc;
use std::sync::Once;

use mudlark_gc::{Collector, Gc, Generation, Trace, WeakGc};

/// How many edges a node can have.
pub(super) const SLOTS: usize = 4;

/// What a finalizer does after it has logged its node's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FinalizerKind {
    Log,
    Resurrect,
    Raise,
    Collect,
    Peer,
    Alloc,
    Weak,
}

/// A node; without a kind it has, as far as a script can see, no finalizer.
#[derive(Trace)]
#[trace(finalize = Node::finalize)]
pub(super) struct Node {
    name: String,
    pub(super) slots: [RefCell<Option<Gc<Node>>>; SLOTS],
    #[trace(skip)]
    kind: Option<FinalizerKind>,
    world: Rc<World>,
}

impl Node {
    pub(super) fn new(name: &str, kind: Option<FinalizerKind>, world: &Rc<World>) -> Gc<Self> {
        let node = Self { name: name.to_string(), slots: Default::default(), kind, world: Rc::clone(world) };
        Gc::new_in(node, &world.collector)
    }

    pub(super) fn has_been_finalized(this: &Gc<Self>) -> bool {
        this.kind.is_some() && Gc::is_finalized(this)
    }

    fn finalize(this: &Gc<Self>) {
        let Some(kind) = this.kind else { return };
        let world = &this.world;
        world.log(format!("fin {}", this.name));
        match kind {
            FinalizerKind::Log => {}
            FinalizerKind::Resurrect => world.saved.borrow_mut().push(this.clone()),
            FinalizerKind::Raise => panic!("the finalizer of {} was told to", this.name),
            FinalizerKind::Collect => {
                let found = world.collector.collect(Generation::Old);
                world.log(format!("nested {found}"));
            }
            FinalizerKind::Peer => {
                let peer = this.slots[0].borrow();
                let intact = peer.as_ref().is_some_and(|peer| !peer.name.is_empty());
                world.log(format!("peer {}", if intact { "ok" } else { "gone" }));
            }
            FinalizerKind::Alloc => {
                for _ in 0..10 {
                    let node = Self::new("tmp", None, world);
                    node.slots[0].replace(Some(node.clone()));
                }
            }
            FinalizerKind::Weak => {
                let state = world.weak_state(&this.name).unwrap_or_else(|error| panic!("{error}"));
                world.log(format!("weak {state}"));
            }
        }
    }
}

/// What a script's weak handle is.
pub(super) enum WeakNode {
    /// CPython has at most one plain weak reference to an object, and shares it.
    Plain(Rc<WeakGc<Node>>),
    WithCallback(WeakGc<Node>),
}

impl WeakNode {
    fn get(&self) -> &WeakGc<Node> {
        match self {
            Self::Plain(weak) => weak,
            Self::WithCallback(weak) => weak,
        }
    }
}

/// What all nodes of a script share.
pub(super) struct World {
    pub(super) collector: Collector,
    log: RefCell<Vec<String>>,
    /// Resurrected nodes.
    pub(super) saved: RefCell<Vec<Gc<Node>>>,
    pub(super) weak: RefCell<HashMap<String, WeakNode>>,
}

impl World {
    pub(super) fn new(collector: Collector) -> Self {
        Self { collector, log: RefCell::default(), saved: RefCell::default(), weak: RefCell::default() }
    }

    pub(super) fn log(&self, line: String) {
        self.log.borrow_mut().push(line);
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        self.log.take()
    }

    pub(super) fn insert_weak(&self, name: &str, weak: WeakNode) {
        let old = self.weak.borrow_mut().insert(name.to_string(), weak);
        drop(old);
    }

    /// The plain weak handle to `node`, the same one as long as a script has it under any name.
    pub(super) fn plain_weak(&self, node: &Gc<Node>) -> WeakNode {
        let weak = Gc::downgrade(node);
        let shared = self.weak.borrow().values().find_map(|other| match other {
            WeakNode::Plain(other) if other.ptr_eq(&weak) => Some(Rc::clone(other)),
            _ => None,
        });
        WeakNode::Plain(shared.unwrap_or_else(|| Rc::new(weak)))
    }

    pub(super) fn weak_state(&self, name: &str) -> Result<&'static str, String> {
        let weak = self.weak.borrow();
        let weak = weak.get(name).ok_or_else(|| format!("no weak handle {name}"))?;
        Ok(if weak.get().upgrade().is_some() { "alive" } else { "dead" })
    }
}

thread_local! {
    /// The script that this thread runs.
    static RUNNING: Cell<Option<Rc<World>>> = const { Cell::new(None) };
}

/// Runs `code`; a panic in it is logged as `unraisable` when it happens, and not reported otherwise.
pub(super) fn log_panics<R>(world: &Rc<World>, code: impl FnOnce() -> R) -> R {
    static INSTALL_HOOK: Once = Once::new();
    INSTALL_HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| match RUNNING.take() {
            Some(world) => {
                world.log("unraisable".to_string());
                RUNNING.set(Some(world));
            }
            None => default(info),
        }));
    });
    let outer = RUNNING.replace(Some(Rc::clone(world)));
    let result = code();
    RUNNING.set(outer);
    result
}
