//! A bar chart: a bar for every entry on every workload, its median as a multiple of the best entry's, with quartiles. The
//! points of curves are not in it: those are drawn apart.
//!
//! ```text
//!   gap | entry 1 | entry 2 | … | gap | gap | entry 1 | entry 2 | …         a slot each, on the horizontal axis
//!       workload 1                          workload 2
//! ```

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::curve;
use crate::plot::{Drawn, HEIGHT, colour};
use crate::quantity::Quantity;
use crate::results::{Results, Row};
use crate::statistics::Summary;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, LogCoord<f64>>>;
/// A bar's slot, and its height.
type Bar = (usize, Summary);

/// Where the axis begins: a logarithm has no zero.
const LOWEST_RATIO: f64 = 0.5;
const LABEL_ROOM: u32 = 130;
/// Pixels a slot, and how many slots' room the names of the entries take.
const SLOT: usize = 9;
const LEGEND: usize = 20;

/// Draws the chart of a quantity.
pub(crate) fn draw(results: &Results, quantity: &Quantity, file: &Path) -> Drawn {
    let rows: Vec<&Row> = results.rows.iter().filter(|row| !curve::is_point(row)).collect();
    let bars = relative(results, &rows, quantity);
    let slots = rows.len() * (results.entries.len() + 2) + LEGEND;
    let width = 80 + u32::try_from(slots * SLOT)?.max(600);
    let area = SVGBackend::new(file, (width, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!("{}: {}, as a multiple of the best (log scale)", results.group, quantity.title());
    let mut chart = axes(&area, &title, slots, &bars)?;
    draw_bars(&mut chart, results, &bars)?;
    draw_error_bars(&mut chart, &bars)?;
    draw_workloads(&chart, &area, results, &rows)?;
    draw_entries(&mut chart)?;
    area.present()?;
    Ok(())
}

/// The place of every bar on the axis, and its height. A workload has a slot for each entry and two for a gap.
fn relative(results: &Results, rows: &[&Row], quantity: &Quantity) -> Vec<Bar> {
    let columns = results.entries.len();
    let mut bars = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let best = row.best(quantity, 0..columns).and_then(|best| row.cells[best].median(quantity));
        let Some(best) = best.filter(|&best| best > 0.0) else { continue };
        for (column, cell) in row.cells.iter().enumerate() {
            if let Some(Summary { median, low, high }) = cell.summary(quantity) {
                let ratio = |figure: f64| (figure / best).max(LOWEST_RATIO);
                let summary = Summary { median: ratio(median), low: ratio(low), high: ratio(high) };
                bars.push((place * (columns + 2) + column + 1, summary));
            }
        }
    }
    bars
}

fn axes<'a>(
    area: &Area<'a>,
    title: &str,
    slots: usize,
    bars: &[Bar],
) -> Result<Chart<'a>, Box<dyn core::error::Error>> {
    let highest = bars.iter().map(|(_, summary)| summary.high).fold(2.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(LABEL_ROOM)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..slots as f64, (LOWEST_RATIO..highest * 1.2).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|ratio| format!("{ratio:.1}"))
        .draw()?;
    Ok(chart)
}

fn draw_bars(chart: &mut Chart<'_>, results: &Results, bars: &[Bar]) -> Drawn {
    let columns = results.entries.len();
    for (column, name) in results.entries.iter().enumerate() {
        let style = colour(column).filled();
        let own = bars.iter().filter(|(slot, _)| slot % (columns + 2) == column + 1);
        let bar = |&(slot, summary): &Bar| {
            let (left, right) = (slot as f64 + 0.08, slot as f64 + 0.92);
            Rectangle::new([(left, LOWEST_RATIO), (right, summary.median)], style)
        };
        let legend = move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], style);
        chart.draw_series(own.map(bar))?.label(name).legend(legend);
    }
    Ok(())
}

fn draw_error_bars(chart: &mut Chart<'_>, bars: &[Bar]) -> Drawn {
    let error_bar = |&(slot, summary): &Bar| {
        ErrorBar::new_vertical(slot as f64 + 0.5, summary.low, summary.median, summary.high, BLACK.filled(), 4)
    };
    chart.draw_series(bars.iter().map(error_bar))?;
    Ok(())
}

/// The workloads' names, downwards from the axis.
fn draw_workloads(chart: &Chart<'_>, area: &Area<'_>, results: &Results, rows: &[&Row]) -> Drawn {
    let style = ("sans-serif", 13).into_font().transform(FontTransform::Rotate90).color(&BLACK);
    for (place, row) in rows.iter().enumerate() {
        let slot = place * (results.entries.len() + 2) + 1;
        let (x, y) = chart.backend_coord(&(slot as f64, LOWEST_RATIO));
        area.draw_text(&row.workload, &style, (x + 14, y + 6))?;
    }
    Ok(())
}

/// The entries' names and colours.
fn draw_entries(chart: &mut Chart<'_>) -> Drawn {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(())
}
