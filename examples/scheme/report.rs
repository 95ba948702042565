//! The report on memory at the program's end, layer by layer.

use core::{cell::Cell, fmt, time::Duration};
use std::{rc::Rc, time::Instant};

use mudlark_core_alloc::Mudlark;
use mudlark_gc::{Collector, Phase};

use super::interner::Interner;

/// The generations' names, youngest first.
const GENERATIONS: [&str; 3] = ["young", "middle", "old"];

/// The longest pause for a collection of each generation.
#[derive(Debug, Default)]
pub struct Pauses {
    started: Cell<Option<Instant>>,
    longest: [Cell<Duration>; GENERATIONS.len()],
}

impl Pauses {
    /// Times the collections of this thread's collector from now on.
    pub fn watch() -> Rc<Self> {
        let pauses = Rc::new(Self::default());
        let watching = Rc::clone(&pauses);
        Collector::current().observe(move |event| match event.phase {
            Phase::Start => watching.started.set(Some(Instant::now())),
            Phase::Stop => watching.stop(event.generation.index()),
        });
        pauses
    }

    fn stop(&self, generation: usize) {
        if let Some(started) = self.started.take() {
            let longest = &self.longest[generation];
            longest.set(longest.get().max(started.elapsed()));
        }
    }
}

/// The report: two aligned tables.
///
/// It belongs on standard error, so that a program's output can be piped and compared.
#[derive(Debug)]
pub struct Report {
    layers: Vec<[String; 4]>,
    generations: Vec<[String; 4]>,
}

impl Report {
    /// How things are now.
    pub fn new(pauses: &Pauses, symbols: &Interner) -> Self {
        let memory = Mudlark::stats();
        let gc = Collector::current().stats();
        let (names, name_bytes) = symbols.size();
        let layers = vec![
            ["layer", "", "count", "bytes"].map(String::from),
            row("core-alloc", "blocks in use", Some(memory.blocks), Some(memory.block_bytes)),
            row("", "large blocks in use", Some(memory.large_blocks), Some(memory.large_bytes)),
            row("", "peak", None, Some(memory.peak_bytes)),
            row("", "reserved", None, Some(memory.reserved_bytes)),
            row("rc", "symbols", Some(names), Some(name_bytes)),
            row("gc", "objects live", Some(gc.objects), Some(gc.bytes)),
        ];
        let mut generations = vec![["generation", "collections", "objects found", "longest pause"].map(String::from)];
        for (index, name) in GENERATIONS.into_iter().enumerate() {
            let stats = &gc.generations[index];
            let pause = pauses.longest[index].get();
            generations.push([name.into(), grouped(stats.collections), grouped(stats.collected), milliseconds(pause)]);
        }
        Self { layers, generations }
    }
}

fn row(layer: &str, what: &str, count: Option<usize>, bytes: Option<usize>) -> [String; 4] {
    [layer.into(), what.into(), count.map_or_else(String::new, grouped), bytes.map_or_else(String::new, grouped)]
}

/// The number with its digits in groups of three.
fn grouped(number: impl fmt::Display) -> String {
    let digits = number.to_string();
    let mut groups = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            groups.push(' ');
        }
        groups.push(digit);
    }
    groups
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1000.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(f, &self.layers, 2)?;
        writeln!(f)?;
        table(f, &self.generations, 1)
    }
}

/// The rows in columns, of which the first few are flush left.
fn table(f: &mut fmt::Formatter<'_>, rows: &[[String; 4]], left: usize) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for row in rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column < left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("   ").trim_end())?;
    }
    Ok(())
}
