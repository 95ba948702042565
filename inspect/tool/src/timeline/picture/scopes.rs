//! The panel of scopes: for each thread what it was in, inner scopes under outer ones.

use std::collections::BTreeMap;

use crate::model::ScopeSpan;
use crate::plot::{Anchor, Colour, Svg, text_width};
use crate::text;
use crate::timeline::picture::{LINE, MARGIN, Picture, shortened};

/// Threads beyond these are not drawn, and neither are scopes that are deeper.
const MOST_THREADS: usize = 6;
const MOST_DEPTH: usize = 4;

/// Draws the panel, and tells where it ends.
pub(super) fn draw(picture: &Picture<'_, '_>, svg: &mut Svg, top: f64) -> f64 {
    let mut threads: BTreeMap<u32, Vec<&ScopeSpan>> = BTreeMap::new();
    for span in picture.timeline.scopes.iter().filter(|span| span.depth() < MOST_DEPTH) {
        threads.entry(span.thread).or_default().push(span);
    }
    if threads.is_empty() {
        return top;
    }
    let mut y = top + 22.0;
    svg.text((MARGIN, y), Anchor::Start, Colour::Ink, "strong", "scopes");
    y += 6.0;
    let (count, forgotten) = (threads.len(), picture.timeline.model.scopes.forgotten());
    for (thread, spans) in threads.into_iter().take(MOST_THREADS) {
        y = draw_thread(picture, svg, y, thread, &spans);
    }
    let mut notes = Vec::new();
    if count > MOST_THREADS {
        notes.push(format!("{} more threads", count - MOST_THREADS));
    }
    if forgotten > 0 {
        notes.push(format!("{forgotten} short stays are not shown"));
    }
    if !notes.is_empty() {
        y += LINE;
        svg.text((MARGIN, y), Anchor::Start, Colour::Faint, "small", &notes.join("; "));
    }
    y + 4.0
}

fn draw_thread(picture: &Picture<'_, '_>, svg: &mut Svg, top: f64, thread: u32, spans: &[&ScopeSpan]) -> f64 {
    let depth = spans.iter().map(|span| span.depth() + 1).max().unwrap_or(1);
    let name = shortened(&picture.timeline.model.program.thread(thread), svg.width() - picture.end() - 6.0);
    svg.text((picture.end() + 6.0, top + 12.0), Anchor::Start, Colour::Faint, "small", &name);
    for span in spans {
        draw_span(picture, svg, top + span.depth() as f64 * LINE, span);
    }
    top + depth as f64 * LINE + 4.0
}

fn draw_span(picture: &Picture<'_, '_>, svg: &mut Svg, y: f64, span: &ScopeSpan) {
    let (from, to) = (picture.x(span.from), picture.x(span.to));
    let width = (to - from).max(1.0);
    let took = text::seconds(picture.timeline.seconds(span.to - span.from));
    svg.bar((from, y), (width, LINE - 2.0), colour_of(&span.path), 0.25, &format!("{}: {took}", span.path));
    if text_width(span.name()) * 0.85 + 6.0 < width {
        svg.text((from + 3.0, y + 11.0), Anchor::Start, Colour::Ink, "small", span.name());
    }
}

/// The same scope has the same colour wherever it is.
fn colour_of(path: &str) -> Colour {
    Colour::of_number(path.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into())))
}
