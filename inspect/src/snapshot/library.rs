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

/// Parts of the paths of source files that are of these crates. Where debug information is brief, as line tables are, functions that
/// were inlined have names without paths.
const LIBRARY_FILES: [&str; 8] = [
    "/library/core/src/",
    "/library/alloc/src/",
    "/library/std/src/",
    "/hashbrown-",
    "/allocator-api2-",
    "/mudlark-rc-",
    "/mudlark-gc-",
    "/mudlark-core-alloc-",
];

/// How many frames, from the innermost on, are a library's: if all are, none.
pub(super) fn library_frames(frames: &[Frame]) -> usize {
    /// No allocator calls deeper than this.
    const DEEPEST: usize = 32;
    // What is inside of the call by which a program asks for memory is the allocator's, whatever its name.
    let entered = frames.iter().take(DEEPEST).rposition(is_entry).map_or(0, |entry| entry + 1);
    frames[entered..].iter().position(|frame| !is_library(frame)).map_or(0, |own| entered + own)
}

/// How many frames there are up to what calls `main`, or a thread's function.
pub(super) fn frames_to_main(frames: &[Frame]) -> usize {
    let starts = |frame: &Frame| frame.function.contains("__rust_begin_short_backtrace");
    frames.iter().position(starts).filter(|&end| end > 0).unwrap_or(frames.len())
}

/// `__rust_alloc`, `__rustc::__rust_realloc`, and what these are behind the scenes.
fn is_entry(frame: &Frame) -> bool {
    let name = frame.function.rsplit("::").next().unwrap_or(&frame.function);
    ["__rust_", "__rg_", "__rdl_"].iter().any(|prefix| name.starts_with(prefix)) && name.contains("alloc")
}

fn is_library(frame: &Frame) -> bool {
    let name = subject(&frame.function);
    let first = name.split("::").next().unwrap_or(name);
    let is_in_crate = name.contains("::") && LIBRARIES.contains(&first.split('[').next().unwrap_or(first));
    is_in_crate || is_entry(frame) || LIBRARY_FILES.iter().any(|part| frame.file.contains(part))
}

/// What a function is a function of: `alloc::vec::Vec<u8>` of `<&mut alloc::vec::Vec<u8> as core::fmt::Debug>::fmt`.
fn subject(function: &str) -> &str {
    let mut name = function.trim_start_matches(['<', '&', '*', '[', '(']);
    while let Some(shorter) = ["mut ", "dyn ", "const "].iter().find_map(|word| name.strip_prefix(word)) {
        name = shorter;
    }
    name
}

/// A type that keeps things on the heap.
struct Container {
    path: &'static str,
    /// Where its functions are, for those whose names have no path.
    file: &'static str,
    shown: &'static str,
}

const fn container(path: &'static str, file: &'static str, shown: &'static str) -> Container {
    Container { path, file, shown }
}

const CONTAINERS: [Container; 13] = [
    container("alloc::boxed::Box", "/alloc/src/boxed.rs", "Box"),
    container("alloc::rc::Rc", "/alloc/src/rc.rs", "Rc"),
    container("alloc::sync::Arc", "/alloc/src/sync.rs", "Arc"),
    container("alloc::vec::Vec", "/alloc/src/vec/", "Vec"),
    container("alloc::raw_vec::RawVec", "/alloc/src/raw_vec/", "Vec"),
    container("alloc::collections::vec_deque::VecDeque", "/collections/vec_deque/", "VecDeque"),
    container("alloc::collections::linked_list::LinkedList", "/collections/linked_list.rs", "LinkedList"),
    container("alloc::collections::btree::map::BTreeMap", "/collections/btree/map", "BTreeMap"),
    container("std::collections::hash::map::HashMap", "/collections/hash/map.rs", "HashMap"),
    container("hashbrown::map::HashMap", "/src/map.rs", "HashMap"),
    container("hashbrown::raw::RawTable", "/src/raw", "HashMap"),
    container("mudlark_rc::counted::Counted", "/src/counted.rs", "Counted"),
    container("mudlark_gc::gc::Gc", "/src/gc.rs", "Gc"),
];

/// The type of a block, as far as the library's functions tell: that of the innermost container among them. With `_` for what it
/// holds if none of them says so.
pub(super) fn type_name(library: &[Frame]) -> Option<String> {
    let is_text = library.iter().any(|frame| {
        let name = subject(&frame.function);
        let is_of_module = ["alloc::string::", "alloc::str::"].iter().any(|module| name.starts_with(module));
        is_of_module || ["/alloc/src/string.rs", "/alloc/src/str.rs"].iter().any(|file| frame.file.ends_with(file))
    });
    let containers = || library.iter().filter_map(container_of);
    let known = containers().find(|(_, held)| is_type(held));
    let found = known.map(|(container, held)| format!("{container}<{held}>"));
    match found.as_deref() {
        // A text is a vector of bytes.
        None | Some("Vec<u8>") if is_text => Some("String".to_string()),
        None => containers().next().map(|(container, _)| format!("{container}<_>")),
        Some(_) => found,
    }
}

/// A container that a function is one of, and what it holds: of `<alloc::vec::Vec<u8>>::push`, and of `push<u8>` in the file of Vec.
fn container_of(frame: &Frame) -> Option<(&'static str, &str)> {
    let name = subject(&frame.function);
    let has_path = name.split('<').next().is_some_and(|path| path.contains("::"));
    CONTAINERS.iter().find_map(|container| {
        let arguments = if has_path {
            let arguments = name.strip_prefix(container.path)?;
            arguments.strip_prefix("::<").or_else(|| arguments.strip_prefix('<'))?
        } else {
            frame.file.contains(container.file).then_some(name.split_once('<')?.1)?
        };
        Some((container.shown, first_argument(arguments)?))
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
        let of_allocator = frames(&["resize<Pools>", "realloc<Pools>", "__rustc::__rust_realloc", "app::main"]);
        assert_eq!(library_frames(&of_allocator), 3, "what is behind the entry is the allocator's");
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
    fn names_without_paths_are_known_by_their_files() {
        const STD: &str = "/rustc/5980/library/alloc/src/";
        let frame = |file: &str, function| Frame::new(&format!("{STD}{file}"), 1, function);
        let grow = || frame("raw_vec/mod.rs", "grow_one<alloc::alloc::Global>");
        let push = frame("vec/mod.rs", "push<app::Item, alloc::alloc::Global>");
        assert_eq!(type_name(&[grow(), push]).as_deref(), Some("Vec<app::Item>"));
        assert_eq!(type_name(&[grow(), frame("string.rs", "push_str")]).as_deref(), Some("String"));
        assert_eq!(type_name(&[frame("boxed.rs", "new<u64>")]).as_deref(), Some("Box<u64>"));
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
