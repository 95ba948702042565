//! The nodes of a program's graph, what their finalizers do, and what the model knows of them.

use core::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mudlark_gc::{Gc, Trace};

pub(crate) type Id = u32;

/// A value that says when it is dropped.
#[derive(Trace)]
#[trace(finalize = Node::finalize)]
pub(crate) struct Node {
    pub(crate) id: Id,
    #[trace(skip)]
    pub(crate) last_words: LastWords,
    pub(crate) edges: RefCell<Vec<Gc<Node>>>,
    /// Handles that the collector is not told about: they keep their objects alive.
    #[trace(skip)]
    pub(crate) hidden: Hidden,
    pub(crate) shared: Rc<Shared>,
    #[trace(skip)]
    pub(crate) _drop_note: DropNote,
}

/// As it is not traced, the collector takes its handles for variables of the program.
#[derive(Default)]
pub(crate) struct Hidden(pub(crate) RefCell<Vec<Gc<Node>>>);

/// What a finalizer does.
#[derive(Clone, Copy)]
pub(crate) enum LastWords {
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
pub(crate) struct Scrap(RefCell<Option<Gc<Scrap>>>);

pub(crate) struct DropNote {
    pub(crate) id: Id,
    /// Never read from a value that was freed: the test would see the wrong number.
    pub(crate) canary: Cell<u64>,
    pub(crate) dropped: Rc<RefCell<BTreeSet<Id>>>,
}

pub(crate) const CANARY: u64 = 0x5EED_CAFE_F00D_BEEF;

impl Drop for DropNote {
    fn drop(&mut self) {
        assert_eq!(self.canary.replace(0), CANARY, "node {} was dropped twice", self.id);
        assert!(self.dropped.borrow_mut().insert(self.id));
    }
}

#[derive(Default)]
pub(crate) struct ModelNode {
    pub(crate) edges: Vec<Id>,
    /// What the weak map has for it.
    pub(crate) attached: Option<Attachment>,
    pub(crate) hidden: Vec<Id>,
}

/// What the weak map has for a node; the model is told when it goes.
#[derive(Trace)]
pub(crate) struct Attached {
    pub(crate) to: Gc<Node>,
    #[trace(skip)]
    pub(crate) _note: AttachedNote,
}

pub(crate) struct AttachedNote {
    pub(crate) key: Id,
    pub(crate) attachment: Attachment,
    pub(crate) shared: Rc<Shared>,
}

/// No two have the same number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) number: u32,
    pub(crate) to: Id,
}

impl Drop for AttachedNote {
    fn drop(&mut self) {
        if let Some(node) = self.shared.model.borrow_mut().get_mut(&self.key)
            && node.attached == Some(self.attachment)
        {
            node.attached = None;
        }
    }
}

/// What finalizers reach.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) model: RefCell<BTreeMap<Id, ModelNode>>,
    /// Handles that finalizers let out.
    pub(crate) saved: RefCell<Vec<Gc<Node>>>,
}
