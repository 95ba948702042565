//! `mudlark dot`: draws a graph of objects.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use crate::cli::Output;
use crate::error::Error;

/// Draws a graph of objects that a collector's `to_dot()` has written, by Graphviz.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark dot graph.dot -o graph.svg
  mudlark dot graph.dot -o graph.png          the format goes by the name")]
pub(crate) struct Dot {
    /// The graph; `-` is the standard input.
    #[arg(value_name = "GRAPH")]
    graph: PathBuf,

    /// What to write [default: by the output's name, or else svg].
    #[arg(long, value_enum)]
    format: Option<Format>,

    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Png,
    Pdf,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }

    fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension().and_then(OsStr::to_str)?;
        <Self as ValueEnum>::from_str(extension, true).ok()
    }
}

impl Dot {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let format = self.format.or_else(|| Format::of_name(self.output.file.as_deref()?)).unwrap_or(Format::Svg);
        if format != Format::Svg {
            self.output.refuse_terminal()?;
        }
        let picture = self.draw(format)?;
        self.output.write(|to| to.write_all(&picture))
    }

    /// The picture, by the program `dot`.
    fn draw(&self, format: Format) -> Result<Vec<u8>, Error> {
        let input = if self.graph == Path::new("-") {
            Stdio::inherit()
        } else {
            let failed = |cause| Error::Open { path: self.graph.clone(), cause };
            std::fs::File::open(&self.graph).map_err(failed)?.into()
        };
        let done = Command::new("dot").arg(format!("-T{}", format.name())).stdin(input).output();
        let done = done.map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => Error::NoGraphviz,
            _ => Error::Start { program: "dot".into(), cause },
        })?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(Error::BadGraph { path: self.graph.clone(), said });
        }
        Ok(done.stdout)
    }
}
