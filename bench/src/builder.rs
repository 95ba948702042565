//! Builds the entries: a package, once for each, with the feature that chooses it.

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::child::Program;
use crate::entry::Entry;
use crate::package::Package;
use crate::progress::Progress;

/// What is to be built.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The package.
    pub(crate) package: Package,
    /// The entries.
    pub(crate) entries: Vec<Entry>,
    /// How they are built.
    pub(crate) profile: Profile,
}

/// An entry that is ready to run.
#[derive(Debug)]
pub(crate) struct Starter {
    /// Who it is.
    pub(crate) entry: Entry,
    /// How to run it.
    pub(crate) program: Program,
}

/// The entries of a race.
#[derive(Debug)]
pub(crate) struct Field {
    /// The package that they were built from.
    pub(crate) package: Package,
    /// How they were built.
    pub(crate) profile: Profile,
    /// Those that are ready.
    pub(crate) starters: Vec<Starter>,
    /// Those that are not, and why.
    pub(crate) left_out: Vec<(Entry, String)>,
}

impl Field {
    /// Nobody, of entries that are built so.
    pub(crate) fn empty(package: Package, profile: Profile) -> Self {
        Self { package, profile, starters: Vec::new(), left_out: Vec::new() }
    }

    /// The names of all workloads that any of the entries knows.
    pub(crate) fn workloads(&self) -> BTreeSet<String> {
        let listed = self.starters.iter().flat_map(|starter| starter.program.list());
        listed.map(|listed| listed.name).collect()
    }

    /// Names the entries that did not build, if any.
    pub(crate) fn announce_left_out(&self) {
        for (entry, reason) in &self.left_out {
            eprintln!("left out: {} ({}): {reason}", entry.name, entry.group);
        }
    }
}

/// Builds every entry of the plan that can be built.
pub(crate) fn build(plan: &Plan) -> Field {
    let Plan { package, profile, .. } = *plan;
    let mut field = Field::empty(package, profile);
    let mut progress = Progress::new(plan.entries.len());
    for &entry in &plan.entries {
        progress.step(&format!("building {}{}", entry.feature(), package.patience()));
        match program(package, entry, profile) {
            Ok(program) => field.starters.push(Starter { entry, program }),
            Err(reason) => field.left_out.push((entry, reason)),
        }
    }
    progress.finish();
    field
}

fn program(package: Package, entry: Entry, profile: Profile) -> Result<Program, String> {
    if entry.is_native() { compile(package, &entry.feature(), profile).map(Program::native) } else { find_python() }
}

/// How a program is built: a profile of its package.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// For speed.
    Release,
    /// Quickly.
    Brief,
    /// For speed, and linked as one.
    Lto,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Brief => "brief",
            Self::Lto => "lto",
        }
    }
}

/// Compiles a program of the package, with the feature of the same name; returns its path.
pub(crate) fn compile(package: Package, name: &str, profile: Profile) -> Result<PathBuf, String> {
    let target = package.target_folder()?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--profile", profile.name(), "--bin", name])
        .args(["--features", &package.features(name)])
        .arg("--manifest-path")
        .arg(package.manifest())
        .arg("--target-dir")
        .arg(&target)
        .env("CXXFLAGS", without_assertions(env::var("CXXFLAGS").unwrap_or_default()))
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(first_error(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(target.join(profile.name()).join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// The flags, and that assertions are left out of C++, as every release build of a C++ library has it. The `cc` crate
/// does not say so to compilers, nor does snmalloc's build, whose assertions would more than double its times.
fn without_assertions(flags: String) -> String {
    format!("{flags} -DNDEBUG")
}

/// The line that says what is wrong, and what may help; what cargo compiled meanwhile is of no interest.
fn first_error(messages: &str) -> String {
    let error = messages.lines().find(|line| line.starts_with("error")).unwrap_or("cargo build failed");
    let advice = if messages.contains("failed to run custom build command") {
        "; it is built from C or C++: install a C++20 compiler and make (Debian and Ubuntu: apt install g++ make)"
    } else {
        ""
    };
    format!("{error}{advice}")
}

fn find_python() -> Result<Program, String> {
    let version = Command::new("python3").arg("--version").output();
    match version {
        Ok(output) if output.status.success() => {
            Ok(Program::script("python3", Package::Entries.folder().join("cpython.py")))
        }
        _ => Err("there is no python3 here; install Python 3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{first_error, without_assertions};

    #[test]
    fn nobody_is_built_for_debugging() {
        let manifest = include_str!("../entries/Cargo.toml");
        let release = manifest.split("[profile.release]\n").nth(1).expect("there is a release profile");
        let settings: Vec<&str> = release.lines().take_while(|line| !line.is_empty()).collect();
        assert!(settings.contains(&"debug = false"), "{settings:?}");
        assert_eq!(without_assertions("-O2".to_owned()), "-O2 -DNDEBUG");
    }

    #[test]
    fn a_build_that_fails_says_why_and_what_to_install() {
        let messages =
            "   Compiling a v1.0.0\nerror: failed to run custom build command for `a v1.0.0`\n\nCaused by:\n";
        let reason = first_error(messages);
        assert!(reason.starts_with("error: failed to run custom build command for `a v1.0.0`"), "{reason}");
        assert!(reason.contains("g++"), "{reason}");
        assert_eq!(first_error("error[E0554]: no features here\n"), "error[E0554]: no features here");
    }
}
