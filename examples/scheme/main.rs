//! A small Scheme, the kind of program a traced pointer is for.
//!
//! ```text
//! cargo run --release --example scheme -- examples/scheme/queens.scm
//! ```
//!
//! All three layers are at work. Every byte comes from `mudlark-core-alloc`, the global allocator. Symbols are interned
//! `Counted` names of `mudlark-rc`. Pairs, vectors, tables, closures and the variables they share are `Gc` objects of
//! `mudlark-gc`: a Scheme program ties them into circles all the time (a local procedure that calls its neighbour is
//! one already), and nobody but the collector can free those.
//!
//! ```text
//!   text ── reader ──▶ data ── syntax ──▶ tree ── compile ──▶ code ── machine ──▶ value ── printer ──▶ text
//!           lexer             scope, forms         Op                builtins, prelude.scm
//! ```
//!
//! # The language
//!
//! Lexical scope and proper tail calls; `define`, `set!`, `lambda` with rest parameters, `let` in all its forms,
//! `letrec`, `begin`, `if`, `cond`, `case`, `when`, `unless`, `and`, `or`, `do`, nested quasiquotes, and `guard` to catch
//! what `raise`, `error` or a primitive raises. The procedures are those of R7RS where it has them. What differs:
//!
//! - Exact numbers are integers of 64 bits; a result that does not fit is an error. `(/ 1 2)` is the float 0.5.
//! - Strings do not change. Hash tables (`hash-table-set!` …, as in SRFI 69) compare keys by `equal?`.
//! - There are no macros, no `call/cc`, no multiple values. `case` has no `=>`.
//! - A program that defines a name the language has already changes it for itself only, not for the procedures it calls.
//!
//! A program is stopped with an error, and never by a crash, when a million calls wait for each other, when forms are
//! nested more than two thousand levels deep (data may be nested without limit), or when it uses more memory than
//! `--memory` says. The limit is compared with the allocator's statistics every few thousand calls, and before anything
//! is made whose size depends on a number or on other data.
//!
//! # Why there is so little to see of the collector
//!
//! The interpreter registers no roots and writes no barriers: the machine's stack is a `Vec<Value>`, and the handles in
//! it are roots because nothing traced accounts for them.

pub mod builtins;
pub mod code;
pub mod compile;
pub mod condition;
pub mod context;
pub mod equality;
pub mod error;
pub mod globals;
pub mod interner;
pub mod interpreter;
pub mod lexer;
pub mod machine;
pub mod memory;
pub mod number;
pub mod options;
pub mod printer;
pub mod reader;
pub mod repl;
pub mod report;
pub mod source;
pub mod syntax;
pub mod table;
pub mod value;

use std::{
    env, fs,
    io::{self, BufWriter, IsTerminal, Read},
    process::ExitCode,
    rc::Rc,
    thread,
};

use mudlark_core_alloc::Mudlark;
use mudlark_gc::Collector;

use context::Context;
use error::Error;
use interner::Interner;
use interpreter::Interpreter;
use machine::Stop;
use memory::Memory;
use options::{HELP, Options, Request};
use repl::Prompts;
use report::{Pauses, Report};
use source::Source;

#[global_allocator]
static GLOBAL: Mudlark = Mudlark::new();

/// Expanding and compiling a form recurse as deeply as it is nested, up to
/// [`MAX_NESTING`](syntax::expander::MAX_NESTING): this is room for that, in debug builds too.
const STACK_BYTES: usize = 64 << 20;

fn main() -> ExitCode {
    match Options::parse(env::args().skip(1)) {
        Ok(Request::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Request::Run(options)) => on_large_stack(move || run(&options)),
        Err(message) => {
            eprintln!("scheme: {message} (see --help)");
            ExitCode::from(2)
        }
    }
}

/// Runs the interpreter on a thread of its own, whose stack is large enough wherever the program runs.
fn on_large_stack(run: impl FnOnce() -> ExitCode + Send + 'static) -> ExitCode {
    let thread = thread::Builder::new().name("interpreter".into()).stack_size(STACK_BYTES).spawn(run);
    match thread.map(thread::JoinHandle::join) {
        Ok(Ok(status)) => status,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            eprintln!("scheme: cannot start a thread: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the program and the prompt, and prints the report.
fn run(options: &Options) -> ExitCode {
    let collector = Collector::current();
    if !options.collect {
        collector.disable();
    }
    let pauses = Pauses::watch();
    let mut interpreter = Interpreter::new(Context {
        out: Box::new(BufWriter::new(io::stdout())),
        symbols: Interner::default(),
        memory: Memory::with_limit(options.memory),
        command_line: options.command_line.clone(),
    });
    let status = run_parts(options, &mut interpreter);
    if let Err(error) = interpreter.context().out.flush()
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("scheme: cannot write: {error}");
        return ExitCode::FAILURE;
    }
    if !options.quiet {
        eprint!("\n{}", Report::new(&pauses, &interpreter.context().symbols));
    }
    ExitCode::from(status)
}

/// Runs the program, if there is one, and the prompt, if it is wanted. Returns the exit status.
fn run_parts(options: &Options, interpreter: &mut Interpreter) -> u8 {
    if let Some(name) = options.command_line.first() {
        let result = read_program(name).map_err(Stop::Error).and_then(|source| interpreter.run(&source, |_, _| ()));
        match result {
            Ok(()) => {}
            Err(Stop::Exit(status)) => return status,
            Err(Stop::Error(error)) => {
                // What the program printed comes before what went wrong; a broken output shows at the end.
                drop(interpreter.context().out.flush());
                eprintln!("{error}");
                return 1;
            }
        }
    }
    if !options.repl {
        return 0;
    }
    let prompts = if io::stdin().is_terminal() { Prompts::Yes } else { Prompts::No };
    match repl::run(interpreter, io::stdin().lock(), prompts) {
        Ok(status) => status.unwrap_or(0),
        Err(error) => {
            eprintln!("scheme: {error}");
            1
        }
    }
}

/// The program of that file.
fn read_program(name: &str) -> Result<Rc<Source>, Error> {
    let error = |message: String| Error { position: None, message: format!("{name}: {message}") };
    let mut text = String::new();
    let result = match name {
        "-" => io::stdin().read_to_string(&mut text).map(|_| ()),
        file => fs::read_to_string(file).map(|content| text = content),
    };
    result.map_err(|cause| error(cause.to_string()))?;
    Source::new(name, text).ok_or_else(|| error("too large".into()))
}
