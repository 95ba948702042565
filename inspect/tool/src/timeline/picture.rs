//! The timeline as an SVG: panels one under the other, with the same axis of time.
//!
//! ```text
//!   marks      ┊ ready        ┊ full
//!   heap   │ ╱╲__╱╲___╱▔▔▔▔▔▔▔▔▔ requested
//!   scopes │ [load [parse]]  [serve ─────]
//!   pauses │    ▂    █ ▂
//!          └────┴────┴────┴──── seconds
//! ```

mod pauses;
mod scopes;

use core::cmp::Reverse;

use crate::model::Point;
use crate::plot::{Anchor, Colour, Frame, Lanes, Scale, Svg, byte_ticks, spread, text_width, time_ticks};
use crate::text;
use crate::timeline::series::in_columns;
use crate::timeline::{Kind, Series, Timeline};

/// The height of the heap's panel.
const HEAP: f64 = 210.0;
/// Above the heap's panel, for the peak's text.
const HEADROOM: f64 = 18.0;
/// From one line of text to the next.
const LINE: f64 = 16.0;
/// The place for what lines are called, to their right.
const NAMES: f64 = 112.0;
const MARGIN: f64 = 8.0;

/// The timeline, as wide as that.
pub(crate) fn svg(timeline: &Timeline<'_>, width: f64, frame: Frame) -> String {
    let picture = Picture { timeline, time: Scale::new((0.0, timeline.end as f64), (MARGIN, width - NAMES)) };
    let mut svg = Svg::new(width);
    let top = picture.title(&mut svg, frame);
    let heap = picture.place_marks(&mut svg, top);
    let heap_end = picture.heap(&mut svg, heap);
    let scopes_end = scopes::draw(&picture, &mut svg, heap_end);
    let pauses_end = pauses::draw(&picture, &mut svg, scopes_end);
    let bottom = picture.axis(&mut svg, heap, pauses_end);
    svg.finish(bottom, frame, &description(timeline))
}

/// What there is to see, in a sentence.
pub(crate) fn description(timeline: &Timeline<'_>) -> String {
    let duration = text::seconds(timeline.seconds(timeline.end));
    let mut parts = vec![format!("Memory over {duration}")];
    parts.extend(timeline.series.iter().map(|series| {
        format!(
            "{}: at most {}, {} at the end",
            series.kind.name(),
            text::bytes(series.highest()),
            text::bytes(series.last())
        )
    }));
    if let Some(longest) = timeline.pauses.iter().map(super::Pause::len).max() {
        let longest = text::seconds(timeline.seconds(longest));
        parts.push(format!("{} collections, the longest took {longest}", timeline.pauses.len()));
    }
    parts.join("; ")
}

struct Picture<'t, 'm> {
    timeline: &'t Timeline<'m>,
    time: Scale,
}

impl Picture<'_, '_> {
    /// Where a time is.
    fn x(&self, ticks: u64) -> f64 {
        self.time.at(ticks as f64)
    }

    /// The column of the paper that a time is in.
    fn column(&self, ticks: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the paper is not that wide")]
        let column = self.x(ticks) as u64;
        column
    }

    fn end(&self) -> f64 {
        self.time.places().1
    }

    /// What is shown. A page says itself which program it is of.
    fn title(&self, svg: &mut Svg, frame: Frame) -> f64 {
        let model = self.timeline.model;
        let mut y = 4.0;
        if frame == Frame::File {
            y += LINE;
            let title = shortened(model.program.title(), svg.width() - 2.0 * MARGIN);
            svg.text((MARGIN, y), Anchor::Start, Colour::Ink, "strong", &title);
        }
        let kind =
            if model.program.has_every_request() { "each request is in the log" } else { "estimated from a sample" };
        let duration = text::seconds(self.timeline.seconds(self.timeline.end));
        y += LINE;
        svg.text((MARGIN, y), Anchor::Start, Colour::Faint, "", &format!("memory over {duration}; {kind}"));
        y + 8.0
    }

    /// Texts of the marks, where there is room, and what comes below them begins.
    fn place_marks(&self, svg: &mut Svg, top: f64) -> f64 {
        let mut lanes = Lanes::new(3);
        let mut placed = Vec::new();
        for &(time, text) in &self.timeline.marks {
            let text = shortened(text, 160.0);
            let (x, width) = (self.x(time), text_width(&text) + 10.0);
            let start = if x + width > svg.width() { x - width } else { x };
            placed.push((x, text, start, lanes.take(start, start + width)));
        }
        let bottom = top + lanes.len() as f64 * LINE;
        let floor = bottom + HEADROOM + HEAP;
        let mut bare = None;
        for (x, text, start, lane) in placed {
            let Some(lane) = lane else {
                // However many marks there are, a pixel has one line for those without a text.
                if bare.is_none_or(|before| x >= before + 1.0) {
                    svg.rule((x, bottom), (x, floor), "dash");
                    bare = Some(x);
                }
                continue;
            };
            let y = top + (lane + 1) as f64 * LINE;
            svg.rule((x, y - 11.0), (x, floor), "dash");
            let (place, anchor) = if start < x { (x - 4.0, Anchor::End) } else { (x + 4.0, Anchor::Start) };
            svg.text((place, y - 2.0), anchor, Colour::Ink, "small", &text);
        }
        bottom + HEADROOM
    }

    /// The lines of all kinds of memory, and their names.
    fn heap(&self, svg: &mut Svg, top: f64) -> f64 {
        let model = self.timeline.model;
        let highest =
            self.timeline.series.iter().map(Series::highest).max().unwrap_or(0).max(model.at_peak(model.all()).bytes);
        let ticks = byte_ticks(highest, 4);
        let axis_end = ticks.last().map_or(0, |&(value, _)| value);
        let height = Scale::new((0.0, axis_end as f64), (top + HEAP, top));
        let mut labels = Vec::new();
        for (value, label) in &ticks {
            let y = height.at(*value as f64);
            svg.rule((MARGIN, y), (self.end(), y), "");
            if *value > 0 {
                labels.push((y + 12.0, label));
            }
        }
        for series in &self.timeline.series {
            self.line(svg, series, &height);
        }
        for (y, label) in labels {
            svg.text((MARGIN, y), Anchor::Start, Colour::Faint, "small halo", label);
        }
        self.peak(svg, &height);
        self.names(svg, &height, top);
        top + HEAP
    }

    /// A line through the most of each column, and a faint area down to the least.
    fn line(&self, svg: &mut Svg, series: &Series, height: &Scale) {
        let colour = series.kind.colour();
        let columns = in_columns(&series.points, |time| self.column(time));
        let edge = self.steps(&columns, |point| height.at(point.most as f64));
        if columns.iter().any(|point| point.least < point.most) {
            let low = self.steps(&columns, |point| height.at(point.least as f64));
            svg.area(edge.iter().copied().chain(low.into_iter().rev()), colour);
        }
        if series.kind == Kind::Requested && columns.len() > 1 {
            let (start, floor) = (edge[0].0, height.at(0.0));
            svg.area([(start, floor)].into_iter().chain(edge.iter().copied()).chain([(self.end(), floor)]), colour);
        }
        svg.line(edge, colour);
    }

    /// A quantity stays as it was until it changes.
    fn steps(&self, columns: &[Point], y: impl Fn(&Point) -> f64) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(columns.len() * 2 + 1);
        for point in columns {
            let (x, y) = (self.x(point.time), y(point));
            if let Some(&(_, before)) = points.last().filter(|before| (before.1 - y).abs() > 0.05) {
                points.push((x, before));
            }
            points.push((x, y));
        }
        points.extend(points.last().map(|&(_, y)| (self.end(), y)));
        points
    }

    /// The most that was live, and when: as the log's requests say, or the heap if it knows of more. What a sample tells of most is too
    /// much, so that line is not asked.
    fn highest_requested(&self) -> (u64, u64) {
        let model = self.timeline.model;
        let is_known = model.program.has_every_request() || model.heap.whole.iter().any(|(_, heap)| heap.requested > 0);
        let told = self.timeline.series.iter().filter(|series| is_known && series.kind == Kind::Requested);
        let told = told.flat_map(|series| &series.points).map(|point| (point.most, point.time));
        let counted = (model.at_peak(model.all()).bytes, self.timeline.since_start(model.peak_time()));
        let counted_too = [counted].into_iter().filter(|_| model.program.has_every_request());
        told.chain(counted_too).max_by_key(|&(bytes, ticks)| (bytes, Reverse(ticks))).unwrap_or(counted)
    }

    /// A dot where the most was live, and a text beside it, where no line goes through it.
    fn peak(&self, svg: &mut Svg, height: &Scale) {
        let (bytes, ticks) = self.highest_requested();
        if bytes == 0 {
            return;
        }
        let (x, y) = (self.x(ticks), height.at(bytes as f64));
        let label = format!("peak {} at {}", text::bytes(bytes), text::seconds(self.timeline.seconds(ticks)));
        let width = text_width(&label);
        let (right, left) = ((x + 8.0, Anchor::Start), ((x - 8.0).max(width), Anchor::End));
        let sides = if x + 8.0 + width > self.end() { [left, left] } else { [right, left] };
        let (above, below) = (y - 6.0, y + 15.0);
        let places = [above, below].into_iter().flat_map(|line| sides.map(|side| (line, side)));
        let is_free = |&(line, (place, anchor)): &(f64, (f64, Anchor))| {
            let start = if anchor == Anchor::End { place - width } else { place };
            line < height.at(0.0)
                && start >= 0.0
                && !self.is_crossed(height, (start, start + width), (line - 11.0, line + 3.0))
        };
        // Above it there is no line but those of other kinds of memory.
        let (line, (place, anchor)) = places.into_iter().find(is_free).unwrap_or((above, sides[0]));
        svg.dot((x, y), Colour::Blue);
        svg.text((place, line), anchor, Colour::Ink, "halo", &label);
    }

    /// Whether a line of the panel goes through a box.
    fn is_crossed(&self, height: &Scale, (left, right): (f64, f64), (high, low): (f64, f64)) -> bool {
        self.timeline.series.iter().any(|series| {
            let inside = series.points.partition_point(|point| self.x(point.time) < left);
            // What it was before goes on, up to the first point inside.
            let mut before = inside.checked_sub(1).map(|at| series.points[at].last);
            let points = series.points[inside..].iter().take_while(|point| self.x(point.time) <= right);
            let crosses = |least: u64, most: u64| height.at(most as f64) <= low && height.at(least as f64) >= high;
            before.is_some_and(|last| crosses(last, last))
                || points.into_iter().any(|point| {
                    let last = before.replace(point.last).unwrap_or(point.last);
                    crosses(point.least.min(last), point.most.max(last))
                })
        })
    }

    /// The name of each line at its end, and how high it got.
    fn names(&self, svg: &mut Svg, height: &Scale, top: f64) {
        // Just before the end, since a program that ends lets go of much.
        let before_end = self.timeline.end - self.timeline.end / 32;
        let near_end = |series: &Series| {
            let before = series.points.partition_point(|point| point.time <= before_end);
            series.points.get(before.saturating_sub(1)).map_or(0, |point| point.last)
        };
        let mut ends: Vec<(f64, &Series)> =
            self.timeline.series.iter().map(|series| (height.at(near_end(series) as f64), series)).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wishes: Vec<f64> = ends.iter().map(|end| end.0).collect();
        let places = spread(&wishes, 2.0 * LINE - 2.0, (top + 8.0, top + HEAP - LINE));
        for (y, (_, series)) in places.into_iter().zip(ends) {
            let (x, colour) = (self.end() + 6.0, series.kind.colour());
            svg.text((x, y), Anchor::Start, colour, "strong", series.kind.name());
            svg.text(
                (x, y + 13.0),
                Anchor::Start,
                Colour::Faint,
                "small",
                &format!("≤ {}", text::bytes(series.highest())),
            );
        }
    }

    /// The axis of time under all panels, whose lines go through all of them.
    fn axis(&self, svg: &mut Svg, top: f64, bottom: f64) -> f64 {
        let seconds = self.timeline.seconds(self.timeline.end);
        let scale = Scale::new((0.0, seconds), self.time.places());
        let steps = if svg.width() < 600.0 { 5 } else { 8 };
        for (value, label) in time_ticks(seconds, steps) {
            let x = scale.at(value);
            svg.rule((x, top), (x, bottom + 4.0), "");
            let anchor = if value == 0.0 { Anchor::Start } else { Anchor::Middle };
            svg.text((x, bottom + 18.0), anchor, Colour::Faint, "small", &label);
        }
        bottom + 28.0
    }
}

/// As much of a text as fits.
fn shortened(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for char in text.chars() {
        if text_width(&short) + text_width("……") > width {
            break;
        }
        short.push(char);
    }
    short.push('…');
    short
}
