//! The prompt: reads a form, over several lines if need be, runs it, and shows its value.

use std::{
    io::{self, BufRead, Write},
    rc::Rc,
};

use super::{
    context::Context,
    interpreter::Interpreter,
    machine::Stop,
    printer::{self, Style},
    reader::is_incomplete,
    source::Source,
    value::Value,
};

/// Whether to print prompts: not when the input is no terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// Print them.
    Yes,
    /// Print values only.
    No,
}

/// Reads and runs forms to the end of the input. An error ends its form, not the prompt; `(exit)` does, with a status.
///
/// # Errors
///
/// When the input cannot be read or the output cannot be written.
pub fn run(interpreter: &mut Interpreter, mut input: impl BufRead, prompts: Prompts) -> io::Result<Option<u8>> {
    let mut text = String::new();
    loop {
        prompt(interpreter, prompts, if text.is_empty() { "> " } else { "… " })?;
        let is_end = input.read_line(&mut text)? == 0;
        if is_end && text.is_empty() {
            return Ok(None);
        }
        let Some(source) = Source::new("repl", text.as_str()) else { return Err(io::ErrorKind::FileTooLarge.into()) };
        if !is_end && is_incomplete(&source, &mut interpreter.context().symbols) {
            continue;
        }
        text.clear();
        if let Some(status) = run_source(interpreter, &source)? {
            return Ok(Some(status));
        }
    }
}

fn prompt(interpreter: &mut Interpreter, prompts: Prompts, prompt: &str) -> io::Result<()> {
    let out = &mut interpreter.context().out;
    if prompts == Prompts::Yes {
        write!(out, "{prompt}")?;
    }
    out.flush()
}

/// Runs the forms, and shows their values or what went wrong. Returns the status if the program asked to end.
fn run_source(interpreter: &mut Interpreter, source: &Rc<Source>) -> io::Result<Option<u8>> {
    match interpreter.run(source, show) {
        Ok(()) => {}
        Err(Stop::Exit(status)) => return Ok(Some(status)),
        Err(Stop::Error(error)) => {
            interpreter.context().out.flush()?;
            writeln!(io::stderr(), "{error}")?;
        }
    }
    interpreter.context().out.flush()?;
    Ok(None)
}

/// Shows a value, if there is one to speak of. If the output is gone, the next flush says so.
fn show(context: &mut Context, value: &Value) {
    const ENOUGH: usize = 1 << 20;
    if matches!(value, Value::Unspecified) {
        return;
    }
    let text = printer::show(value, Style::Write, ENOUGH).unwrap_or_else(|beginning| beginning + " …");
    drop(writeln!(context.out, "{text}"));
}
