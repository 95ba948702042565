//! Where a block comes from, by the functions of the stack that asked for it: who asked, and for what type.
//!
//! ```text
//!   __rust_alloc ◂ RawVec::grow_one ◂ Vec::push ◂ app::read ◂ app::main ◂ __rust_begin_short_backtrace ◂ …
//!   └ allocator  └ first: containers               └ asked                 └ end: calls `main`
//!                  the type: Vec<u64>
//! ```
//!
//! [`Snapshot`](crate::Snapshot) and the `mudlark` tool both ask here, so that what one shows of a block, the other does too. What
//! they tell of functions may differ: the tool reads the debug information, and so knows types that names lack.
//!
//! ```
//! use mudlark_inspect::origin::{Function, Origin};
//!
//! let names = ["__rust_alloc", "<alloc::vec::Vec<u64>>::push", "app::read", "app::main"];
//! let origin = Origin::of(&names.map(Function::named));
//! assert_eq!(names[origin.asked], "app::read");
//! assert_eq!(origin.type_name.as_deref(), Some("Vec<u64>"));
//! ```

pub mod names;
mod role;
mod type_name;

use role::Role;

/// What is known of a function that was active, or that was inlined into one that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its name, [tidied](names::tidy).
    pub name: &'a str,
    /// The source file, [short](names::short_file).
    pub file: Option<&'a str>,
    /// The file of code that it is in.
    pub module: Option<&'a str>,
    /// The name without its path, with the types that it is made for, if the name above lacks them.
    pub plain_name: Option<&'a str>,
}

impl<'a> Function<'a> {
    /// A function of which there is the name alone.
    #[must_use]
    pub const fn named(name: &'a str) -> Self {
        Self { name, file: None, module: None, plain_name: None }
    }
}

/// Who asked for a block, and for what. The functions are those of its stack, by their indices; innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The innermost function that is not the allocator's.
    pub first: usize,
    /// The function that asked: the innermost that is of no container. If all are a container's, the innermost of these.
    pub asked: usize,
    /// Behind the outermost function that says something: what is further out calls `main`, or a thread's function.
    pub end: usize,
    /// The type of the block, as far as the containers' functions tell: `Vec<u64>`, or `Vec<_>` if they do not say what is in it.
    pub type_name: Option<String>,
}

impl Origin {
    /// Of a stack with these functions. Takes time for the length of their names.
    #[must_use]
    pub fn of(functions: &[Function<'_>]) -> Self {
        let roles: Vec<Role> = functions.iter().map(Role::of).collect();
        let (first, end) = shown(functions, &roles);
        let containers = roles[first..end].iter().take_while(|role| **role == Role::Container).count();
        let type_name = type_name::type_of(&functions[first..first + containers]);
        let asked = if first + containers < end { first + containers } else { first };
        Self { first, asked, end, type_name }
    }
}

/// Inside an allocator, no stack is deeper than this.
const DEEPEST_ENTRY: usize = 32;

/// Which functions are shown: from the innermost that is not the allocator's, up to what calls `main`. If there are none, all.
fn shown(functions: &[Function<'_>], roles: &[Role]) -> (usize, usize) {
    // An allocator calls functions of its own that cannot be known by their names, up to where the program has entered it.
    let entered = roles.iter().take(DEEPEST_ENTRY).rposition(|role| *role == Role::Entry).map_or(0, |entry| entry + 1);
    let is_allocator = |role: &&Role| matches!(role, Role::Allocator | Role::Entry);
    let first = entered + roles[entered..].iter().take_while(is_allocator).count();
    let mut end = roles.iter().position(|role| *role == Role::Start).unwrap_or(roles.len());
    if first >= end {
        return (0, roles.len());
    }
    // What calls `main` does so by a trait.
    while end < roles.len() && end > first + 1 && functions[end - 1].name.contains("call_once") {
        end -= 1;
    }
    (first, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions that are shown, and the one that asked.
    fn shown_of<'a>(names: &[&'a str]) -> (Vec<&'a str>, &'a str) {
        let functions: Vec<Function<'_>> = names.iter().copied().map(Function::named).collect();
        let origin = Origin::of(&functions);
        (names[origin.first..origin.end].to_vec(), names[origin.asked])
    }

    #[test]
    fn what_asks_on_behalf_of_others_has_not_asked() {
        let names = [
            "resize<Pools>",
            "__rustc::__rust_alloc",
            "<alloc::alloc::Global as core::alloc::Allocator>::allocate",
            "alloc::raw_vec::RawVec<T,A>::grow_one",
            "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
            "<&mut dyn core::iter::Iterator<Item = u8>>::next",
            "<app::Reader as core::iter::Iterator>::next",
            "<alloc::vec::Vec<app::Item>>::push",
            "app::main",
        ];
        assert_eq!(shown_of(&names), (names[3..].to_vec(), names[6]));
        assert_eq!(shown_of(&names[..6]), (names[3..6].to_vec(), names[3]), "if no one else has, a container has");
        assert_eq!(shown_of(&names[..3]), (names[..3].to_vec(), names[0]), "if there is nothing else, all is shown");
        assert_eq!(shown_of(&["allocate_all", "main"]).1, "allocate_all");
    }

    #[test]
    fn what_calls_main_is_cut_off() {
        let names = [
            "app::main",
            "core::ops::function::FnOnce::call_once",
            "std::sys::backtrace::__rust_begin_short_backtrace::<fn()>",
            "main",
        ];
        assert_eq!(shown_of(&names).0, names[..1]);
        assert_eq!(shown_of(&names[2..]).0, names[2..], "if there is nothing else, all is shown");
    }
}
