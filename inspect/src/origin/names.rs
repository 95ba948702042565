//! What a function's name tells, and where it lies; also of those that lost a part of it.

/// A name as it is shown: with its path, or else with its source file, and without what says nothing.
#[must_use]
pub fn tidy(function: &str, file: Option<&str>) -> String {
    let short = without_allocator(function);
    let Some(file) = file.filter(|_| !has_path(&short)) else { return short };
    match (module_of_file(file), label_of_file(file)) {
        (Some(module), _) => format!("{module}::{short}"),
        (None, Some(label)) => format!("{label}{AFTER_LABEL}{short}"),
        (None, None) => short,
    }
}

/// Without the allocator that all containers have.
pub(super) fn without_allocator(name: &str) -> String {
    name.replace(", alloc::alloc::Global", "")
}

/// Between a source file and the name of a function in it.
const AFTER_LABEL: &str = ": ";

/// A function's name alone, if it has no path: a file may be before it.
pub(super) fn bare_name(function: &str) -> Option<&str> {
    let name =
        function.split_once(AFTER_LABEL).filter(|(label, _)| label.ends_with(".rs")).map_or(function, |(_, name)| name);
    (!has_path(name)).then_some(name)
}

/// A Rust source file, by as much of its path as tells it from most others: `shapes.rs`, `app/src/main.rs`.
fn label_of_file(file: &str) -> Option<&str> {
    let parts: Vec<&str> = file.rsplit('/').take(4).collect();
    let shown = match parts[..] {
        ["mod.rs" | "lib.rs" | "main.rs", "src", _, ..] => 3,
        ["mod.rs" | "lib.rs" | "main.rs", _, ..] => 2,
        [name, _, ..] if name.ends_with(".rs") => 1,
        _ => return None,
    };
    let len = parts[..shown].iter().map(|part| part.len() + 1).sum::<usize>() - 1;
    Some(&file[file.len() - len..])
}

/// Whether a name begins with a path, rather than to be the function's alone: `push<alloc::string::String>` does not.
#[must_use]
pub fn has_path(function: &str) -> bool {
    function.starts_with('<') || function.split('<').next().is_some_and(|head| head.contains("::"))
}

/// The module that a source file of a library is, by where it lies.
///
/// Brief debug information (`line-tables-only`) has inlined functions' names without their paths. Files of the standard library,
/// and those of crates from a registry, tell what is missing; of others, the directory need not have the crate's name.
fn module_of_file(file: &str) -> Option<String> {
    let (before, inside) = file.rsplit_once("/src/")?;
    let (parent, directory) = before.rsplit_once('/')?;
    let name = if parent.ends_with("/library") { directory } else { name_without_version(directory)? };
    let path = inside.strip_suffix(".rs")?;
    let modules = path.split('/').filter(|module| !matches!(*module, "lib" | "mod"));
    let path: Vec<String> = core::iter::once(name.replace('-', "_")).chain(modules.map(str::to_owned)).collect();
    Some(path.join("::"))
}

/// `serde_json` of `serde_json-1.0.154`.
fn name_without_version(directory: &str) -> Option<&str> {
    let (name, version) = directory.rsplit_once('-')?;
    let is_version = version.starts_with(|digit: char| digit.is_ascii_digit()) && version.contains('.');
    is_version.then_some(name)
}

/// The crate of a function, or the outermost namespace: `alloc` of `<alloc::vec::Vec<T> as core::clone::Clone>::clone`. If what
/// a trait is implemented for is of no crate, as `T` and `fn()` are, it is the trait's.
pub(super) fn crate_of(function: &str) -> Option<&str> {
    let mut path = function.trim_start_matches(['<', '&', '*', '[', '(']);
    while let Some(behind) = ["mut ", "dyn ", "const "].iter().find_map(|word| path.strip_prefix(word)) {
        path = behind;
    }
    // C++ has the type that a template returns before its name: `void std::vector<int>::push_back(int&&)`.
    let path = if path.len() == function.len() { without_first_word(path) } else { path };
    first_of_path(path).or_else(|| first_of_path(path.split_once(" as ")?.1))
}

fn without_first_word(path: &str) -> &str {
    match path.split_once(' ') {
        Some((word, rest)) if !word.contains(['<', '(', ':']) => rest,
        _ => path,
    }
}

fn first_of_path(path: &str) -> Option<&str> {
    let (name, _) = path.split_once("::")?;
    name.chars().all(|char| char.is_alphanumeric() || char == '_').then_some(name)
}

/// A source file's path without the directories that say nothing of it: those of the compiler's own build, and of the registry
/// from which a crate comes.
#[must_use]
pub fn short_file(file: &str) -> &str {
    if let Some((_, inside)) = file.strip_prefix("/rustc/").and_then(|file| file.split_once('/')) {
        return inside;
    }
    let registry = file.split_once("/registry/src/").and_then(|(_, inside)| inside.split_once('/'));
    registry.map_or(file, |(_, inside)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VEC: &str = "/rustc/59807616/library/alloc/src/vec/mod.rs";
    const DE: &str = "/home/me/.cargo/registry/src/index-1949/serde-json-1.0.154/src/de.rs";

    #[test]
    fn a_bare_name_gets_the_path_that_its_file_tells() {
        assert_eq!(tidy("push<a::Point, alloc::alloc::Global>", Some(VEC)), "alloc::vec::push<a::Point>");
        assert_eq!(tidy("parse<u8>", Some(DE)), "serde_json::de::parse<u8>");
        assert_eq!(tidy("work", None), "work");
    }

    #[test]
    fn a_bare_name_whose_module_is_unknown_gets_its_file() {
        for (file, label) in [
            ("/home/me/app/src/main.rs", "app/src/main.rs"),
            ("/home/me/app/src/shapes/mod.rs", "shapes/mod.rs"),
            ("/home/me/app/src/shapes.rs", "shapes.rs"),
        ] {
            let name = tidy("work<a::B>", Some(file));
            assert_eq!(name, format!("{label}: work<a::B>"));
            assert_eq!(bare_name(&name), Some("work<a::B>"));
        }
        assert_eq!(tidy("start_thread", Some("./nptl/pthread_create.c")), "start_thread");
        assert_eq!(bare_name("app::work"), None);
    }

    #[test]
    fn a_path_stays_as_it_is() {
        assert_eq!(tidy("<alloc::vec::Vec<u8>>::push", Some(DE)), "<alloc::vec::Vec<u8>>::push");
        assert_eq!(tidy("core::ptr::read::<u8>", Some(VEC)), "core::ptr::read::<u8>");
    }

    #[test]
    fn paths_begin_where_they_say_something() {
        assert_eq!(short_file(VEC), "library/alloc/src/vec/mod.rs");
        assert_eq!(short_file(DE), "serde-json-1.0.154/src/de.rs");
        assert_eq!(short_file("/home/me/app/src/main.rs"), "/home/me/app/src/main.rs");
    }

    #[test]
    fn the_crate_is_the_first_of_a_path() {
        let crates = [
            "<alloc::vec::Vec<a::B> as core::clone::Clone>::clone",
            "<&mut a::B as x::Y>::z",
            "<&mut dyn core::iter::Iterator<Item = u8>>::next",
            "<T as core::clone::Clone>::clone",
            "<fn() -> a::B as core::ops::FnOnce<()>>::call_once",
            "main",
            "operator new(unsigned long)",
            "void std::vector<P*>::_M_realloc_insert<P*>(P*&&)",
            "std::vector<P*>::push_back(P* const&)",
        ];
        let [alloc, a, core, std] = ["alloc", "a", "core", "std"].map(Some);
        assert_eq!(crates.map(crate_of), [alloc, a, core, core, core, None, None, std, std]);
    }
}
