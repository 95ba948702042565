//! Collectors whose handles may be kept anywhere, as an `Rc` may: all but gc-arena. What they have in common is here, so
//! that an entry says only what is its own.

use crate::gc::collector::{Collector, Heap, Step};

/// What such a collector fills in.
pub(crate) trait FreeHandles: Heap + Default {
    /// Frees all that is garbage now.
    fn collect();

    /// A node is being made.
    fn making() {}

    /// Collects, if it is time and nobody else does it.
    fn after_step() {}
}

/// Such a collector, with a vector of roots.
pub(crate) struct WithRoots<H: Heap> {
    roots: Vec<H::Node>,
}

impl<H: FreeHandles> Collector for WithRoots<H> {
    fn new() -> Self {
        Self { roots: Vec::new() }
    }

    fn enter<S: Step>(&mut self, step: S) -> S::Output {
        let output = step.run(H::default(), &mut self.roots);
        H::after_step();
        output
    }

    fn collect(&mut self) {
        H::collect();
    }
}

/// Defines `Nodes`, the heap of an entry whose `Node` has its edges, each a `$Gc` of a `Node`, in a `$Cell`, which borrows
/// as a `RefCell` does. That is the same for all but for the names; `Node` itself is not, since each collector derives
/// something else for it.
macro_rules! nodes {
    ($Gc:ident in $Cell:ident) => {
        pub(crate) type Entry = $crate::gc::free_handles::WithRoots<Nodes>;

        #[derive(Clone, Copy, Default)]
        pub(crate) struct Nodes;

        impl $crate::gc::collector::Heap for Nodes {
            type Node = $Gc<Node>;

            fn make(self, value: u64) -> Self::Node {
                <Self as $crate::gc::free_handles::FreeHandles>::making();
                let edges = $Cell::new([const { None }; $crate::gc::collector::EDGES]);
                $Gc::new(Node { value, edges })
            }

            fn link(self, from: &Self::Node, edge: usize, to: &Self::Node) {
                from.edges.borrow_mut()[edge] = Some(to.clone());
            }

            fn follow(self, from: &Self::Node, edge: usize) -> Option<Self::Node> {
                from.edges.borrow()[edge].clone()
            }

            fn value(self, node: &Self::Node) -> u64 {
                node.value
            }
        }
    };
}

pub(crate) use nodes;
