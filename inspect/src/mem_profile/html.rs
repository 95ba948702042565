//! A table as a page for browsers, on which nothing is fetched from anywhere.

use core::fmt::Write as _;

use super::table::{Row, Table};

/// The page up to its first table.
pub(super) fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} — memory by line</title>\n<style>\n{STYLE}</style>\n",
        escaped(title)
    )
}

const STYLE: &str = include_str!("style.css");

/// A table, with its heading and remarks.
pub(super) fn section(table: &Table) -> String {
    let mut out = format!("<section>\n<h1>{}</h1>\n<p>{}</p>\n", escaped(table.name), escaped(table.file));
    for remark in table.remarks() {
        let _ = writeln!(out, "<p class=\"remark\">{}</p>", escaped(&remark));
    }
    out.push_str("<div><table>\n<tr><th>line<th>bytes<th>increment<th>times<th class=\"source\">source\n");
    let most = table.rows.iter().filter_map(|row| row.figures).map(|figures| figures.increment.unsigned_abs()).max();
    for row in &table.rows {
        push_row(&mut out, row, most.unwrap_or(0));
    }
    out.push_str("</table></div>\n</section>\n");
    out
}

/// A row. Behind the increment is a bar, as long as it is against `most`.
fn push_row(out: &mut String, row: &Row, most: usize) {
    let increment = row.figures.map_or(0, |figures| figures.increment);
    let share = (increment.unsigned_abs() as u128 * 100).checked_div(most as u128).unwrap_or(0);
    let class = match increment {
        1.. => "more",
        0 => "same",
        ..0 => "less",
    };
    let [bytes, increment, times] = row.cells().unwrap_or_default();
    let source = escaped(row.source);
    let _ = writeln!(
        out,
        "<tr><td>{}<td>{bytes}<td class=\"{class}\" style=\"--share:{share}%\">{increment}<td>{times}<td class=\"source\">{source}",
        row.line
    );
}

/// The text as it may stand in an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
