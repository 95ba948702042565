//! Folded stacks: a line for each stack, its functions from the outermost one on, and a number. What Brendan Gregg's
//! flame graph tools read, and all that came after them.
//!
//! ```text
//!   main;parse;alloc::vec::Vec::push 4096
//! ```

use core::fmt::Write as _;
use std::collections::BTreeMap;

use crate::model::{Cost, Model};
use crate::symbols::Symbols;
use crate::text::harmless;
use crate::view::paths;

/// Bytes by folded stack; those without any are left out.
pub type Folded = BTreeMap<String, u64>;

/// The stacks that a cost comes from. Their bytes add up to the cost of all.
#[must_use]
pub fn folded(model: &Model, symbols: &mut Symbols<'_>, cost: Cost) -> Folded {
    let mut stacks = Folded::new();
    for (path, figures) in paths(model, symbols) {
        let bytes = figures.cost(cost).bytes;
        if bytes > 0 {
            let path: Vec<String> = path.iter().map(|name| escaped(name)).collect();
            let sum = stacks.entry(path.join(";")).or_default();
            *sum = sum.saturating_add(bytes);
        }
    }
    stacks
}

/// A line for each stack. Who reads them may add them all up: a log may claim more than there can be, and what is beyond
/// `i64::MAX` bytes in all is cut off.
#[must_use]
pub fn lines(stacks: &Folded) -> String {
    let mut lines = String::new();
    let mut room = Room::default();
    for (stack, &bytes) in stacks {
        writeln!(lines, "{stack} {}", room.take(bytes)).expect("a string takes all");
    }
    lines
}

/// A line for each stack of two logs, with what the first has, and the second. Each is cut off as [`lines`] are.
#[must_use]
pub fn lines_of_two(before: &Folded, after: &Folded) -> String {
    let mut lines = String::new();
    let [mut room_before, mut room_after] = [Room::default(), Room::default()];
    let only_before = before.keys().filter(|stack| !after.contains_key(*stack));
    for stack in after.keys().chain(only_before) {
        let of = |stacks: &Folded| stacks.get(stack).copied().unwrap_or(0);
        let (old, new) = (room_before.take(of(before)), room_after.take(of(after)));
        writeln!(lines, "{stack} {old} {new}").expect("a string takes all");
    }
    lines
}

/// How much more fits into a sum.
struct Room(u64);

impl Default for Room {
    fn default() -> Self {
        Self(i64::MAX as u64)
    }
}

impl Room {
    /// As much of it as fits.
    fn take(&mut self, bytes: u64) -> u64 {
        let taken = bytes.min(self.0);
        self.0 -= taken;
        taken
    }
}

/// A name without what the format means something by, or a terminal: `[u8; 4]` has a semicolon, and the 2 of a scope
/// `load 2` would be read as the line's number. No name is empty, as a line may have no stack then.
fn escaped(name: &str) -> String {
    let name = harmless(&name.replace(';', ":").replace(['\n', '\r'], " ")).into_owned();
    match name.trim() {
        "" => NO_NAME.to_owned(),
        name => match name.rsplit_once(' ') {
            Some((words, number)) if is_number(number) => format!("{words}\u{a0}{number}"),
            _ => name.to_owned(),
        },
    }
}

/// Whether who reads a line would take this for its number.
fn is_number(word: &str) -> bool {
    word.chars().all(|char| char.is_ascii_digit() || char == '.')
}

/// What is shown where somebody gave an empty name.
const NO_NAME: &str = "(no name)";
