//! Results as pictures, in SVG: a bar chart a group, and a curve of the allocators over threads.

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::quantity::Quantity;
use crate::results::{Results, Row};
use crate::statistics::Summary;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// How far up the bars reach that have no figure above.
const LOWEST_RATIO: f64 = 0.5;
const HEIGHT: u32 = 640;
const LABEL_ROOM: u32 = 130;
/// Pixels a bar, and how many bars' room the names of the entries take.
const BAR: usize = 9;
const LEGEND: usize = 20;

/// Draws everything into `folder`.
pub(crate) fn all(all: &[Results], folder: &Path) -> Result<(), String> {
    draw_all(all, folder).map_err(|error| format!("the pictures cannot be drawn in {}: {error}", folder.display()))
}

fn draw_all(all: &[Results], folder: &Path) -> Result<(), Box<dyn core::error::Error>> {
    fs::create_dir_all(folder)?;
    for results in all {
        for (quantity, suffix) in [(Quantity::Time, ""), (Quantity::Instructions, "-instructions")] {
            if results.quantities().contains(&quantity) {
                bars(results, &quantity, &folder.join(format!("{}{suffix}.svg", results.group)))?;
            }
        }
        if results.rows.iter().any(|row| threads(row).is_some()) {
            scaling(results, &folder.join("scaling.svg"))?;
        }
    }
    Ok(())
}

/// A bar for every entry on every workload: its median as a multiple of the best entry's, with quartiles.
fn bars(results: &Results, quantity: &Quantity, file: &Path) -> Result<(), Box<dyn core::error::Error>> {
    let columns = results.entries.len();
    let bars = relative(results, quantity);
    let highest = bars.iter().map(|(_, summary)| summary.high).fold(2.0, f64::max);
    let slots = results.rows.len() * (columns + 2) + LEGEND;
    let width = 80 + u32::try_from(slots * BAR)?.max(600);
    let area = SVGBackend::new(file, (width, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!("{}: {}, as a multiple of the best (log scale)", results.group, quantity.title());
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(LABEL_ROOM)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..slots as f64, (LOWEST_RATIO..highest * 1.2).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|ratio| format!("{ratio:.1}"))
        .draw()?;
    for (column, name) in results.entries.iter().enumerate() {
        let own = bars.iter().filter(|(place, _)| place % (columns + 2) == column + 1);
        let bar = |&(place, summary): &(usize, Summary)| {
            Rectangle::new(
                [(place as f64 + 0.08, LOWEST_RATIO), (place as f64 + 0.92, summary.median)],
                colour(column).filled(),
            )
        };
        let legend = move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour(column).filled());
        chart.draw_series(own.map(bar))?.label(name).legend(legend);
    }
    let error_bar = |&(place, summary): &(usize, Summary)| {
        ErrorBar::new_vertical(place as f64 + 0.5, summary.low, summary.median, summary.high, BLACK.filled(), 4)
    };
    chart.draw_series(bars.iter().map(error_bar))?;
    for (place, row) in results.rows.iter().enumerate() {
        let left = chart.backend_coord(&((place * (columns + 2) + 1) as f64, LOWEST_RATIO));
        label(&area, &row.workload, left)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}

/// The place of every bar on the axis, and its height. A workload has a slot for each entry and two for a gap.
fn relative(results: &Results, quantity: &Quantity) -> Vec<(usize, Summary)> {
    let columns = results.entries.len();
    let mut bars = Vec::new();
    for (place, row) in results.rows.iter().enumerate() {
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

/// A workload's name, downwards from the axis.
fn label(area: &Area<'_>, text: &str, (x, y): (i32, i32)) -> Result<(), Box<dyn core::error::Error>> {
    let style = ("sans-serif", 13).into_font().transform(FontTransform::Rotate90).color(&BLACK);
    area.draw_text(text, &style, (x + 14, y + 6))?;
    Ok(())
}

/// Operations a second over threads, a curve an entry.
fn scaling(results: &Results, file: &Path) -> Result<(), Box<dyn core::error::Error>> {
    let curves: Vec<Vec<(f64, f64)>> = (0..results.entries.len()).map(|column| curve(results, column)).collect();
    let points = || curves.iter().flatten();
    let most_threads = points().map(|point| point.0).fold(1.0, f64::max);
    let highest = points().map(|point| point.1).fold(1.0, f64::max);
    let area = SVGBackend::new(file, (800, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("mixed window on several threads", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..most_threads * 1.3, 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("threads")
        .y_desc("million operations a second")
        .draw()?;
    for (column, (name, curve)) in results.entries.iter().zip(curves).enumerate() {
        let line = LineSeries::new(curve, colour(column).stroke_width(2)).point_size(3);
        let legend = move |(x, y)| PathElement::new([(x, y), (x + 12, y)], colour(column).stroke_width(2));
        chart.draw_series(line)?.label(name).legend(legend);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}

fn curve(results: &Results, column: usize) -> Vec<(f64, f64)> {
    let point = |row: &Row| Some((threads(row)?, 1000.0 / row.cells[column].median(&Quantity::Time)?));
    results.rows.iter().filter_map(point).collect()
}

/// The number of threads of a workload that is one of the curve's points.
fn threads(row: &Row) -> Option<f64> {
    row.workload.strip_prefix("threads-")?.parse().ok()
}

/// Colours that most eyes can tell apart (Okabe and Ito), and two greys.
fn colour(column: usize) -> RGBColor {
    const COLOURS: [RGBColor; 9] = [
        RGBColor(213, 94, 0),
        RGBColor(0, 114, 178),
        RGBColor(0, 158, 115),
        RGBColor(204, 121, 167),
        RGBColor(230, 159, 0),
        RGBColor(86, 180, 233),
        RGBColor(240, 228, 66),
        RGBColor(110, 110, 110),
        RGBColor(180, 180, 180),
    ];
    COLOURS[column % COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::all;
    use crate::results::tests::example;

    #[test]
    fn a_group_s_chart_names_its_entries_and_workloads() {
        let folder = env::temp_dir().join(format!("mudlark-bench-plot-{}", process::id()));
        all(&[example()], &folder).expect("the chart is drawn");
        let chart = fs::read_to_string(folder.join("alloc.svg")).expect("the chart is there");
        for name in ["mudlark", "system", "talc", "pairs", "list"] {
            assert!(chart.contains(name), "{name} is missing");
        }
        fs::remove_dir_all(folder).expect("the folder was ours");
    }
}
