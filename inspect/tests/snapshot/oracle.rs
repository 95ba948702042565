//! Sums, differences, their order and their text, filters and wildcards are CPython's: `oracle.py` has asked it.
//!
//! A tag is what a domain is there; domain zero is no tag.

use core::fmt::Display;
use core::iter::Peekable;
use core::mem;
use core::str::{FromStr, Lines};

use mudlark_inspect::snapshot::Group;
use mudlark_inspect::{By, Filter, Snapshot};

use crate::made_up::{MadeUp, snapshot_of};

const ANSWERS: &str = include_str!("oracle.txt");

fn by(key_type: &str) -> By {
    match key_type {
        "lineno" => By::Line,
        "filename" => By::File,
        "traceback" => By::Traceback,
        other => panic!("{other}?"),
    }
}

fn text_of(group: &Group) -> String {
    let Group::Traceback(traceback) = group else { return group.to_string() };
    let frames: Vec<_> = traceback.frames().iter().map(ToString::to_string).collect();
    frames.join("<")
}

/// A line of an answer: the group as the oracle has it, and the rest of the text.
fn line(group: &Group, statistic: &impl Display) -> String {
    let text = statistic.to_string();
    let (_, figures) = text.split_once(": ").expect("there are figures");
    format!("{} {figures}", text_of(group))
}

fn read_snapshot<'a>(lines: &mut Lines<'a>, count: usize) -> Snapshot {
    let blocks: Vec<MadeUp<'a>> = lines
        .take(count)
        .map(|line| {
            let [domain, size, frames] = parts(line);
            let frame = |text: &'a str| {
                let (file, line) = text.rsplit_once(':').expect("there is a line");
                (file, number(line), "f")
            };
            (number(domain), number(size), frames.split('<').map(frame).collect())
        })
        .collect();
    snapshot_of(&blocks)
}

fn read_filter(line: &str) -> Filter {
    let [kind, pattern, line, domain, all_frames] = parts(line);
    let mut filter = if kind == "include" { Filter::include() } else { Filter::exclude() }.file(pattern);
    if line != "-" {
        filter = filter.line(number(line));
    }
    match domain {
        "-" => {}
        "0" => filter = filter.tag(""),
        domain => filter = filter.tag(&format!("tag{domain}")),
    }
    if all_frames == "True" { filter.all_frames() } else { filter }
}

fn parts<const N: usize>(line: &str) -> [&str; N] {
    line.split(' ').collect::<Vec<_>>().try_into().expect(line)
}

fn number<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

#[test]
#[cfg_attr(miri, ignore = "it takes long")]
fn sums_differences_and_filters_are_cpythons() {
    let mut lines = ANSWERS.lines();
    let (mut old, mut new) = (snapshot_of(&[]), snapshot_of(&[]));
    let mut filters = Vec::new();
    let mut answers = 0;
    while let Some(title) = lines.next().filter(|line| !line.starts_with("texts")) {
        let (question, rest) = title.split_once(' ').expect(title);
        let answer = match question {
            "filter" => {
                filters.push(read_filter(rest));
                continue;
            }
            "snapshot" => {
                let [which, count] = parts(rest);
                let snapshot = read_snapshot(&mut lines, number(count));
                *(if which == "old" { &mut old } else { &mut new }) = snapshot;
                continue;
            }
            _ => {
                let [key_type, _] = parts(rest);
                let statistics = match question {
                    "statistics" => new.statistics(by(key_type)),
                    "cumulative" => new.cumulative(by(key_type)),
                    "filtered" => new.filter(&mem::take(&mut filters)).statistics(by(key_type)),
                    _ => Vec::new(),
                };
                let differences = if question == "compare" { new.compare(&old, by(key_type)) } else { Vec::new() };
                let statistics = statistics.iter().map(|statistic| line(&statistic.group, statistic));
                let differences = differences.iter().map(|difference| line(&difference.group, difference));
                statistics.chain(differences).collect::<Vec<_>>()
            }
        };
        let [_, count] = parts(rest);
        let expected: Vec<&str> = (&mut lines).take(number(count)).collect();
        assert_eq!(answer, expected, "{title}, answer {answers}");
        answers += 1;
    }
    assert!(answers > 80, "{answers}");
}

#[test]
#[cfg_attr(miri, ignore = "it takes long")]
fn wildcards_are_cpythons() {
    let mut lines: Peekable<_> = ANSWERS.lines().skip_while(|line| !line.starts_with("texts ")).peekable();
    let texts: Vec<&str> = lines.next().expect("there are texts").split(" =").skip(1).collect();
    // A text is a file's name here; the number of the text is the block's size, less one.
    let blocks: Vec<MadeUp<'_>> = (1..).zip(&texts).map(|(size, text)| (0, size, vec![(*text, 1, "f")])).collect();
    let snapshot = snapshot_of(&blocks);
    assert!(lines.peek().is_some());
    for line in lines {
        let mut parts = line.split(' ').skip(1);
        let pattern = parts.next().and_then(|pattern| pattern.strip_prefix('=')).expect(line);
        let expected: Vec<u64> = parts.map(number).collect();
        let found = snapshot.filter(&[Filter::include().file(pattern)]);
        let found: Vec<u64> = found.blocks().map(|block| block.size() - 1).collect();
        assert_eq!(found, expected, "{pattern}");
    }
}

#[test]
fn a_block_counts_once_in_a_cumulative_sum() {
    let recursive = vec![("a.rs", 1, "f"), ("a.rs", 2, "f"), ("b.rs", 1, "g"), ("a.rs", 2, "f")];
    let snapshot = snapshot_of(&[(0, 100, recursive)]);
    for (by, groups) in [(By::Line, 3), (By::File, 2), (By::Function, 2), (By::Tag, 1), (By::Type, 1)] {
        let sums = snapshot.cumulative(by);
        assert_eq!(sums.len(), groups);
        assert!(sums.iter().all(|sum| (sum.size, sum.count) == (100, 1)), "{sums:?}");
    }
}
