//! Logs that are not whole: what is there is shown, what is not is said in one line, and nothing breaks.

use std::io::{self, Read};

use crate::common::{Log, file_in, model_of, mudlark, mudlark_on, small_program, text};
use mudlark_hooks::{Address, Damage, EarlyEnd, Event, NameOf, Reader, Record, Tail, Writer};
use mudlark_tool::{LogFile, Model};
use proptest::prelude::*;

/// Hands out as many bytes at a time as someone else likes.
struct InPieces<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl Read for InPieces<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let len = self.rest.len().min(self.piece).min(to.len());
        let (now, rest) = self.rest.split_at(len);
        to[..len].copy_from_slice(now);
        self.rest = rest;
        Ok(len)
    }
}

/// All records of a log with something between its chunks, and the bytes of that.
fn with_garbage(garbage: &[u8]) -> (Vec<u8>, usize) {
    let log = small_program();
    let mut file = LogFile::new(&log[..]);
    let mut ends = Vec::new();
    // The length of each chunk is in its header.
    let mut at = 0;
    file.read_to_end(|_| {
        let len = log[at + 4..at + 8].try_into().map(u32::from_le_bytes).expect("four bytes");
        at += 16 + len as usize;
        ends.push(at);
    })
    .expect("memory can be read");
    let mut damaged = garbage.to_vec();
    let mut begin = 0;
    for &end in &ends {
        damaged.extend_from_slice(&log[begin..end]);
        damaged.extend_from_slice(garbage);
        begin = end;
    }
    (damaged, garbage.len() * (ends.len() + 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 64 }))]

    #[test]
    fn a_log_in_pieces_is_read_as_one_in_memory(
        garbage in prop::collection::vec(any::<u8>(), 0..40),
        cut in 0..500_usize,
        piece in 1..300_usize,
        flip in any::<prop::sample::Index>(),
    ) {
        let (mut log, _) = with_garbage(&garbage);
        log.truncate(log.len() - cut.min(log.len()));
        if !log.is_empty() {
            let at = flip.index(log.len());
            log[at] ^= 0x10;
        }
        let mut whole = Reader::new(&log);
        let expected: Vec<Record<'_>> = whole.by_ref().collect();

        let mut file = LogFile::new(InPieces { rest: &log, piece });
        let mut read = Vec::new();
        file.read_to_end(|chunk| read.extend(chunk.records().map(|record| format!("{record:?}")))).expect("no errors");
        let expected: Vec<String> = expected.iter().map(|record| format!("{record:?}")).collect();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(file.damage(), whole.damage());
        prop_assert_eq!(file.bytes(), log.len() as u64);
    }

    #[test]
    fn no_log_breaks_the_model(mut log in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut file = small_program();
        file.append(&mut log);
        let model = model_of(&file);
        prop_assert_eq!(model.all().now.bytes, 1000);
    }
}

#[test]
fn a_log_longer_than_the_buffer_is_read_whole() {
    let mut log = Vec::new();
    let mut writer = Writer::<_, { 64 * 1024 }>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    const EVENTS: u64 = 300_000;
    for time in 0..EVENTS {
        writer.write(time, &Event::Freed { address: Address(time.wrapping_mul(0x9E37_79B9_7F4A_7C15)) });
    }
    writer.flush();
    assert!(log.len() > 3 << 20, "{}", log.len());
    let mut file = LogFile::new(InPieces { rest: &log, piece: 100_003 });
    let mut events = 0;
    file.read_to_end(|chunk| {
        for record in chunk.records() {
            assert_eq!(record.time, events);
            events += 1;
        }
    })
    .expect("no errors");
    assert_eq!((events, file.damage()), (EVENTS, Damage::default()));
}

#[test]
fn a_chunk_that_is_being_written_waits_for_its_end() {
    let log = small_program();
    let (begun, end) = log.split_at(log.len() - 5);
    let mut file = LogFile::new(begun.chain(end));
    let mut model = Model::default();
    let mut first_half = LogFile::new(begun);
    let mut chunks = 0;
    first_half.read_available(|_| chunks += 1).expect("no errors");
    assert_eq!(first_half.damage().skipped_bytes, 0, "the end may still come");
    file.read_to_end(|chunk| {
        let _ = model.read_chunk(chunk);
        chunks -= 1;
    })
    .expect("no errors");
    assert_eq!(chunks, -1, "the last chunk was not whole at first");
    assert!(model.program.has_stop);
}

/// The tool's exit code, and what it says on stderr, for a command on a log.
fn fails(log: &[u8], arguments: &[&str]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("there is room for files");
    let path = file_in(directory.path(), "out.mmt", log);
    let path = path.to_str().expect("it is text");
    let mut all = vec![arguments[0], path];
    all.extend(&arguments[1..]);
    let output = mudlark(&all);
    (output.status.code(), text(&output.stderr).replace(path, "out.mmt"))
}

#[test]
fn a_damaged_log_is_shown_with_one_line_of_what_is_missing() {
    for garbage in [&b"Booting\0... "[..], b"\xF5"] {
        let (log, garbage) = with_garbage(garbage);
        let (code, errors) = fails(&log, &["stats"]);
        assert_eq!(code, Some(0));
        assert_eq!(errors, format!("warning: the log is not whole: bytes in no whole chunk: {garbage}\n"));
    }
}

#[test]
fn text_between_chunks_is_no_damage() {
    let (log, text) = with_garbage("Booting… ".as_bytes());
    let (code, errors) = fails(&log, &["stats"]);
    assert_eq!(code, Some(0));
    assert_eq!(errors, format!("note: {text} bytes of text between the chunks are passed over\n"));
}

#[test]
fn a_log_of_two_programs_is_whole_and_says_so() {
    let (code, errors) = fails(&[small_program(), small_program()].concat(), &["stats"]);
    assert_eq!(code, Some(0));
    assert_eq!(errors, "note: the log holds 2 programs, of which the last is read (`--program 1` is the first)\n");
}

#[test]
fn what_is_no_log_is_refused_with_advice() {
    for (log, bytes) in [(&b""[..], 0), (b"what is this?", 13)] {
        let (code, errors) = fails(log, &["stats"]);
        assert_eq!(code, Some(3));
        let expected =
            format!("error: out.mmt is no memory log, or nothing of it is left: no whole chunk in {bytes} bytes\n");
        assert!(errors.starts_with(&expected), "{errors}");
        assert!(errors.contains("help: a log is what `mudlark record`"), "{errors}");
    }
}

#[test]
fn a_log_without_requests_has_nothing_to_draw_but_its_stats() {
    let empty = Log::new().finish();
    assert_eq!(fails(&empty, &["stats"]).0, Some(0));
    assert_eq!(fails(&empty, &["table"]).0, Some(0));
    assert_eq!(fails(&empty, &["dhat"]).0, Some(0));
    let (code, errors) = fails(&empty, &["flame"]);
    assert_eq!(code, Some(3));
    assert_eq!(errors, "error: the log has no requests\n  help: `mudlark stats` shows what there is\n");
}

#[test]
fn what_a_sample_cannot_tell_is_refused_with_advice() {
    let mut log = Log::sampled(1 << 19);
    log.allocate(0x1000, 100, 0);
    let log = log.finish();
    for arguments in [&["temporary"][..], &["flame", "--cost", "temporary"], &["table", "--sort", "temporary"]] {
        let (code, errors) = fails(&log, arguments);
        assert_eq!(code, Some(3), "{arguments:?}");
        assert!(errors.contains("help: record with `interval=1`"), "{errors}");
    }
}

#[test]
fn a_missing_file_and_a_missing_program_have_codes_of_their_own() {
    let missing = mudlark(&["stats", "/nowhere/out.mmt"]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(text(&missing.stderr).contains("help: `mudlark record -o FILE -- PROGRAM` writes a log"));
    let (code, errors) = fails(&small_program(), &["stats", "--program", "2"]);
    assert_eq!(code, Some(2));
    assert!(
        errors.starts_with("error: there is no program of number 2 in out.mmt; the last is number 1\n"),
        "{errors}"
    );
    let unwritable = fails(&small_program(), &["stats", "-o", "/nowhere/out.txt"]);
    assert_eq!(unwritable.0, Some(4));
}

#[test]
fn no_name_in_a_log_reaches_a_terminal_as_something_to_obey() {
    let evil = "a\u{1b}]0;owned\u{7}\0\nb\u{9b}2J\u{202e}";
    let mut log = Log::new();
    for of in [NameOf::Program, NameOf::Allocator, NameOf::Type, NameOf::Collector] {
        log.name(of, 0, evil);
    }
    log.write(&Event::Module { base: Address(0), size: 1 << 20, path: &format!("/nowhere/{evil}") });
    log.write(&Event::Symbol { address: Address(0x1000), file: 0, line: 0, function: evil });
    log.stack(1, &[0x1000, 0x2000]);
    for thread in [1, 2] {
        log.name(NameOf::Thread, thread, evil);
        log.name(NameOf::Tag, thread, evil);
        log.switch(thread, thread);
        log.allocate(0x1000 * u64::from(thread), 10, 1);
    }
    log.write(&Event::Census { collector: 0, type_id: 0, generation: 0, count: 1, bytes: 8 });
    log.write(&Event::CollectionStarted { collector: 0, generation: 0, candidates: 1 });
    log.write(&Event::CollectionStopped { collector: 0, collected: 1 });
    let log = log.finish();
    let commands: [&[&str]; 9] = [
        &["stats"],
        &["table"],
        &["table", "--by", "tag"],
        &["table", "--by", "thread"],
        &["leaks"],
        &["leaks", "--all-frames"],
        &["census"],
        &["live"],
        &["flame", "--format", "folded"],
    ];
    for command in commands {
        let shown = mudlark_on(&log, command);
        let obeyed = |char: &char| *char != '\n' && (char.is_control() || *char == '\u{202e}');
        assert_eq!(shown.chars().find(obeyed), None, "{command:?}: {shown:?}");
        assert!(!shown.contains("\nb"), "{command:?}: a name is in one line: {shown:?}");
        assert!(shown.contains(r"a\u{1b}]0"), "{command:?}: {shown}");
        let (_, errors) = fails(&log, command);
        assert_eq!(errors.chars().find(obeyed), None, "{command:?}: {errors:?}");
    }
}

/// A log of 100 blocks, of which the last ones are in its tail, and that.
fn with_tail(process: u32) -> (Vec<u8>, Vec<u8>) {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 256>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    let started = Event::Started {
        process,
        pointer_bytes: 8,
        ticks_per_second: 1_000_000_000,
        unix_nanoseconds: 0,
        sample_interval: 1,
    };
    writer.write(0, &started);
    for number in 0..100 {
        let block = Event::Allocated { address: Address(0x1000 * number), size: 10, align: 8, stack: 0 };
        writer.write_of(1, 0, number, &block);
    }
    let chunk = writer.collected();
    let progress = Tail::progress(chunk.sequence, chunk.payload().len()).to_le_bytes();
    let tail = [&Tail::beginning(process)[..], &progress, chunk.payload(), &[7; 100]].concat();
    (log, tail)
}

#[test]
fn what_a_killed_process_had_collected_is_read_from_the_tail_beside_its_log() {
    let (log, tail) = with_tail(42);
    let requests = |log: &[u8], tail: &[u8]| {
        let directory = tempfile::tempdir().expect("there is room for files");
        let path = file_in(directory.path(), "out.mmt", log);
        file_in(directory.path(), "out.mmt.tail", tail);
        let done = mudlark(&["stats".as_ref(), path.as_os_str()]);
        assert!(done.status.success() && done.stderr.is_empty(), "{}", text(&done.stderr));
        let stats = text(&done.stdout);
        let requests = stats.split_once("B in ").expect("it says so").1;
        requests.lines().next().and_then(|number| number.trim().parse::<u32>().ok()).expect("a number")
    };
    let without = requests(&log, b"");
    assert!(without < 100);
    assert_eq!(requests(&log, &tail), 100);
    assert_eq!(requests(&log, &with_tail(43).1), without, "another process's");
    let older = mudlark_hooks::Tail::read(&tail).expect("it is whole").chunk;
    let joined = [&log[..], &older.header(), older.payload()].concat();
    assert_eq!(requests(&joined, &tail), 100, "what the log has is not read twice");
}

#[test]
fn a_log_that_ended_early_says_when_and_why_and_how_much_is_lost() {
    let stats = |why, ends: &[Event<'_>]| {
        let mut log = Log::new();
        log.allocate(0x1000, 100, 0);
        log.write(&Event::EndedEarly { why, error: 28 });
        ends.iter().for_each(|event| log.write(event));
        let directory = tempfile::tempdir().expect("there is room for files");
        let path = file_in(directory.path(), "out.mmt", &log.cut());
        let done = mudlark(&["stats".as_ref(), path.as_os_str()]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        (text(&done.stdout), text(&done.stderr))
    };
    let (said, warned) = stats(EarlyEnd::NoRoom, &[Event::Lost { events: 1234 }, Event::Stopped {}]);
    let line =
        "log        ended early, as there was no room on the disk, at 40.00 µs; 1 234 events after that are lost";
    assert!(said.contains(line), "{said}");
    assert!(warned.contains("warning: the log ended early, as there was no room on the disk"), "{warned}");
    let (said, warned) = stats(EarlyEnd::Limit, &[]);
    assert!(said.contains("ended at its limit, at 40.00 µs; nobody knows how much is lost after that"), "{said}");
    let note = "note: the log ended at its limit; nobody knows how much is lost after that, and what is live there need not be a leak\n";
    assert_eq!(warned, note);
    for (why, words) in [(EarlyEnd::FileSize, "ulimit -f"), (EarlyEnd::Failed, "could not be written: ")] {
        let (said, warned) = stats(why, &[Event::Stopped {}]);
        assert!(said.contains(words) && said.contains("0 events") && warned.contains(words), "{said}{warned}");
    }
}
