//! A script of an application: `rhai` parses and runs a program with maps, arrays, strings and closures. Every value of
//! it is cloned and dropped a lot.

use rhai::{AST, Engine, INT, Scope};

use crate::checksum;
use crate::outcome::{Outcome, timed};

const SCRIPT: &str = include_str!("script.rhai");

/// Runs the script's main function so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    timed(rounds, || {
        let engine = Engine::new();
        let script: AST = engine.compile(SCRIPT).expect("the script is well formed");
        checksum::of_rounds(rounds, |round| {
            let seed = INT::try_from(round).expect("there are not so many rounds");
            let text: String = engine.call_fn(&mut Scope::new(), &script, "main", (seed,)).expect("the script runs");
            checksum::of(&text)
        })
    })
}
