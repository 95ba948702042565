//! One page with all that there is to see: an HTML file that needs no other, and no network.
//!
//! ```text
//!   page.html ── style: page.css and the pictures' own
//!     ├── summary      what happened, in a few figures
//!     ├── timeline     ┐
//!     ├── sizes        ├ pictures, each drawn twice: for a phone, and for a wide window
//!     ├── class map    ┘
//!     ├── flame tree   as data, drawn by page.js
//!     ├── tables       sorted and searched by page.js
//!     └── collectors
//! ```
//!
//! What makes a page slow is cut off, and it says so: rows and stacks beyond the largest.

mod collectors;
mod flame_tree;
mod sizes;
mod summary;
mod tables;

use crate::classes::{self, before_after, heat_map, suggest};
use crate::model::Model;
use crate::plot::{Frame, escape, style_sheet};
use crate::symbols::Symbols;
use crate::text;
use crate::timeline::{self, Timeline};

const TEMPLATE: &str = include_str!("report/page.html");
const STYLE: &str = include_str!("report/page.css");
const SCRIPT: &str = include_str!("report/page.js");

/// Widths of pictures: for a phone, and for a window.
const WIDTHS: [(&str, f64); 2] = [("narrow", 380.0), ("wide", 960.0)];

/// The whole page.
pub(crate) fn page(model: &Model, symbols: &mut Symbols<'_>) -> String {
    let sections = [
        section("timeline", "Memory over time", &timeline_pictures(model)),
        flame_tree::section(model, symbols),
        tables::sections(model, symbols),
        section("sizes", "Sizes of requests", &sizes::pictures(model)),
        section("classes", "Size classes", &class_pictures(model)),
        collectors::section(model),
    ];
    let parts = [
        ("TITLE", escape(model.program.title())),
        ("STYLE", format!("{STYLE}{}", style_sheet())),
        ("SUMMARY", summary::html(model)),
        ("SECTIONS", sections.concat()),
        ("SCRIPT", SCRIPT.to_owned()),
    ];
    fill(TEMPLATE, &parts)
}

/// Puts the parts where the template has their names, as `{{TITLE}}`.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, behind)| Some((before, behind.split_once("}}")?)))
    {
        page.push_str(before);
        page.push_str(parts.iter().find(|part| part.0 == name).map_or("", |part| &part.1));
        rest = after;
    }
    page + rest
}

/// A part of the page with a heading; nothing if there is nothing in it.
fn section(id: &str, heading: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\"><h2 id=\"{id}-heading\">{heading}</h2>\n{content}</section>\n"
    )
}

/// The same picture for each width, of which one is shown; and what it shows, in words.
fn pictures(description: &str, draw: impl Fn(f64) -> String) -> String {
    let drawn = WIDTHS.map(|(class, width)| format!("<div class=\"{class}\">{}</div>\n", draw(width)));
    format!("<figure>{}<figcaption>{}</figcaption></figure>\n", drawn.concat(), escape(&text::unbroken(description)))
}

fn timeline_pictures(model: &Model) -> String {
    let Ok(timeline) = Timeline::of(model) else { return String::new() };
    let meanings = timeline
        .series
        .iter()
        .map(|series| format!("<dt>{}</dt><dd>{}</dd>", series.kind.name(), series.kind.meaning()));
    let meanings =
        format!("<details><summary>What the words mean</summary><dl>{}</dl></details>\n", meanings.collect::<String>());
    let description = timeline::picture::description(&timeline);
    pictures(&description, |width| timeline::picture::svg(&timeline, width, Frame::Page)) + &meanings
}

/// The map, and what a better table would save.
fn class_pictures(model: &Model) -> String {
    let moment = model.heap.fullest();
    let loads = classes::loads(model, moment);
    if loads.is_empty() {
        return String::new();
    }
    let map = pictures(&heat_map::description(moment, &loads), |width| {
        heat_map::svg(model, moment, &loads, width, Frame::Page)
    });
    let (before, demand) = classes::current(model);
    if demand.is_empty() {
        return map;
    }
    let granule = 2 * u64::from(model.program.pointer_bytes.max(1));
    let after = suggest::suggest(&demand, before.classes().len().min(MOST_CLASSES), granule);
    let saving = pictures(&before_after::description(&before, &after, &demand), |width| {
        before_after::svg(&before, &after, &demand, width, Frame::Page)
    });
    let advice = "<p><code>mudlark classes LOG --suggest N</code> prints a table of N classes as Rust.</p>\n";
    map + &saving + advice
}

/// A table with more classes is hardly better.
const MOST_CLASSES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_where_their_names_are_and_are_not_looked_into() {
        let parts = [("A", "{{B}}".to_owned()), ("B", "b".to_owned())];
        assert_eq!(fill("<{{A}}|{{B}}|{{C}}> {{", &parts), "<{{B}}|b|> {{");
    }
}
