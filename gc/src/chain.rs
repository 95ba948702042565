//! Chains: how one object leads to another.

use core::fmt;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::held::Held;
use crate::object::ObjectRef;
use crate::survey::{Direction, Survey, Visited};
use crate::type_name::Short;

/// A way along the edges from one object to another, as short as any.
///
/// [`Display`](fmt::Display) writes a line for each object:
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use mudlark_gc::{Collector, Gc, Trace};
///
/// #[derive(Trace)]
/// struct Shelf { books: Vec<Gc<Book>> }
/// #[derive(Trace)]
/// struct Book { author: Gc<String> }
///
/// let collector = Collector::new();
/// let author = Gc::new_in("Defoe".to_string(), &collector);
/// let shelf = Gc::new_in(Shelf { books: vec![Gc::new_in(Book { author: author.clone() }, &collector)] }, &collector);
/// let chain = collector.backref_chain(&author, |held| held.external_count() > 0).unwrap();
/// assert_eq!(chain.to_string(), "Shelf (1 from outside)\n  books[0] -> Book\n  author -> String");
/// # drop(shelf);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    objects: Vec<Held>,
    edges: Vec<String>,
}

impl Chain {
    /// The objects, each of which leads to the next. There is at least one.
    #[must_use]
    pub fn objects(&self) -> &[Held] {
        &self.objects
    }

    /// The names of the fields by which each object leads to the next, one less than objects: `neighbours[3]`. Empty where a
    /// field has no name, or an edge is no longer there.
    #[must_use]
    pub fn edges(&self) -> &[String] {
        &self.edges
    }

    fn new(objects: Vec<Held>) -> Self {
        let pairs = objects.iter().zip(objects.iter().skip(1));
        let name = |(from, to): (&Held, &Held)| name_of_edge(from.object().object(), to.object().object());
        let edges = pairs.map(name).collect();
        Self { objects, edges }
    }
}

/// The name of the first edge between two objects, empty if there is none.
fn name_of_edge(from: ObjectRef, to: ObjectRef) -> String {
    let mut found = None;
    from.trace_named(&mut |target, name| {
        if target == to && found.is_none() {
            found = Some(name.to_string());
        }
    });
    found.unwrap_or_default()
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, held) in self.objects.iter().enumerate() {
            match index.checked_sub(1).map(|before| self.edges[before].as_str()) {
                None => {}
                Some("") => f.write_str("\n  -> ")?,
                Some(edge) => write!(f, "\n  {edge} -> ")?,
            }
            write!(f, "{}", Short(held.type_name()))?;
            match held.external_count() {
                0 => {}
                usize::MAX => f.write_str(" (immortal)")?,
                count => write!(f, " ({count} from outside)")?,
            }
        }
        Ok(())
    }
}

impl Collector {
    /// The shortest chain from an object that `is_sought` says yes to, to `object`, which may be that one itself: objgraph's
    /// `find_backref_chain`. It answers what keeps `object` alive: «is [held from outside](Held::external_count)», «is a
    /// `Session`».
    ///
    /// Objects of this collector are looked at, the nearest first, of equally near ones the oldest. `is_sought` is asked about
    /// a graph that was looked at before, and may do anything. The handle that is given does not count as held from outside.
    /// O(objects and their edges). All that it may be asked about gets a handle meanwhile, so the next automatic collections
    /// look at that, too.
    ///
    /// # Panics
    ///
    /// When `is_sought` does.
    ///
    /// See [`Chain`] for an example.
    pub fn backref_chain<T: ?Sized>(&self, object: &Gc<T>, is_sought: impl FnMut(&Held) -> bool) -> Option<Chain> {
        self.way(object, Direction::Backward, is_sought).map(Chain::new)
    }

    /// The shortest chain from `object` to one that `is_sought` says yes to: objgraph's `find_ref_chain`, like
    /// [`backref_chain`](Collector::backref_chain) the other way round.
    ///
    /// # Panics
    ///
    /// When `is_sought` does.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let pair = Gc::new_in((1, Gc::new_in("lark".to_string(), &collector)), &collector);
    /// let chain = collector.chain(&pair, |held| held.is::<String>()).unwrap();
    /// assert_eq!(chain.edges(), ["1"]);
    /// ```
    pub fn chain<T: ?Sized>(&self, object: &Gc<T>, is_sought: impl FnMut(&Held) -> bool) -> Option<Chain> {
        let mut objects = self.way(object, Direction::Forward, is_sought)?;
        objects.reverse();
        Some(Chain::new(objects))
    }

    /// The objects on the shortest way from the first that is sought to `start`.
    fn way<T: ?Sized>(
        &self,
        start: &Gc<T>,
        direction: Direction,
        mut is_sought: impl FnMut(&Held) -> bool,
    ) -> Option<Vec<Held>> {
        let mut survey = Survey::of(self.state());
        let start = survey.asked_about(start.object());
        let visited = survey.visit([start], direction);
        // The handles that keep these alive, whatever the predicate does.
        let held: Vec<_> = visited.iter().map(|visited| Held::new(&survey, visited.number)).collect();
        let end = held.iter().position(&mut is_sought)?;
        Some(way_from(end, &visited).map(|index| held[index].clone()).collect())
    }
}

/// The indices of what was visited on the way to what was found, back to the start.
fn way_from(end: usize, visited: &[Visited]) -> impl Iterator<Item = usize> {
    let before = |&index: &usize| Some(visited[index].from).filter(|&from| from != index);
    core::iter::successors(Some(end), before)
}
