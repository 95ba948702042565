//! Logs that would cost more time or memory than there is, if each of their claims were taken as it comes: small ones all.

use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use mudlark_hooks::{Address, Event, NameOf, Step};

use crate::common::{Log, file_in, mudlark, sparing_on};

/// All commands that read a log, in all of their ways.
pub(crate) const COMMANDS: [&[&str]; 21] = [
    &["stats"],
    &["table"],
    &["table", "--by", "line", "--top", "0"],
    &["table", "--by", "tag", "--top", "0"],
    &["table", "--by", "type"],
    &["table", "--by", "class", "--top", "0"],
    &["table", "--by", "thread", "--top", "0"],
    &["flame", "--cost", "total"],
    &["flame", "--format", "folded"],
    &["timeline"],
    &["timeline", "--format", "chrome"],
    &["dhat"],
    &["pprof"],
    &["leaks"],
    &["leaks", "--top", "0"],
    &["temporary"],
    &["classes"],
    &["classes", "--suggest", "5"],
    &["census"],
    &["live"],
    &["report"],
];

/// Each command on this log comes to its end with what every command may take.
fn is_no_burden(log: &[u8]) {
    for command in COMMANDS {
        sparing_on(log, command);
    }
}

#[test]
fn a_scope_in_very_many_scopes_is_one_of_them() {
    let mut log = Log::new();
    log.name(NameOf::Tag, 1, &"a/".repeat(16_000));
    for thread in 1..=8 {
        log.switch(thread, 1);
        log.allocate(0x1000 * u64::from(thread), 100, 0);
    }
    is_no_burden(&log.finish());
}

#[test]
fn threads_that_change_between_long_scopes_do_not_take_their_length_each_time() {
    let mut log = Log::new();
    let path = "outer/".repeat(1000);
    for tag in 1..=4 {
        log.name(NameOf::Tag, tag, &format!("{path}{tag}"));
    }
    for n in 0..20_000 {
        log.switch(n / 100, n % 5);
        log.allocate(0x1000 * u64::from(n), 100, 0);
    }
    is_no_burden(&log.finish());
}

#[test]
fn collectors_that_never_end_their_work_are_found_again() {
    const COLLECTORS: u32 = 40_000;
    let mut log = Log::new();
    for collector in 0..COLLECTORS {
        log.write(&Event::CollectionStarted { collector, generation: 1, candidates: 1 });
    }
    for collector in 0..COLLECTORS {
        log.write(&Event::CollectionStep { collector, step: Step::Count });
    }
    for collector in 0..COLLECTORS {
        log.write(&Event::CollectionStopped { collector, collected: 1 });
    }
    is_no_burden(&log.finish());
}

#[test]
fn of_many_files_of_code_each_addresss_is_found() {
    let mut log = Log::new();
    for n in 0..40_000 {
        log.write(&Event::Module { base: Address(0x1_0000_0000 + n * 0x1000), size: 0x10, path: "x" });
    }
    for n in 0..100 {
        log.stack(n + 1, &(0..200).map(|frame| 0x10 + u64::from(n) * 200 + frame).collect::<Vec<u64>>());
        log.allocate(0x5000 + u64::from(n) * 64, 64, n + 1);
    }
    is_no_burden(&log.finish());
}

#[test]
#[cfg(unix)]
fn a_pipe_is_no_file_of_code() {
    let directory = tempfile::tempdir().expect("there is room for files");
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let was_opened = Arc::new(AtomicBool::new(false));
    let writer = thread::spawn({
        let (pipe, was_opened) = (pipe.clone(), Arc::clone(&was_opened));
        move || {
            // This waits for a reader.
            let opened = File::options().write(true).open(pipe);
            was_opened.store(true, Ordering::Relaxed);
            opened
        }
    });
    let mut log = Log::new();
    log.write(&Event::Module { base: Address(0x40_0000), size: 0x10_0000, path: pipe.to_str().expect("it is text") });
    log.stack(1, &[0x40_0100]);
    log.allocate(0x1000, 10, 1);
    let log = file_in(directory.path(), "out.mmt", &log.finish());
    let done = mudlark(&["table".as_ref(), log.as_os_str()]);
    assert!(!was_opened.load(Ordering::Relaxed), "the tool has opened a pipe");
    assert!(done.status.success());
    let reader = File::options().read(true).open(&pipe);
    writer.join().expect("it does not panic").and(reader).expect("both ends are there");
}

#[test]
fn sizes_that_no_machine_has_are_drawn_all_the_same() {
    let mut log = Log::new();
    for n in 1..=3 {
        log.stack(n, &[0x10 * u64::from(n)]);
        log.allocate(0x1000 * u64::from(n), u64::MAX / 2, n);
    }
    is_no_burden(&log.finish());
}

#[test]
fn many_stays_in_a_scope_with_a_long_name_are_short() {
    let mut log = Log::new();
    log.name(NameOf::Tag, 1, &"long name ".repeat(5000));
    for n in 0..8000 {
        log.switch(1, n % 2);
        log.allocate(0x1000 * u64::from(n), 100, 0);
    }
    let log = log.finish();
    for command in [&["timeline"][..], &["timeline", "--format", "chrome"], &["report"]] {
        let written = sparing_on(&log, command).expect("there is something to be shown");
        assert!(written.len() < 8 << 20, "{command:?}: {} bytes", written.len());
    }
}

#[test]
fn deep_stacks_of_long_names_are_cut_off() {
    let mut log = Log::new();
    let name = "long::".repeat(10_000);
    for symbol in 0..4 {
        log.write(&Event::Symbol { address: Address(0x11), file: 0, line: symbol, function: &name });
    }
    for stack in 1..=4 {
        log.stack(stack, &vec![0x11; 400]);
        for n in 0..2000_u64 {
            log.switch(u32::try_from(n).expect("it is small"), 0);
            log.allocate(0x10_0000 * u64::from(stack) + n * 16, 16, stack);
        }
    }
    is_no_burden(&log.finish());
}
