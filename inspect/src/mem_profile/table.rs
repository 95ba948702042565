//! What a call has come to, line by line.

use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use super::call::{LineTally, Tally};
use super::function::{Function, Whose};
use super::html;
use super::number::grouped;

/// The table of a call: see the [module](super).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// The function.
    pub name: &'static str,
    /// Its file, as the compiler was told of it.
    pub file: &'static str,
    /// Its lines, from the signature to the last brace.
    pub rows: Vec<Row>,
    /// How the call ended.
    pub ending: Ending,
    /// Calls that it has made to the same function; they are part of the lines that made them.
    pub inner_calls: usize,
    /// Whether it is only what one thread asked for.
    pub is_of_thread: bool,
    /// Whether the program counts at all: if not, all figures are zero.
    pub is_metered: bool,
}

/// A line of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Its number in the file.
    pub line: usize,
    /// `None` if it has not run.
    pub figures: Option<Figures>,
    /// What stands there.
    pub source: &'static str,
}

/// What a line has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// The bytes in use after it: after several times, the most that it was.
    pub bytes: isize,
    /// By how many bytes the line changed that, all times together.
    pub increment: isize,
    /// How often it ran.
    pub times: usize,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It returned.
    Returned,
    /// It panicked. What was dropped for that is part of the line.
    Panicked {
        /// Where.
        line: usize,
    },
    /// Its future was dropped before its end.
    Dropped {
        /// Where it waited.
        line: usize,
    },
}

impl Table {
    pub(super) fn of(function: &Function, tally: &Tally, ending: Ending, inner_calls: usize) -> Self {
        let row = |(index, (source, tally)): (usize, (&'static str, &LineTally))| Row {
            line: function.first_line + index,
            figures: Figures::of(tally),
            source,
        };
        Self {
            name: function.name,
            file: function.file,
            rows: function.lines().zip(&tally.lines).enumerate().map(row).collect(),
            ending,
            inner_calls,
            is_of_thread: function.whose == Whose::Thread,
            is_metered: tally.is_metered,
        }
    }

    /// The table as a page that needs nothing else.
    #[must_use]
    pub fn to_html(&self) -> String {
        format!("{}{}", html::head(self.name), html::section(self))
    }

    /// What is to be known beside the rows: one line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.is_metered {
            remarks.push(
                "there are no figures, since the program's allocator does not count; let it be a Metered one:"
                    .to_string(),
            );
            remarks.push("#[global_allocator]".to_string());
            remarks.push(
                "static ALLOCATOR: mudlark_inspect::Metered<std::alloc::System> = mudlark_inspect::Metered::new(std::alloc::System);"
                    .to_string(),
            );
        }
        match self.ending {
            Ending::Returned => {}
            Ending::Panicked { line } => {
                remarks.push(format!("it panicked on line {line}, which has what was dropped for that"))
            }
            Ending::Dropped { line } => remarks.push(format!("it was dropped while it waited on line {line}")),
        }
        match self.inner_calls {
            0 => {}
            1 => remarks.push("it called itself once; that is part of the line that did so".to_string()),
            calls => remarks.push(format!("it called itself {calls} times; that is part of the lines that did so")),
        }
        if self.is_of_thread {
            remarks.push("only what this thread asked for and freed".to_string());
        }
        remarks
    }
}

impl Figures {
    fn of(tally: &LineTally) -> Option<Self> {
        let times = tally.times.load(Relaxed);
        (times > 0).then(|| Self { bytes: tally.most.load(Relaxed), increment: tally.increment.load(Relaxed), times })
    }
}

impl Row {
    /// The cells that are shown: bytes, increment, times. The end of a block at which nothing was freed shows nothing.
    pub(super) fn cells(&self) -> Option<[String; 3]> {
        let ends_a_block = self.source.trim().chars().all(|sign| "}])>,;".contains(sign));
        let Figures { bytes, increment, times } =
            self.figures.filter(|figures| !ends_a_block || figures.increment != 0)?;
        Some([grouped(bytes), grouped(increment), times.to_string()])
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEAD: [&str; 3] = ["bytes", "increment", "times"];
        let rows: Vec<_> = self.rows.iter().map(|row| (row, row.cells().unwrap_or_default())).collect();
        let width = |column: usize| {
            rows.iter().map(|(_, cells)| cells[column].len()).chain([HEAD[column].len()]).max().unwrap_or(0)
        };
        let [bytes, increment, times] = [width(0), width(1), width(2)];
        let line = self.rows.last().map_or(0, |row| row.line.to_string().len()).max(4);

        writeln!(f, "{}: {}", self.file, self.name)?;
        for remark in self.remarks() {
            writeln!(f, "  {remark}")?;
        }
        writeln!(f, "{:>line$}  {:>bytes$}  {:>increment$}  {:>times$}  source", "line", HEAD[0], HEAD[1], HEAD[2])?;
        for (row, cells) in &rows {
            let figures = format!("{:>bytes$}  {:>increment$}  {:>times$}", cells[0], cells[1], cells[2]);
            let text = format!("{:>line$}  {figures}  {}", row.line, row.source);
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}
