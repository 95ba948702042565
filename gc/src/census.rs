//! A census: how many objects there are of each type, and how many more than before.

use core::any::TypeId;
use core::fmt;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::generation::Generation;
use crate::object::ObjectRef;
use crate::segment::Home;
use crate::state::{State, StateRef};
use crate::trace::Trace;
use crate::type_name::Short;

/// The objects of one type: a row of a [`Census`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeCensus {
    /// The type's name, as [`core::any::type_name`] has it. Two types may have the same.
    pub name: &'static str,
    /// How many objects there are.
    pub objects: usize,
    /// Bytes that they take, headers included; not what their values own elsewhere.
    pub bytes: usize,
    /// How many of them are in each generation, youngest first.
    pub generations: [usize; Generation::COUNT],
    /// How many of them are frozen.
    pub frozen: usize,
    id: TypeId,
}

impl TypeCensus {
    fn new(name: &'static str, id: TypeId) -> Self {
        Self { name, objects: 0, bytes: 0, generations: [0; Generation::COUNT], frozen: 0, id }
    }

    /// How many of them are neither in a generation nor frozen: those of types that cannot hold handles, and what a running
    /// collection has found to be garbage.
    #[must_use]
    pub fn untracked(&self) -> usize {
        self.objects - self.generations.iter().sum::<usize>() - self.frozen
    }

    /// Counts where an object is.
    fn count(&mut self, home: Option<Home>) {
        match home {
            Some(Home::Young) => self.generations[0] += 1,
            Some(Home::Middle) => self.generations[1] += 1,
            Some(Home::Old) => self.generations[2] += 1,
            Some(Home::Frozen) => self.frozen += 1,
            None => {}
        }
    }
}

/// How many objects there are of each type: [`Collector::census`].
///
/// [`Display`](fmt::Display) prints a table, the most common type first, like objgraph's `show_most_common_types`; with a
/// precision (`{:.10}`) so many types at most, in the alternate form (`{:#}`) with full names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    types: Vec<TypeCensus>,
}

impl Census {
    /// Counts these objects, each once.
    ///
    /// ```
    /// use mudlark_gc::{Census, Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let words = ["ebb", "flow"].map(|word| Gc::into_dyn(Gc::new_in(word, &collector)));
    /// let census = Census::of(words.iter().chain(&words[..1]));
    /// assert_eq!((census.types()[0].name, census.objects()), ("&str", 2));
    /// ```
    #[must_use]
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Gc<dyn Trace>>) -> Self {
        let mut rows = Rows::default();
        let mut known = BTreeSet::new();
        for object in objects.into_iter().map(Gc::object) {
            if known.insert(object.address()) {
                let home = StateRef::of(object).generations.home_of(object);
                let row = rows.of_object(object);
                row.objects += 1;
                row.bytes += object.size();
                row.count(home);
            }
        }
        rows.into_census()
    }

    fn of_state(state: &State) -> Self {
        let mut rows = Rows::default();
        state.types.for_each(|info| {
            let live = info.live.get();
            if live > 0 {
                let row = rows.of_type((info.vtable.type_id)(), (info.vtable.type_name)());
                row.objects += live;
                row.bytes += live * info.layout.size();
            }
        });
        for object in state.generations.present() {
            rows.of_object(object).count(state.generations.home_of(object));
        }
        rows.into_census()
    }

    /// The types of which there are objects, the most common first.
    #[must_use]
    pub fn types(&self) -> &[TypeCensus] {
        &self.types
    }

    /// The row of `T`, if there are objects of it.
    #[must_use]
    pub fn of_type<T: 'static>(&self) -> Option<&TypeCensus> {
        self.row(TypeId::of::<T>())
    }

    fn row(&self, id: TypeId) -> Option<&TypeCensus> {
        self.types.iter().find(|row| row.id == id)
    }

    /// How many objects there are of all types.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.types.iter().map(|row| row.objects).sum()
    }

    /// Bytes that all of them take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.types.iter().map(|row| row.bytes).sum()
    }

    /// The types of which there are more objects than `before`: objgraph's `growth`, which `show_growth` prints.
    ///
    /// What grows from one answer to the next is where to look for a leak.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let before = collector.census();
    /// let _kept = Gc::new_in(7_u64, &collector);
    /// let growth = collector.census().growth(&before);
    /// assert_eq!((growth.types()[0].name, growth.types()[0].new_objects), ("u64", 1));
    /// println!("{growth}");
    /// ```
    #[must_use]
    pub fn growth(&self, before: &Self) -> Growth {
        let earlier: BTreeMap<TypeId, &TypeCensus> = before.types.iter().map(|row| (row.id, row)).collect();
        let grown = self.types.iter().filter_map(|now| {
            let (objects, bytes) = earlier.get(&now.id).map_or((0, 0), |row| (row.objects, row.bytes));
            let new_objects = now.objects.checked_sub(objects).filter(|&new| new > 0)?;
            Some(TypeGrowth {
                name: now.name,
                objects: now.objects,
                new_objects,
                new_bytes: now.bytes.saturating_sub(bytes),
            })
        });
        let mut types: Vec<_> = grown.collect();
        types.sort_by(|one, other| other.new_objects.cmp(&one.new_objects).then_with(|| one.name.cmp(other.name)));
        Growth { types }
    }
}

/// The rows of a census that is being made.
#[derive(Default)]
struct Rows(BTreeMap<TypeId, TypeCensus>);

impl Rows {
    fn of_type(&mut self, id: TypeId, name: &'static str) -> &mut TypeCensus {
        self.0.entry(id).or_insert_with(|| TypeCensus::new(name, id))
    }

    fn of_object(&mut self, object: ObjectRef) -> &mut TypeCensus {
        let vtable = object.vtable();
        self.of_type((vtable.type_id)(), (vtable.type_name)())
    }

    fn into_census(self) -> Census {
        let mut types: Vec<_> = self.0.into_values().collect();
        types.sort_by(|one, other| other.objects.cmp(&one.objects).then_with(|| one.name.cmp(other.name)));
        Census { types }
    }
}

/// A type of which there are more objects than before: a row of a [`Growth`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeGrowth {
    /// The type's name, as [`core::any::type_name`] has it.
    pub name: &'static str,
    /// How many objects there are now.
    pub objects: usize,
    /// How many more that is.
    pub new_objects: usize,
    /// How many more bytes they take.
    pub new_bytes: usize,
}

/// The types of which there are more objects than before: [`Census::growth`].
///
/// [`Display`](fmt::Display) prints a table as that of [`Census`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    types: Vec<TypeGrowth>,
}

impl Growth {
    /// The types, the one that has grown by most objects first.
    #[must_use]
    pub fn types(&self) -> &[TypeGrowth] {
        &self.types
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names::new(f, self.types.iter().map(|row| row.name));
        let width = names.width;
        write!(f, "{:<width$} {:>10} {:>12}", "type", "objects", "bytes")?;
        write!(f, " {:>10} {:>10} {:>10} {:>10} {:>10}", "young", "middle", "old", "frozen", "untracked")?;
        for (name, row) in names.shown.iter().zip(&self.types) {
            let [young, middle, old] = row.generations;
            write!(f, "\n{name:<width$} {:>10} {:>12}", row.objects, row.bytes)?;
            write!(f, " {young:>10} {middle:>10} {old:>10} {:>10} {:>10}", row.frozen, row.untracked())?;
        }
        names.write_rest(f)?;
        write!(f, "\n{:<width$} {:>10} {:>12}", "all", self.objects(), self.bytes())
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names::new(f, self.types.iter().map(|row| row.name));
        let width = names.width;
        write!(f, "{:<width$} {:>10} {:>10} {:>12}", "type", "objects", "growth", "bytes")?;
        for (name, row) in names.shown.iter().zip(&self.types) {
            let (more, bytes) = (row.new_objects, row.new_bytes);
            write!(f, "\n{name:<width$} {:>10} {more:>+10} {bytes:>+12}", row.objects)?;
        }
        names.write_rest(f)
    }
}

/// The first column of a table.
struct Names {
    shown: Vec<String>,
    width: usize,
    /// How many are not shown.
    rest: usize,
}

impl Names {
    /// As many and as long as the formatter says.
    fn new<'a>(f: &fmt::Formatter<'_>, names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let all = names.len();
        let name = |name: &str| if f.alternate() { name.to_string() } else { Short(name).to_string() };
        let shown: Vec<_> = names.take(f.precision().unwrap_or(usize::MAX)).map(name).collect();
        let width = shown.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("type".len());
        let rest = all - shown.len();
        Self { shown, width, rest }
    }

    fn write_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rest {
            0 => Ok(()),
            1 => write!(f, "\n… 1 more type"),
            rest => write!(f, "\n… {rest} more types"),
        }
    }
}

impl Collector {
    /// How many objects there are of each type, how many bytes they take, and where they are. O(objects).
    ///
    /// ```
    /// # #[cfg(feature = "derive")] {
    /// use mudlark_gc::{Collector, Gc, Trace};
    ///
    /// #[derive(Trace)]
    /// struct Boat(Option<Gc<Boat>>);
    ///
    /// let collector = Collector::new();
    /// let fleet: Vec<_> = (0..3).map(|_| Gc::new_in(Boat(None), &collector)).collect();
    /// let census = collector.census();
    /// let boats = census.of_type::<Boat>().unwrap();
    /// assert_eq!((boats.objects, boats.generations), (3, [3, 0, 0]));
    /// println!("{census:.10}"); // the ten most common types
    /// # drop(fleet);
    /// # }
    /// ```
    #[must_use]
    pub fn census(&self) -> Census {
        Census::of_state(self.state())
    }
}
