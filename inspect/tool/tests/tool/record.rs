//! `mudlark record` and `mudlark live`: the program runs as if it were alone, and is told where to write its log.

use core::time::Duration;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use mudlark_hooks::Damage;
use mudlark_tool::model::Understood;
use mudlark_tool::{LogFile, Model};

use crate::common::Log;
use crate::server;

fn mudlark() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark"));
    command.env_remove("MUDLARK_RECORD_LIBRARY").env_remove("LD_PRELOAD").stdin(Stdio::null());
    command
}

/// Runs a shell's script that is recorded by itself, in a directory of its own.
fn record(directory: &Path, arguments: &[&str], script: &str) -> Output {
    let mut command = mudlark();
    command.arg("record").args(arguments).args(["--", "sh", "-c", script]).current_dir(directory);
    command.output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_programs_exit_code_is_passed_on_and_it_is_told_where_to_write() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let log = directory.path().join("my.mmt");
    let done = record(
        directory.path(),
        &["--no-preload", "-o", "my.mmt"],
        "cd /; echo \"$MUDLARK_PROFILE|$LD_PRELOAD\"; exit 7",
    );
    assert_eq!(done.status.code(), Some(7));
    assert_eq!(text(&done.stdout), format!("{}|\n", log.display()));
    assert!(text(&done.stderr).contains("my.mmt is empty: the program has recorded nothing"), "{}", text(&done.stderr));
    let arguments = ["--no-preload", "--interval", "1", "--max-size", "65536"];
    let done = record(directory.path(), &arguments, "echo \"$MUDLARK_PROFILE\"");
    assert_eq!(text(&done.stdout), format!("{},interval=1,size=65536\n", directory.path().join("out.mmt").display()));
}

#[test]
fn who_has_recorded_something_is_told_what_to_do_next() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("ready"), server::server().log).expect("it can be written to");
    let done = record(directory.path(), &["--no-preload"], "cp ready \"$MUDLARK_PROFILE\"");
    let said = text(&done.stderr);
    assert!(done.status.success() && said.contains("mudlark report out.mmt -o report.html"), "{said}");
    let stats = mudlark().args(["stats", "out.mmt"]).current_dir(directory.path()).output().expect("it runs");
    assert!(stats.status.success(), "{}", text(&stats.stderr));
}

#[test]
fn who_has_recorded_no_request_is_told_why_that_may_be() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    for (log, says_so) in [(Log::new().finish(), true), (server::server().log, false)] {
        fs::write(directory.path().join("ready"), log).expect("it can be written to");
        let done = record(directory.path(), &["--no-preload"], "cp ready \"$MUDLARK_PROFILE\"");
        assert_eq!(text(&done.stderr).contains("an allocator of its own"), says_so, "{}", text(&done.stderr));
    }
}

#[test]
fn a_signal_that_ends_the_program_ends_the_tool_too() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let done = record(directory.path(), &["--no-preload"], "kill -KILL $$");
    assert_eq!(done.status.signal(), Some(9), "{:?}", done.status);
}

#[test]
fn signals_are_passed_on_to_the_program_which_ends_as_it_likes() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = mudlark();
    command.args(["record", "--no-preload", "--", "sh", "-c", script]).current_dir(directory.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut line).expect("it can be read");
    assert_eq!(line, "ready\n");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("it runs");
    assert!(killed.success());
    assert_eq!(child.wait().expect("it is a child").code(), Some(9));
}

#[test]
fn the_library_is_preloaded_before_what_is_preloaded_already() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let library = directory.path().join("lib.so");
    fs::write(&library, "").expect("it can be written to");
    let mut command = mudlark();
    command.args(["record", "--", "sh", "-c", "echo \"$LD_PRELOAD\""]).current_dir(directory.path());
    let done = command.env("MUDLARK_RECORD_LIBRARY", &library).output().expect("it runs");
    assert_eq!(text(&done.stdout), format!("{}\n", library.display()));
}

#[test]
fn a_program_that_knows_nothing_is_recorded_by_the_preloaded_library() {
    if library().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory can be made");
    let done =
        mudlark().args(["record", "--interval", "1", "--", "sort", "/dev/null"]).current_dir(directory.path()).output();
    let done = done.expect("it runs");
    assert!(done.status.success() && done.stdout.is_empty(), "{}", text(&done.stderr));
    assert!(text(&done.stderr).contains("out.mmt has "), "{}", text(&done.stderr));
    let stats = mudlark().args(["stats", "out.mmt"]).current_dir(directory.path()).output().expect("it runs");
    assert!(text(&stats.stdout).contains("program    sort"), "{}{}", text(&stats.stdout), text(&stats.stderr));
}

#[test]
fn the_log_of_a_program_that_was_killed_is_whole_and_one_file() {
    if library().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("out.mmt.tail"), "of a program before").expect("it can be written to");
    let script = "my @a = map { \"x\" x 5003 } 1..500; kill 9, $$";
    let mut command = mudlark();
    command.args(["record", "--interval", "1", "--", "perl", "-e", script]).current_dir(directory.path());
    let done = command.output().expect("it runs");
    assert_eq!(done.status.signal(), Some(9), "{:?}", done.status);
    assert!(!directory.path().join("out.mmt.tail").exists());
    let log = fs::read(directory.path().join("out.mmt")).expect("there is a log");
    let model = crate::common::model_of(&log);
    let live = model.live_blocks().filter(|(_, block)| (5003..5100).contains(&block.size)).count();
    assert!(live >= 500 && !model.program.has_stop, "{live}");
}

#[test]
fn other_processes_are_recorded_if_that_is_wanted_and_their_logs_are_named() {
    if library().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory can be made");
    let files = || fs::read_dir(directory.path()).expect("it is there").count();
    let done = record(directory.path(), &["--interval", "1"], "sort /dev/null; true");
    assert!(done.status.success() && !text(&done.stderr).contains("other process"), "{}", text(&done.stderr));
    assert_eq!(files(), 1);
    let done = record(directory.path(), &["--interval", "1", "--children"], "sort /dev/null; true");
    let said = text(&done.stderr);
    assert!(said.contains("one other process has a log beside it:") && said.contains("mmt  sort"), "{said}");
    assert_eq!(files(), 2);
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let mut command = mudlark();
    command
        .args(["record", "--", "true"])
        .env("MUDLARK_RECORD_LIBRARY", "/nowhere/lib.so")
        .current_dir(directory.path());
    let done = command.output().expect("it runs");
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(5));
    assert!(said.contains("/nowhere/lib.so") && said.contains("cargo build --release -p mudlark-record"), "{said}");
    assert!(!directory.path().join("out.mmt").exists(), "nothing was run");

    let missing =
        mudlark().args(["record", "--no-preload", "--", "./no-program"]).current_dir(directory.path()).output();
    let missing = missing.expect("it runs");
    assert_eq!(missing.status.code(), Some(127));
    assert!(text(&missing.stderr).contains("cannot run ./no-program"), "{}", text(&missing.stderr));

    let comma = record(directory.path(), &["--no-preload", "-o", "a,b.mmt"], "true");
    assert_eq!(comma.status.code(), Some(2));
    assert!(text(&comma.stderr).contains("no comma"), "{}", text(&comma.stderr));
}

#[test]
fn a_program_that_is_recorded_may_record_another_one() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let mut command = mudlark();
    command.args(["record", "--no-preload", "--", "sh", "-c", "echo ${MUDLARK_PROFILE_PROCESS-nobody}"]);
    let done = command.env("MUDLARK_PROFILE_PROCESS", "7").current_dir(directory.path()).output().expect("it runs");
    assert_eq!(text(&done.stdout), "nobody\n");
}

#[test]
fn a_log_that_cannot_be_is_refused_before_the_program_runs() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let device = record(directory.path(), &["--no-preload", "-o", "/dev/full"], "echo it runs");
    assert!(device.status.code() == Some(2) && device.stdout.is_empty());
    assert!(text(&device.stderr).contains("/dev/full is not a file"), "{}", text(&device.stderr));

    let name = "n".repeat(200);
    let deep = directory.path().join(&name).join(&name);
    fs::create_dir_all(&deep).expect("a directory can be made");
    let long = record(&deep, &["--no-preload", "-o", &name], "echo it runs");
    assert!(long.status.code() == Some(2) && long.stdout.is_empty());
    assert!(text(&long.stderr).contains("at most 488 bytes"), "{}", text(&long.stderr));
}

#[test]
fn an_interval_that_the_recorder_does_not_have_is_refused_before_the_program_runs() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    for interval in ["0", "4294967297"] {
        let done = record(directory.path(), &["--no-preload", "--interval", interval], "echo it runs");
        let complaint = text(&done.stderr);
        assert_eq!((done.status.code(), text(&done.stdout)), (Some(2), String::new()), "{complaint}");
        assert!(complaint.contains("--interval") && complaint.contains("is not in 1..=4294967296"), "{complaint}");
    }
    let done = record(directory.path(), &["--no-preload", "--interval", "4294967296"], "echo it runs");
    assert_eq!(text(&done.stdout), "it runs\n");
}

#[test]
fn the_longest_path_that_is_not_refused_is_recorded_to() {
    if library().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory can be made");
    let root = fs::canonicalize(directory.path()).expect("it is there");
    let deep = root.join("n".repeat(200)).join("n".repeat(200));
    fs::create_dir_all(&deep).expect("a directory can be made");
    let name = "n".repeat(488 - 1 - deep.as_os_str().len());
    let done = record(&deep, &["--interval", "1", "-o", &name], "true");
    assert!(done.status.success() && text(&done.stderr).contains("of memory events"), "{}", text(&done.stderr));
}

/// The library that is preloaded, if it is built.
fn library() -> Option<PathBuf> {
    let library = Path::new(env!("CARGO_BIN_EXE_mudlark")).with_file_name("libmudlark_record.so");
    if !library.exists() {
        eprintln!("SKIPPED: no {}: `cargo build -p mudlark-record` makes it", library.display());
    }
    Some(library).filter(|library| library.exists())
}

/// Waits until a program that was started has printed a line.
fn wait_for_line(program: &mut Child) {
    let stdout = program.stdout.as_mut().expect("it is piped");
    BufReader::new(stdout).read_line(&mut String::new()).expect("it can be read");
}

#[test]
fn of_two_recordings_to_one_file_the_second_is_refused_and_the_first_goes_on() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("ready"), server::server().log).expect("it can be written to");
    let script = "echo ready; read line; cp ready \"${MUDLARK_PROFILE%%,*}\"";
    let mut command = mudlark();
    command.args(["record", "--no-preload", "--", "sh", "-c", script]).current_dir(directory.path());
    let mut first =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    wait_for_line(&mut first);
    let second = record(directory.path(), &["--no-preload"], "echo it runs");
    assert!(second.status.code() == Some(4) && second.stdout.is_empty(), "{second:?}");
    assert!(text(&second.stderr).contains("another recording writes out.mmt"), "{}", text(&second.stderr));
    drop(first.stdin.take());
    let first = first.wait_with_output().expect("it ends");
    assert!(text(&first.stderr).contains("out.mmt has "), "{}", text(&first.stderr));
    let third = record(directory.path(), &["--no-preload"], "echo it runs");
    assert_eq!(text(&third.stdout), "it runs\n");
}

#[test]
fn a_log_that_a_program_writes_by_itself_is_not_overwritten() {
    let Some(library) = library() else { return };
    let directory = tempfile::tempdir().expect("a directory can be made");
    let script = "my @a = map { \"x\" x 5003 } 1..50; $| = 1; print \"ready\\n\"; <STDIN>";
    let mut command = Command::new("perl");
    command.args(["-e", script]).env("LD_PRELOAD", library).env("MUDLARK_PROFILE", "out.mmt,interval=1");
    command.current_dir(directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut first = command.spawn().expect("it runs");
    wait_for_line(&mut first);
    let second = record(directory.path(), &["--no-preload"], "echo it runs");
    let wanted = format!("another recording writes out.mmt: process {}", first.id());
    assert!(second.status.code() == Some(4) && text(&second.stderr).contains(&wanted), "{second:?}");
    drop(first.stdin.take());
    assert!(first.wait().expect("it ends").success());
    let log = fs::read(directory.path().join("out.mmt")).expect("there is a log");
    let model = crate::common::model_of(&log);
    assert!(model.program.has_stop && model.sizes().any(|(size, _)| (5003..5100).contains(&size)));
}

#[test]
fn a_log_that_is_moved_or_removed_meanwhile_is_said_to_be_so() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("ready"), server::server().log).expect("it can be written to");
    let copy = "cp ready \"$MUDLARK_PROFILE\"";
    let moved = record(directory.path(), &["--no-preload"], &format!("{copy}; mv out.mmt moved.mmt"));
    let said = text(&moved.stderr);
    assert!(
        said.contains("out.mmt was moved") && said.contains("mudlark stats ") && said.contains("moved.mmt"),
        "{said}"
    );
    let removed = record(directory.path(), &["--no-preload"], &format!("{copy}; rm out.mmt"));
    let said = text(&removed.stderr);
    assert!(said.contains("out.mmt was removed") && !said.contains("statically"), "{said}");
    let again = record(directory.path(), &["--no-preload"], &format!("rm out.mmt; {copy}"));
    assert!(text(&again.stderr).contains("out.mmt has "), "{}", text(&again.stderr));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_of_before_the_program_runs() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let tool = env!("CARGO_BIN_EXE_mudlark");
    let disk = "mount -t tmpfs -o size=64k none . && cd \"$PWD\" && head -c 64k /dev/zero >all || exit 99";
    let script = format!("{disk}; {tool} record --no-preload -- echo it runs; echo $?");
    let mut command = Command::new("unshare");
    let done = command.args(["--mount", "sh", "-c", &script]).current_dir(directory.path()).output();
    let Some(done) = done.ok().filter(|done| done.status.success()) else {
        return eprintln!("SKIPPED: no disk can be made");
    };
    assert_eq!(text(&done.stdout), "4\n", "{}", text(&done.stderr));
    assert!(text(&done.stderr).contains("cannot write out.mmt: No space left"), "{}", text(&done.stderr));
}

#[test]
fn a_daemon_that_outlives_the_recording_is_named_and_its_log_gets_whole() {
    if library().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory can be made");
    let daemon = "if (!fork) { open STDOUT, '>/dev/null'; open STDERR, '>/dev/null'; my @all; \
                  for (1 .. 4000) { push @all, 'x' x 5003; last if -e 'stop'; select undef, undef, undef, 0.005 } exit 0 } \
                  select undef, undef, undef, 0.01 until -s (glob 'out.*.mmt')[0] // ''";
    let mut command = mudlark();
    command.args(["record", "--interval", "1", "--children", "--", "perl", "-e", daemon]);
    let done = command.current_dir(directory.path()).output().expect("it runs");
    let said = text(&done.stderr);
    assert!(
        said.contains("perl, which still runs and writes on there") && said.contains("1 of them still runs"),
        "{said}"
    );
    fs::write(directory.path().join("stop"), "").expect("it can be written to");
    let entries = fs::read_dir(directory.path()).expect("it is there").map(|entry| entry.expect("a file").path());
    let log = entries.filter(|path| path.extension().is_some_and(|extension| extension == "mmt"));
    let log = log.into_iter().find(|path| !path.ends_with("out.mmt")).expect("the daemon's");
    let read = || {
        let (mut file, mut model) = (LogFile::new(File::open(&log).expect("it is there")), Model::default());
        let read = file.read_to_end(|chunk| assert_eq!(model.read_chunk(chunk), Understood::Whole));
        read.expect("it can be read");
        (model, file.damage())
    };
    let begin = Instant::now();
    while !read().0.program.has_stop && begin.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(20));
    }
    let (model, damage) = read();
    assert!(model.program.has_stop && model.gaps.missing_frees == 0, "{:?}", model.gaps);
    assert_eq!(damage, Damage::default());
}

#[test]
fn without_a_terminal_live_writes_lines_up_to_the_logs_end() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("log.mmt"), server::server().log).expect("it can be written to");
    let done = mudlark().args(["live", "log.mmt"]).current_dir(directory.path()).output().expect("it runs");
    let lines = text(&done.stdout);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(lines.starts_with("9.1 s: heap 97.4 KiB in 100 blocks, peak 1.3 MiB, resident 812.2 KiB, "), "{lines}");
    assert!(lines.contains("10 collections") && lines.contains("most in "), "{lines}");
}

#[test]
fn live_runs_a_program_to_its_end_and_keeps_its_log() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("ready"), server::server().log).expect("it can be written to");
    let script = "cp ready \"$MUDLARK_PROFILE\"; echo printed; exit 3";
    let mut command = mudlark();
    command.args(["live", "--no-preload", "--log", "kept.mmt", "-o", "lines.txt", "--", "sh", "-c", script]);
    let done = command.current_dir(directory.path()).output().expect("it runs");
    assert_eq!(done.status.code(), Some(3), "{}", text(&done.stderr));
    assert_eq!(text(&done.stdout), "printed\n");
    let lines = fs::read_to_string(directory.path().join("lines.txt")).expect("it was written");
    assert!(lines.lines().last().is_some_and(|line| line.contains("peak 1.3 MiB")), "{lines}");
    assert!(directory.path().join("kept.mmt").exists());
}
