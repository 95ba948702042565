//! The type of a block, as far as the function tells that asked for it.
//!
//! No one records types: a request has a size and an alignment. But a container's functions are made for the type that it
//! holds, and their names say so: `<alloc::boxed::Box<app::Point>>::new`. This is the best that can be done:
//!
//! - The innermost container counts: a map of vectors that grows is a map, a vector in it a vector.
//! - Functions that are inlined are seen only with debug information.
//! - The old way of mangling names a type parameter and not the type (`Box<T>`); the debug information has it.
//! - What asks the allocator itself, as C does, has no type.

use crate::symbols::frame::Frame;
use crate::symbols::names::without_allocator;
use crate::symbols::role::Role;

/// A type that asks for blocks for what it holds.
struct Container {
    /// The type's path, in names.
    path: &'static str,
    /// How it is shown.
    shown: &'static str,
}

const fn container(path: &'static str, shown: &'static str) -> Container {
    Container { path, shown }
}

/// The containers; where a path begins with another one, the longer is the first.
const CONTAINERS: [Container; 16] = [
    container("alloc::boxed::Box", "Box"),
    container("alloc::rc::Rc", "Rc"),
    container("alloc::sync::Arc", "Arc"),
    container("alloc::raw_vec::RawVec", "Vec"),
    container("alloc::vec::Vec", "Vec"),
    container("alloc::slice", "Vec"),
    container("alloc::collections::vec_deque::VecDeque", "VecDeque"),
    container("alloc::collections::linked_list::LinkedList", "LinkedList"),
    container("alloc::collections::btree::map::BTreeMap", "BTreeMap"),
    container("alloc::collections::btree::node::NodeRef", "BTreeMap"),
    container("hashbrown::raw::RawTable", "HashMap"),
    container("hashbrown::map::HashMap", "HashMap"),
    container("std::collections::hash::map::HashMap", "HashMap"),
    container("mudlark_gc::gc::Gc", "Gc"),
    container("mudlark_rc::counted::Counted", "Counted"),
    container("mudlark_gc::collector::Collector", "Gc"),
];

/// The type of the blocks that a stack asks for; its frames are without the allocator's own, innermost first.
pub(crate) fn type_of<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Option<String> {
    let mut found: Option<String> = None;
    for frame in frames.into_iter().take_while(|frame| Role::of(frame) == Role::Container) {
        if is_of_string(frame) {
            return match found.as_deref() {
                None | Some("Vec<u8>") => Some("String".to_owned()),
                Some(_) => found,
            };
        }
        found = found.or_else(|| type_of_frame(frame));
    }
    found
}

/// A text is a vector of bytes to the allocator.
fn is_of_string(frame: &Frame) -> bool {
    let path = frame.function.trim_start_matches('<');
    path.starts_with("alloc::string::") || path.starts_with("alloc::str::")
}

fn type_of_frame(frame: &Frame) -> Option<String> {
    let path = frame.function.trim_start_matches('<');
    let by_type = CONTAINERS.iter().find_map(|container| {
        let arguments = path
            .strip_prefix(container.path)?
            .strip_prefix('<')
            .or_else(|| path.strip_prefix(container.path)?.strip_prefix("::<"))?;
        Some((container, first_argument(arguments)?))
    });
    if let Some((container, held)) = by_type.filter(|(_, held)| !is_parameter(held)) {
        return Some(shown(container, held));
    }
    let container = by_type.map(|(container, _)| container).or_else(|| container_of_module(path))?;
    let name = frame.plain_name.as_deref().unwrap_or(path);
    let (_, arguments) = name.split_once('<')?;
    let held = first_argument(arguments).filter(|held| !is_parameter(held))?;
    Some(shown(container, &without_allocator(held)))
}

/// `Box<T>`; but a box may hold what another container keeps for itself.
fn shown(container: &Container, held: &str) -> String {
    const INNER: [(&str, &str); 4] = [
        ("alloc::rc::RcInner<", "Rc<"),
        ("alloc::sync::ArcInner<", "Arc<"),
        ("alloc::collections::btree::node::LeafNode<", "BTreeMap<"),
        ("alloc::collections::btree::node::InternalNode<", "BTreeMap<"),
    ];
    for (inner, outer) in INNER {
        if let Some(rest) = held.strip_prefix(inner) {
            return format!("{outer}{rest}");
        }
    }
    format!("{}<{held}>", container.shown)
}

/// The container in whose module a function is: names that are whole only by their files have no type in them.
fn container_of_module(path: &str) -> Option<&'static Container> {
    CONTAINERS.iter().find(|container| {
        let module = container.path.rsplit_once("::").map_or(container.path, |(module, _)| module);
        let module = if container.path == "alloc::slice" { container.path } else { module };
        path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
    })
}

/// What is up to a comma or to the closing bracket, where brackets inside are whole.
fn first_argument(arguments: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, char) in arguments.char_indices() {
        match char {
            '<' | '(' | '[' => depth += 1,
            ',' if depth == 0 => return Some(&arguments[..at]),
            // An arrow is no bracket.
            '>' if before == '-' => {}
            '>' | ')' | ']' if depth == 0 => return Some(&arguments[..at]),
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        before = char;
    }
    None
}

/// `T`, or `K`: the name of a type parameter, not of a type. An allocator is none that is held.
fn is_parameter(name: &str) -> bool {
    matches!(name, "" | "_" | "alloc::alloc::Global")
        || (name.len() <= 2 && name.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(function: &str) -> Frame {
        Frame { function: function.to_owned(), ..Frame::default() }
    }

    fn type_of_names(functions: &[&str]) -> Option<String> {
        let frames: Vec<Frame> = functions.iter().map(|function| named(function)).collect();
        type_of(&frames)
    }

    #[test]
    fn a_container_tells_what_it_holds() {
        for (function, expected) in [
            ("<alloc::boxed::Box<app::Point>>::new", "Box<app::Point>"),
            ("<alloc::raw_vec::RawVec<(u8, alloc::string::String)>>::grow_one", "Vec<(u8, alloc::string::String)>"),
            ("<alloc::rc::Rc<dyn Fn(u8) -> u16>>::new", "Rc<dyn Fn(u8) -> u16>"),
            ("<alloc::vec::Vec<app::Point> as core::clone::Clone>::clone", "Vec<app::Point>"),
            ("alloc::vec::push<app::Point>", "Vec<app::Point>"),
            (
                "<hashbrown::raw::RawTable<(u32, app::Point)>>::reserve_rehash::<app::Hasher>",
                "HashMap<(u32, app::Point)>",
            ),
            ("alloc::boxed::new<alloc::rc::RcInner<app::Point>>", "Rc<app::Point>"),
            (
                "<alloc::boxed::Box<alloc::collections::btree::node::LeafNode<u8, u16>>>::new_uninit_in",
                "BTreeMap<u8, u16>",
            ),
            ("<mudlark_gc::gc::Gc<app::Node>>::new", "Gc<app::Node>"),
            ("<mudlark_rc::counted::Counted<str>>::from", "Counted<str>"),
        ] {
            assert_eq!(type_of_names(&[function, "app::main"]).as_deref(), Some(expected), "{function}");
        }
    }

    #[test]
    fn debug_information_has_the_type_that_the_old_mangling_lacks() {
        let plain_name = Some("new<app::Point>".to_owned());
        let frame = Frame { function: "alloc::boxed::Box<T>::new".to_owned(), plain_name, ..Frame::default() };
        assert_eq!(type_of([&frame]).as_deref(), Some("Box<app::Point>"));
        assert_eq!(type_of_names(&["alloc::boxed::Box<T>::new"]), None);
    }

    #[test]
    fn an_allocator_is_not_what_a_vector_holds() {
        let inner = Frame {
            function: "alloc::raw_vec::RawVecInner<A>::finish_grow".to_owned(),
            plain_name: Some("finish_grow<alloc::alloc::Global>".to_owned()),
            ..Frame::default()
        };
        let outer = named("<alloc::raw_vec::RawVec<app::Point>>::grow_one");
        assert_eq!(type_of([&inner, &outer]).as_deref(), Some("Vec<app::Point>"));
    }

    #[test]
    fn bytes_of_a_text_are_a_string() {
        let functions = ["<alloc::vec::Vec<u8>>::reserve", "<alloc::string::String>::push_str", "app::main"];
        assert_eq!(type_of_names(&functions).as_deref(), Some("String"));
    }

    #[test]
    fn the_programs_own_functions_end_the_search() {
        assert_eq!(type_of_names(&["app::buffer", "<alloc::boxed::Box<app::Point>>::new"]), None);
        assert_eq!(type_of_names(&[]), None);
    }
}
