//! The scopes that were ever entered, each path with a number.

use crate::memory::{Array, NoMemory, Plain};

/// All paths, as «load/parse».
///
/// # Invariants
///
/// The path with the number `n` is at `n - 1`; its text is the `len` bytes of `text` from `start` on, in UTF-8.
pub(crate) struct Tags {
    text: Array<u8>,
    paths: Array<Path>,
}

#[derive(Clone, Copy)]
struct Path {
    start: usize,
    len: usize,
    /// The number of the path that this one is within, or zero.
    within: u32,
}

// SAFETY: all zero is an empty path.
unsafe impl Plain for Path {}

impl Tags {
    pub(crate) const fn new() -> Self {
        Self { text: Array::new(), paths: Array::new() }
    }

    /// The number of a scope of this name within the path `within`. Takes time for the number of paths: to be asked once in a while.
    pub(crate) fn intern(&mut self, within: u32, name: &str) -> Result<u32, NoMemory> {
        if let Some(place) = (0..self.paths.len()).find(|&place| self.is(place, within, name)) {
            return number_of(place);
        }
        let start = self.text.len();
        let around = (within as usize).checked_sub(1).and_then(|place| self.paths.get(place)).copied();
        if let Some(around) = around {
            for place in around.start..around.start + around.len {
                self.text.push(self.text[place])?;
            }
            self.text.push(b'/')?;
        }
        self.text.extend(name.as_bytes())?;
        self.paths.push(Path { start, len: self.text.len() - start, within })?;
        number_of(self.paths.len() - 1)
    }

    /// All paths, with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..).zip((0..self.paths.len()).map(|place| self.text(place)))
    }

    /// The path of a number.
    pub(crate) fn path(&self, number: u32) -> &str {
        (number as usize).checked_sub(1).filter(|&place| place < self.paths.len()).map_or("", |place| self.text(place))
    }

    fn is(&self, place: usize, within: u32, name: &str) -> bool {
        let is_last = || self.text(place).strip_suffix(name);
        self.paths[place].within == within
            && is_last().is_some_and(|rest| {
                if within == 0 { rest.is_empty() } else { rest.len() == self.path(within).len() + 1 }
            })
    }

    fn text(&self, place: usize) -> &str {
        let Path { start, len, .. } = self.paths[place];
        core::str::from_utf8(&self.text[start..][..len]).unwrap_or_default()
    }
}

fn number_of(place: usize) -> Result<u32, NoMemory> {
    u32::try_from(place + 1).map_err(|_| NoMemory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_number_wherever_it_is_entered() {
        let mut tags = Tags::new();
        let mut intern = |within, name| tags.intern(within, name).expect("there is memory");
        let load = intern(0, "load");
        let parse = intern(load, "parse");
        let alone = intern(0, "parse");
        let slashed = intern(0, "load/parse");
        assert_eq!([load, parse, alone, slashed], [1, 2, 3, 4]);
        assert_eq!(intern(load, "parse"), parse);
        assert_eq!(intern(0, "parse"), alone);
        assert_eq!(intern(0, "load/parse"), slashed);
        assert_eq!(tags.path(parse), "load/parse");
        assert_eq!(tags.path(77), "");
    }
}
