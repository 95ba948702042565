//! The command line.

/// What `--help` prints.
pub const HELP: &str = "\
A small Scheme on a traced pointer.

Usage: scheme [OPTION]... [FILE [ARGUMENT]...]

Runs the program in FILE, or, when FILE is -, the one on standard input. Without
a FILE it starts a prompt. The program gets FILE and the ARGUMENTs by
(command-line). After the program's output, a report on memory goes to standard
error.

Options:
  --repl         start a prompt, after FILE if there is one
  --quiet        leave the report out
  --no-collect   turn the collector off: circular garbage stays
  --memory MIB   let the program use so much memory (default: 1024)
  --help         print this

Exit status: 0; 1 after an error in the program; 2 for a wrong command line; or
what the program said by (exit STATUS).
";

/// What the command line asks for.
#[derive(Debug)]
pub struct Options {
    /// The file to run, and the arguments after it. Without any, there is only a prompt.
    pub command_line: Vec<String>,
    /// Whether to start a prompt.
    pub repl: bool,
    /// Whether to leave the report out.
    pub quiet: bool,
    /// Whether the collector runs by itself.
    pub collect: bool,
    /// How much memory the program may use, in bytes.
    pub memory: usize,
}

/// What is to be done.
#[derive(Debug)]
pub enum Request {
    /// Print [`HELP`].
    Help,
    /// Run.
    Run(Options),
}

impl Options {
    /// Reads the command line, without the name of this program. The error says what is wrong with it.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, String> {
        let mut options = Self { command_line: vec![], repl: false, quiet: false, collect: true, memory: 1 << 30 };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Request::Help),
                "--repl" => options.repl = true,
                "--quiet" => options.quiet = true,
                "--no-collect" => options.collect = false,
                "--memory" => options.memory = mebibytes(arguments.next())?,
                option if option.starts_with("--") => return Err(format!("{option}: unknown option")),
                _ => {
                    options.command_line.push(argument);
                    options.command_line.extend(arguments.by_ref());
                }
            }
        }
        options.repl |= options.command_line.is_empty();
        Ok(Request::Run(options))
    }
}

fn mebibytes(argument: Option<String>) -> Result<usize, String> {
    let argument = argument.ok_or("--memory: a number of MiB is missing")?;
    let bytes = argument.parse::<usize>().ok().filter(|mib| *mib > 0).and_then(|mib| mib.checked_mul(1 << 20));
    bytes.ok_or_else(|| format!("--memory: expected a number of MiB, got {argument}"))
}
