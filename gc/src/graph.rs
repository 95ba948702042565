//! Pictures of the graph: which objects and edges are in one, within limits.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::object::ObjectRef;
use crate::survey::{Direction, Survey};

mod dot;

pub use dot::Dot;
use dot::{Edge, Node, Place};

/// How many edges an object is from a root at most, if nobody says more: objgraph's `max_depth`.
const DEPTH: usize = 3;
/// How many neighbours of an object are drawn at most, if nobody says more: objgraph's `too_many`.
const WIDTH: usize = 10;
/// How many objects are drawn at most, if nobody says more.
const NODES: usize = 100;
/// How many names of edges between the same two objects are written.
const NAMES: usize = 3;

/// A picture to be drawn of a collector's objects: objgraph's `show_refs` and `show_backrefs`.
///
/// What is in it is said by where it begins, and by limits; of what is left out, the number is in it. [`to_dot`](Graph::to_dot)
/// then looks at the objects and draws.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use mudlark_gc::{Collector, Gc, Graph, Trace};
///
/// #[derive(Trace)]
/// struct Shelf { books: Vec<Gc<String>> }
///
/// let collector = Collector::new();
/// let book = Gc::new_in("Roxana".to_string(), &collector);
/// let shelf = Gc::new_in(Shelf { books: vec![book.clone()] }, &collector);
/// let dot = Graph::backrefs(&collector, [&book]).depth(5).to_dot().to_string();
/// assert!(dot.contains("Shelf") && dot.contains("books[0]"));
/// # drop(shelf);
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is drawn before `to_dot` is called"]
pub struct Graph<'a> {
    collector: &'a Collector,
    shown: Shown,
    /// Objects that are asked about. There are handles to them as long as `'a`.
    roots: Vec<ObjectRef>,
    depth: usize,
    width: usize,
    nodes: usize,
    handles: PhantomData<&'a ()>,
}

/// Which objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// All that there are.
    Everything,
    /// The roots, and what can be come by from them.
    Around(Direction),
    /// The roots alone.
    Roots,
}

impl<'a> Graph<'a> {
    fn new(collector: &'a Collector, shown: Shown, roots: Vec<ObjectRef>) -> Self {
        Self { collector, shown, roots, depth: DEPTH, width: WIDTH, nodes: NODES, handles: PhantomData }
    }

    /// Everything that the collector has, oldest first; of untracked objects only those that others lead to.
    pub fn whole(collector: &'a Collector) -> Self {
        Self::new(collector, Shown::Everything, Vec::new())
    }

    /// These objects, and what they lead to: objgraph's `show_refs`.
    pub fn of<T: ?Sized + 'a>(collector: &'a Collector, roots: impl IntoIterator<Item = &'a Gc<T>>) -> Self {
        Self::new(collector, Shown::Around(Direction::Forward), objects(roots))
    }

    /// These objects, and what leads to them: objgraph's `show_backrefs`.
    pub fn backrefs<T: ?Sized + 'a>(collector: &'a Collector, roots: impl IntoIterator<Item = &'a Gc<T>>) -> Self {
        Self::new(collector, Shown::Around(Direction::Backward), objects(roots))
    }

    /// These objects, and the edges between them: of a [`Chain`](crate::Chain), say, as objgraph's `show_chain` does, or of what
    /// is [leaking](Collector::leaking).
    pub fn among<T: ?Sized + 'a>(collector: &'a Collector, objects_drawn: impl IntoIterator<Item = &'a Gc<T>>) -> Self {
        Self::new(collector, Shown::Roots, objects(objects_drawn))
    }

    /// Draws objects that are so many edges from a root at most; three if this is not called.
    pub fn depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// Follows so many edges to different objects from each at most; ten if this is not called.
    pub fn width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Draws so many objects at most; a hundred if this is not called.
    pub fn nodes(self, nodes: usize) -> Self {
        Self { nodes, ..self }
    }

    /// Looks at the objects now, and draws.
    ///
    /// The handles that the roots were given by do not count. O(objects and their edges), however
    /// little is drawn.
    #[must_use]
    pub fn to_dot(&self) -> Dot {
        let mut survey = Survey::of(self.collector.state());
        let roots: Vec<_> = self.roots.iter().map(|&object| survey.asked_about(object)).collect();
        let drawn = self.select(&mut survey, &roots);
        let mut dot = Dot::default();
        for &number in &drawn.numbers {
            let mut node = self.node(&survey, number);
            node.is_root = self.shown != Shown::Roots && roots.contains(&number);
            node.more = self.left_out(&mut survey, number, &drawn);
            dot.nodes.push(node);
            dot.edges.extend(edges(&survey, number, &drawn));
        }
        dot.grows_backward = self.shown == Shown::Around(Direction::Backward);
        dot
    }

    /// Which objects are drawn.
    fn select(&self, survey: &mut Survey, roots: &[usize]) -> Drawn {
        let mut drawn = Drawn { limit: self.nodes, ..Drawn::default() };
        match self.shown {
            Shown::Everything => survey.numbers().for_each(|number| drawn.add(number, 0)),
            Shown::Roots => roots.iter().for_each(|&number| drawn.add(number, 0)),
            Shown::Around(direction) => {
                roots.iter().for_each(|&number| drawn.add(number, 0));
                self.spread(survey, direction, &mut drawn);
            }
        }
        drawn
    }

    /// Goes on from what is drawn, the nearest first.
    fn spread(&self, survey: &mut Survey, direction: Direction, drawn: &mut Drawn) {
        let mut next = 0;
        while let Some(&number) = drawn.numbers.get(next) {
            let distance = drawn.distances[next];
            if distance < self.depth {
                let mut followed = BTreeSet::new();
                for &neighbour in survey.neighbours(number, direction) {
                    if followed.len() < self.width && followed.insert(neighbour) {
                        drawn.add(neighbour, distance + 1);
                    }
                }
            }
            next += 1;
        }
    }

    fn node(&self, survey: &Survey, number: usize) -> Node {
        let object = survey.object(number);
        let asked_with = self.roots.iter().filter(|&&root| root == object).count();
        let place = match self.collector.state().generations.home_of(object).filter(|_| survey.owns(number)) {
            Some(home) => Place::At(home),
            None if survey.owns(number) => Place::Untracked,
            None => Place::Elsewhere,
        };
        Node {
            type_name: (object.vtable().type_name)(),
            count: (object.word().count() as usize).saturating_sub(asked_with),
            external: survey.external_count(number),
            bytes: object.size(),
            place,
            is_root: false,
            more: 0,
        }
    }

    /// How many neighbours of an object, on the side that the picture grows to, are not drawn.
    fn left_out(&self, survey: &mut Survey, number: usize, drawn: &Drawn) -> usize {
        let direction = match self.shown {
            Shown::Everything => Direction::Forward,
            Shown::Around(direction) => direction,
            Shown::Roots => return 0,
        };
        let neighbours: BTreeSet<_> = survey.neighbours(number, direction).iter().collect();
        neighbours.into_iter().filter(|neighbour| !drawn.indices.contains_key(neighbour)).count()
    }
}

fn objects<'a, T: ?Sized + 'a>(handles: impl IntoIterator<Item = &'a Gc<T>>) -> Vec<ObjectRef> {
    handles.into_iter().map(Gc::object).collect()
}

/// The edges from one object to others that are drawn, one a target.
fn edges(survey: &Survey, source: usize, drawn: &Drawn) -> Vec<Edge> {
    let mut names: BTreeMap<usize, (Vec<String>, usize)> = BTreeMap::new();
    if survey.traced().contains(&source) {
        survey.object(source).trace_named(&mut |target, name| {
            let Some(target) = survey.number_of(target).and_then(|number| drawn.indices.get(&number)) else { return };
            let (names, edges) = names.entry(*target).or_default();
            if names.len() < NAMES {
                names.push(name.to_string());
            }
            *edges += 1;
        });
    }
    let source = drawn.indices[&source];
    names.into_iter().map(|(target, (names, edges))| Edge { source, target, names, edges }).collect()
}

/// The objects that are drawn, in order.
#[derive(Default)]
struct Drawn {
    limit: usize,
    numbers: Vec<usize>,
    /// How far each is from a root.
    distances: Vec<usize>,
    indices: BTreeMap<usize, usize>,
}

impl Drawn {
    /// Adds an object, if it is new and there is room.
    fn add(&mut self, number: usize, distance: usize) {
        let index = self.numbers.len();
        if index < self.limit && !self.indices.contains_key(&number) {
            self.indices.insert(number, index);
            self.numbers.push(number);
            self.distances.push(distance);
        }
    }
}

impl fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("shown", &self.shown)
            .field("roots", &self.roots)
            .field("depth", &self.depth)
            .field("width", &self.width)
            .field("nodes", &self.nodes)
            .finish()
    }
}
