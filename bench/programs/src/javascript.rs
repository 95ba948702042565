//! A JavaScript engine: `boa` parses and runs a program of its own that does what scripts do, with objects, closures,
//! maps, strings and JSON. Its objects are collected garbage; its strings are counted.

use boa_engine::{Context, JsString, Source};

use crate::checksum;
use crate::outcome::{Outcome, timed};

const SCRIPT: &str = include_str!("javascript.js");

/// Runs the script's main function so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    timed(rounds, || {
        let mut context = Context::default();
        let script = format!("{SCRIPT}\nmain({rounds})");
        let result = context.eval(Source::from_bytes(&script));
        let text: JsString = result.and_then(|value| value.to_string(&mut context)).expect("the script runs");
        checksum::of(&text.to_std_string_escaped())
    })
}
