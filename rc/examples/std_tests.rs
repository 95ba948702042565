//! Runs the standard library's own tests and documentation examples of `Rc` on `Counted`:
//! `cargo run -p mudlark-rc --example std_tests`.
//!
//! They come from Debian's package `rust-web-src` (Rust's sources); it is downloaded if it is not installed. Nothing of them
//! is kept here: they are adapted, written into a package of their own under `target`, and run there. Adapting means:
//!
//! - `Rc` and `Weak` of std become `Counted` and `Weak` of this crate, by the `use` at the top;
//! - `Allocator` and its like come from `allocator-api2`;
//! - where a handle becomes one to a slice or a trait by being assigned, `unsize!` is put in, since only std's own pointers
//!   do it by themselves;
//! - what cannot be had outside std on a stable compiler is left out: see [`REASONS`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What makes a test or an example one that only std can pass, on stable: a part of its text, and why.
const REASONS: &[(&str, &str)] = &[
    ("impl TrustedLen", "implements an unstable trait of iterators"),
    ("assert_trusted_len", "needs an unstable trait of iterators"),
    ("UniqueRc", "is about an unstable type"),
    ("weak_may_dangle", "needs a drop that promises not to look at the value, which is unstable"),
    (".as_str(), \"foo\"", "uses an unstable function of text"),
    ("#![feature(", "uses an unstable feature"),
    ("compile_fail", "is one that does not compile"),
    ("self: Rc<Self>", "has a method receiver that only std's pointers may be"),
];

fn main() -> ExitCode {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/std-rc-tests");
    match prepare(&package) {
        Ok(()) => run(&package),
        Err(error) => {
            eprintln!("the tests cannot be prepared: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the package with the adapted tests.
fn prepare(package: &Path) -> io::Result<()> {
    fs::create_dir_all(package.join("src"))?;
    fs::create_dir_all(package.join("tests"))?;
    let library = library(package)?;
    println!("std's sources: {}", library.display());
    let tests = tests(&fs::read_to_string(library.join("alloctests/tests/rc.rs"))?);
    let examples = examples(&fs::read_to_string(library.join("alloc/src/rc.rs"))?);
    fs::write(package.join("tests/rc.rs"), tests)?;
    fs::write(package.join("src/lib.rs"), examples)?;
    let manifest = format!(
        "[package]\nname = \"std-rc-tests\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nallocator-api2 = \"0.2\"\n\
         mudlark-rc = {{ path = {:?}, features = [\"allocator-api2\"] }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::write(package.join("Cargo.toml"), manifest)
}

fn run(package: &Path) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["test", "--no-fail-fast", "--quiet"]).current_dir(package).status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo cannot be run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the standard library's sources: that of the installed package, or of the one that is downloaded.
fn library(package: &Path) -> io::Result<PathBuf> {
    if let Some(installed) = library_in(Path::new("/usr/src"))? {
        return Ok(installed);
    }
    let unpacked = package.join("debian");
    let sources = unpacked.join("usr/src");
    if !sources.exists() {
        fs::create_dir_all(&unpacked)?;
        let download = || command(Command::new("apt-get").args(["download", "rust-web-src"]).current_dir(&unpacked));
        // Without the lists of packages, the package is not known; with them, they may have to be new.
        download().or_else(|_| command(Command::new("apt-get").args(["update", "-qq"])).and_then(|()| download()))?;
        let archive = file_that(&unpacked, |name| name.ends_with(".deb"))?;
        let archive = archive.ok_or_else(|| io::Error::other("apt-get has downloaded no package"))?;
        command(Command::new("dpkg-deb").arg("-x").arg(archive).arg(&unpacked))?;
    }
    library_in(&sources)?.ok_or_else(|| io::Error::other("rust-web-src has no sources of the library"))
}

fn library_in(sources: &Path) -> io::Result<Option<PathBuf>> {
    if !sources.exists() {
        return Ok(None);
    }
    let library = file_that(sources, |name| name.starts_with("rustc-"))?.map(|folder| folder.join("library"));
    Ok(library.filter(|library| library.join("alloctests/tests/rc.rs").exists()))
}

fn file_that(folder: &Path, fits: impl Fn(&str) -> bool) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&fits) {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

fn command(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

/// Why this cannot be had, if so.
fn reason(text: &str) -> Option<&'static str> {
    REASONS.iter().find(|(part, _)| text.contains(part)).map(|(_, why)| *why)
}

/// The tests, adapted. Items are told apart by the blank lines between them, as rustfmt leaves them at the left edge.
fn tests(source: &str) -> String {
    let mut adapted = String::from("#![allow(warnings)]\nuse mudlark_rc::{Counted as Rc, Weak};\n");
    let (mut kept, mut left_out) = (0, 0);
    for item in items(source) {
        let is_test = item.contains("#[test]");
        if item.starts_with("use ") {
            adapted +=
                &item.replace("use std::iter::TrustedLen;\n", "").replace("use std::rc::{Rc, UniqueRc, Weak};\n", "");
        } else if let Some(why) = reason(&item) {
            left_out += usize::from(is_test);
            if let Some(name) = item.lines().find(|line| line.starts_with("fn ")) {
                println!("left out: {} {why}", name.trim_end_matches(" {"));
            }
        } else {
            kept += usize::from(is_test);
            adapted += &adapt(&item);
        }
        adapted.push('\n');
    }
    println!("tests: {kept} to run, {left_out} left out");
    adapted
}

/// The top-level items of a source file, with the attributes and comments above them.
fn items(source: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    for line in source.lines() {
        item += line;
        item.push('\n');
        let is_end = !line.starts_with(' ') && (line == "}" || line.ends_with(';') || line.ends_with("{}"));
        if is_end && !line.starts_with("use ") || line.is_empty() && item.starts_with("use ") {
            items.push(core::mem::take(&mut item));
        }
    }
    items
}

/// The documentation examples, adapted: each is the documentation of a module of its own.
fn examples(source: &str) -> String {
    let mut adapted = String::from("//! Examples of std's, on Counted.\n");
    let (mut kept, mut left_out) = (0, 0);
    let mut lines = source.lines().map(str::trim_start).enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(fence) = doc(line).and_then(|text| text.trim().strip_prefix("```")) else { continue };
        let body: Vec<&str> =
            lines.by_ref().map_while(|(_, line)| doc(line).filter(|text| text.trim() != "```")).collect();
        let body = body.join("\n");
        if fence == "text" || fence == "ignore" {
            continue;
        }
        if let Some(why) = reason(&format!("{fence}\n{body}")) {
            left_out += 1;
            println!("left out: the example at line {} {why}", number + 1);
            continue;
        }
        kept += 1;
        adapted += &format!("/// ```{fence}\n");
        for line in adapt(&body).lines() {
            adapted += &format!("/// {line}\n");
        }
        adapted += &format!("/// ```\npub mod line_{} {{}}\n", number + 1);
    }
    println!("examples: {kept} to run, {left_out} left out");
    adapted
}

/// The text of a line of documentation.
fn doc(line: &str) -> Option<&str> {
    let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
    Some(text.strip_prefix(' ').unwrap_or(text))
}

/// The text with our handles instead of std's, and with `unsize!` where std's handles unsize by themselves.
fn adapt(text: &str) -> String {
    let text = text
        .replace(
            "use std::alloc::{AllocError, Allocator, Global,",
            "use allocator_api2::alloc::{AllocError, Allocator, Global,",
        )
        .replace("use std::rc::{Rc, Weak}", "use mudlark_rc::{Counted as Rc, Weak}")
        .replace("use std::rc::{Weak, Rc}", "use mudlark_rc::{Counted as Rc, Weak}")
        .replace("use std::rc::{self, Rc}", "use mudlark_rc::{self as rc, Counted as Rc}")
        .replace("use std::rc::Rc;", "use mudlark_rc::Counted as Rc;")
        .replace("use std::rc::Weak;", "use mudlark_rc::Weak;");
    text.lines().map(|line| unsized_by_hand(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

/// A line that makes a handle to a slice or a trait of a handle to something else, by assigning it, or by passing it to the
/// one function of the examples that takes such a handle.
fn unsized_by_hand(line: &str) -> Option<String> {
    if let Some(argument) = line.strip_prefix("print_if_string(").and_then(|rest| rest.strip_suffix(");")) {
        return Some(format!("print_if_string(mudlark_rc::unsize!({argument} => dyn Any));"));
    }
    let (declared, value) = line.split_once(" = ")?;
    let (name, handle) = declared.split_once(": ")?;
    let target = handle.strip_prefix("Rc<").or_else(|| handle.strip_prefix("Weak<"))?.strip_suffix('>')?;
    if !name.trim_start().starts_with("let ") || !(target.starts_with("dyn ") || target.starts_with('[')) {
        return None;
    }
    let (value, comment) = value.split_once(';')?;
    let is_sized = value.starts_with("Rc::new(") || value.chars().all(|c| c.is_alphanumeric() || c == '_');
    // An array is sized itself.
    (is_sized && !target.contains(';'))
        .then(|| format!("{declared} = mudlark_rc::unsize!({value} => {target});{comment}"))
}
