//! One run of an entry, in a process of its own: a fresh heap, its own peak of memory, and an overflow that harms nobody.

use core::fmt;
use core::time::Duration;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use crate::cost::{Cost, Meter};
use crate::measurement::Measurement;

/// How to run an entry.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    words: Vec<PathBuf>,
}

/// A workload as an entry lists it: a name, and marks after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// Whether its instructions can be counted.
    pub(crate) counted: bool,
    /// Whether a run takes about a second at any scale.
    pub(crate) long: bool,
}

impl Listed {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        let marks: Vec<&str> = words.collect();
        Some(Self { name, counted: marks.contains(&"counted"), long: marks.contains(&"long") })
    }
}

/// Why a run gave no measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// It ran out of stack.
    Overflows,
    /// It took longer than it may.
    TooSlow,
    /// Anything else.
    Failed(String),
}

impl fmt::Display for Mishap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflows => formatter.write_str("overflows"),
            Self::TooSlow => formatter.write_str("too slow"),
            Self::Failed(_) => formatter.write_str("fails"),
        }
    }
}

impl Program {
    /// A program of its own.
    pub(crate) fn native(program: PathBuf) -> Self {
        Self { words: vec![program] }
    }

    /// A script for an interpreter.
    pub(crate) fn script(interpreter: &str, script: PathBuf) -> Self {
        Self { words: vec![interpreter.into(), script] }
    }

    /// The program's command, as an argument of the command `before`, if there is one.
    pub(crate) fn command(&self, before: &[&str]) -> Command {
        let mut words = before.iter().map(PathBuf::from).chain(self.words.iter().cloned());
        let mut command = Command::new(words.next().expect("a program has a name"));
        command.args(words);
        command
    }

    /// The workloads that the entry knows.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let output = self.command(&[]).arg("list").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.lines().filter_map(Listed::parse).collect()
    }

    /// Runs `workload` once, at its full size divided by `divisor`.
    pub(crate) fn run(&self, workload: &str, divisor: usize, limit: Duration) -> Result<Measurement, Mishap> {
        let finished = run(self.command(&[]).args([workload, &divisor.to_string()]), limit)?;
        let line = finished.stdout.lines().next_back().unwrap_or_default();
        let measurement = Measurement::parse(line).ok_or_else(|| Mishap::Failed(format!("printed: {line}")))?;
        Ok(measurement.with(finished.cost))
    }
}

/// What a child said and cost.
#[derive(Debug)]
pub(crate) struct Finished {
    /// To its standard output.
    pub(crate) stdout: String,
    /// To its standard error.
    pub(crate) stderr: String,
    /// What it cost.
    pub(crate) cost: Cost,
}

/// Runs a command to its end, or until `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Finished, Mishap> {
    let failed = |error: io::Error| Mishap::Failed(error.to_string());
    let meter = Meter::start();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Mishap::Failed(format!("cannot be started: {error}")))?;
    let stdout = listen(child.stdout.take());
    let stderr = listen(child.stderr.take());
    let status = wait(&mut child, limit).map_err(failed)?;
    let cost = meter.stop();
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    let finished = Finished { stdout, stderr, cost };
    match status {
        None => Err(Mishap::TooSlow),
        Some(status) if status.success() => Ok(finished),
        Some(status) => Err(mishap(status, &finished.stderr)),
    }
}

/// Reads all of a pipe on a thread, so that the child never waits for a reader.
fn listen(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks has said what it had to say.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The child's status, or `None` when it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// An end that was not wanted. A Rust program says so when its stack overflows.
fn mishap(status: ExitStatus, stderr: &str) -> Mishap {
    if stderr.contains("overflowed its stack") {
        return Mishap::Overflows;
    }
    // Where a panic was, and what it said. Valgrind's own lines begin with «==».
    let own = |line: &&str| !line.trim().is_empty() && !line.starts_with("==");
    let said: Vec<&str> = stderr.lines().filter(own).take(2).collect();
    Mishap::Failed(format!("{status}, and said: {}", said.join(" ")))
}

#[cfg(all(test, unix))]
mod tests {
    use core::time::Duration;
    use std::process::Command;

    use super::{Listed, Mishap, run};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_that_takes_too_long_is_ended() {
        let result = run(&mut shell("exec sleep 60"), Duration::from_millis(50));
        assert_eq!(result.expect_err("no end in sight"), Mishap::TooSlow);
    }

    #[test]
    fn a_child_costs_the_time_that_it_works() {
        let sleeps = run(&mut shell("exec sleep 0.2"), Duration::from_secs(10)).expect("an end").cost;
        let works = run(&mut shell("n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done"), Duration::from_secs(10));
        let works = works.expect("an end").cost;
        assert!(sleeps.wall > Duration::from_millis(190), "{sleeps:?}");
        assert!(
            sleeps.processor < Some(Duration::from_millis(100)) && sleeps.processor < works.processor,
            "{sleeps:?} {works:?}"
        );
    }

    #[test]
    fn a_child_that_runs_out_of_stack_overflows() {
        let result = run(&mut shell("echo thread main has overflowed its stack >&2; exit 1"), Duration::from_secs(10));
        assert_eq!(result.expect_err("an abort"), Mishap::Overflows);
    }

    #[test]
    fn a_child_that_crashes_fails() {
        let Err(Mishap::Failed(said)) = run(&mut shell("kill -SEGV $$"), Duration::from_secs(10)) else {
            panic!("a failure is expected")
        };
        assert!(said.contains("11"), "{said}");
    }

    #[test]
    fn a_workload_is_listed_with_its_marks() {
        let listed = |name: &str, counted, long| Some(Listed { name: name.to_owned(), counted, long });
        assert_eq!(Listed::parse("pairs counted"), listed("pairs", true, false));
        assert_eq!(Listed::parse("hold long"), listed("hold", false, true));
        assert_eq!(Listed::parse("json"), listed("json", false, false));
        assert_eq!(Listed::parse(""), None);
    }

    #[test]
    fn a_child_that_fails_is_quoted() {
        let Err(Mishap::Failed(said)) = run(&mut shell("echo no luck >&2; exit 3"), Duration::from_secs(10)) else {
            panic!("a failure is expected")
        };
        assert!(said.contains("no luck"), "{said}");
    }
}
