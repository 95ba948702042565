//! Patterns with wildcards, as a shell's for files: what Python's `fnmatch` understands.

use core::str::Chars;

/// A text that may have wildcards:
///
/// - `*` stands for any characters, also none, also with slashes;
/// - `?` for one character;
/// - `[abx-z]` for one of these, `[!abx-z]` for one that is none of these; a `]` may be the first of them, and a `[` without a `]`
///   is just that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Any,
    One,
    Char(char),
    Set { is_negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.chars();
        while let Some(char) = rest.next() {
            parts.push(match char {
                '*' => Part::Any,
                '?' => Part::One,
                '[' => read_set(&mut rest).unwrap_or(Part::Char('[')),
                other => Part::Char(other),
            });
        }
        Self { parts }
    }

    /// Whether the pattern stands for all of this text. Takes time for the product of both lengths at most.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut part, mut at) = (0, 0);
        // The last star, and how far it reaches for now: if the rest does not match, it takes one character more.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    star = Some((part, at));
                    part += 1;
                }
                Some(other) if other.matches(text[at]) => (part, at) = (part + 1, at + 1),
                _ => {
                    let Some((place, reach)) = star else { return false };
                    star = Some((place, reach + 1));
                    (part, at) = (place + 1, reach + 1);
                }
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::Any)
    }
}

impl Part {
    fn matches(&self, char: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(own) => *own == char,
            Self::Set { is_negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&char)) != *is_negated
            }
        }
    }
}

/// Reads what is behind a `[`, up to the `]`. If there is none, nothing is read.
fn read_set(rest: &mut Chars<'_>) -> Option<Part> {
    let mut inside = rest.as_str();
    let is_negated = inside.starts_with('!');
    inside = &inside[usize::from(is_negated)..];
    // The first may be the bracket itself.
    let first_len = inside.chars().next()?.len_utf8();
    let end = first_len + inside[first_len..].find(']')?;
    let ranges = read_ranges(&inside[..end]);
    *rest = inside[end + 1..].chars();
    Some(Part::Set { is_negated, ranges })
}

fn read_ranges(text: &str) -> Vec<(char, char)> {
    let chars: Vec<char> = text.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at..] {
            [first, '-', last, ..] => {
                ranges.push((first, last));
                at += 3;
            }
            [one, ..] => {
                ranges.push((one, one));
                at += 1;
            }
            [] => break,
        }
    }
    ranges
}
