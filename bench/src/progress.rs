//! How far things are, on the standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// Counts steps, and says so: on a terminal in one line that changes, elsewhere now and then.
#[derive(Debug)]
pub(crate) struct Progress {
    done: usize,
    all: usize,
    start: Instant,
    terminal: bool,
}

/// Lines that a log gets of everything.
const LINES: usize = 20;

impl Progress {
    /// Nothing of `all` steps is done.
    pub(crate) fn new(all: usize) -> Self {
        Self { done: 0, all, start: Instant::now(), terminal: io::stderr().is_terminal() }
    }

    /// A step begins.
    pub(crate) fn step(&mut self, what: &str) {
        let line = format!("[{}/{}] {what}{}", self.done + 1, self.all, self.time_left());
        let mut stderr = io::stderr();
        // Nobody needs to know that nobody listens.
        let _ = if self.terminal {
            write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush())
        } else if self.done.is_multiple_of(self.all.div_ceil(LINES)) {
            writeln!(stderr, "{line}")
        } else {
            Ok(())
        };
        self.done += 1;
    }

    /// All is done: clears the line.
    pub(crate) fn finish(self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }

    fn time_left(&self) -> String {
        if self.done == 0 {
            return String::new();
        }
        let spent = self.start.elapsed();
        let left = spent.mul_f64((self.all - self.done) as f64 / self.done as f64);
        format!(", {} s gone, about {} s left", spent.as_secs(), left.as_secs())
    }
}
