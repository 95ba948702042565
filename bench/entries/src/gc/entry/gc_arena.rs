//! gc-arena's `Gc`: incremental mark and sweep of an arena, whose handles live only inside it and are plain copies.

use gc_arena::arena::CollectionPhase;
use gc_arena::lock::RefLock;
use gc_arena::{Arena, Collect, Gc, Mutation, Rootable};

use crate::gc::collector::{Collector, EDGES, Heap, Step};

type Handle<'gc> = Gc<'gc, Node<'gc>>;

#[derive(Collect)]
#[collect(no_drop)]
pub(crate) struct Node<'gc> {
    value: u64,
    edges: RefLock<[Option<Handle<'gc>>; EDGES]>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct Roots<'gc>(Vec<Handle<'gc>>);

/// The arena and, in it, the roots.
pub(crate) struct Entry {
    arena: Arena<Rootable![Roots<'_>]>,
}

#[derive(Clone, Copy)]
struct Inside<'gc>(&'gc Mutation<'gc>);

impl<'gc> Heap for Inside<'gc> {
    type Node = Handle<'gc>;

    fn make(self, value: u64) -> Self::Node {
        Gc::new(self.0, Node { value, edges: RefLock::new([None; EDGES]) })
    }

    fn link(self, from: &Self::Node, edge: usize, to: &Self::Node) {
        let from = Gc::write(self.0, *from);
        gc_arena::barrier::field!(from, Node, edges).unlock().borrow_mut()[edge] = Some(*to);
    }

    fn follow(self, from: &Self::Node, edge: usize) -> Option<Self::Node> {
        from.edges.borrow()[edge]
    }

    fn value(self, node: &Self::Node) -> u64 {
        node.value
    }
}

impl Collector for Entry {
    fn new() -> Self {
        Self { arena: Arena::new(|_| Roots(Vec::new())) }
    }

    fn enter<S: Step>(&mut self, step: S) -> S::Output {
        let output = self.arena.mutate_root(|mutation, roots| step.run(Inside(mutation), &mut roots.0));
        self.arena.collect_debt();
        output
    }

    /// A cycle that is under way may have marked what is garbage now, and spares it: then it takes another one.
    fn collect(&mut self) {
        if self.arena.collection_phase() != CollectionPhase::Sleeping {
            self.arena.finish_cycle();
        }
        self.arena.finish_cycle();
    }
}
