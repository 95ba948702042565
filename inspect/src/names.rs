//! What the program and its allocator are called.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::path::PathBuf;

/// What each log says of whom it is about, those of forked children, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) program: Name,
    pub(crate) allocator: Name,
}

impl Names {
    pub(crate) const fn unknown() -> Self {
        Self { program: Name::EMPTY, allocator: Name::EMPTY }
    }

    /// As they are now, with this allocator. May allocate.
    pub(crate) fn of(allocator: &str) -> Self {
        Self { program: Name::of(&program()), allocator: Name::of(allocator) }
    }
}

/// A name in memory of its own; the end of a very long one is cut off.
///
/// # Invariants
///
/// The first `len` bytes are UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    bytes: [u8; Self::MOST],
    len: usize,
}

impl Name {
    const MOST: usize = 120;
    const EMPTY: Self = Self { bytes: [0; Self::MOST], len: 0 };

    fn of(text: &str) -> Self {
        let mut name = Self::EMPTY;
        // INVARIANT: whole characters of a text.
        name.len = (0..=text.len().min(Self::MOST)).rev().find(|&len| text.is_char_boundary(len)).unwrap_or(0);
        name.bytes[..name.len].copy_from_slice(&text.as_bytes()[..name.len]);
        name
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

/// As the program was called: it may be a link to something that many programs are.
fn program() -> String {
    let program =
        std::env::args_os().next().map(PathBuf::from).or_else(|| std::env::current_exe().ok()).unwrap_or_default();
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Tells the name of the type that is the program's allocator.
type NameOfType = fn() -> &'static str;

/// A [`NameOfType`], or null before the first request.
static TYPE: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// The program's allocator is of this type.
pub(crate) fn note_type<A>() {
    TYPE.store(core::any::type_name::<A> as NameOfType as *mut (), Ordering::Relaxed);
}

/// The name of the allocator's type, without the paths in it.
pub(crate) fn of_type() -> String {
    let name = TYPE.load(Ordering::Relaxed);
    if name.is_null() {
        return String::new();
    }
    // SAFETY: `note_type` has stored a function of this type.
    let name = unsafe { core::mem::transmute::<*mut (), NameOfType>(name) };
    without_paths(name())
}

/// `a::B<c::D>` as `B<D>`.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(['<', '>', ',', ' ', '(', '[', '&']) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_name_is_told_without_its_paths() {
        assert_eq!(without_paths("std::alloc::System"), "System");
        assert_eq!(without_paths("a::Metered<b::c::Debug<d::E, (f::G, u8)>>"), "Metered<Debug<E, (G, u8)>>");
        note_type::<Option<std::alloc::System>>();
        assert_eq!(of_type(), "Option<System>");
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let long = "ä".repeat(100);
        assert_eq!(Name::of(&long).as_str(), "ä".repeat(60));
        assert_eq!(Name::of(&format!("x{long}")).as_str().len(), 119);
        assert_eq!(Name::of("short").as_str(), "short");
    }
}
