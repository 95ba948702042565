//! How the allocators scale: the time of an operation over a number, a curve an entry. Both axes are logarithmic.

use core::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::curve::Curve;
use crate::plot::{Drawn, HEIGHT, colour};
use crate::quantity::Quantity;
use crate::results::{Results, Row};

/// Draws an entry's points of `curve`, joined, for all entries. Does nothing when there are no points.
pub(crate) fn draw(results: &Results, curve: &Curve, file: &Path) -> Drawn {
    let lines: Vec<Vec<(f64, f64)>> = (0..results.entries.len()).map(|column| line(results, curve, column)).collect();
    let Some((least, most)) = bounds(lines.iter().flatten()) else { return Ok(()) };
    let area = SVGBackend::new(file, (800, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    // Room for the names of the entries to the right.
    let numbers = least.0..most.0 * (most.0 / least.0).powf(0.3) * 1.1;
    let times = least.1 / 2.0..most.1 * 2.0;
    let mut chart = ChartBuilder::on(&area)
        .caption(curve.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(
            numbers
                .log_scale()
                .with_key_points(results.rows.iter().filter_map(|row| curve.number(&row.workload)).collect()),
            times.clone().log_scale().with_key_points(round_numbers(times)),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(curve.axis)
        .y_desc(Quantity::Time.title())
        .x_label_formatter(&f64::to_string)
        .y_label_formatter(&f64::to_string)
        .draw()?;
    for (column, (name, line)) in results.entries.iter().zip(lines).enumerate() {
        let series = LineSeries::new(line, colour(column).stroke_width(2)).point_size(3);
        let legend = move |(x, y)| PathElement::new([(x, y), (x + 12, y)], colour(column).stroke_width(2));
        chart.draw_series(series)?.label(name).legend(legend);
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

/// The points of an entry: the number, and the time of an operation.
fn line(results: &Results, curve: &Curve, column: usize) -> Vec<(f64, f64)> {
    let point = |row: &Row| Some((curve.number(&row.workload)?, row.cells[column].median(&Quantity::Time)?));
    results.rows.iter().filter_map(point).collect()
}

/// The smallest number and time, and the largest.
fn bounds<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> Option<((f64, f64), (f64, f64))> {
    let wider = |(least, most): ((f64, f64), (f64, f64)), point: (f64, f64)| {
        ((least.0.min(point.0), least.1.min(point.1)), (most.0.max(point.0), most.1.max(point.1)))
    };
    points.map(|&point| (point, point)).reduce(|bounds, (point, _)| wider(bounds, point))
}

/// 1, 2, 5, 10, 20, 50 … of times.
fn round_numbers(range: Range<f64>) -> Vec<f64> {
    let decades = (0..9).map(|power| 10_f64.powi(power));
    decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * decade)).filter(|time| range.contains(time)).collect()
}
