//! What a collector must do to race, and what a workload is made of.
//!
//! Most collectors let a handle be kept anywhere; gc-arena's handles live only inside its arena, between whose visits it
//! collects. So that one source serves both, a workload is a sequence of *steps*: a step is inside, makes and links nodes
//! as it likes, and keeps what shall stay among the *roots*. For most entries the roots are a plain vector and entering
//! costs nothing; for gc-arena they are the arena's root, and after every step it collects as much as it owes.

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

/// A collector whose handles may be kept anywhere: what most entries fill in.
#[cfg(not(feature = "gc-gc-arena"))]
pub(crate) trait FreeHandles: Heap + Default {
    /// Frees all that is garbage now.
    fn collect();

    /// Collects, if it is time and nobody else does it.
    fn after_step() {}
}

/// Such a collector, with a vector of roots.
#[cfg(not(feature = "gc-gc-arena"))]
pub(crate) struct WithRoots<H: Heap> {
    roots: Vec<H::Node>,
}

#[cfg(not(feature = "gc-gc-arena"))]
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

/// Drops all roots.
pub(crate) struct ForgetRoots;

impl Step for ForgetRoots {
    type Output = ();

    fn run<H: Heap>(self, _: H, roots: &mut Vec<H::Node>) {
        roots.clear();
    }
}
