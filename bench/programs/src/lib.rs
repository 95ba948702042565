//! Programs made of well-known crates, as an allocator meets them: parsers, interpreters, a search index. Each does a
//! fixed amount of work on input that is generated, or is text of this repository, and makes a checksum of what came
//! out.
//!
//! `entry` links this library with one allocator after the other. How a program is told what to do, and answers, is the
//! same as for the workloads of the race, and the same code.

#[path = "../../entries/src/command_line.rs"]
mod command_line;
#[path = "../../entries/src/memory.rs"]
#[expect(dead_code, reason = "only the peak is reported")]
mod memory;
#[path = "../../entries/src/outcome.rs"]
#[expect(dead_code, reason = "no program has further figures")]
mod outcome;
#[path = "../../entries/src/random.rs"]
#[expect(dead_code, reason = "not every distribution is needed")]
mod random;
#[path = "../../entries/src/report.rs"]
mod report;
#[path = "../../entries/src/scale.rs"]
#[expect(dead_code, reason = "what is held is as large in a quick race")]
mod scale;
#[path = "../../entries/src/workload.rs"]
#[expect(dead_code, reason = "instructions are not counted")]
mod workload;

mod checksum;
mod repository;
mod words;

mod equations;
mod javascript;
mod json_query;
mod markdown;
mod pipeline;
mod regexes;
mod rust_format;
mod script;
mod search;
mod sql;
mod templates;
mod toml;

use std::process::ExitCode;

use crate::workload::Workload;

/// The programs, in the order of the tables.
const PROGRAMS: &[Workload] = &[
    Workload::new("rust-format", |scale| rust_format::run(scale.of(14))),
    Workload::new("sql", |scale| sql::run(scale.of(12))),
    Workload::new("toml", |scale| toml::run(scale.of(50))),
    Workload::new("markdown", |scale| markdown::run(scale.of(280))),
    Workload::new("templates", |scale| templates::run(scale.of(1600))),
    Workload::new("javascript", |scale| javascript::run(scale.of(90))),
    Workload::new("script", |scale| script::run(scale.of(600))),
    Workload::new("json-query", |scale| json_query::run(scale.of(8))),
    Workload::new("pipeline", |scale| pipeline::run(scale.of(500_000))),
    Workload::new("search", |scale| search::run(scale.of(30_000))),
    Workload::new("regexes", |scale| regexes::run(scale.of(45))),
    Workload::new("equations", |scale| equations::run(scale.of(40))),
];

/// Runs the program that the arguments name.
pub fn main() -> ExitCode {
    command_line::run(PROGRAMS)
}
