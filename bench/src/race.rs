//! The race itself: every workload by every entry, turn about, so that a machine that slows down slows all of them.
//!
//! ```text
//!   workload 1:  A B C  A B C  A B C  …      workload 2:  A B C  …
//! ```

use core::time::Duration;

use crate::builder::{Field, Starter};
use crate::child::Listed;
use crate::cli::RaceArgs;
use crate::group::Group;
use crate::progress::Progress;
use crate::results::{Cell, Results, Row};

/// How much is done, how often, and for how long at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// A workload's full size is divided by this.
    pub(crate) divisor: usize,
    /// Runs of every workload by every entry.
    pub(crate) runs: u16,
    /// What takes longer is ended, and not run again. Long workloads may take [`LONGER`].
    pub(crate) limit: Duration,
}

/// What a long workload may take in addition: a quick race does not shorten it.
const LONGER: Duration = Duration::from_secs(20);

impl Pace {
    /// As the command line wants it.
    fn of(args: &RaceArgs) -> Self {
        let (divisor, limit) = if args.quick { (16, Duration::from_secs(2)) } else { (1, Duration::from_secs(60)) };
        Self { divisor, runs: args.runs, limit }
    }

    /// How long a run of the workload may take.
    fn limit(self, workload: &Listed) -> Duration {
        if workload.long { self.limit + LONGER } else { self.limit }
    }
}

/// Runs a group.
pub(crate) fn run(field: &Field, group: Group, args: &RaceArgs) -> Results {
    race(field, group, |listed| args.wants(listed), Pace::of(args))
}

/// Runs the workloads of a group that are wanted, at a pace.
pub(crate) fn race(field: &Field, group: Group, wanted: impl Fn(&Listed) -> bool, pace: Pace) -> Results {
    let starters: Vec<&Starter> = field.starters.iter().filter(|starter| group.runs(&starter.entry)).collect();
    let lists: Vec<Vec<Listed>> = starters.iter().map(|starter| starter.program.list()).collect();
    let workloads = union(&lists, wanted);
    let mut progress = Progress::new(workloads.len() * starters.len() * usize::from(pace.runs));
    let rows = workloads.into_iter().map(|workload| {
        let mut cells: Vec<Cell> = lists.iter().map(|list| empty_cell(list, &workload.name)).collect();
        for round in 1..=pace.runs {
            for (starter, cell) in starters.iter().zip(&mut cells) {
                progress.step(&format!("{group} {}, round {round}: {}", workload.name, starter.entry.name));
                take_turn(starter, &workload, pace, cell);
            }
        }
        Row { workload: workload.name, cells }
    });
    let rows = rows.collect();
    progress.finish();
    Results { group, entries: starters.iter().map(|starter| starter.entry.name.to_owned()).collect(), rows }
}

/// The workloads that any entry knows and the user wants, in the order of the first that knows them.
fn union(lists: &[Vec<Listed>], wanted: impl Fn(&Listed) -> bool) -> Vec<Listed> {
    let mut union: Vec<Listed> = Vec::new();
    for listed in lists.iter().flatten().filter(|listed| wanted(listed)) {
        if !union.iter().any(|known| known.name == listed.name) {
            union.push(listed.clone());
        }
    }
    union
}

fn empty_cell(list: &[Listed], workload: &str) -> Cell {
    Cell { absent: !list.iter().any(|listed| listed.name == workload), ..Cell::default() }
}

/// One run, unless the entry does not know the workload or had a mishap with it.
fn take_turn(starter: &Starter, workload: &Listed, pace: Pace, cell: &mut Cell) {
    if cell.absent || cell.mishap.is_some() {
        return;
    }
    match starter.program.run(&workload.name, pace.divisor, pace.limit(workload)) {
        Ok(measurement) => cell.runs.push(measurement),
        Err(mishap) => cell.mishap = Some(mishap),
    }
}
