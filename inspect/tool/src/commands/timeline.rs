//! `mudlark timeline`: the heap over time.

use clap::{Args, ValueEnum};

use crate::cli::{Input, Output};
use crate::error::Error;
use crate::plot::Frame;
use crate::timeline::{self, chrome, picture};

/// The heap by kind over time, with collections, marks and scopes on the same axis.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark timeline out.mmt -o heap.svg
  mudlark timeline out.mmt --format chrome -o heap.json      to be opened in ui.perfetto.dev")]
pub(crate) struct Timeline {
    #[command(flatten)]
    input: Input,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture.
    Svg,
    /// Trace events, for ui.perfetto.dev or chrome://tracing.
    Chrome,
}

/// So wide that texts can be read where a phone shows all of it.
const WIDTH: f64 = 560.0;

impl Timeline {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        let timeline = timeline::Timeline::of(&model)?;
        match self.format {
            Format::Svg => self.output.text(&picture::svg(&timeline, WIDTH, Frame::File)),
            Format::Chrome => self.output.write(|to| Ok(serde_json::to_writer(to, &chrome::trace(&timeline))?)),
        }
    }
}
