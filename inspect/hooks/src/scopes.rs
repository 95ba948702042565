//! The scopes that a program without threads is in, one within the other, and the numbers of their paths.

use core::str;

use crate::event::{Event, NameOf};

/// So many different paths have a number.
const MOST_PATHS: usize = 32;
/// And so many scopes may be within each other.
const MOST_DEPTH: usize = 8;
/// No path is longer, in bytes.
const LONGEST: usize = 96;

/// The scopes that were entered and not left, and the paths that were ever met.
///
/// # Invariants
///
/// `known` is at most [`MOST_PATHS`]; the path with the number `n` is at `n - 1`, and within a path of a smaller number.
pub(crate) struct Scopes {
    paths: [Path; MOST_PATHS],
    known: usize,
    /// The number of each scope's path, outermost first.
    entered: [u32; MOST_DEPTH],
    depth: usize,
}

/// A scope within another: the path's last part, and the number of the rest.
#[derive(Clone, Copy, PartialEq)]
struct Path {
    within: u32,
    name: &'static str,
}

impl Scopes {
    pub(crate) const fn new() -> Self {
        let none = Path { within: 0, name: "" };
        Self { paths: [none; MOST_PATHS], known: 0, entered: [0; MOST_DEPTH], depth: 0 }
    }

    /// The number of the path that the program is at, or zero.
    pub(crate) fn current(&self) -> u32 {
        let innermost = self.depth.min(MOST_DEPTH);
        innermost.checked_sub(1).map_or(0, |place| self.entered[place])
    }

    /// Enters a scope. If its path has no number yet, `write` gets to know it. If there are no more numbers, or the scope is
    /// too deep, what is done in it counts for the scope around.
    pub(crate) fn enter(&mut self, name: &'static str, write: impl FnOnce(&Event<'_>)) {
        let path = Path { within: self.current(), name };
        let number = self.number_of(path).or_else(|| self.add(path, write)).unwrap_or(path.within);
        if let Some(place) = self.entered.get_mut(self.depth) {
            *place = number;
        }
        self.depth += 1;
    }

    /// Leaves the scope that was entered last.
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn number_of(&self, path: Path) -> Option<u32> {
        let place = self.paths[..self.known].iter().position(|&known| known == path)?;
        u32::try_from(place + 1).ok()
    }

    fn add(&mut self, path: Path, write: impl FnOnce(&Event<'_>)) -> Option<u32> {
        // INVARIANT: the path that it is within is known already.
        *self.paths.get_mut(self.known)? = path;
        self.known += 1;
        let number = u32::try_from(self.known).ok()?;
        let mut buffer = [0; LONGEST];
        write(&Event::Name { of: NameOf::Tag, id: number, text: self.text(path, &mut buffer) });
        Some(number)
    }

    /// The whole path, «load/parse». What does not fit is cut off at the beginning.
    fn text<'b>(&self, path: Path, buffer: &'b mut [u8; LONGEST]) -> &'b str {
        let mut start = LONGEST;
        let mut next = Some(path);
        while let Some(Path { within, name }) = next {
            let separator = if start == LONGEST { "" } else { "/" };
            for text in [separator, name] {
                let Some(place) = start.checked_sub(text.len()) else { return ending(&buffer[start..]) };
                buffer[place..start].copy_from_slice(text.as_bytes());
                start = place;
            }
            next = (within as usize).checked_sub(1).map(|place| self.paths[place]);
        }
        ending(&buffer[start..])
    }
}

fn ending(text: &[u8]) -> &str {
    str::from_utf8(text).unwrap_or_default()
}
