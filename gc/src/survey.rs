//! A survey: the objects of a collector and the edges between them, at one moment.
//!
//! Everything that is asked about the graph as a whole is answered from one. Objects are numbered: first those that were
//! traced, oldest first, then what else they lead to, which is untracked or another collector's.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::object::ObjectRef;
use crate::owner::Owner;
use crate::segment::Home;
use crate::state::State;
use crate::trace::Tracer;

/// What objects lead to, or what leads to them, by number.
struct Neighbours {
    /// Where in `of_all` the neighbours of each object end.
    ends: Vec<usize>,
    of_all: Vec<usize>,
}

impl Neighbours {
    /// An object's neighbours, one an edge.
    fn of(&self, number: usize) -> &[usize] {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(number).copied();
        end.map_or(&[], |end| &self.of_all[start.unwrap_or(0)..end])
    }

    /// The same edges the other way round, between so many objects.
    fn reversed(&self, objects: usize) -> Self {
        let mut ends = alloc::vec![0; objects];
        self.of_all.iter().for_each(|&target| ends[target] += 1);
        let mut sum = 0;
        for end in &mut ends {
            // For now where they begin.
            sum += core::mem::replace(end, sum);
        }
        let mut of_all = alloc::vec![0; self.of_all.len()];
        for source in 0..self.ends.len() {
            for &target in self.of(source) {
                of_all[ends[target]] = source;
                ends[target] += 1;
            }
        }
        Self { ends, of_all }
    }
}

/// Which way edges are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To what an object leads to.
    Forward,
    /// To what leads to an object.
    Backward,
}

/// An object that was come by, and from which other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visited {
    pub(crate) number: usize,
    /// The index, among those visited, of the one before it on the shortest way; its own if it is where the way begins.
    pub(crate) from: usize,
}

/// # Invariants
///
/// The objects are alive as long as no code of the program's runs; whoever lets some run has handles to those that are
/// needed after it.
pub(crate) struct Survey {
    owner: Owner,
    objects: Vec<ObjectRef>,
    /// How many were traced.
    traced: usize,
    /// By slot, the number of each object that was traced and one more; or zero.
    by_slot: Vec<usize>,
    /// By address, those of the others.
    others: BTreeMap<usize, usize>,
    targets: Neighbours,
    sources: Option<Neighbours>,
    /// Counts of each object that are no edge from a traced one.
    external: Vec<usize>,
}

impl Survey {
    /// Looks at everything that a collector has. O(objects and edges); those that lead to untracked objects take the logarithm
    /// of the number of these.
    ///
    /// What a running collection has found to be garbage counts as outside.
    pub(crate) fn of(state: &State) -> Self {
        let objects: Vec<_> = state.generations.present().collect();
        let mut survey = Self {
            owner: Owner::of_objects_of(state),
            traced: objects.len(),
            by_slot: by_slot(&objects),
            others: BTreeMap::new(),
            objects,
            targets: Neighbours { ends: Vec::new(), of_all: Vec::new() },
            sources: None,
            external: Vec::new(),
        };
        for number in 0..survey.traced {
            survey.trace(number);
        }
        survey.external = survey.objects.iter().map(|&object| strong_count(object)).collect();
        for &target in &survey.targets.of_all {
            survey.external[target] = less_one(survey.external[target]);
        }
        survey
    }

    fn trace(&mut self, number: usize) {
        let object = self.objects[number];
        object.trace(&mut Tracer::visit(&mut |target| {
            let target = self.admit(target);
            self.targets.of_all.push(target);
        }));
        self.targets.ends.push(self.targets.of_all.len());
    }

    /// The number of an object, which it is given if it has none.
    fn admit(&mut self, object: ObjectRef) -> usize {
        self.number_of(object).unwrap_or_else(|| {
            let number = self.objects.len();
            self.others.insert(object.address(), number);
            self.objects.push(object);
            number
        })
    }

    /// The number of an object to which somebody has a handle, and asks with it: so that does not count.
    pub(crate) fn asked_about(&mut self, object: ObjectRef) -> usize {
        let number = self.admit(object);
        if number == self.external.len() {
            self.external.push(strong_count(object));
        }
        self.external[number] = less_one(self.external[number]);
        number
    }

    /// All numbers.
    pub(crate) fn numbers(&self) -> core::ops::Range<usize> {
        0..self.objects.len()
    }

    /// The numbers of objects that were traced.
    pub(crate) fn traced(&self) -> core::ops::Range<usize> {
        0..self.traced
    }

    pub(crate) fn object(&self, number: usize) -> ObjectRef {
        self.objects[number]
    }

    pub(crate) fn number_of(&self, object: ObjectRef) -> Option<usize> {
        // Another collector's has a slot, too.
        let by_slot = self.by_slot.get(object.slot().get() as usize).and_then(|number| number.checked_sub(1));
        by_slot.filter(|&number| self.objects[number] == object).or_else(|| self.others.get(&object.address()).copied())
    }

    /// Whether it is one of the collector's own.
    pub(crate) fn owns(&self, number: usize) -> bool {
        self.owner.owns(self.objects[number])
    }

    /// How many handles to it are in no traced object; [`usize::MAX`] if it is immortal.
    pub(crate) fn external_count(&self, number: usize) -> usize {
        self.external[number]
    }

    /// What an object leads to, or what leads to it, one an edge.
    pub(crate) fn neighbours(&mut self, number: usize, direction: Direction) -> &[usize] {
        match direction {
            Direction::Forward => self.targets.of(number),
            Direction::Backward => {
                let reverse = || self.targets.reversed(self.objects.len());
                self.sources.get_or_insert_with(reverse).of(number)
            }
        }
    }

    /// All that can be come by from some objects, the nearest first.
    pub(crate) fn visit(&mut self, starts: impl IntoIterator<Item = usize>, direction: Direction) -> Vec<Visited> {
        let mut is_known = alloc::vec![false; self.objects.len()];
        let mut visited: Vec<Visited> = Vec::new();
        for number in starts {
            if !core::mem::replace(&mut is_known[number], true) {
                visited.push(Visited { number, from: visited.len() });
            }
        }
        let mut from = 0;
        while let Some(&Visited { number, .. }) = visited.get(from) {
            for &neighbour in self.neighbours(number, direction) {
                if !core::mem::replace(&mut is_known[neighbour], true) {
                    visited.push(Visited { number: neighbour, from });
                }
            }
            from += 1;
        }
        visited
    }

    /// Objects that nothing outside leads to, by any way: garbage that waits for a collection. Frozen ones are outside.
    pub(crate) fn garbage(&mut self, state: &State) -> Vec<usize> {
        let is_held = |survey: &Self, number: usize| {
            survey.external_count(number) > 0 || state.generations.home_of(survey.objects[number]) == Some(Home::Frozen)
        };
        let held: Vec<_> = self.traced().filter(|&number| is_held(self, number)).collect();
        let mut is_garbage = alloc::vec![true; self.objects.len()];
        self.visit(held, Direction::Forward).iter().for_each(|visited| is_garbage[visited.number] = false);
        self.traced().filter(|&number| is_garbage[number]).collect()
    }
}

/// The numbers of objects by slot, each and one more.
fn by_slot(objects: &[ObjectRef]) -> Vec<usize> {
    let mut by_slot = Vec::new();
    for (number, object) in (1..).zip(objects) {
        let slot = object.slot().get() as usize;
        if by_slot.len() <= slot {
            by_slot.resize(slot + 1, 0);
        }
        by_slot[slot] = number;
    }
    by_slot
}

/// An object's strong count; [`usize::MAX`] if it is immortal.
fn strong_count(object: ObjectRef) -> usize {
    if object.word().is_immortal() { usize::MAX } else { object.word().count() as usize }
}

/// One count less, if there is any; of an immortal object none goes.
fn less_one(count: usize) -> usize {
    if count == usize::MAX { count } else { count.saturating_sub(1) }
}
