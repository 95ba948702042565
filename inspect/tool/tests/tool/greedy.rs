//! Logs that would cost more time or memory than there is, if each of their claims were taken as it comes: small ones all.

use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use mudlark_hooks::{Address, Chunk, Event, Frames, NameOf, Step, Writer};

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

/// A log whose chunks are as long as can be, so that names may be, too. Each event is of a thread, under a tag.
fn long_log(write: impl FnOnce(&mut dyn FnMut((u32, u32), Event<'_>))) -> Vec<u8> {
    let mut log = Vec::new();
    let mut writer = Writer::<_, { Chunk::MAX_LEN }>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    let mut time = 0;
    write(&mut |(thread, tag), event| {
        time += 10;
        writer.write_of(thread, tag, time, &event);
    });
    writer.write(time, &Event::Stopped {});
    writer.flush();
    log
}

fn allocated(address: u64, stack: u32) -> Event<'static> {
    Event::Allocated { address: Address(address), size: 100, align: 8, stack }
}

#[test]
fn a_scope_in_very_many_scopes_is_one_of_them() {
    is_no_burden(&long_log(|write| {
        write((0, 0), Event::Name { of: NameOf::Tag, id: 1, text: &"a/".repeat(16_000) });
        (1..=8).for_each(|thread| write((thread, 1), allocated(0x1000 * u64::from(thread), 0)));
    }));
}

#[test]
fn threads_that_change_between_long_scopes_do_not_take_their_length_each_time() {
    is_no_burden(&long_log(|write| {
        let path = "outer/".repeat(1000);
        for tag in 1..=4 {
            write((0, 0), Event::Name { of: NameOf::Tag, id: tag, text: &format!("{path}{tag}") });
        }
        (0..20_000).for_each(|n| write((n / 100, n % 5), allocated(0x1000 * u64::from(n), 0)));
    }));
}

#[test]
fn many_stays_in_a_scope_with_a_long_name_are_short() {
    let log = long_log(|write| {
        write((0, 0), Event::Name { of: NameOf::Tag, id: 1, text: &"long name ".repeat(5000) });
        (0..8000).for_each(|n| write((1, n % 2), allocated(0x1000 * u64::from(n), 0)));
    });
    for command in [&["timeline"][..], &["timeline", "--format", "chrome"], &["report"]] {
        let written = sparing_on(&log, command).expect("there is something to be shown");
        assert!(written.len() < 16 << 20, "{command:?}: {} bytes", written.len());
    }
}

#[test]
fn deep_stacks_of_long_names_are_cut_off() {
    is_no_burden(&long_log(|write| {
        let function = "long::".repeat(2000);
        for line in 0..4 {
            write((0, 0), Event::Symbol { address: Address(0x11), file: 0, line, function: &function });
        }
        for stack in 1..=4 {
            write((0, 0), Event::Stack { id: stack, frames: Frames::from(&[0x11; 400][..]) });
            (0..2000).for_each(|n| write((n, 0), allocated(0x10_0000 * u64::from(stack) + u64::from(n) * 16, stack)));
        }
    }));
}

#[test]
fn a_long_name_is_looked_at_once_however_many_stacks_have_it() {
    const STACKS: u32 = 1500;
    let log = long_log(|write| {
        let function = "long::".repeat(2000);
        for line in 0..4 {
            write((0, 0), Event::Symbol { address: Address(0x11), file: 0, line, function: &function });
        }
        for stack in 1..=STACKS {
            write((0, 0), Event::Stack { id: stack, frames: Frames::from(&[0x11; 400][..]) });
            write((0, 0), allocated(0x1000 * u64::from(stack), stack));
        }
    });
    is_no_burden(&log);
}

#[test]
fn the_name_of_a_file_of_code_is_shown_as_far_as_a_file_can_have_one() {
    let log = long_log(|write| {
        let path = "long".repeat(15_000);
        write((0, 0), Event::Module { base: Address(0x40_0000), size: 0x10_0000, path: &path });
        write((0, 0), Event::Stack { id: 1, frames: Frames::from(&[0x40_0101][..]) });
        write((0, 0), allocated(0x1000, 1));
    });
    let table = sparing_on(&log, &["table"]).expect("there is something to be shown");
    let table = String::from_utf8(table).expect("it is text");
    let name = table.split_whitespace().find(|word| word.starts_with("long")).expect("the function");
    assert!(name.ends_with("+0x100") && (100..300).contains(&name.len()), "{} bytes: {name:.300}", name.len());
}
