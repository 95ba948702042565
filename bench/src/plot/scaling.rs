//! How the allocators scale: a curve an entry, over the number of threads.

use std::path::Path;

use plotters::prelude::*;

use crate::plot::{Drawn, HEIGHT, colour};
use crate::quantity::Quantity;
use crate::results::{Results, Row};

/// Operations a second over threads, a curve an entry.
pub(crate) fn draw(results: &Results, file: &Path) -> Drawn {
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
pub(crate) fn threads(row: &Row) -> Option<f64> {
    row.workload.strip_prefix("threads-")?.parse().ok()
}
