//! What the collectors did, and what they had, in tables.

use std::collections::BTreeMap;

use crate::census;
use crate::model::Model;
use crate::plot::escape;
use crate::report::section as html_section;
use crate::text;
use crate::timeline::{Pause, Timeline, generation_name, step_name};

/// The tables, if the log tells of a collector.
pub(super) fn section(model: &Model) -> String {
    let pauses = Timeline::of(model).map(|timeline| pauses(&timeline)).unwrap_or_default();
    html_section("collectors", "Collectors", &(pauses + &objects(model)))
}

/// A row for each collector and generation: how many collections, and how long they took.
fn pauses(timeline: &Timeline<'_>) -> String {
    let mut groups: BTreeMap<(u32, u8), Vec<&Pause>> = BTreeMap::new();
    for pause in &timeline.pauses {
        groups.entry((pause.collector, pause.generation)).or_default().push(pause);
    }
    if groups.is_empty() {
        return String::new();
    }
    let rows: String =
        groups.iter().map(|(&(collector, generation), pauses)| row(timeline, collector, generation, pauses)).collect();
    let heads = ["collector, generation", "collections", "median", "longest", "in all", "destroyed"];
    table("Pauses for collections", &heads, &rows) + &steps(timeline)
}

fn row(timeline: &Timeline<'_>, collector: u32, generation: u8, pauses: &[&Pause]) -> String {
    let seconds = |ticks: u64| text::seconds(timeline.seconds(ticks));
    let mut lengths: Vec<u64> = pauses.iter().map(|pause| pause.len()).collect();
    lengths.sort_unstable();
    let cells = [
        text::number(pauses.len() as u64),
        seconds(lengths[lengths.len() / 2]),
        seconds(lengths[lengths.len() - 1]),
        seconds(lengths.iter().fold(0, |sum: u64, &len| sum.saturating_add(len))),
        text::number(pauses.iter().fold(0, |sum: u64, pause| sum.saturating_add(pause.collected))),
    ];
    html_row(&format!("{}, {}", timeline.collector(collector), generation_name(generation)), &cells)
}

/// How long each step took, of all collections.
fn steps(timeline: &Timeline<'_>) -> String {
    let mut sums: BTreeMap<u8, (&str, u64, u64)> = BTreeMap::new();
    for &(from, to, step) in timeline.pauses.iter().flat_map(|pause| &pause.steps) {
        let sum = sums.entry(step as u8).or_insert((step_name(step), 0, 0));
        (sum.1, sum.2) = (sum.1.saturating_add(to - from), sum.2.max(to - from));
    }
    if sums.is_empty() {
        return String::new();
    }
    let seconds = |ticks: u64| text::seconds(timeline.seconds(ticks));
    let rows: String =
        sums.values().map(|&(name, all, longest)| html_row(name, &[seconds(longest), seconds(all)])).collect();
    table("Steps of collections", &["step", "longest", "in all"], &rows)
}

/// What the collectors had when they last told of it.
fn objects(model: &Model) -> String {
    let rows = census::rows(model);
    if rows.is_empty() {
        return String::new();
    }
    let cells = |row: &census::Row| [text::number(row.count), text::bytes(row.bytes)];
    let rows: String = rows.iter().take(MOST_TYPES).map(|row| html_row(&row.name(), &cells(row))).collect();
    table("Objects, by the last census", &["type, generation", "objects", "bytes"], &rows)
}

const MOST_TYPES: usize = 100;

fn table(caption: &str, heads: &[&str], rows: &str) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    format!("<table><caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>\n")
}

fn html_row(name: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(name))
}
