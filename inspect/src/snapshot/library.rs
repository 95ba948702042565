//! What lies between a program's own function and the allocator: the allocator's functions, and those of collections.
//!
//! ```text
//!   __rust_alloc ◂ RawVec<u64>::grow ◂ Vec<u64>::push ◂ app::read ◂ app::main ◂ lang_start
//!   └──────────────── library ──────────────────────┘   └ asked
//!                               the type: Vec<u64>
//! ```

use super::frame::Frame;

/// Crates whose functions ask on behalf of others.
const LIBRARIES: [&str; 11] = [
    "alloc",
    "core",
    "std",
    "__rustc",
    "hashbrown",
    "allocator_api2",
    "backtrace",
    "mudlark_core_alloc",
    "mudlark_inspect",
    "mudlark_rc",
    "mudlark_gc",
];

/// How many frames, from the innermost on, are a library's: if all are, none.
pub(super) fn library_frames(frames: &[Frame]) -> usize {
    frames.iter().position(|frame| !is_library(frame)).unwrap_or(0)
}

/// How many frames there are up to what calls `main`, or a thread's function.
pub(super) fn frames_to_main(frames: &[Frame]) -> usize {
    let starts = |frame: &Frame| frame.function.contains("__rust_begin_short_backtrace");
    frames.iter().position(starts).filter(|&end| end > 0).unwrap_or(frames.len())
}

fn is_library(frame: &Frame) -> bool {
    let name = subject(&frame.function);
    let first = name.split("::").next().unwrap_or(name);
    let is_symbol = ["__rust_", "__rg_", "__rdl_"].iter().any(|prefix| name.starts_with(prefix));
    is_symbol
        || is_in_std(&frame.file)
        || (name.contains("::") && LIBRARIES.contains(&first.split('[').next().unwrap_or(first)))
}

/// Whether a source file is of the standard library, as the compiler's makers or a distribution name it.
fn is_in_std(file: &str) -> bool {
    ["/library/core/src/", "/library/alloc/src/", "/library/std/src/"].iter().any(|part| file.contains(part))
}

/// What a function is a function of: `alloc::vec::Vec<u8>` of `<&mut alloc::vec::Vec<u8> as core::fmt::Debug>::fmt`.
fn subject(function: &str) -> &str {
    let mut name = function.trim_start_matches(['<', '&', '*', '[', '(']);
    while let Some(shorter) = ["mut ", "dyn ", "const "].iter().find_map(|word| name.strip_prefix(word)) {
        name = shorter;
    }
    name
}

/// Types that keep things on the heap, by their paths, and what they are called.
const CONTAINERS: [(&str, &str); 13] = [
    ("alloc::boxed::Box", "Box"),
    ("alloc::rc::Rc", "Rc"),
    ("alloc::sync::Arc", "Arc"),
    ("alloc::vec::Vec", "Vec"),
    ("alloc::raw_vec::RawVec", "Vec"),
    ("alloc::collections::vec_deque::VecDeque", "VecDeque"),
    ("alloc::collections::linked_list::LinkedList", "LinkedList"),
    ("alloc::collections::btree::map::BTreeMap", "BTreeMap"),
    ("std::collections::hash::map::HashMap", "HashMap"),
    ("hashbrown::map::HashMap", "HashMap"),
    ("hashbrown::raw::RawTable", "HashMap"),
    ("mudlark_rc::counted::Counted", "Counted"),
    ("mudlark_gc::gc::Gc", "Gc"),
];

/// The type of a block, as far as the library's functions tell: that of the innermost container among them. With `_` for what it
/// holds if none of them says so.
pub(super) fn type_name(library: &[Frame]) -> Option<String> {
    let is_text = library.iter().any(|frame| {
        let name = subject(&frame.function);
        name.starts_with("alloc::string::") || name.starts_with("alloc::str::")
    });
    let containers = || library.iter().filter_map(|frame| container_of(&frame.function));
    let known = containers().find(|(_, held)| is_type(held));
    let found = known.map(|(container, held)| format!("{container}<{held}>"));
    match found.as_deref() {
        // A text is a vector of bytes.
        None | Some("Vec<u8>") if is_text => Some("String".to_string()),
        None => containers().next().map(|(container, _)| format!("{container}<_>")),
        Some(_) => found,
    }
}

/// A container that a function is one of, and what it holds.
fn container_of(function: &str) -> Option<(&'static str, &str)> {
    let name = subject(function);
    CONTAINERS.iter().find_map(|(path, shown)| {
        let arguments = name.strip_prefix(path)?;
        let arguments = arguments.strip_prefix("::<").or_else(|| arguments.strip_prefix('<'))?;
        Some((*shown, first_argument(arguments)?))
    })
}

/// Whether it is a type's name: the old mangling has that of the parameter, `T`, in its place.
fn is_type(held: &str) -> bool {
    held.len() > 1 && held != "alloc::alloc::Global"
}

/// What is before a comma or the closing bracket; pairs of brackets inside belong to it.
fn first_argument(arguments: &str) -> Option<&str> {
    let mut open = 0_usize;
    let mut is_arrow = false;
    for (at, char) in arguments.char_indices() {
        match char {
            '<' | '(' | '[' => open += 1,
            '>' if is_arrow => {}
            ',' | '>' | ')' | ']' if open == 0 => return Some(&arguments[..at]),
            '>' | ')' | ']' => open -= 1,
            _ => {}
        }
        is_arrow = char == '-';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(functions: &[&str]) -> Vec<Frame> {
        functions.iter().map(|function| Frame::new("src/main.rs", 1, function)).collect()
    }

    #[test]
    fn what_asks_on_behalf_of_others_is_the_librarys() {
        let all = frames(&[
            "__rustc::__rust_alloc",
            "__rustc[8c2f]::__rdl_alloc",
            "<alloc::alloc::Global as core::alloc::Allocator>::allocate",
            "alloc::raw_vec::RawVec<T,A>::grow_one",
            "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
            "<&mut dyn core::iter::Iterator<Item = u8>>::next",
            "<app::Reader as core::iter::Iterator>::next",
            "<alloc::vec::Vec<app::Item>>::push",
            "main",
        ]);
        assert_eq!(library_frames(&all), 6);
        assert_eq!(library_frames(&all[..6]), 0, "if there is nothing else, all is shown");
        assert_eq!(library_frames(&frames(&["allocate_all"])), 0);
        let of_std = [Frame::new("/rustc/5980/library/alloc/src/vec/mod.rs", 7, "push"), Frame::new("a.rs", 1, "main")];
        assert_eq!(library_frames(&of_std), 1, "inlined functions may have lost their paths");
    }

    #[test]
    fn what_calls_main_is_cut_off() {
        let all = frames(&["app::main", "std::sys::backtrace::__rust_begin_short_backtrace::<fn()>", "main"]);
        assert_eq!(frames_to_main(&all), 1);
        assert_eq!(frames_to_main(&all[1..]), 2);
    }

    #[test]
    fn the_innermost_container_is_the_type() {
        let cases: [(&[&str], Option<&str>); 10] = [
            (
                &["<alloc::raw_vec::RawVec<(u8, [u16; 3])>>::grow_one", "<alloc::vec::Vec<(u8, [u16; 3])>>::push"],
                Some("Vec<(u8, [u16; 3])>"),
            ),
            (&["<alloc::boxed::Box<dyn core::ops::Fn(u8) -> u16>>::new"], Some("Box<dyn core::ops::Fn(u8) -> u16>")),
            (&["<hashbrown::raw::RawTable<(u32, app::Node)>>::reserve_rehash"], Some("HashMap<(u32, app::Node)>")),
            (&["<alloc::raw_vec::RawVec<u8>>::with_capacity", "<alloc::string::String>::from"], Some("String")),
            (&["<alloc::raw_vec::RawVec<u8>>::with_capacity"], Some("Vec<u8>")),
            (&["<mudlark_gc::gc::Gc<app::Node>>::new_in"], Some("Gc<app::Node>")),
            (&["alloc::raw_vec::RawVec<T,A>::grow_one", "<alloc::vec::Vec<u16>>::push"], Some("Vec<u16>")),
            (&["alloc::boxed::Box<T>::new"], Some("Box<_>")),
            (&["alloc::raw_vec::RawVecInner<A>::finish_grow"], None),
            (&[], None),
        ];
        for (functions, expected) in cases {
            assert_eq!(type_name(&frames(functions)).as_deref(), expected, "{functions:?}");
        }
    }
}
