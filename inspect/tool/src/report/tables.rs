//! Who asked for memory, in tables that can be sorted and searched.

use core::cmp::Reverse;

use crate::model::{Cost, Figures, Model};
use crate::plot::escape;
use crate::report::section;
use crate::symbols::Symbols;
use crate::text;
use crate::view::{By, Row, rows};

/// More rows are put together in one.
const MOST_ROWS: usize = 500;

/// A table for each way of putting requests together; the first is open.
pub(super) fn sections(model: &Model, symbols: &mut Symbols<'_>) -> String {
    if model.is_empty() {
        return String::new();
    }
    let ways = [
        (By::Function, "function"),
        (By::Line, "line"),
        (By::Type, "type"),
        (By::Tag, "scope"),
        (By::Thread, "thread"),
        (By::Class, "size"),
    ];
    let mut content = String::new();
    for (by, name) in ways {
        let table = table(model, rows(model, symbols, by), name);
        let open = if by == By::Function { " open" } else { "" };
        content.push_str(&format!("<details{open}><summary>By {name}</summary>\n{table}</details>\n"));
    }
    section("places", "Who asked", &content)
}

fn table(model: &Model, mut rows: Vec<Row>, name: &str) -> String {
    rows.sort_by(|a, b| (Reverse(rank(&a.figures)), &a.name).cmp(&(Reverse(rank(&b.figures)), &b.name)));
    let count = rows.len();
    let others = rows.split_off(count.min(MOST_ROWS));
    let mut note = String::new();
    if !others.is_empty() {
        let total: Figures = others.iter().map(|row| row.figures).sum();
        note = format!(
            "<p class=\"cut\">The {} rows with the most are shown. The {} others had {} at the peak, and asked for {} in all.</p>\n",
            text::number(MOST_ROWS as u64),
            text::number(others.len() as u64),
            text::bytes(total.at_peak.bytes),
            text::bytes(total.total.bytes),
        );
    }
    let columns = columns(model);
    let heads: String = columns.iter().map(|column| head(column.0)).collect();
    let body: String = rows.iter().map(|row| html_of(row, &columns)).collect();
    format!(
        "<p class=\"search\"><label>Search <input type=\"search\" autocomplete=\"off\"></label> <output>{} rows</output></p>\n\
         <table class=\"sortable\"><caption>Bytes by {name}. A click on a heading sorts.</caption>\n\
         <thead><tr>{}{heads}</tr></thead>\n<tbody>\n{body}</tbody></table>\n{note}",
        text::number(rows.len() as u64),
        head(name),
    )
}

/// What matters of a row, the first thing first.
fn rank(figures: &Figures) -> [u64; 2] {
    [figures.at_peak.bytes, figures.total.bytes]
}

type Column = (&'static str, fn(&Figures) -> (u64, String));

/// Figures with their headings. Of a sample, temporary blocks are not known.
fn columns(model: &Model) -> Vec<Column> {
    fn of(figures: &Figures, cost: Cost) -> (u64, String) {
        let bytes = figures.cost(cost).bytes;
        (bytes, text::bytes(bytes))
    }
    let mut columns: Vec<Column> = vec![
        ("peak", |figures| of(figures, Cost::Peak)),
        ("leaked", |figures| of(figures, Cost::Leaked)),
        ("temporary", |figures| of(figures, Cost::Temporary)),
        ("total", |figures| of(figures, Cost::Total)),
        ("requests", |figures| {
            let count = figures.total.blocks.rounded();
            (count, text::number(count))
        }),
    ];
    columns.retain(|column| model.program.has_every_request() || column.0 != "temporary");
    columns
}

fn head(name: &str) -> String {
    format!("<th scope=\"col\"><button type=\"button\">{name}</button></th>")
}

fn html_of(row: &Row, columns: &[Column]) -> String {
    let cells = columns.iter().map(|(_, figure)| figure(&row.figures));
    let cells: String = cells.map(|(value, shown)| format!("<td data-value=\"{value}\">{shown}</td>")).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", breakable(&row.name))
}

/// A name with places where a line may break, behind paths' colons and at types.
fn breakable(name: &str) -> String {
    escape(name).replace("::", "::<wbr>").replace("&lt;", "<wbr>&lt;").replace('/', "/<wbr>")
}
