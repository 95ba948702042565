//! How the allocators scale: the time of an operation over a number, a curve an entry. Both axes are logarithmic.

use std::path::Path;

use plotters::prelude::*;

use crate::curve::Curve;
use crate::plot::{Drawn, HEIGHT, colour};
use crate::quantity::Quantity;
use crate::results::{Results, Row};

/// Draws an entry's points of `curve`, joined, for all entries. Does nothing when there are no points.
pub(crate) fn draw(results: &Results, curve: &Curve, file: &Path) -> Drawn {
    let lines: Vec<Vec<(f64, f64)>> = (0..results.entries.len()).map(|column| line(results, curve, column)).collect();
    let Some([numbers, times]) = bounds(lines.iter().flatten()) else { return Ok(()) };
    let area = SVGBackend::new(file, (800, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    // Room for the names of the entries to the right.
    let numbers = numbers.0..numbers.1 * (numbers.1 / numbers.0).powf(0.3) * 1.1;
    let mut chart = ChartBuilder::on(&area)
        .caption(curve.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(numbers.log_scale(), (times.0 / 1.5..times.1 * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(curve.of)
        .y_desc(Quantity::Time.title())
        .x_label_formatter(&|number| format!("{number:.0}"))
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

/// The smallest and the largest number, and time.
fn bounds<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> Option<[(f64, f64); 2]> {
    let wider = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    points.fold(None, |bounds, &(number, time)| {
        let [numbers, times] = bounds.unwrap_or([(number, number), (time, time)]);
        Some([wider(numbers, number), wider(times, time)])
    })
}
