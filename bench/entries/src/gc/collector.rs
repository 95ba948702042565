//! What a collector must do to race, and what a workload is made of.
//!
//! Most collectors let a handle be kept anywhere; gc-arena's handles live only inside its arena, between whose visits it
//! collects. So that one source serves both, a workload is a sequence of *steps*: a step is inside, makes and links nodes
//! as it likes, and keeps what shall stay among the *roots*. For most entries the roots are a plain vector and entering
//! costs nothing (`free_handles.rs`); for gc-arena they are the arena's root, and after every step it collects as much as
//! it owes.

/// How many edges a node has room for.
pub(crate) const EDGES: usize = 3;

/// A collector seen from inside a step.
pub(crate) trait Heap: Copy {
    /// A handle to a node.
    type Node: Clone;

    /// A node without edges.
    fn make(self, value: u64) -> Self::Node;

    /// Sets an edge.
    fn link(self, from: &Self::Node, edge: usize, to: &Self::Node);

    /// Follows an edge.
    fn follow(self, from: &Self::Node, edge: usize) -> Option<Self::Node>;

    /// The number a node was made with.
    fn value(self, node: &Self::Node) -> u64;
}

/// A part of a workload, during which a collector that needs to be left alone for it does not collect.
pub(crate) trait Step {
    /// What the step finds out.
    type Output;

    /// Does it. The roots are what the steps before have left.
    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) -> Self::Output;
}

/// A collector and the roots.
pub(crate) trait Collector {
    /// A collector with nothing to collect.
    fn new() -> Self;

    /// Does a step. After it is a good time to collect.
    fn enter<S: Step>(&mut self, step: S) -> S::Output;

    /// Frees all that is garbage now.
    fn collect(&mut self);
}

/// Drops all roots.
pub(crate) struct ForgetRoots;

impl Step for ForgetRoots {
    type Output = ();

    fn run<H: Heap>(self, _: H, roots: &mut Vec<H::Node>) {
        roots.clear();
    }
}
