//! A tool that is configured with regular expressions: many are compiled with `regex`, and lines searched with each.
//! The compiler works with trees, sets of ranges and automata; searching allocates caches.

use regex::Regex;

use crate::checksum;
use crate::outcome::{Outcome, mix, timed};
use crate::words::Words;

/// Expressions a round.
const EXPRESSIONS: usize = 60;
/// Lines that each is searched for in.
const LINES: usize = 40;

/// Compiles and searches so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    let mut words = Words::new(6);
    let expressions: Vec<String> = (0..EXPRESSIONS).map(|number| expression(&mut words, number)).collect();
    let lines: Vec<String> = (0..LINES).map(|number| line(&mut words, number)).collect();
    timed(rounds, || checksum::of_rounds(rounds, |_| find(&expressions, &lines)))
}

fn find(expressions: &[String], lines: &[String]) -> u64 {
    let compile = |expression: &String| Regex::new(expression).expect("the expressions are well formed");
    let compiled: Vec<Regex> = expressions.iter().map(compile).collect();
    let matches = compiled.iter().flat_map(|regex| lines.iter().flat_map(|line| regex.captures_iter(line)));
    matches.fold(0, |sum, found| mix(sum, checksum::of(&found[0])))
}

/// One of six kinds.
fn expression(words: &mut Words, number: usize) -> String {
    let (one, two, three) = (words.word().to_owned(), words.word().to_owned(), words.word().to_owned());
    match number % 6 {
        0 => format!(r"(?i)\b(?:{one}|{two}|{three})\w*\b"),
        1 => format!(r"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}}).*{one}"),
        2 => format!(r"^[\p{{L}}\p{{N}}._%+-]+@{one}[a-z]+\.(?:com|org|{two})$"),
        3 => format!(r"({one}|{two}){{1,3}}[^aeiou\s]{{0,8}}"),
        4 => format!(r"(?:\p{{Lu}}\p{{Ll}}+\s+){{0,4}}{three}"),
        _ => format!(r#""(?:[^"\\]|\\.)*"|'{one}'|{two}\s*=\s*(\d+(?:\.\d+)?)"#),
    }
}

fn line(words: &mut Words, number: usize) -> String {
    let (before, after, size) = (words.sentence(8), words.sentence(5), words.below(10_000));
    format!("2021-{:02}-{:02} {before} size = {size} \"{after}\" Tide Come In", number % 12 + 1, number % 28 + 1)
}
