//! Builds and runs the small examples.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// What a run of an example printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Where the built examples are: beside the folder of this test, in the same profile.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = env::current_exe().expect("a test knows its own path");
        let profile = test.ancestors().nth(2).expect("a test is built in a profile's folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples", "--manifest-path"]);
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().expect("a profile's folder is in the target's"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo runs").success(), "the examples do not build");
        profile.join("examples")
    })
}

/// Runs an example, which ends well.
#[track_caller]
pub(crate) fn run(name: &str) -> Ran {
    let program = folder().join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let output = Command::new(program).output().expect("the example starts");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("examples print UTF-8"));
    assert!(output.status.success(), "{name}: {}\n{out}\n{err}", output.status);
    Ran { out, err }
}
