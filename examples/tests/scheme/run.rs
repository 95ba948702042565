//! Runs the example.

use std::{
    env,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
};

/// What a run of the interpreter came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: Option<i32>,
}

/// The built example. It stands beside the folder of this test, in the same profile.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = env::current_exe().expect("a test knows its own path");
        let profile = test.ancestors().nth(2).expect("a test is built in a profile's folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "scheme", "--manifest-path"]);
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().expect("a profile's folder is in the target's"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo runs").success(), "the example does not build");
        profile.join("examples").join(format!("scheme{}", env::consts::EXE_SUFFIX))
    })
}

/// Runs the interpreter with these arguments and that input.
pub(crate) fn scheme(arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(binary())
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scheme"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let input = input.to_owned();
    // It may end without reading everything; then the rest is lost, which is no error here.
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("the example ends");
    writer.join().expect("the writer does not panic");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the example prints UTF-8");
    Ran { out: text(output.stdout), err: text(output.stderr), status: output.status.code() }
}

/// Runs a program.
pub(crate) fn run(program: &str) -> Ran {
    scheme(&["--quiet", "-"], program)
}

/// The program prints this, and nothing goes wrong.
#[track_caller]
pub(crate) fn prints(program: &str, expected: &str) {
    let ran = run(program);
    assert_eq!((&*ran.out, &*ran.err, ran.status), (expected, "", Some(0)), "{program}");
}

/// The program fails with this message and status 1.
#[track_caller]
pub(crate) fn fails(program: &str, expected: &str) {
    let ran = run(program);
    assert_eq!((&*ran.err, ran.status), (expected, Some(1)), "{program}");
}

/// Each expression has the value that is written beside it. They run one after the other, in one interpreter.
#[track_caller]
pub(crate) fn evaluates(cases: &[(&str, &str)]) {
    let program: String = cases.iter().map(|(expression, _)| format!("(write {expression})(newline)\n")).collect();
    let ran = run(&program);
    let mut lines = ran.out.lines();
    for (expression, expected) in cases {
        assert_eq!(lines.next(), Some(*expected), "{expression}\n{}", ran.err);
    }
    assert_eq!((&*ran.err, ran.status), ("", Some(0)));
}
