//! The type of a block, as far as the functions tell that asked for it.
//!
//! No one records types: a request has a size and an alignment. But a container's functions are made for the type that it
//! holds, and their names say so: `<alloc::boxed::Box<app::Point>>::new`. This is the best that can be done:
//!
//! - The innermost container counts: a map of vectors that grows is a map, a vector in it a vector. But what a container keeps its
//!   own things in, as a tree its nodes in boxes, is the container's.
//! - Functions that are inlined are seen only with debug information.
//! - The old way of mangling names a type parameter and not the type (`Box<T>`); the debug information has it.
//! - What asks the allocator itself, as C does, has no type.

use super::Function;
use super::names::without_allocator;

/// A type that asks for blocks for what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Box,
    Rc,
    Arc,
    /// What vectors and queues have their elements in.
    RawVec,
    Vec,
    VecDeque,
    LinkedList,
    BTreeMap,
    HashMap,
    Gc,
    Counted,
}

impl Container {
    const fn shown(self) -> &'static str {
        match self {
            Self::Box => "Box",
            Self::Rc => "Rc",
            Self::Arc => "Arc",
            Self::RawVec | Self::Vec => "Vec",
            Self::VecDeque => "VecDeque",
            Self::LinkedList => "LinkedList",
            Self::BTreeMap => "BTreeMap",
            Self::HashMap => "HashMap",
            Self::Gc => "Gc",
            Self::Counted => "Counted",
        }
    }

    /// Whether it keeps its own things in a container of that kind.
    const fn is_built_of(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Rc | Self::Arc | Self::BTreeMap | Self::LinkedList, Self::Box)
                | (Self::Vec | Self::VecDeque, Self::RawVec)
        )
    }
}

/// What of a type's arguments is what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    First,
    /// A key and a value.
    FirstTwo,
    /// A key and a value, in one.
    Pair,
}

/// The containers by the modules that they are in; where one is inside another, it is the first.
const MODULES: [(&str, Container, Held); 15] = [
    ("alloc::boxed", Container::Box, Held::First),
    ("alloc::rc", Container::Rc, Held::First),
    ("alloc::sync", Container::Arc, Held::First),
    ("alloc::raw_vec", Container::RawVec, Held::First),
    ("alloc::vec", Container::Vec, Held::First),
    ("alloc::slice", Container::Vec, Held::First),
    ("alloc::collections::vec_deque", Container::VecDeque, Held::First),
    ("alloc::collections::linked_list", Container::LinkedList, Held::First),
    ("alloc::collections::btree", Container::BTreeMap, Held::FirstTwo),
    ("hashbrown::raw", Container::HashMap, Held::Pair),
    ("hashbrown", Container::HashMap, Held::FirstTwo),
    ("std::collections::hash", Container::HashMap, Held::FirstTwo),
    ("mudlark_gc::gc", Container::Gc, Held::First),
    ("mudlark_gc::collector", Container::Gc, Held::First),
    ("mudlark_rc::counted", Container::Counted, Held::First),
];

/// What a box has for another container, and for which.
const INNER: [(&str, Container, Held); 5] = [
    ("alloc::rc::RcInner<", Container::Rc, Held::First),
    ("alloc::sync::ArcInner<", Container::Arc, Held::First),
    ("alloc::collections::linked_list::Node<", Container::LinkedList, Held::First),
    ("alloc::collections::btree::node::LeafNode<", Container::BTreeMap, Held::FirstTwo),
    ("alloc::collections::btree::node::InternalNode<", Container::BTreeMap, Held::FirstTwo),
];

/// A container that a function is one of.
struct Found {
    container: Container,
    /// What it holds, if that is known.
    held: Option<String>,
    /// It was asked for as itself, and is no part of another.
    is_own: bool,
}

/// The type of the blocks that a stack asks for, whose functions up to who asked are these, the containers'; innermost first.
pub(super) fn type_of(functions: &[Function<'_>]) -> Option<String> {
    let mut innermost: Option<Found> = None;
    let mut is_adjacent = false;
    for function in functions {
        if is_of_text(function) {
            return Some(text_or(innermost));
        }
        let Some(outer) = container_of(function) else {
            is_adjacent = false;
            continue;
        };
        innermost = match innermost {
            None => Some(outer),
            Some(inner) if inner.container == outer.container || is_adjacent && inner.is_part_of(&outer) => {
                Some(outer.around(inner))
            }
            Some(inner) => return Some(inner.shown()),
        };
        is_adjacent = true;
    }
    innermost.map(|found| found.shown())
}

impl Found {
    /// Whether the container that calls this one keeps its own things in it.
    fn is_part_of(&self, outer: &Self) -> bool {
        // A box says what is in it, where it can: then it is known to be no one's part.
        let is_unknown_box = self.container == Container::Box && self.held.is_none();
        !self.is_own
            && outer.container.is_built_of(self.container)
            && (is_unknown_box || self.container == Container::RawVec)
    }

    /// Another function of the same, or of what this is a part of. The inner one knows better what is held.
    fn around(self, inner: Self) -> Self {
        Self { held: inner.held.or(self.held), is_own: inner.is_own || self.is_own, ..self }
    }

    fn shown(&self) -> String {
        format!("{}<{}>", self.container.shown(), self.held.as_deref().unwrap_or("_"))
    }
}

/// A text is a vector of bytes to the allocator.
fn is_of_text(function: &Function<'_>) -> bool {
    let path = function.name.trim_start_matches('<');
    path.starts_with("alloc::string::") || path.starts_with("alloc::str::")
}

fn text_or(found: Option<Found>) -> String {
    match found {
        Some(found) if !matches!(found.container, Container::RawVec | Container::Vec) => found.shown(),
        Some(Found { held: Some(held), container, .. }) if held != "u8" => format!("{}<{held}>", container.shown()),
        _ => "String".to_owned(),
    }
}

/// The container that a function is one of, by its module: names that are whole only by their files have no type in them.
fn container_of(function: &Function<'_>) -> Option<Found> {
    let path = function.name.trim_start_matches('<');
    let is_inside = |module: &str| path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"));
    let &(_, container, rule) = MODULES.iter().find(|(module, ..)| is_inside(module))?;
    let plain_name = function.plain_name.map(without_allocator);
    let held = held_by(path, rule).or_else(|| held_by(plain_name.as_deref()?, rule));
    if container == Container::Box
        && let Some((container, held)) = held.as_deref().and_then(inner_of)
    {
        return Some(Found { container, held, is_own: true });
    }
    let is_own = function.name.contains(" as core::clone::Clone>");
    Some(Found { container, held, is_own })
}

/// The container that has such a thing in a box, and what that one holds.
fn inner_of(held: &str) -> Option<(Container, Option<String>)> {
    let &(_, container, rule) = INNER.iter().find(|(inner, ..)| held.starts_with(inner))?;
    Some((container, held_by(held, rule)))
}

/// What is held, by the first arguments of a name.
fn held_by(name: &str, rule: Held) -> Option<String> {
    let (_, list) = name.split_once('<')?;
    let mut types = arguments(list).filter(|argument| !is_no_type(argument));
    let first = types.next().filter(|held| !is_parameter(held))?;
    match rule {
        Held::First => Some(first.to_owned()),
        Held::Pair => Some(first.strip_prefix('(').and_then(|pair| pair.strip_suffix(')')).unwrap_or(first).to_owned()),
        Held::FirstTwo => match types.next() {
            None => Some(first.to_owned()),
            Some(second) if is_parameter(second) => None,
            Some(second) => Some(format!("{first}, {second}")),
        },
    }
}

/// The arguments of a list up to its closing bracket, where brackets inside are whole.
fn arguments(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    core::iter::from_fn(move || {
        let list = rest?;
        let end = end_of_argument(list)?;
        rest = list[end..].strip_prefix(',');
        Some(list[..end].trim())
    })
}

/// Where the first argument of a list ends: at a comma, or at the closing bracket.
fn end_of_argument(list: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, char) in list.char_indices() {
        match char {
            '<' | '(' | '[' => depth += 1,
            ',' if depth == 0 => return Some(at),
            // An arrow is no bracket.
            '>' if before == '-' => {}
            '>' | ')' | ']' if depth == 0 => return Some(at),
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        before = char;
    }
    None
}

/// What stands before the types that are held: a lifetime, or what a tree's nodes are marked by.
fn is_no_type(argument: &str) -> bool {
    argument.starts_with('\'') || argument.starts_with("alloc::collections::btree::node::marker::")
}

/// `T`, or `K`: the name of a type parameter, not of a type. An allocator is none that is held, and neither is what a trait is
/// implemented for.
fn is_parameter(name: &str) -> bool {
    matches!(name, "" | "_" | "alloc::alloc::Global")
        || name.starts_with("impl ")
        || (name.len() <= 2 && name.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of_names(names: &[&str]) -> Option<String> {
        type_of(&names.iter().copied().map(Function::named).collect::<Vec<_>>())
    }

    #[test]
    fn a_container_tells_what_it_holds() {
        for (function, expected) in [
            ("<alloc::boxed::Box<app::Point>>::new", "Box<app::Point>"),
            ("<alloc::boxed::Box<dyn core::ops::Fn(u8) -> u16>>::new", "Box<dyn core::ops::Fn(u8) -> u16>"),
            ("<alloc::raw_vec::RawVec<(u8, alloc::string::String)>>::grow_one", "Vec<(u8, alloc::string::String)>"),
            ("<alloc::raw_vec::RawVec<(u8, [u16; 3])>>::grow_one", "Vec<(u8, [u16; 3])>"),
            ("<alloc::rc::Rc<dyn Fn(u8) -> u16>>::new", "Rc<dyn Fn(u8) -> u16>"),
            ("<alloc::vec::Vec<app::Point> as core::clone::Clone>::clone", "Vec<app::Point>"),
            ("alloc::vec::push<app::Point>", "Vec<app::Point>"),
            (
                "<hashbrown::raw::RawTable<(u32, app::Point)>>::reserve_rehash::<app::Hasher>",
                "HashMap<u32, app::Point>",
            ),
            ("<std::collections::hash::map::HashMap<u32, app::Point>>::insert", "HashMap<u32, app::Point>"),
            ("alloc::boxed::new<alloc::rc::RcInner<app::Point>>", "Rc<app::Point>"),
            ("alloc::boxed::new<alloc::collections::linked_list::Node<app::Point>>", "LinkedList<app::Point>"),
            (
                "<alloc::boxed::Box<alloc::collections::btree::node::LeafNode<u8, u16>>>::new_uninit_in",
                "BTreeMap<u8, u16>",
            ),
            (
                "<alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Owned, u8, u16, \
                 alloc::collections::btree::node::marker::Leaf>>::new_leaf",
                "BTreeMap<u8, u16>",
            ),
            ("<alloc::collections::btree::map::entry::VacantEntry<'_, u8, u16>>::insert", "BTreeMap<u8, u16>"),
            ("<mudlark_gc::gc::Gc<app::Node>>::new", "Gc<app::Node>"),
            ("<mudlark_rc::counted::Counted<str>>::from", "Counted<str>"),
        ] {
            assert_eq!(type_of_names(&[function]).as_deref(), Some(expected), "{function}");
        }
    }

    #[test]
    fn debug_information_has_the_type_that_the_old_mangling_lacks() {
        let plain = |name, plain_name| Function { plain_name: Some(plain_name), ..Function::named(name) };
        let boxed = plain("alloc::boxed::Box<T>::new", "new<app::Point>");
        assert_eq!(type_of(&[boxed]).as_deref(), Some("Box<app::Point>"));
        let leaf = plain(
            "alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Owned,K,V,\
             alloc::collections::btree::node::marker::Leaf>::new_leaf",
            "new_leaf<u8, u16, alloc::alloc::Global>",
        );
        assert_eq!(type_of(&[leaf]).as_deref(), Some("BTreeMap<u8, u16>"));
    }

    #[test]
    fn what_is_held_may_be_unknown_but_the_container_is_not() {
        for (function, expected) in [
            ("alloc::boxed::Box<T>::new", "Box<_>"),
            ("alloc::raw_vec::RawVecInner<A>::finish_grow", "Vec<_>"),
            ("alloc::slice::<impl [T]>::to_vec", "Vec<_>"),
            ("alloc::collections::btree::map::entry::VacantEntry<K,V,A>::insert", "BTreeMap<_>"),
            ("hashbrown::raw::RawTableInner::fallible_with_capacity", "HashMap<_>"),
        ] {
            assert_eq!(type_of_names(&[function]).as_deref(), Some(expected), "{function}");
        }
    }

    #[test]
    fn an_outer_function_may_know_what_an_inner_one_does_not() {
        let inner = Function {
            plain_name: Some("finish_grow<alloc::alloc::Global>"),
            ..Function::named("alloc::raw_vec::RawVecInner<A>::finish_grow")
        };
        let outer = Function::named("<alloc::raw_vec::RawVec<app::Point>>::grow_one");
        assert_eq!(type_of(&[inner, outer]).as_deref(), Some("Vec<app::Point>"));
        let names = ["alloc::raw_vec::RawVec<T,A>::grow_one", "<alloc::vec::Vec<u16>>::push"];
        assert_eq!(type_of_names(&names).as_deref(), Some("Vec<u16>"));
    }

    #[test]
    fn what_a_container_keeps_its_own_things_in_is_its_own() {
        let boxed = "alloc::boxed::Box<T>::new";
        for (functions, expected) in [
            (&[boxed, "alloc::collections::btree::node::LeafNode<K,V>::new"][..], "BTreeMap<_>"),
            (&[boxed, "<alloc::collections::linked_list::LinkedList<u8>>::push_back"], "LinkedList<u8>"),
            (&[boxed, "<alloc::rc::Rc<app::Point>>::new"], "Rc<app::Point>"),
            (
                &["<alloc::raw_vec::RawVec<u8>>::grow_one", "<alloc::collections::vec_deque::VecDeque<u8>>::grow"],
                "VecDeque<u8>",
            ),
        ] {
            assert_eq!(type_of_names(functions).as_deref(), Some(expected), "{functions:?}");
        }
    }

    #[test]
    fn what_a_container_holds_has_its_own_type() {
        for (functions, expected) in [
            (
                &[
                    "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
                    "<alloc::vec::Vec<alloc::vec::Vec<u8>>>::clone",
                ][..],
                "Vec<u8>",
            ),
            (&["<alloc::boxed::Box<u8>>::new", "<alloc::vec::Vec<u16>>::push"], "Box<u8>"),
            (
                &[
                    "alloc::boxed::Box<T>::new",
                    "<alloc::boxed::Box<T,A> as core::clone::Clone>::clone",
                    "<alloc::rc::Rc<alloc::boxed::Box<u8>>>::make_mut",
                ],
                "Box<_>",
            ),
            (
                &[
                    "alloc::boxed::Box<T>::default",
                    "core::ops::function::FnOnce::call_once",
                    "<alloc::collections::btree::map::entry::Entry<u8, u16>>::or_insert_with",
                ],
                "Box<_>",
            ),
        ] {
            assert_eq!(type_of_names(functions).as_deref(), Some(expected), "{functions:?}");
        }
    }

    #[test]
    fn bytes_of_a_text_are_a_string() {
        let text = "<alloc::string::String>::push_str";
        assert_eq!(type_of_names(&["<alloc::vec::Vec<u8>>::reserve", text]).as_deref(), Some("String"));
        assert_eq!(type_of_names(&["alloc::raw_vec::RawVec<T,A>::grow_one", text]).as_deref(), Some("String"));
        assert_eq!(type_of_names(&[text]).as_deref(), Some("String"));
        assert_eq!(type_of_names(&["<alloc::vec::Vec<u16>>::push", text]).as_deref(), Some("Vec<u16>"));
    }

    #[test]
    fn without_a_container_there_is_no_type() {
        assert_eq!(type_of_names(&["core::iter::traits::iterator::Iterator::collect"]), None);
        assert_eq!(type_of_names(&[]), None);
    }
}
