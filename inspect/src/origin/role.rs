//! Whose a function is: the allocator's, a library's that holds data for others, or the program's own.

use super::Function;
use super::names::{bare_name, crate_of};

/// What a function does on the way to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Is what a program calls to get a block. Whatever is further in is the allocator's.
    Entry,
    /// Hands out blocks, or writes that down. Who asked is further out.
    Allocator,
    /// Keeps data for others, as vectors do.
    Container,
    /// Anything else.
    Own,
    /// Calls `main`, or a thread's function: all that is further out is the same for each stack.
    Start,
}

impl Role {
    pub(super) fn of(function: &Function<'_>) -> Self {
        let name = function.name;
        if is_start(name) {
            return Self::Start;
        }
        if is_entry(name) || function.module.is_some_and(is_allocator_file) {
            return Self::Entry;
        }
        match crate_of(name) {
            Some("mudlark_core_alloc" | "mudlark_hooks" | "mudlark_inspect" | "mudlark_record" | "backtrace") => {
                Self::Allocator
            }
            Some("alloc") if is_alloc_module(name) => Self::Allocator,
            Some("alloc" | "core" | "std" | "hashbrown" | "allocator_api2" | "mudlark_rc" | "mudlark_gc") => {
                Self::Container
            }
            None if is_made_for_allocator(name) => Self::Allocator,
            // Some names have no crate in them: `<u8 as <[_]>::to_vec_in::ConvertVec>::to_vec`.
            None if function.file.is_some_and(|file| file.starts_with("library/")) => Self::Container,
            _ => Self::Own,
        }
    }
}

/// What Rust's library and C's put between the system and `main`, or a thread's function.
fn is_start(function: &str) -> bool {
    const C: [&str; 5] = ["_start", "__libc_start_call_main", "start_thread", "__clone3", "__GI___clone3"];
    function.contains("__rust_begin_short_backtrace")
        || C.contains(&function)
        || function.starts_with("__libc_start_main")
}

/// A function of ours whose path is not known, by the allocator that it is made for: `allocate<std::alloc::System>`.
fn is_made_for_allocator(function: &str) -> bool {
    let arguments = bare_name(function).and_then(|name| name.split_once('<')).map(|(_, arguments)| arguments);
    arguments.is_some_and(|arguments| {
        ["mudlark_core_alloc::", "std::alloc::System"].iter().any(|allocator| arguments.starts_with(allocator))
            || arguments.contains("mudlark_inspect::profiled::")
    })
}

/// `alloc::alloc::alloc`, `<alloc::alloc::Global as …>::allocate`.
fn is_alloc_module(function: &str) -> bool {
    let path = function.trim_start_matches('<');
    path.starts_with("alloc::alloc::") || path.starts_with("alloc::boxed::box_new_uninit")
}

/// Libraries that are put before the system's own allocator: `libmudlark.so`, `libmudlark_record.so`.
fn is_allocator_file(module: &str) -> bool {
    let name = module.rsplit('/').next().unwrap_or(module);
    ["libmudlark", "libjemalloc", "libmimalloc", "libtcmalloc"].iter().any(|library| name.starts_with(library))
}

/// The functions by which a program asks for memory, as the symbol table has them.
fn is_entry(function: &str) -> bool {
    const C: [&str; 11] = [
        "malloc",
        "calloc",
        "realloc",
        "reallocarray",
        "free",
        "memalign",
        "aligned_alloc",
        "posix_memalign",
        "valloc",
        "pvalloc",
        "_mm_malloc",
    ];
    // `__rust_alloc`, `__rust_realloc`, `__rust_alloc_zeroed`; if they are mangled, in a crate `__rustc`.
    let name = bare_name(function).or_else(|| function.rsplit("::").next()).unwrap_or(function);
    ["__rust_", "__rdl_", "__rg_"].iter().any(|prefix| name.starts_with(prefix)) && function.contains("alloc")
        || C.contains(&name)
        || name.strip_prefix("__libc_").is_some_and(|name| C.contains(&name))
        || function.starts_with("operator new")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> Role {
        Role::of(&Function::named(name))
    }

    #[test]
    fn what_a_program_calls_to_get_a_block_is_an_entry() {
        for function in [
            "malloc",
            "__libc_calloc",
            "operator new[](unsigned long)",
            "__rust_alloc",
            "__rustc::__rust_alloc_zeroed",
            "__rustc[8c2f]::__rust_realloc",
            "real_log::_::__rg_alloc",
            "app/src/main.rs: __rust_alloc",
            "record/src/c.rs: malloc",
        ] {
            assert_eq!(role(function), Role::Entry, "{function}");
        }
    }

    #[test]
    fn what_calls_main_is_no_ones_own() {
        let functions = [
            "std::sys::backtrace::__rust_begin_short_backtrace::<fn(), ()>",
            "__libc_start_main@GLIBC_2.2.5",
            "_start",
        ];
        assert_eq!(functions.map(role), [Role::Start; 3]);
    }

    #[test]
    fn all_of_an_allocators_library_is_its_own() {
        let helper = Function { module: Some("/opt/lib/libmudlark_record.so"), ..Function::named("helper") };
        assert_eq!(Role::of(&helper), Role::Entry);
    }

    #[test]
    fn what_leads_to_an_entry_or_from_it_is_the_allocators() {
        for function in [
            "alloc::alloc::exchange_malloc",
            "<alloc::alloc::Global as core::alloc::Allocator>::allocate",
            "<mudlark_core_alloc::hosted::Mudlark as core::alloc::global::GlobalAlloc>::alloc",
            "mudlark_inspect::engine::record",
            "src/profiled.rs: allocate<std::alloc::System>",
            "allocate<mudlark_core_alloc::hosted::Mudlark>",
        ] {
            assert_eq!(role(function), Role::Allocator, "{function}");
        }
    }

    #[test]
    fn containers_and_the_programs_own_functions_are_told_apart() {
        for function in
            ["<alloc::vec::Vec<a::B>>::push", "alloc::raw_vec::RawVec<T,A>::grow_one", "hashbrown::raw::inner"]
        {
            assert_eq!(role(function), Role::Container, "{function}");
        }
        for function in ["a::main", "main", "<a::B as core::clone::Clone>::clone", "allocate_all", "__rust_panic"] {
            assert_eq!(role(function), Role::Own, "{function}");
        }
    }
}
