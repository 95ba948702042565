//! Results as pictures, in SVG: a bar chart a group, and the allocators' curves.

mod bars;
mod scaling;

use std::fs;
use std::path::Path;

use plotters::style::RGBColor;

use crate::curve::CURVES;
use crate::group::Group;
use crate::quantity::Quantity;
use crate::results::Results;

/// Whether a picture could be drawn.
type Drawn = Result<(), Box<dyn core::error::Error>>;

/// Pixels of every picture.
const HEIGHT: u32 = 640;

/// Draws everything into `folder`.
pub(crate) fn all(all: &[Results], folder: &Path) -> Result<(), String> {
    draw_all(all, folder).map_err(|error| format!("the pictures cannot be drawn in {}: {error}", folder.display()))
}

fn draw_all(all: &[Results], folder: &Path) -> Drawn {
    fs::create_dir_all(folder)?;
    for results in all {
        for (quantity, suffix) in charts(results.group) {
            if results.quantities().contains(quantity) {
                bars::draw(results, quantity, &folder.join(format!("{}{suffix}.svg", results.group)))?;
            }
        }
        for curve in &CURVES {
            scaling::draw(results, curve, &folder.join(format!("scaling-{}.svg", curve.name)))?;
        }
    }
    Ok(())
}

/// The quantities of a group that have a chart, with what their files' names end with.
fn charts(group: Group) -> &'static [(Quantity, &'static str)] {
    match group {
        Group::Programs => &[(Quantity::Processor, ""), (Quantity::Wall, "-wall"), (Quantity::PeakMemory, "-memory")],
        _ => &[(Quantity::Time, ""), (Quantity::Instructions, "-instructions")],
    }
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
    use std::path::PathBuf;
    use std::{env, fs, process};

    use super::all;
    use crate::results::Results;
    use crate::results::tests::example;

    /// Draws the results; returns a folder to be removed.
    fn drawn(test: &str, results: Results) -> PathBuf {
        let folder = env::temp_dir().join(format!("mudlark-bench-{test}-{}", process::id()));
        all(&[results], &folder).expect("the pictures are drawn");
        folder
    }

    #[test]
    fn a_group_s_chart_names_its_entries_and_workloads() {
        let folder = drawn("bars", example());
        let chart = fs::read_to_string(folder.join("alloc.svg")).expect("the chart is there");
        for name in ["mudlark", "system", "talc", "pairs", "list"] {
            assert!(chart.contains(name), "{name} is missing");
        }
        assert!(!folder.join("scaling-threads.svg").exists(), "there is nothing to make a curve of");
        fs::remove_dir_all(folder).expect("the folder was ours");
    }

    #[test]
    fn workloads_on_several_threads_make_a_curve() {
        let mut results = example();
        results.rows[0].workload = "threads-1".to_owned();
        results.rows[1].workload = "threads-4".to_owned();
        let folder = drawn("curve", results);
        let curve = fs::read_to_string(folder.join("scaling-threads.svg")).expect("the curve is there");
        assert!(curve.contains("polyline") && curve.contains("mudlark"));
        assert!(!folder.join("scaling-live.svg").exists(), "there is nothing to make that curve of");
        fs::remove_dir_all(folder).expect("the folder was ours");
    }
}
