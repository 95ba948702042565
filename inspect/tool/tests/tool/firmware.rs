//! A firmware's log, as it comes over the line of an emulated board: it says what the firmware itself has counted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{model_of, mudlark, text};

/// A target, and the emulator of its board.
const BOARDS: [(&str, &str); 2] =
    [("thumbv7em-none-eabihf", "qemu-system-arm"), ("riscv32imac-unknown-none-elf", "qemu-system-riscv32")];

/// What comes over the line, in a directory of its own; nothing where the firmware cannot be built or booted.
fn boot(target: &str, emulator: &str) -> Option<(tempfile::TempDir, PathBuf)> {
    let emulator_is_there = Command::new(emulator).arg("--version").stdout(Stdio::null()).status().is_ok();
    if !emulator_is_there || !is_installed(target) {
        eprintln!("SKIPPED: no {emulator}, or no core library for {target}");
        return None;
    }
    let directory = tempfile::tempdir().expect("there is room for files");
    let log = directory.path().join("out.mmt");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bare-metal/profile.sh");
    let mut command = Command::new(script);
    command.arg(target).arg(&log).env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("firmware"));
    let done = command.output().expect("it runs");
    assert!(done.status.success(), "{target}: {}", text(&done.stderr));
    Some((directory, log))
}

/// Whether there is a core library for a target.
fn is_installed(target: &str) -> bool {
    let asked = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    asked.is_ok_and(|answer| Path::new(text(&answer.stdout).trim()).is_dir())
}

/// What the firmware printed of its heap: requests, their bytes, the most that was live, bytes and blocks that are left.
fn printed(line: &[u8]) -> [u64; 5] {
    let line = String::from_utf8_lossy(line);
    let said = line.lines().find_map(|line| line.split_once("the heap: ")).expect("the firmware says so").1;
    let numbers: Vec<u64> =
        said.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().expect("there are five")
}

#[test]
fn a_log_that_came_over_a_serial_line_has_the_firmwares_own_totals() {
    for (target, emulator) in BOARDS {
        let Some((directory, path)) = boot(target, emulator) else { continue };
        let line = std::fs::read(&path).expect("it was written");
        let model = model_of(&line);
        let sums = model.all();
        let said = [
            sums.total.blocks.rounded(),
            sums.total.bytes,
            model.at_peak(sums).bytes,
            sums.now.bytes,
            sums.now.blocks.rounded(),
        ];
        assert_eq!(said, printed(&line), "{target}");
        assert!(said[0] > 10_000 && model.program.has_stop && model.gaps == Default::default(), "{target}");
        assert!(!model.collections.list.is_empty(), "{target}: its collector's collections are there");
        every_command_reads_it(&path, directory.path());
    }
}

fn every_command_reads_it(log: &Path, directory: &Path) {
    let log = log.to_str().expect("it is text");
    let output = directory.join("output");
    let run = |arguments: &[&str]| {
        let done = mudlark(&[&[arguments[0], log], &arguments[1..]].concat());
        assert!(done.status.success(), "{arguments:?}: {}", text(&done.stderr));
        let notes = text(&done.stderr);
        assert!(notes.starts_with("note: ") && !notes.contains("warning"), "{arguments:?}: {notes}");
        text(&done.stdout)
    };
    let stats = run(&["stats"]);
    assert!(stats.contains("bare-metal") && stats.contains("committed"), "{stats}");
    let tags = run(&["table", "--by", "tag"]);
    assert!(tags.contains("blocks under churn keep their contents"), "{tags}");
    let classes = run(&["classes", "--suggest", "4"]);
    assert!(classes.contains("const SIZE_CLASSES: [usize; 4] = ["), "{classes}");
    for picture in ["timeline", "classes", "report"] {
        run(&[picture, "-o", output.to_str().expect("it is text")]);
        let written = std::fs::read_to_string(&output).expect("it was written");
        assert!(written.contains("<svg"), "{picture}");
    }
}
