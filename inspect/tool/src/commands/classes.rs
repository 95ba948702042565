//! `mudlark classes`: size classes, their pages, and a better table.

use core::fmt::Write as _;

use clap::{Args, ValueEnum};

use crate::classes::{self, Demand, Table, before_after, heat_map, suggest};
use crate::cli::{Input, Output};
use crate::error::Error;
use crate::model::Model;
use crate::plot::Frame;
use crate::text;

/// How full the pages of each size class are and what blocks waste; or a table of size classes that wastes less.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark classes out.mmt -o map.svg
  mudlark classes firmware.mmt --suggest 12                prints a table of 12 classes, as Rust
  mudlark classes firmware.mmt --suggest 12 -o waste.svg   and draws what it saves")]
pub(crate) struct Classes {
    #[command(flatten)]
    input: Input,

    /// Print the table of so many classes that wastes the least of what this program had at its peak. The picture, if
    /// there is a file for it, is of the waste before and after.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    suggest: Option<u16>,

    /// Suggested classes are multiples of this [default: two pointers].
    #[arg(long, value_name = "BYTES", requires = "suggest", value_parser = clap::value_parser!(u32).range(1..=4096))]
    granule: Option<u32>,

    /// Which moment the map shows.
    #[arg(long, value_enum, default_value_t, conflicts_with = "suggest")]
    at: At,

    #[command(flatten)]
    output: Output,
}

/// A moment of which the heap has told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum At {
    /// The one with the most in use.
    #[default]
    Peak,
    /// The last.
    End,
}

const WIDTH: f64 = 560.0;

impl Classes {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        match self.suggest {
            Some(count) => self.suggest(&model, usize::from(count)),
            None => self.draw_map(&model),
        }
    }

    fn draw_map(&self, model: &Model) -> Result<(), Error> {
        let moment = match self.at {
            At::Peak => model.heap.fullest(),
            At::End => model.heap.last(),
        };
        let loads = classes::loads(model, moment);
        if loads.is_empty() && moment.is_none_or(|moment| moment.pages.is_empty()) {
            return Err(NO_SMALL_BLOCKS);
        }
        self.output.text(&heat_map::svg(model, moment, &loads, WIDTH, Frame::File))
    }

    fn suggest(&self, model: &Model, count: usize) -> Result<(), Error> {
        let (before, demand) = classes::current(model);
        if demand.is_empty() {
            return Err(NO_SMALL_BLOCKS);
        }
        let granule = self.granule.map_or(2 * u64::from(model.program.pointer_bytes.max(1)), u64::from);
        let after = suggest::suggest(&demand, count, granule);
        print!("{}", rust(model, &before, &after, &demand));
        if self.output.file.is_some() {
            self.output.text(&before_after::svg(&before, &after, &demand, WIDTH, Frame::File))?;
        }
        Ok(())
    }
}

const NO_SMALL_BLOCKS: Error = Error::Nothing {
    what: "blocks that size classes serve",
    advice: "`mudlark stats LOG` says what it has; a program that records from its start on has some",
};

/// The table as Rust, with what it saves.
fn rust(model: &Model, before: &Table, after: &Table, demand: &Demand) -> String {
    let mut code = String::new();
    let (now, then) = (before.waste(demand), after.waste(demand));
    let mut line = |text: core::fmt::Arguments<'_>| writeln!(code, "{text}").expect("a string takes all");
    line(format_args!(
        "/// Size classes for {}: of {} small blocks at the peak, which",
        text::harmless(model.program.title()),
        text::number(demand.blocks())
    ));
    line(format_args!(
        "/// asked for {}, these waste {} by rounding ({});",
        text::bytes(demand.requested()),
        text::bytes(then),
        text::share(then, demand.requested())
    ));
    line(format_args!(
        "/// the {} classes before waste {} ({}).",
        before.classes().len(),
        text::bytes(now),
        text::share(now, demand.requested())
    ));
    line(format_args!("const SIZE_CLASSES: [usize; {}] = [", after.classes().len()));
    for classes in after.classes().chunks(12) {
        let classes: Vec<String> = classes.iter().map(u64::to_string).collect();
        line(format_args!("    {},", classes.join(", ")));
    }
    line(format_args!("];"));
    code
}
