//! Programs in C and C++ on the library: they are built by the system's compilers and run in processes of their own.
//!
//! The library of the same build is linked or preloaded; that of a debug build looks at every free.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Where Cargo puts the library, which is built first: no test can depend on a library that is not Rust's.
fn library_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = env::current_exe().expect("this test has a path");
        let folder = test.ancestors().nth(2).expect("a test is two folders deep in the target's");
        build_library(folder);
        assert!(folder.join("libmudlark.so").exists(), "{} has no libmudlark.so", folder.display());
        folder.to_owned()
    })
}

/// Builds the library into a folder of Cargo's, as this test was built.
fn build_library(folder: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME")]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.arg("--target-dir").arg(folder.parent().expect("a profile's folder lies in the target's"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    if cfg!(feature = "hardened") {
        cargo.args(["--features", "hardened"]);
    }
    assert!(cargo.status().expect("Cargo runs").success(), "the library does not build");
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Builds a program of this folder with `compiler`, linked with the library.
fn build(compiler: &str, name: &str) -> PathBuf {
    let program = place_of(name);
    compile(compiler, name, &program, &["-L", text(library_folder()), "-lmudlark", "-lpthread"]);
    program
}

/// Where the program is put that is made of a source.
fn place_of(source: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(source.replace('.', "_"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn compile(compiler: &str, name: &str, program: &Path, linked: &[&str]) {
    let status = Command::new(compiler)
        // The compiler must not think itself to know what `malloc` does.
        .args(["-g", "-O1", "-fno-builtin", "-Wall", "-Wno-deprecated-declarations", "-I", env!("CARGO_MANIFEST_DIR")])
        .arg(source(name))
        .arg("-o")
        .arg(program)
        .args(linked)
        .status();
    assert!(status.unwrap_or_else(|error| panic!("{compiler}: {error}")).success(), "{name} does not build");
}

/// Runs a command on the library.
fn run(command: &mut Command) -> Output {
    let folder = library_folder();
    command.env("LD_LIBRARY_PATH", folder).env("LD_PRELOAD", folder.join("libmudlark.so"));
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a command that has to succeed, and returns what it printed.
fn output(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{printed}\n{said}", output.status);
    printed
}

#[test]
fn every_call_does_what_its_manual_page_says() {
    assert_eq!(output(&mut Command::new(build("cc", "surface.c"))), "0 failures\n");
}

/// Builds `ends.c` for one test, and runs it with one of its words.
fn ends(word: &str) -> String {
    let program = place_of(&format!("{word}.c"));
    compile("cc", "ends.c", &program, &["-L", text(library_folder()), "-lmudlark", "-lpthread"]);
    output(Command::new(program).arg(word))
}

#[test]
fn threads_that_are_detached_end_without_a_trace() {
    assert_eq!(ends("detached"), "ended\n");
}

#[test]
fn a_thread_that_waits_in_the_allocator_is_not_cancelled_there() {
    assert_eq!(ends("cancelled"), "ended\n");
}

#[test]
fn a_thread_that_reports_on_the_heap_is_not_cancelled_there() {
    assert_eq!(ends("reporting"), "ended\n");
}

#[test]
fn a_thread_forks_while_others_flush_and_read_streams() {
    assert_eq!(ends("streaming"), "ended\n");
}

#[test]
fn a_signal_handler_may_fork_while_the_program_allocates() {
    let signals = build("cc", "signals.c");
    for janitor in ["idle", "busy"] {
        assert_eq!(output(Command::new(&signals).arg(janitor)), "0 of the children failed\n");
    }
}

#[test]
fn what_a_program_has_freed_goes_back_while_it_rests() {
    assert_eq!(output(&mut Command::new(build("cc", "rests.c"))), "0 failures\n");
}

#[test]
fn processes_are_started_that_share_memory_at_first() {
    assert_eq!(output(&mut Command::new(build("cc", "spawns.c"))), "0 failures\n");
}

#[test]
fn a_plugin_gets_bad_alloc_from_its_own_runtime() {
    if Command::new("c++").arg("--version").output().is_err() {
        println!("SKIPPED: there is no C++ compiler");
        return;
    }
    let (host, plugin) = (place_of("host.c"), place_of("plugin.cpp"));
    compile("c++", "plugin.cpp", &plugin, &["-shared", "-fPIC"]);
    compile("cc", "host.c", &host, &["-ldl"]);
    assert_eq!(output(Command::new(host).arg(plugin)), "3 calls, then std::bad_alloc\n");
}

#[test]
fn a_library_that_binds_its_own_names_first_frees_the_programs_blocks() {
    let (program, library) = (place_of("binds.c"), place_of("libbound.c"));
    compile("cc", "bound.c", &library, &["-shared", "-fPIC"]);
    compile("cc", "binds.c", &program, &["-ldl", "-Wl,-rpath,$ORIGIN"]);
    assert_eq!(output(Command::new(program).arg("libbound_c")), "exchanged\n");
}

#[test]
fn every_operator_of_cxx_does_what_the_standard_says() {
    if Command::new("c++").arg("--version").output().is_err() {
        println!("SKIPPED: there is no C++ compiler");
        return;
    }
    assert_eq!(output(&mut Command::new(build("c++", "operators.cpp"))), "0 failures\n");
}

#[test]
fn random_calls_from_many_threads_do_what_the_model_says() {
    let stress = build("cc", "stress.c");
    for seed in 1..=3 {
        let printed = output(Command::new(&stress).args([seed.to_string().as_str(), "8", "4000"]));
        assert_eq!(printed, "as the model says\n", "seed {seed}");
    }
}

#[test]
fn a_wrong_free_ends_a_program_whose_library_looks() {
    if !cfg!(debug_assertions) {
        return;
    }
    let wrong = build("cc", "wrong.c");
    for (what, reason) in [("twice", "it is free already"), ("inside", "no block begins there")] {
        let output = run(Command::new(&wrong).arg(what));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("free of 0x") && said.contains(reason), "{what}: {said}");
    }
}

/// A program of the system's, its arguments, and a piece of what it prints.
struct Tool {
    name: &'static str,
    arguments: &'static [&'static str],
    prints: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "sh",
        arguments: &["-c", "for i in 1 2 3; do (echo $i; exec sort /etc/passwd | head -1); done"],
        prints: "3",
    },
    Tool { name: "sort", arguments: &["--parallel=4", "-S1M", "/proc/self/maps"], prints: "libmudlark" },
    Tool {
        name: "perl",
        arguments: &["-e", "my %h = map { $_ => 'x' x $_ } 1..3000; print join ',', map { length $h{$_} } (5, 3000)"],
        prints: "5,3000",
    },
    Tool {
        name: "python3",
        arguments: &[
            "-c",
            "import json, threading; print(len(json.loads(json.dumps([{str(i): i} for i in range(9999)]))))",
        ],
        prints: "9999",
    },
    Tool { name: "git", arguments: &["--version"], prints: "git version" },
    Tool { name: "cc", arguments: &["-E", "-dM", "-xc", "/dev/null"], prints: "__STDC__" },
];

#[test]
fn other_peoples_programs_run() {
    for Tool { name, arguments, prints } in TOOLS {
        if Command::new(name).arg("--version").output().is_err() {
            println!("SKIPPED: there is no {name}");
            continue;
        }
        let mut command = Command::new(name);
        let printed = output(command.args(*arguments).env("PYTHONMALLOC", "malloc"));
        assert!(printed.contains(prints), "{name} printed {printed}");
    }
}

#[test]
fn cpython_passes_its_own_tests_of_what_allocates_most() {
    const TESTS: [&str; 6] = ["test_gc", "test_list", "test_dict", "test_json", "test_deque", "test_fork1"];
    if !Command::new("python3")
        .args(["-c", "import test.test_gc, test.test_json"])
        .output()
        .is_ok_and(|found| found.status.success())
    {
        println!("SKIPPED: there is no CPython with its tests");
        return;
    }
    output(Command::new("python3").args(["-m", "test", "-q"]).args(TESTS).env("PYTHONMALLOC", "malloc"));
}

#[test]
fn the_header_declares_what_the_library_has() {
    let header = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("mudlark.h")).expect("the header");
    for name in
        ["mudlark_stats(", "mudlark_visit_classes(", "mudlark_visit_pages(", "mudlark_collect(", "mudlark_set_decay("]
    {
        assert!(header.contains(name), "{name} is not declared");
    }
}
