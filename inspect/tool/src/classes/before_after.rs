//! What two tables of size classes waste, one above the axis of sizes and one below it.
//!
//! ```text
//!   now        ▂  █▃     ▂▅
//!           ┴┴┴┴┴┴┴┴┴┴┴┴┴┴┴┴┴┴   sizes, in doublings
//!   suggested    ▂       ▃
//! ```

use crate::classes::{Demand, Table};
use crate::plot::{Anchor, Colour, Frame, Scale, Svg};
use crate::text;

const MARGIN: f64 = 8.0;
const HEIGHT: f64 = 100.0;

/// Both tables serve the same demand. As wide as that.
pub(crate) fn svg(before: &Table, after: &Table, demand: &Demand, width: f64, frame: Frame) -> String {
    let mut svg = Svg::new(width);
    let largest = before.largest().max(after.largest()).max(2) as f64;
    let sizes = Scale::new((3.0, largest.log2()), (MARGIN, width - MARGIN));
    let loads = before.serve(demand).into_iter().chain(after.serve(demand));
    let most = loads.map(|load| load.waste()).max().unwrap_or(0).max(1);
    let axis = 74.0 + HEIGHT;
    let picture = Picture { sizes, demand, height: Scale::new((0.0, most as f64), (0.0, HEIGHT)) };
    svg.text((MARGIN, 20.0), Anchor::Start, Colour::Ink, "strong", "waste of rounding up, at the peak");
    picture.heading(&mut svg, 38.0, "now", before, Colour::Orange);
    picture.heading(&mut svg, 55.0, "suggested", after, Colour::Blue);
    picture.bars(&mut svg, before, Colour::Orange, |height| (axis - height, height));
    picture.bars(&mut svg, after, Colour::Blue, |height| (axis + 18.0, height));
    picture.axis(&mut svg, axis, largest);
    svg.finish(axis + 26.0 + HEIGHT, frame, &description(before, after, demand))
}

/// What there is to see, in a sentence.
pub(crate) fn description(before: &Table, after: &Table, demand: &Demand) -> String {
    let waste = |table: &Table| text::bytes(table.waste(demand));
    let (now, then) = (waste(before), waste(after));
    format!(
        "At the peak, {} size classes waste {now}; {} suggested ones waste {then}",
        before.classes().len(),
        after.classes().len()
    )
}

struct Picture<'d> {
    sizes: Scale,
    height: Scale,
    demand: &'d Demand,
}

impl Picture<'_> {
    fn heading(&self, svg: &mut Svg, y: f64, name: &str, table: &Table, colour: Colour) {
        let waste = table.waste(self.demand);
        let share = text::share(waste, self.demand.requested());
        let heading = format!("{name}: {} classes, {} wasted, {share}", table.classes().len(), text::bytes(waste));
        svg.text((MARGIN, y), Anchor::Start, colour, "strong", &heading);
    }

    /// A bar for each class, as wide as the sizes that it serves; in each, the height of its waste.
    fn bars(&self, svg: &mut Svg, table: &Table, colour: Colour, place: impl Fn(f64) -> (f64, f64)) {
        let mut from = self.sizes.places().0;
        for load in table.serve(self.demand) {
            let to = self.sizes.at((load.block_size as f64).log2());
            let (y, height) = place(self.height.at(load.waste() as f64));
            let hint = format!("{} B: {} blocks waste {}", load.block_size, load.blocks, text::bytes(load.waste()));
            if load.waste() > 0 {
                svg.bar((from, y), ((to - from - 0.6).max(0.6), height.max(0.8)), colour, 1.0, &hint);
            }
            from = to;
        }
    }

    /// Powers of two, with texts where there is room.
    fn axis(&self, svg: &mut Svg, y: f64, largest: f64) {
        let (start, end) = self.sizes.places();
        svg.rule((start, y), (end, y), "");
        svg.rule((start, y + 18.0), (end, y + 18.0), "");
        let mut free = 0.0;
        for power in 3..64 {
            let size = 1_u64 << power;
            if size as f64 > largest {
                break;
            }
            let x = self.sizes.at(f64::from(power));
            if x >= free {
                let anchor = if power == 3 { Anchor::Start } else { Anchor::Middle };
                let anchor = if x + 20.0 > end { Anchor::End } else { anchor };
                svg.text((x, y + 13.0), anchor, Colour::Faint, "small", &text::bytes(size).replace(".0 ", " "));
                free = x + 52.0;
            }
        }
    }
}
