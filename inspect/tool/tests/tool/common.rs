//! Logs that tests write.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mudlark_hooks::{Address, Event, Frames, NameOf, Writer};
use mudlark_tool::{LogFile, Model};

/// Writes a log to memory.
pub(crate) struct Log {
    writer: Writer<Bytes, 512>,
    /// The time of the next event.
    pub(crate) time: u64,
    thread: u32,
    tag: u32,
    /// The interval by which what follows is sampled, if it is said.
    pub(crate) interval: Option<u64>,
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl mudlark_hooks::Sink for Bytes {
    fn write(&mut self, chunk: &[u8]) {
        self.0.extend_from_slice(chunk);
    }
}

impl Log {
    /// Without a beginning.
    pub(crate) fn headless() -> Self {
        Self { writer: Writer::new(Bytes::default()), time: 1000, thread: 0, tag: 0, interval: None }
    }

    /// Of a program, in which a tick is a microsecond.
    pub(crate) fn new() -> Self {
        Self::sampled(1)
    }

    /// With one request in so many bytes.
    pub(crate) fn sampled(sample_interval: u64) -> Self {
        let mut log = Self::headless();
        log.write(&Event::Started {
            process: 42,
            pointer_bytes: 8,
            ticks_per_second: 1_000_000,
            unix_nanoseconds: 1_700_000_000_000_000_000,
            sample_interval,
        });
        log.name(NameOf::Program, 0, "app");
        log.name(NameOf::Allocator, 0, "mudlark");
        log
    }

    pub(crate) fn write(&mut self, event: &Event<'_>) {
        match self.interval {
            Some(interval) => self.writer.write_sampled(self.thread, self.tag, interval, self.time, event),
            None => self.writer.write_of(self.thread, self.tag, self.time, event),
        }
        self.time += 10;
    }

    pub(crate) fn name(&mut self, of: NameOf, id: u32, text: &str) {
        self.write(&Event::Name { of, id, text });
    }

    pub(crate) fn stack(&mut self, id: u32, frames: &[u64]) {
        self.write(&Event::Stack { id, frames: Frames::from(frames) });
    }

    /// What follows is this thread's, under this tag.
    pub(crate) fn switch(&mut self, thread: u32, tag: u32) {
        (self.thread, self.tag) = (thread, tag);
    }

    pub(crate) fn allocate(&mut self, address: u64, size: u64, stack: u32) {
        self.write(&Event::Allocated { address: Address(address), size, align: 8, stack });
    }

    pub(crate) fn free(&mut self, address: u64) {
        self.write(&Event::Freed { address: Address(address) });
    }

    pub(crate) fn reallocate(&mut self, from: u64, to: u64, size: u64, stack: u32) {
        self.write(&Event::Reallocated { from: Address(from), to: Address(to), size, stack });
    }

    /// What follows is in another chunk.
    pub(crate) fn end_chunk(&mut self) {
        self.writer.flush();
    }

    /// What follows is in another chunk, and the one before it is not there.
    pub(crate) fn lose_chunk(&mut self) {
        self.end_chunk();
        let len = self.writer.sink().0.len();
        self.write(&Event::Mark { text: "lost" });
        self.end_chunk();
        self.writer.sink_mut().0.truncate(len);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.write(&Event::Stopped {});
        self.cut()
    }

    /// Ends without saying so.
    pub(crate) fn cut(mut self) -> Vec<u8> {
        self.writer.flush();
        core::mem::take(&mut self.writer.sink_mut().0)
    }
}

/// What the tool makes of a log.
pub(crate) fn model_of(log: &[u8]) -> Model {
    let mut model = Model::default();
    let read = LogFile::new(log).read_to_end(|chunk| {
        let _ = model.read_chunk(chunk);
    });
    read.expect("memory can be read");
    model
}

/// A small program whose every figure is known: 1000 bytes stay, 301 are temporary, 5001 are live at the peak alone.
///
/// ```text
///   10 × 100, stay       stack 1 (0x1000 ◂ 0x9000)   load     main
///    3 × 100, temporary  stack 2 (0x2000 ◂ 0x9000)   no tag   main
///    1 × 5000            stack 3 (0x3000)            no tag   worker
///    1 × 1, temporary    stack 3                     no tag   worker
/// ```
pub(crate) fn small_program() -> Vec<u8> {
    let mut log = Log::new();
    log.name(NameOf::Thread, 1, "main");
    log.name(NameOf::Thread, 2, "worker");
    log.name(NameOf::Tag, 1, "load");
    log.stack(1, &[0x1001, 0x9001]);
    log.stack(2, &[0x2001, 0x9001]);
    log.stack(3, &[0x3001]);
    log.switch(1, 1);
    for n in 0..10 {
        log.allocate(0x10_0000 + n * 0x100, 100, 1);
    }
    log.switch(1, 0);
    for _ in 0..3 {
        log.allocate(0x20_0000, 100, 2);
        log.free(0x20_0000);
    }
    log.switch(2, 0);
    log.allocate(0x30_0000, 5000, 3);
    log.allocate(0x30_2000, 1, 3);
    log.free(0x30_0000);
    log.free(0x30_2000);
    log.finish()
}

/// Runs the tool.
pub(crate) fn mudlark<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mudlark")).args(arguments).output().expect("the tool starts")
}

/// Runs a command of the tool on a log, which is to succeed; what it prints.
pub(crate) fn mudlark_on(log: &[u8], arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("there is room for files");
    let path = file_in(directory.path(), "out.mmt", log);
    let mut all = vec![arguments[0].as_ref(), path.as_os_str()];
    all.extend(arguments[1..].iter().map(std::ffi::OsStr::new));
    let output = mudlark(&all);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Seconds of the processor that a command may take for a small log, and KiB of memory.
const SECONDS: u32 = 30;
const MEMORY: u32 = 1 << 20;

/// Runs a command of the tool on a log, with what every command may take for a small one. What it prints, if the log has any
/// of that.
pub(crate) fn sparing_on(log: &[u8], arguments: &[&str]) -> Option<Vec<u8>> {
    let directory = tempfile::tempdir().expect("there is room for files");
    let path = file_in(directory.path(), "out.mmt", log);
    let done = sparing().arg(arguments[0]).arg(path).args(&arguments[1..]).output().expect("the tool starts");
    // What a log does not have cannot be shown.
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(matches!(done.status.code(), Some(0 | 3)), "{arguments:?}: {}, {said}", done.status);
    done.status.success().then_some(done.stdout)
}

/// The tool, which ends where it takes too much.
fn sparing() -> Command {
    let tool = env!("CARGO_BIN_EXE_mudlark");
    if cfg!(not(unix)) {
        return Command::new(tool);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -t {SECONDS} && ulimit -v {MEMORY} && exec \"$0\" \"$@\""), tool]);
    shell
}

pub(crate) fn file_in(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, bytes).expect("there is room for files");
    path
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is text")
}
