//! The one line that a run prints: JSON, flat but for the further figures.

use core::fmt::Write;

use crate::memory;
use crate::outcome::Outcome;

/// The line for `outcome`. The checksum is a string: JSON's readers take large numbers for floats.
pub(crate) fn line(workload: &str, outcome: &Outcome) -> String {
    let nanoseconds = outcome.elapsed.as_nanos() as f64 / outcome.operations as f64;
    let mut line = String::new();
    write!(
        line,
        r#"{{"workload":"{workload}","operations":{},"nanoseconds":{nanoseconds},"peak_bytes":{},"checksum":"{:016x}","figures":{{"#,
        outcome.operations,
        memory::peak_resident(),
        outcome.checksum,
    )
    .expect("a string takes all");
    for (place, (name, figure)) in outcome.figures.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(line, r#"{comma}"{name}":{figure}"#).expect("a string takes all");
    }
    line.push_str("}}");
    line
}
