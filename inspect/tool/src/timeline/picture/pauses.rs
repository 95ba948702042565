//! The panel of collections: as high as they were long, from step to step.

use std::collections::BTreeMap;

use mudlark_hooks::Step;

use crate::plot::{Anchor, Colour, Scale, Svg, spread};
use crate::text;
use crate::timeline::picture::{LINE, MARGIN, Picture};
use crate::timeline::{Pause, generation_name, step_name};

const HEIGHT: f64 = 90.0;

/// Draws the panel, and tells where it ends.
pub(super) fn draw(picture: &Picture<'_, '_>, svg: &mut Svg, top: f64) -> f64 {
    let pauses = &picture.timeline.pauses;
    let Some(longest) = pauses.iter().map(Pause::len).max() else { return top };
    let (title, top) = (top + 24.0, top + 34.0);
    let longest_text = text::seconds(picture.timeline.seconds(longest));
    let heading = format!("{} collections, the longest {longest_text}", pauses.len());
    svg.text((MARGIN, title), Anchor::Start, Colour::Ink, "strong", &heading);
    let height = Scale::new((0.0, longest as f64), (0.0, HEIGHT));
    let bottom = top + HEIGHT;
    svg.rule((MARGIN, bottom), (picture.end(), bottom), "");
    for pause in longest_of_columns(picture) {
        draw_pause(picture, svg, pause, &height, bottom);
    }
    draw_names(picture, svg, &height, (top, bottom));
    bottom
}

/// Where several collections are in one column, the longest hides the others.
fn longest_of_columns<'t>(picture: &Picture<'t, '_>) -> impl Iterator<Item = &'t Pause> {
    let mut columns: BTreeMap<u64, &Pause> = BTreeMap::new();
    for pause in &picture.timeline.pauses {
        let seen = columns.entry(picture.column(pause.from)).or_insert(pause);
        if pause.len() > seen.len() {
            *seen = pause;
        }
    }
    columns.into_values()
}

/// A bar of the steps, the first at the bottom. What is before the first step, or all where none is told, is ink.
fn draw_pause(picture: &Picture<'_, '_>, svg: &mut Svg, pause: &Pause, height: &Scale, bottom: f64) {
    let x = picture.x(pause.from);
    let width = (picture.x(pause.to) - x).max(2.0);
    let mut draw = |from: u64, to: u64, colour: Colour, what: &str| {
        let low = height.at((from - pause.from) as f64);
        let high = height.at((to - pause.from) as f64);
        let hint = format!(
            "{} collection, {}: {what} {}, {} of {} objects destroyed",
            generation_name(pause.generation),
            text::seconds(picture.timeline.seconds(pause.len())),
            text::seconds(picture.timeline.seconds(to - from)),
            text::number(pause.collected),
            text::number(pause.candidates),
        );
        svg.bar((x, bottom - high), (width, (high - low).max(0.5)), colour, 1.0, &hint);
    };
    let told = pause.steps.first().map_or(pause.to, |step| step.0);
    if told > pause.from {
        draw(pause.from, told, Colour::Faint, "in all");
    }
    for &(from, to, step) in &pause.steps {
        draw(from, to, colour_of(step), step_name(step));
    }
}

/// The names of the steps, from the bottom up as in the bars, where the longest collection has them; with their sums.
fn draw_names(picture: &Picture<'_, '_>, svg: &mut Svg, height: &Scale, (top, bottom): (f64, f64)) {
    let mut sums: BTreeMap<u8, (Step, u64)> = BTreeMap::new();
    for &(from, to, step) in picture.timeline.pauses.iter().flat_map(|pause| &pause.steps) {
        let (_, sum) = sums.entry(step as u8).or_insert((step, 0));
        *sum = sum.saturating_add(to - from);
    }
    let Some(longest) = picture.timeline.pauses.iter().max_by_key(|pause| pause.len()) else { return };
    let place = |step: Step| {
        let found = longest.steps.iter().find(|told| told.2 == step);
        let middle = found.map(|&(from, to, _)| from.midpoint(to) - longest.from);
        bottom - middle.map_or(HEIGHT, |middle| height.at(middle as f64))
    };
    let mut names: Vec<(f64, Step, u64)> = sums.into_values().map(|(step, sum)| (place(step), step, sum)).collect();
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wishes: Vec<f64> = names.iter().map(|name| name.0).collect();
    let places = spread(&wishes, LINE - 1.0, (top, bottom));
    for (y, (_, step, sum)) in places.into_iter().zip(names) {
        let name = format!("{} {}", step_name(step), text::seconds(picture.timeline.seconds(sum)));
        svg.text((picture.end() + 6.0, y + 4.0), Anchor::Start, colour_of(step), "small", &name);
    }
}

const fn colour_of(step: Step) -> Colour {
    match step {
        Step::Search => Colour::Sky,
        Step::Count => Colour::Blue,
        Step::Spread => Colour::Green,
        Step::Weak => Colour::Purple,
        Step::Finalize => Colour::Orange,
        Step::Destroy => Colour::Red,
        _ => Colour::Grey,
    }
}
