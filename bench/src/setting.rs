//! Where a race was run, and with what: figures mean nothing without it.

use core::fmt;
use std::env;
use std::fs;
use std::process::Command;
use std::thread;

use crate::builder::{Field, Profile};
use crate::package::Package;

/// Machine, compiler, flags and versions.
#[derive(Debug, Default)]
pub(crate) struct Setting {
    lines: Vec<String>,
}

impl Setting {
    /// The setting of this process and these entries.
    pub(crate) fn of(field: &Field) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let machine = format!("machine: {}, {threads} threads, {} {}", processor(), env::consts::OS, env::consts::ARCH);
        let compiler = format!("compiler: {}", first_line("rustc", "--version"));
        let flags = env::var("RUSTFLAGS").unwrap_or_default();
        let flags = format!("flags: {}; RUSTFLAGS={flags:?}", optimization(field));
        let mut lines = vec![machine, compiler, flags, versions(field)];
        if field.package == Package::EntriesOnMudlark {
            lines.push("memory: from Mudlark, for all".to_owned());
        }
        Self { lines }
    }

    /// The setting, a line for each of its parts.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

/// The processor's name, where the system tells.
fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = all.lines().find_map(|line| line.strip_prefix("model name"));
    line.map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':'])).to_owned()
}

/// What the profile stands for.
fn optimization(field: &Field) -> &'static str {
    match (field.package, field.profile) {
        (_, Profile::Brief) => "little optimization",
        (Package::Programs, Profile::Release) => "release as cargo has it, no LTO",
        _ => "release, fat LTO, one codegen unit",
    }
}

fn versions(field: &Field) -> String {
    let lock = fs::read_to_string(field.package.folder().join("Cargo.lock")).unwrap_or_default();
    let mut versions: Vec<String> = field.starters.iter().filter_map(|starter| starter.entry.version(&lock)).collect();
    if field.starters.iter().any(|starter| !starter.entry.is_native()) {
        versions.push(first_line("python3", "--version"));
    }
    versions.sort_unstable();
    versions.dedup();
    format!("versions: {}", versions.join(", "))
}

/// The first line that a program says, or that it says nothing.
fn first_line(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    said.lines().next().map_or_else(|| format!("{program} does not say"), str::to_owned)
}
