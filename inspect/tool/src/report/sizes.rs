//! How many requests there were of which size: a bar for each doubling.

use std::collections::BTreeMap;

use crate::model::{Cost, Figures, Model};
use crate::plot::{Anchor, Colour, Frame, Svg};
use crate::report;
use crate::text;

const ROW: f64 = 17.0;
const MARGIN: f64 = 8.0;
const SIZES: f64 = 104.0;
const FIGURES: f64 = 150.0;

/// The histogram, for each width.
pub(super) fn pictures(model: &Model) -> String {
    let doublings = doublings(model);
    if doublings.is_empty() {
        return String::new();
    }
    let most = doublings.iter().max_by_key(|(_, figures)| figures.total.blocks);
    let most = most.map_or(String::new(), |(&power, _)| format!("; most are of {}", range(power)));
    let description = format!("{} requests{most}", text::number(model.all().total.blocks.rounded()));
    report::pictures(&description, |width| svg(&doublings, width, &description))
}

/// Requests by the least power of two that holds their size; those of nothing are with those of a byte.
fn doublings(model: &Model) -> BTreeMap<u32, Figures> {
    let mut doublings: BTreeMap<u32, Figures> = BTreeMap::new();
    for (size, sums) in model.sizes() {
        let power = size.max(1).checked_next_power_of_two().map_or(64, u64::trailing_zeros);
        *doublings.entry(power.max(3)).or_default() += model.figures(sums);
    }
    doublings
}

/// The sizes of a doubling. All up to eight bytes are one.
fn range(power: u32) -> String {
    let bytes = |size: u64| text::bytes(size).replace(".0 ", " ");
    match power {
        0..=3 => "up to 8 B".to_owned(),
        4..=63 => format!("up to {}", bytes(1 << power)),
        _ => format!("over {}", bytes(1 << 63)),
    }
}

fn svg(doublings: &BTreeMap<u32, Figures>, width: f64, description: &str) -> String {
    let mut svg = Svg::new(width);
    svg.text((SIZES, 14.0), Anchor::Start, Colour::Blue, "small strong", "requests");
    svg.text((width - MARGIN, 14.0), Anchor::End, Colour::Faint, "small", "requests, bytes at peak");
    let most = doublings.values().map(|figures| figures.total.blocks.as_float()).fold(1.0, f64::max);
    let mut y = 22.0;
    for (&power, figures) in doublings {
        let requests = text::number(figures.total.blocks.rounded());
        let at_peak = text::bytes(figures.cost(Cost::Peak).bytes);
        let bar = figures.total.blocks.as_float() / most * (width - SIZES - FIGURES);
        svg.text((SIZES - 8.0, y + 11.0), Anchor::End, Colour::Ink, "small", &range(power));
        svg.bar((SIZES, y), (bar.max(1.0), ROW - 4.0), Colour::Blue, 1.0, &format!("{requests} requests"));
        svg.text((width - MARGIN, y + 11.0), Anchor::End, Colour::Faint, "small", &format!("{requests}, {at_peak}"));
        y += ROW;
    }
    svg.finish(y + 4.0, Frame::Page, description)
}
