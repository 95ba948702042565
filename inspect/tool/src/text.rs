//! Figures for people: bytes, counts, shares, spans of time, and tables of them.

use core::fmt::Write as _;
use std::borrow::Cow;

use crate::model::{Amount, Model, Program};

/// Bytes in the largest unit of which there is one: `1.5 MiB`; below a KiB, whole bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let unit = (bytes.ilog2() / 10) as usize;
    let value = bytes as f64 / (1_u64 << (10 * unit)) as f64;
    // 1023.96 KiB would be shown as 1024.0.
    let (value, unit) = if value >= 1023.95 && unit < UNITS.len() { (1.0, unit + 1) } else { (value, unit) };
    format!("{value:.1} {}", UNITS[unit - 1])
}

/// A number with a thin separator at each thousand: `1 234 567`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A text in which no line ends between a number and its unit, or within a number.
pub(crate) fn unbroken(text: &str) -> String {
    const UNITS: [&str; 14] =
        ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "s", "ms", "µs", "ns", "%", "blocks", "block"];
    let mut words = text.split(' ').peekable();
    let mut unbroken = String::with_capacity(text.len() + 8);
    while let Some(word) = words.next() {
        unbroken.push_str(word);
        let Some(next) = words.peek() else { break };
        let is_number = word.ends_with(|char: char| char.is_ascii_digit());
        let unit = next.trim_end_matches([',', ';', '.', ')']);
        let is_thousand = unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_digit());
        unbroken.push(if is_number && (is_thousand || UNITS.contains(&unit)) { '\u{a0}' } else { ' ' });
    }
    unbroken
}

/// Words for things of which there may be one: `1 free is`, `2 frees are`.
pub(crate) fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { more })
}

/// How much is not in a log that ended early. A program that was killed has not said so.
pub(crate) fn lost(model: &Model) -> String {
    if model.program.has_stop {
        counted(model.gaps.lost_events, "event after that is lost", "events after that are lost")
    } else {
        "nobody knows how much is lost after that".to_owned()
    }
}

/// A part of a whole, in percent; nothing if there is no whole.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 { String::new() } else { format!("{:.1} %", part as f64 / whole as f64 * 100.0) }
}

/// A span of time.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s >= 100.0 => format!("{s:.0} s"),
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} µs", s * 1e6),
        s => format!("{:.0} ns", s * 1e9),
    }
}

/// A bar whose length is a part of the longest one's.
pub(crate) fn bar(part: u64, most: u64) -> String {
    const LONGEST: u128 = 40;
    let len = (u128::from(part) * LONGEST).div_ceil(u128::from(most.max(1)));
    "█".repeat(usize::try_from(len).unwrap_or(0))
}

/// The intervals by which requests are sampled, `512.0 KiB` or `512.0 KiB to 4.0 MiB`.
pub(crate) fn intervals(program: &Program) -> String {
    let (least, most) = program.intervals.unwrap_or((1, 1));
    if least == most { bytes(least) } else { format!("{} to {}", bytes(least), bytes(most)) }
}

/// How far an estimate may be from the truth: nothing where each request is in the log.
pub(crate) fn error(model: &Model, amount: Amount) -> String {
    if model.program.has_every_request() || amount.seen == 0 {
        return String::new();
    }
    format!(" ±{:.0} %", amount.error() * 100.0)
}

/// A text that someone else wrote, in one line and without what a terminal would obey: control characters, and those that
/// change the order of letters, are escaped, as `\u{1b}`.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_obeyed(char) {
            escaped.extend(char.escape_default());
        } else {
            escaped.push(char);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a character is none to be seen, but tells a terminal to do something.
fn is_obeyed(char: char) -> bool {
    let changes_order =
        matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_line = matches!(char, '\u{2028}' | '\u{2029}');
    char.is_control() || changes_order || ends_line
}

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A table of text, whose columns are as wide as their widest cell; but one that is far too wide sticks out alone.
#[derive(Debug)]
pub(crate) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these columns.
    pub(crate) fn new(columns: &[(&str, Side)]) -> Self {
        let head = columns.iter().map(|&(title, _)| title.to_owned()).collect();
        Self { sides: columns.iter().map(|&(_, side)| side).collect(), rows: vec![head] }
    }

    /// A table of which the columns need no titles.
    pub(crate) fn without_head(sides: &[Side]) -> Self {
        Self { sides: sides.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; of its cells there are as many as of columns. They may say anything: see [`harmless`].
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| harmless(&cell).into_owned()).collect());
    }

    /// No column is wider: else a single name could make every line as long.
    const MOST_WIDTH: usize = 200;

    /// The table, line by line.
    pub(crate) fn text(&self) -> String {
        let width = |cell: &String| cell.chars().take(Self::MOST_WIDTH).count();
        let width_of = |column: usize| self.rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.sides.len()).map(width_of).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, side), width) in row.iter().zip(&self.sides).zip(&widths) {
                let written = match side {
                    Side::Left => write!(line, "{cell:<width$}  "),
                    Side::Right => write!(line, "{cell:>width$}  "),
                };
                written.expect("a string takes all");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_in_a_unit_that_leaves_one_to_four_digits() {
        let shown = [0, 1023, 1024, 1536, 1024 * 1024 - 1, 1024 * 1024, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "16.0 EiB"]);
    }

    #[test]
    fn a_number_and_its_unit_stay_in_one_line() {
        assert_eq!(
            unbroken("at most 1.5 KiB, 0 B at the end; 265.23 ms"),
            "at most 1.5\u{a0}KiB, 0\u{a0}B at the end; 265.23\u{a0}ms"
        );
        assert_eq!(unbroken("1 234 567 requests"), "1\u{a0}234\u{a0}567 requests");
        assert_eq!(unbroken("2 collections, in B"), "2 collections, in B");
    }

    #[test]
    fn thousands_are_kept_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let evil = "\u{1b}]0;owned\u{7}\0\n\u{9b}2J\u{202e}\u{2066}\u{2028}";
        assert_eq!(harmless(evil), r"\u{1b}]0;owned\u{7}\u{0}\n\u{9b}2J\u{202e}\u{2066}\u{2028}");
        for text in ["a::b<c>", "größer 名前 █ µs", ""] {
            assert!(matches!(harmless(text), Cow::Borrowed(same) if same == text));
        }
        let mut table = Table::without_head(&[Side::Left]);
        table.row([evil.to_owned()]);
        assert!(table.text().trim_end_matches('\n').chars().all(|char| !is_obeyed(char)));
    }

    #[test]
    fn a_name_that_is_far_too_long_makes_no_other_line_long() {
        let mut table = Table::new(&[("name", Side::Left), ("bytes", Side::Right)]);
        table.row(["long".repeat(10_000), "7".to_owned()]);
        table.row(["short".to_owned(), "8".to_owned()]);
        let text = table.text();
        assert!(
            text.lines().nth(1).is_some_and(|line| line.starts_with("longlong") && line.ends_with("  7")),
            "{text}"
        );
        assert!(text.lines().nth(2).is_some_and(|line| line.len() < 300 && line.ends_with("  8")), "{text}");
    }

    #[test]
    fn columns_are_aligned_and_lines_have_no_end_of_spaces() {
        let mut table = Table::new(&[("bytes", Side::Right), ("where", Side::Left)]);
        table.row(["7".to_owned(), "a".to_owned()]);
        assert_eq!(table.text(), "bytes  where\n    7  a\n");
    }
}
