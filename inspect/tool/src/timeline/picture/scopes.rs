//! The panel of scopes: for each thread what it was in, inner scopes under outer ones.

use std::collections::{BTreeMap, HashMap};

use crate::model::ScopeSpan;
use crate::plot::{Anchor, Colour, Svg, text_width};
use crate::text;
use crate::timeline::picture::{LINE, MARGIN, Picture, shortened};

/// Threads beyond these are not drawn, and neither are scopes that are deeper.
const MOST_THREADS: usize = 6;
const MOST_DEPTH: usize = 4;

/// Narrower gaps are not seen.
const GAP: f64 = 3.0;

/// Draws the panel, and tells where it ends.
pub(super) fn draw(picture: &Picture<'_, '_>, svg: &mut Svg, top: f64) -> f64 {
    let mut threads: BTreeMap<u32, Vec<&ScopeSpan>> = BTreeMap::new();
    for span in picture.timeline.scopes.list.iter().filter(|span| span.depth() < MOST_DEPTH) {
        threads.entry(span.thread).or_default().push(span);
    }
    if threads.is_empty() {
        return top;
    }
    let mut y = top + 22.0;
    svg.text((MARGIN, y), Anchor::Start, Colour::Ink, "strong", "scopes");
    y += 6.0;
    let (count, forgotten) = (threads.len(), picture.timeline.scopes.forgotten);
    let mut colours = Colours::new();
    for (thread, spans) in threads.into_iter().take(MOST_THREADS) {
        y = draw_thread(picture, svg, y, thread, &crowded(stays(picture, &spans, &mut colours)));
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

fn draw_thread(picture: &Picture<'_, '_>, svg: &mut Svg, top: f64, thread: u32, stays: &[Stay<'_>]) -> f64 {
    let depth = stays.iter().map(|stay| stay.span.depth() + 1).max().unwrap_or(1);
    let name = shortened(&picture.timeline.model.program.thread(thread), svg.width() - picture.end() - 6.0);
    svg.text((picture.end() + 6.0, top + 12.0), Anchor::Start, Colour::Faint, "small", &name);
    for stay in stays {
        stay.draw(svg, top + stay.span.depth() as f64 * LINE);
    }
    top + depth as f64 * LINE + 4.0
}

/// The colour of each scope, whichever thread is in it.
type Colours<'s> = HashMap<&'s str, Colour>;

/// Spans in the same scope between which nobody would see a gap.
struct Stay<'s> {
    span: &'s ScopeSpan,
    from: f64,
    to: f64,
    seconds: f64,
    times: usize,
    /// Scopes that are within the same pixel, beside the span's.
    others: usize,
    colour: Colour,
}

/// The stays of a thread.
fn stays<'s>(picture: &Picture<'_, '_>, spans: &[&'s ScopeSpan], colours: &mut Colours<'s>) -> Vec<Stay<'s>> {
    let mut stays: Vec<Stay<'s>> = Vec::new();
    let mut last_of: HashMap<&str, usize> = HashMap::new();
    for &span in spans {
        let (from, to) = (picture.x(span.from), picture.x(span.to));
        let seconds = picture.timeline.seconds(span.to - span.from);
        let last = last_of.get(&*span.path);
        if let Some(stay) = last.map(|&at| &mut stays[at]).filter(|stay| from < stay.to.max(stay.from + 1.0) + GAP) {
            stay.to = to.max(stay.to);
            stay.seconds += seconds;
            stay.times += 1;
            continue;
        }
        let next = Colour::of_number(colours.len());
        let colour = *colours.entry(&span.path).or_insert(next);
        last_of.insert(&span.path, stays.len());
        stays.push(Stay { span, from, to, seconds, times: 1, others: 0, colour });
    }
    stays
}

/// The stays, of which those are one that begin in the same pixel and end in it: nobody would tell them apart.
fn crowded(stays: Vec<Stay<'_>>) -> Vec<Stay<'_>> {
    let mut crowded: Vec<Stay<'_>> = Vec::new();
    let mut narrow_at = [None::<usize>; MOST_DEPTH];
    for stay in stays {
        if stay.is_narrow() {
            let last = &mut narrow_at[stay.span.depth()];
            match last.map(|at| &mut crowded[at]).filter(|crowd| stay.from < crowd.from + 1.0) {
                Some(crowd) => {
                    crowd.add(&stay);
                    continue;
                }
                None => *last = Some(crowded.len()),
            }
        }
        crowded.push(stay);
    }
    crowded
}

/// Of a longer path, a hint shows the beginning.
const HINT: f64 = 1000.0;

impl Stay<'_> {
    fn is_narrow(&self) -> bool {
        self.to - self.from < 1.0
    }

    /// Another scope's stay is shown as one with this one.
    fn add(&mut self, other: &Self) {
        self.to = self.to.max(other.to);
        self.seconds += other.seconds;
        self.times += other.times;
        self.others += 1;
    }

    fn draw(&self, svg: &mut Svg, y: f64) {
        let width = (self.to - self.from).max(1.0);
        let times = if self.times == 1 { String::new() } else { format!(" in {} stays", self.times) };
        let path = shortened(&self.span.path, HINT);
        let others = match self.others {
            0 => String::new(),
            1 => " and another scope".to_owned(),
            others => format!(" and {} other scopes", text::number(others as u64)),
        };
        let hint = format!("{path}{others}: {}{times}", text::seconds(self.seconds));
        svg.bar((self.from, y), (width, LINE - 2.0), self.colour, 0.25, &hint);
        if self.others == 0 && text_width(self.span.name()) * 0.85 + 6.0 < width {
            svg.text((self.from + 3.0, y + 11.0), Anchor::Start, Colour::Ink, "small", self.span.name());
        }
    }
}
