//! The pages of each size class as cells, the fuller the darker; and what the blocks in use waste.
//!
//! ```text
//!    16 B  ██████▓░         81 % of 8 pages
//!    32 B  ████▓▓▒▒░░······ 42 % of 16 pages
//! ```

use std::collections::BTreeMap;

use crate::classes::{Load, saturating_sum};
use crate::model::{Model, Moment, Page};
use crate::plot::{Anchor, Colour, Frame, Svg};
use crate::text;

const MARGIN: f64 = 8.0;
/// The place for the size of blocks, to the left.
const SIZES: f64 = 66.0;
/// The place for figures, to the right.
const FIGURES: f64 = 118.0;
const ROW: f64 = 15.0;
/// From one cell to the next.
const CELL: f64 = 9.0;
/// So many cells, or about as many, are drawn at most.
const MOST_CELLS: usize = 3000;

/// The map and the waste, as wide as that. `loads` are the blocks in use, class by class.
pub(crate) fn svg(model: &Model, moment: Option<&Moment>, loads: &[Load], width: f64, frame: Frame) -> String {
    let mut svg = Svg::new(width);
    let mut y = 0.0;
    if let Some(moment) = moment.filter(|moment| !moment.pages.is_empty()) {
        y = pages(&mut svg, model, moment);
    }
    y = waste(&mut svg, loads, y);
    svg.finish(y, frame, &description(moment, loads))
}

/// What there is to see, in a sentence.
pub(crate) fn description(moment: Option<&Moment>, loads: &[Load]) -> String {
    let (waste, requested) = sums(loads);
    let waste = format!(
        "Rounding to size classes wastes {}, {} of what was asked for",
        text::bytes(waste),
        share(waste, requested)
    );
    let Some(pages) = moment.map(|moment| &moment.pages).filter(|pages| !pages.is_empty()) else { return waste };
    format!("{} pages, {} full. {waste}", pages.len(), full(pages))
}

fn pages(svg: &mut Svg, model: &Model, moment: &Moment) -> f64 {
    let mut classes: BTreeMap<u64, Vec<Page>> = BTreeMap::new();
    for page in &moment.pages {
        classes.entry(page.block_size).or_default().push(*page);
    }
    let heading = format!("{} pages, {} full", text::number(moment.pages.len() as u64), full(&moment.pages));
    svg.text((MARGIN, 20.0), Anchor::Start, Colour::Ink, "strong", &heading);
    let per_cell = moment.pages.len().div_ceil(MOST_CELLS).max(1);
    let (start, _) = model.span();
    let when = text::seconds(model.program.seconds(moment.time.saturating_sub(start)));
    let each = if per_cell == 1 { "a page".to_owned() } else { format!("{per_cell} pages") };
    svg.text(
        (MARGIN, 37.0),
        Anchor::Start,
        Colour::Faint,
        "small",
        &format!("after {when}; a cell is {each}, by address:"),
    );
    scale_of_fill(svg, (MARGIN, 44.0));
    let mut y = 66.0;
    for (block_size, mut pages) in classes {
        pages.sort_by_key(|page| page.address);
        y = class(svg, block_size, &pages, per_cell, y);
    }
    y + 8.0
}

/// Cells from empty to full, with words.
fn scale_of_fill(svg: &mut Svg, (x, y): (f64, f64)) {
    svg.text((x, y + 9.0), Anchor::Start, Colour::Faint, "small", "empty");
    for step in 0..6 {
        cell(svg, (x + 40.0 + f64::from(step) * CELL, y), f64::from(step) / 5.0, "");
    }
    svg.text((x + 40.0 + 6.0 * CELL + 6.0, y + 9.0), Anchor::Start, Colour::Faint, "small", "full");
}

fn cell(svg: &mut Svg, place: (f64, f64), fill: f64, hint: &str) {
    // An empty page is to be seen on dark paper, too.
    const FAINTEST: f64 = 0.2;
    svg.bar(place, (CELL - 1.0, CELL + 1.0), Colour::Blue, FAINTEST + (1.0 - FAINTEST) * fill, hint);
}

/// The cells of a class, in as many lines as they take.
fn class(svg: &mut Svg, block_size: u64, pages: &[Page], per_cell: usize, top: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the paper is not that wide")]
    let in_a_line = ((svg.width() - SIZES - FIGURES) / CELL) as usize;
    let label = if block_size == 0 { "unused".to_owned() } else { text::bytes(block_size) };
    svg.text((SIZES - 8.0, top + 9.0), Anchor::End, Colour::Ink, "small", &label);
    let (used, capacity) = fill(pages.iter());
    let noun = if pages.len() == 1 { "page" } else { "pages" };
    let figures = format!("{} of {} {noun}", share(used, capacity), text::number(pages.len() as u64));
    svg.text((svg.width() - MARGIN, top + 9.0), Anchor::End, Colour::Faint, "small", &figures);
    for (number, cell_pages) in pages.chunks(per_cell).enumerate() {
        let (line, column) = (number / in_a_line, number % in_a_line);
        let (used, capacity) = fill(cell_pages.iter());
        let hint = format!("{:#x}: {used} of {capacity} blocks", cell_pages[0].address);
        let place = (SIZES + column as f64 * CELL, top + line as f64 * (CELL + 2.0));
        cell(svg, place, used as f64 / capacity.max(1) as f64, &hint);
    }
    let lines = pages.len().div_ceil(per_cell).div_ceil(in_a_line);
    // Of several lines, the last is a little apart from the next class.
    top + if lines > 1 { lines as f64 * (CELL + 2.0) + 4.0 } else { ROW }
}

/// Blocks in use, and as many as fit.
fn fill<'p>(pages: impl Iterator<Item = &'p Page>) -> (u64, u64) {
    pages.fold((0, 0), |(used, capacity), page| (used + u64::from(page.used), capacity + u64::from(page.capacity)))
}

/// How full pages of all classes are, by bytes.
fn full(pages: &[Page]) -> String {
    let bytes = |blocks: u32, page: &Page| page.block_size.saturating_mul(blocks.into());
    let used = saturating_sum(pages.iter().map(|page| bytes(page.used, page)));
    share(used, saturating_sum(pages.iter().map(|page| bytes(page.capacity, page))))
}

/// For each class a bar of what was asked for, and behind it what is wasted.
fn waste(svg: &mut Svg, loads: &[Load], top: f64) -> f64 {
    let (waste, requested) = sums(loads);
    let heading = format!("blocks in use waste {}, {}", text::bytes(waste), share(waste, requested));
    svg.text((MARGIN, top + 20.0), Anchor::Start, Colour::Ink, "strong", &heading);
    svg.text((MARGIN, top + 37.0), Anchor::Start, Colour::Blue, "small strong", "asked for");
    svg.text(
        (MARGIN + 64.0, top + 37.0),
        Anchor::Start,
        Colour::Orange,
        "small strong",
        "lost by rounding up to the class",
    );
    let most = loads.iter().map(|load| load.requested.saturating_add(load.waste())).max().unwrap_or(0).max(1);
    let room = svg.width() - SIZES - FIGURES;
    let mut y = top + 46.0;
    let (small, large): (Vec<&Load>, Vec<&Load>) = loads
        .iter()
        .filter(|load| load.blocks > 0)
        .partition(|load| load.block_size.saturating_mul(load.blocks) < most / 200);
    for load in large {
        let (asked, lost) = (load.requested as f64 / most as f64 * room, load.waste() as f64 / most as f64 * room);
        let hint = format!("{} blocks of {} B for {} B", load.blocks, load.block_size, load.requested);
        svg.text((SIZES - 8.0, y + 9.0), Anchor::End, Colour::Ink, "small", &text::bytes(load.block_size));
        svg.bar((SIZES, y), (asked.max(0.5), ROW - 4.0), Colour::Blue, 1.0, &hint);
        svg.bar((SIZES + asked.max(0.5), y), (lost, ROW - 4.0), Colour::Orange, 1.0, &hint);
        let figures = format!("{} lost", text::bytes(load.waste()));
        svg.text((svg.width() - MARGIN, y + 9.0), Anchor::End, Colour::Faint, "small", &figures);
        y += ROW;
    }
    y = others(svg, &small, y);
    y + 8.0
}

/// One line for the classes whose bars would not be seen.
fn others(svg: &mut Svg, small: &[&Load], y: f64) -> f64 {
    if small.is_empty() {
        return y;
    }
    let lost = saturating_sum(small.iter().map(|load| load.waste()));
    let noun = if small.len() == 1 { "class" } else { "classes" };
    let what = format!("and {} {noun} with too little to be seen", small.len());
    svg.text((SIZES, y + 9.0), Anchor::Start, Colour::Faint, "small", &what);
    let figures = format!("{} lost", text::bytes(lost));
    svg.text((svg.width() - MARGIN, y + 9.0), Anchor::End, Colour::Faint, "small", &figures);
    y + ROW
}

fn sums(loads: &[Load]) -> (u64, u64) {
    (saturating_sum(loads.iter().map(Load::waste)), saturating_sum(loads.iter().map(|load| load.requested)))
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "0 %".to_owned() } else { text::share(part, whole) }
}
