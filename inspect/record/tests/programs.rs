//! Programs that know nothing of it, recorded: they do what they always do, and their logs are whole.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use core::ops::Range;
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use mudlark_inspect::hooks::{Damage, EarlyEnd, Event, NameOf, Reader, Tail};

/// Where Cargo puts the library, which is built first: no test can depend on a library that is not Rust's.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let test = env::current_exe().expect("this test has a path");
        let folder = test.ancestors().nth(2).expect("a test is two folders deep in the target's");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--package", "mudlark-preload"]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.arg("--target-dir").arg(folder.parent().expect("a profile's folder lies in the target's"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("Cargo runs").success(), "the library does not build");
        folder.join("libmudlark_record.so")
    })
}

/// A folder for a test's files, which are gone when it passes.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self(folder)
    }

    /// Runs a program, and records it.
    fn record(&self, settings: &str, program: &mut Command) -> Output {
        self.record_on(settings, program, &library().display().to_string())
    }

    /// The same, with these libraries preloaded.
    fn record_on(&self, settings: &str, program: &mut Command, libraries: &str) -> Output {
        program.env("LD_PRELOAD", libraries).env("MUDLARK_PROFILE", format!("out.mmt{settings}")).current_dir(&self.0);
        let output = program.output().unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program:?}: {}\n{errors}", output.status);
        output
    }

    /// The log of the program that was started.
    fn log(&self) -> Log {
        Log::read(&self.0.join("out.mmt"))
    }

    /// How many logs have a tail.
    fn tails(&self) -> usize {
        let files = fs::read_dir(&self.0).expect("the folder is there").map(|entry| entry.expect("a file").path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "tail")).count()
    }

    /// The logs of other processes.
    fn others(&self) -> Vec<Log> {
        let files = fs::read_dir(&self.0).expect("the folder is there").map(|entry| entry.expect("a file").path());
        let name = |path: &PathBuf| path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let logs = files.filter(|path| name(path).ends_with(".mmt") && name(path) != "out.mmt");
        logs.map(|path| Log::read(&path)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// What a log says.
#[derive(Debug, Default)]
struct Log {
    programs: Vec<String>,
    allocators: Vec<String>,
    modules: Vec<String>,
    /// How often blocks of a size were asked for.
    requests: HashMap<u64, usize>,
    bytes: u64,
    live: HashMap<u64, u64>,
    frees: usize,
    threads: Vec<String>,
    heaps: usize,
    /// Blocks that pages of a size have in use, at most.
    pages: HashMap<u64, u64>,
    ends: usize,
    ended_early: Vec<EarlyEnd>,
    lost: u64,
    refused: usize,
    resident: usize,
    /// Of each stack, the files that its frames were in when the log was told of it.
    stacks: HashMap<u32, Vec<String>>,
    /// Which stack has asked for a size last.
    askers: HashMap<u64, u32>,
    /// The files with their ranges.
    loaded: Vec<(Range<u64>, String)>,
    /// Those of the moment that is read.
    in_pages: HashMap<u64, u64>,
    missing_chunks: u64,
}

impl Log {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut log = Self::default();
        let mut reader = Reader::new(&bytes);
        for record in &mut reader {
            log.add(&record.event);
        }
        let Damage { skipped_bytes, missing_chunks, unknown_chunks, .. } = reader.damage();
        assert_eq!((skipped_bytes, unknown_chunks), (0, 0), "{}", path.display());
        log.missing_chunks = missing_chunks;
        // What there is no room for is missing, and nothing else.
        let may_miss = log.ended_early.iter().any(|&why| why != EarlyEnd::Limit);
        assert!(missing_chunks == 0 || may_miss, "{}: {missing_chunks}", path.display());
        let tail = fs::read(path.with_extension("mmt.tail")).unwrap_or_default();
        if let Some(tail) = Tail::read(&tail) {
            tail.chunk.records().for_each(|record| log.add(&record.event));
        }
        log
    }

    fn add(&mut self, event: &Event<'_>) {
        match *event {
            Event::Name { of: NameOf::Program, text, .. } => self.programs.push(text.to_owned()),
            Event::Name { of: NameOf::Allocator, text, .. } => self.allocators.push(text.to_owned()),
            Event::Name { of: NameOf::Thread, text, .. } => self.threads.push(text.to_owned()),
            Event::Module { base, size, path } => {
                self.modules.push(path.to_owned());
                self.loaded.push((base.0..base.0 + size, path.to_owned()));
            }
            Event::Stack { id, frames } => {
                let file = |frame: u64| self.loaded.iter().rev().find(|(range, _)| range.contains(&frame));
                let files = frames.iter().filter_map(file).map(|(_, path)| path.clone()).collect();
                self.stacks.insert(id, files);
            }
            Event::Allocated { address, size, stack, .. } => {
                self.hand_out(address.0, size);
                self.askers.insert(size, stack);
            }
            Event::Refused { .. } => self.refused += 1,
            Event::Resident { .. } => self.resident += 1,
            Event::Reallocated { from, to, size, .. } => {
                self.live.remove(&from.0);
                self.hand_out(to.0, size);
            }
            Event::Freed { address } => {
                self.live.remove(&address.0);
                self.frees += 1;
            }
            Event::Heap { .. } => {
                self.heaps += 1;
                self.in_pages.clear();
            }
            Event::Page { block_size, used, .. } => {
                let in_pages = self.in_pages.entry(block_size).or_default();
                *in_pages += u64::from(used);
                let most = self.pages.entry(block_size).or_default();
                *most = (*in_pages).max(*most);
            }
            Event::Stopped {} => self.ends += 1,
            Event::EndedEarly { why, .. } => self.ended_early.push(why),
            Event::Lost { events } => self.lost += events,
            _ => {}
        }
    }

    fn hand_out(&mut self, address: u64, size: u64) {
        *self.requests.entry(size).or_default() += 1;
        self.bytes += size;
        self.live.insert(address, size);
    }

    fn count(&self) -> usize {
        self.requests.values().sum()
    }
}

/// Builds a program of this folder.
fn compile(compiler: &str, source: &str, folder: &Folder) -> PathBuf {
    let program = folder.0.join("program");
    let mut command = Command::new(compiler);
    command.args([
        "-g",
        "-O1",
        "-fno-builtin",
        "-Wall",
        "-Wno-deprecated-declarations",
        "-pthread",
        "-Wno-unused-result",
    ]);
    // The sizes that are asked for in vain.
    command.arg("-Wno-alloc-size-larger-than");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(source)).arg("-o").arg(&program);
    let status = command.status().unwrap_or_else(|error| panic!("{compiler}: {error}"));
    assert!(status.success(), "{source} does not build");
    program
}

#[test]
fn every_call_of_a_c_program_is_there() {
    let folder = Folder::new("calls");
    let program = compile("cc", "calls.c", &folder);
    folder.record(",interval=1", &mut Command::new(program));
    let log = folder.log();
    assert_eq!((log.programs, log.ends), (vec!["program".to_owned()], 1));
    assert_eq!(log.allocators, ["libc.so.6"]);
    // malloc, calloc, realloc, reallocarray, memalign, aligned_alloc, posix_memalign, valloc, pvalloc: see the source.
    for size in [10_001, 10_002 * 3, 10_003, 10_004, 10_005 * 2, 10_006, 10_016, 10_008, 10_009, 12_288] {
        assert_eq!(log.requests.get(&size), Some(&7), "requests of {size} B");
        assert!(!log.live.values().any(|&live| live == size), "{size} B are freed");
    }
    assert_eq!(log.live.values().filter(|&&size| size == 20_001).count(), 3, "and these are not");
    assert!(log.threads.len() >= 3, "{:?}", log.threads);
}

#[test]
fn every_operator_of_a_cpp_program_is_there() {
    let folder = Folder::new("operators");
    let program = compile("c++", "operators.cpp", &folder);
    folder.record(",interval=1", &mut Command::new(program));
    let log = folder.log();
    for size in [10_001, 10_002, 10_003, 10_004, 10_112, 10_240] {
        assert_eq!(log.requests.get(&size), Some(&1), "requests of {size} B");
        assert!(!log.live.values().any(|&live| live == size), "{size} B are freed");
    }
}

#[test]
fn threads_are_cancelled_where_they_would_be() {
    let folder = Folder::new("cancelled");
    let program = compile("cc", "cancelled.c", &folder);
    folder.record(",interval=1", &mut Command::new(program));
    assert!(folder.log().requests.get(&333).is_some_and(|&count| count > 100));
}

#[test]
fn threads_may_ask_where_their_stacks_are() {
    let folder = Folder::new("where");
    folder.record(",interval=1", &mut Command::new(compile("cc", "where.c", &folder)));
    assert_eq!(folder.log().requests[&77], 10);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_program_that_tells_of_its_own_code_may_unwind() {
    let folder = Folder::new("registered");
    folder.record(",interval=1", &mut Command::new(compile("cc", "registered.c", &folder)));
    assert_eq!(folder.log().requests[&77], 1);
}

#[test]
fn another_allocator_may_be_behind() {
    for (compiler, source) in [("cc", "calls.c"), ("c++", "operators.cpp")] {
        let folder = Folder::new(&format!("behind-{compiler}"));
        let program = compile(compiler, source, &folder);
        let libraries = format!("{} {}", library().display(), library().with_file_name("libmudlark.so").display());
        folder.record_on(",interval=1", &mut Command::new(&program), &libraries);
        let log = folder.log();
        assert!(log.requests.contains_key(&10_001) && !log.live.values().any(|&size| size == 10_001));
        assert!(log.heaps > 0, "it tells of itself");
        assert_eq!(log.allocators, ["libmudlark.so"]);
        let sampled = Folder::new(&format!("behind-sampled-{compiler}"));
        sampled.record_on(",interval=20000", &mut Command::new(&program), &libraries);
    }
}

#[test]
fn the_allocator_behind_tells_of_its_pages_while_they_are_full() {
    let folder = Folder::new("pages");
    let libraries = format!("{} {}", library().display(), library().with_file_name("libmudlark.so").display());
    // All is free again at the end.
    let script = "my @a = map { \"x\" x 3000 } 1..20000; select undef, undef, undef, 0.5; @a = (); exit 0";
    folder.record_on("", Command::new("perl").args(["-e", script]), &libraries);
    let pages = folder.log().pages;
    let most = pages.iter().filter(|(size, _)| (3000..4000).contains(*size)).map(|(_, used)| used).max();
    // After it was told of, the heap grew by an eighth at most; and there are other blocks.
    assert!(most.is_some_and(|&used| used >= 17_000), "{pages:?}");
}

#[test]
fn processes_write_logs_of_their_own_if_that_is_wanted() {
    let folder = Folder::new("processes");
    let script = "perl -e 'my @a = map { \"x\" x 5003 } 1..50; exit 0'; \
                  (exec perl -e 'if (!fork) { my @a = map { \"x\" x 7001 } 1..20; exit 0 } wait'); true";
    folder.record(",interval=1,children=1", Command::new("sh").args(["-c", script]));
    let (first, others) = (folder.log(), folder.others());
    assert_eq!(first.programs, ["sh"]);
    let perls: Vec<&Log> = others.iter().filter(|log| log.programs.iter().any(|program| program == "perl")).collect();
    assert_eq!(perls.len(), 3, "{:?}", others.iter().map(|log| &log.programs).collect::<Vec<_>>());
    let count = |log: &Log, size| {
        log.requests.iter().filter(|(of, _)| (size..size + 40).contains(*of)).map(|(_, n)| n).sum::<usize>()
    };
    assert!(others.iter().any(|log| count(log, 5003) >= 50));
    assert!(others.iter().any(|log| count(log, 7001) >= 20 && log.programs == ["perl"]), "the forked one");
    assert!(perls.iter().all(|log| log.ends == 1), "{perls:?}");
}

#[test]
fn a_process_that_becomes_another_program_goes_on_in_the_same_file() {
    let folder = Folder::new("exec");
    folder.record(",interval=1", Command::new("sh").args(["-c", "exec perl -e 'my $a = \"x\" x 5003;'"]));
    let log = folder.log();
    assert_eq!(log.programs, ["sh", "perl"]);
    assert!(folder.others().is_empty());
}

#[test]
fn otherwise_there_is_one_log_also_of_a_script_that_starts_another_program() {
    let folder = Folder::new("shim");
    let script = "n=$(perl -e 'print 5003'); echo | cat; exec perl -e \"my \\$a = 'x' x $n; fork or exit 0; wait\"";
    folder.record(",interval=1", Command::new("sh").args(["-c", script]));
    let log = folder.log();
    assert_eq!(log.programs, ["sh", "perl"]);
    assert!(log.requests.keys().any(|size| (5003..5100).contains(size)) && log.ends == 1);
    assert_eq!(fs::read_dir(&folder.0).expect("the folder is there").count(), 1, "nothing else is written");
}

#[test]
fn python_runs_with_threads_and_children() {
    let folder = Folder::new("python");
    let script = "
import subprocess, threading, os
lists = []
def work(n):
    lists.append([bytearray(3001) for i in range(100)])
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(subprocess.run(['sh', '-c', 'echo done'], capture_output=True, text=True).stdout.strip(), len(lists))
if os.fork() == 0:
    data = [bytearray(4001) for i in range(10)]
    os._exit(0)
os.wait()
";
    let output =
        folder.record(",interval=1", Command::new("python3").args(["-c", script]).env("PYTHONMALLOC", "malloc"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done 4\n");
    let log = folder.log();
    assert!(log.count() > 10_000 && log.frees > 5_000, "{} requests, {} frees", log.count(), log.frees);
    assert!(log.requests.get(&3002).is_some_and(|&count| count >= 400), "a bytearray has a zero at its end");
    assert!(log.modules.iter().any(|path| path.contains("python3")), "{:?}", log.modules);
    let sampled = Folder::new("python-sampled");
    sampled.record("", Command::new("python3").args(["-c", "x = [bytearray(100_000) for i in range(500)]"]));
    let log = sampled.log();
    assert!((30..300).contains(&log.count()), "{} of about 95", log.count());
}

#[test]
fn a_program_that_closes_all_files_keeps_its_own_whole() {
    let folder = Folder::new("daemon");
    let program = compile("cc", "daemon.c", &folder);
    let mut low = Command::new(&program);
    folder.record(",interval=1", low.arg("500"));
    assert_eq!(fs::read(folder.0.join("own")).expect("it is there"), b"data");
    assert_eq!(folder.log().requests.get(&5003), Some(&20_000), "the log is out of the way");
    let limited = format!("ulimit -n 1024; exec {}", program.display());
    folder.record(",interval=1", Command::new("sh").args(["-c", &limited]));
    assert_eq!(fs::read(folder.0.join("own")).expect("it is there"), b"data");
    assert_eq!(folder.log().ends, 0, "the log ends where its file was taken");
}

#[test]
fn a_signal_handler_that_forks_leaves_the_parents_log_whole() {
    let folder = Folder::new("handler");
    let program = compile("cc", "handler.c", &folder);
    // Without a second thread: the C library's own malloc does not let a handler fork then.
    folder.record(",interval=1,stats=0,children=1", &mut Command::new(program));
    let (log, others) = (folder.log(), folder.others());
    assert_eq!((log.requests.get(&7777), log.ends), (None, 1));
    assert_eq!(others.len(), 100, "each child has one");
    assert!(others.iter().all(|child| child.requests.get(&7777) == Some(&10) && child.ends == 1));
}

#[test]
fn a_program_that_ends_badly_leaves_its_whole_log() {
    let folder = Folder::new("ends");
    let program = compile("cc", "ends.c", &folder);
    let mut ways =
        vec!["abort", "quick_exit", "execve", "fexecve", "execveat", "syscall", "kill", "crash", "catch", "end"];
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        ways.extend(["execl", "execlp", "execle"]);
    }
    for way in ways {
        let folder = Folder::new(&format!("ends-{way}"));
        let command = format!("{} {way} || true", program.display());
        let output = folder.record(",interval=1,stats=0,children=1", Command::new("sh").args(["-c", &command]));
        let count = folder.others().iter().filter_map(|log| log.requests.get(&5003)).sum::<usize>();
        let is_said = String::from_utf8_lossy(&output.stdout) == "1 2 3 4 5 6 7 8\n";
        assert!(is_said || !way.starts_with("execl"), "{way}: {output:?}");
        assert_eq!(count, 200, "{way}");
        let leaves_a_tail = matches!(way, "kill" | "crash" | "catch" | "end");
        assert_eq!(folder.tails(), usize::from(leaves_a_tail), "{way}");
    }
}

#[test]
fn a_process_that_becomes_another_program_unseen_loses_nothing() {
    let folder = Folder::new("raw-exec");
    let program = compile("cc", "ends.c", &folder);
    folder.record(",interval=1,stats=0", Command::new(&program).arg("syscall"));
    let log = folder.log();
    assert_eq!(log.programs, ["program", "true"]);
    assert_eq!((log.requests.get(&5003), folder.tails()), (Some(&200), 0));
}

#[test]
fn one_process_at_a_time_writes_a_log() {
    let folder = Folder::new("two");
    let script = "my @a = map { \"x\" x 5003 } 1..50; print \"ready\\n\"; <STDIN>; exit 0";
    let command = |script: &str| {
        let mut perl = Command::new("perl");
        perl.args(["-e", &format!("$| = 1; {script}")]).current_dir(&folder.0);
        perl.env("LD_PRELOAD", library()).env("MUDLARK_PROFILE", "out.mmt,interval=1");
        perl
    };
    let mut first = command(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("perl runs");
    BufReader::new(first.stdout.as_mut().expect("it is piped")).read_line(&mut String::new()).expect("it says so");
    let second = command("print 'well'").output().expect("perl runs");
    assert_eq!(String::from_utf8_lossy(&second.stdout), "well");
    let errors = String::from_utf8_lossy(&second.stderr);
    assert!(errors.contains(&format!("process {} writes this log", first.id())), "{errors}");
    drop(first.stdin.take());
    assert!(first.wait().expect("it is a child").success());
    let log = folder.log();
    assert!(log.requests.iter().any(|(size, &count)| (5003..5100).contains(size) && count >= 50), "{log:?}");
    assert_eq!((log.programs.len(), log.ends), (1, 1));
    assert!(command("print 'well'").output().expect("perl runs").stderr.is_empty(), "nobody writes it any more");
}

#[test]
fn any_number_of_processes_writes_to_a_device() {
    let folder = Folder::new("device");
    let script = "MUDLARK_PROFILE=/dev/null exec sh -c 'MUDLARK_PROFILE_PROCESS= sh -c true; true'";
    let output = folder.record("", Command::new("sh").args(["-c", script]));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_library_in_anothers_place_is_not_taken_for_it() {
    let folder = Folder::new("plugins");
    for name in ["one", "other"] {
        let mut command = Command::new("cc");
        command.args(["-g", "-O1", "-fno-builtin", "-fno-optimize-sibling-calls", "-shared", "-fPIC"]);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugin.c"));
        assert!(command.arg("-o").arg(folder.0.join(format!("{name}.so"))).status().expect("cc runs").success());
    }
    let program = compile("cc", "plugins.c", &folder);
    let output = folder.record(",interval=1", Command::new(program).args(["./one.so", "./other.so", "./one.so"]));
    let places = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(places.len() == 3 && places[0] == places[1], "the test needs them at the same place: {places:?}");
    let log = folder.log();
    for (size, name) in [(5001, "one.so"), (5002, "other.so"), (5003, "one.so")] {
        let files = &log.stacks[&log.askers[&size]];
        assert!(files.iter().any(|file| file.ends_with(name)), "{size}: {files:?}");
        assert_eq!(
            files
                .iter()
                .filter(|file| file.contains("o"))
                .filter(|file| file.ends_with("one.so") || file.ends_with("other.so"))
                .count(),
            1
        );
    }
}

#[test]
fn children_that_nobody_has_announced_leave_their_parents_log_alone() {
    let folder = Folder::new("unseen");
    let program = compile("cc", "unseen.c", &folder);
    for way in ["_Fork", "clone"] {
        for settings in [",interval=1", ",interval=1,children=1"] {
            let folder = Folder::new(&format!("unseen-{way}{}", settings.len()));
            folder.record(settings, Command::new(&program).arg(way));
            let (log, others) = (folder.log(), folder.others());
            assert_eq!((log.requests.get(&7777), log.requests.get(&5003), log.ends), (None, Some(&2000), 1), "{way}");
            let counts: Vec<_> = others.iter().filter_map(|log| log.requests.get(&7777)).collect();
            let follows = settings.contains("children");
            assert_eq!(counts, if follows { vec![&1000] } else { vec![] }, "{way}");
            assert!(others.iter().all(|log| log.programs == ["program"]), "a child's log says whose it is");
        }
    }
}

#[test]
fn a_child_of_a_program_that_makes_code_never_waits_for_the_dynamic_loader() {
    if cfg!(not(target_arch = "x86_64")) {
        return;
    }
    let folder = Folder::new("generated");
    let program = compile("cc", "generated.c", &folder);
    let output = folder.record(",interval=1,children=1", &mut Command::new(program));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0 of 200 hang\n");
}

#[test]
fn the_recorder_has_no_thread_unless_somebody_needs_one() {
    let folder = Folder::new("thread");
    let count = |settings: &str, libraries: &str| {
        let output = folder.record_on(settings, Command::new("sh").args(["-c", "ls /proc/$$/task | wc -l"]), libraries);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let library = library().display().to_string();
    assert_eq!(count(",interval=1", &library), "1");
    assert!(folder.log().resident > 0, "what it occupies is known all the same");
    assert_eq!(count(",interval=1,stats=10", &library), "2");
}

#[test]
fn a_worker_that_gives_up_its_rights_is_recorded() {
    // SAFETY: it may be asked at any time.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("SKIPPED: who is not the superuser has no rights to give up");
        return;
    }
    let folder = Folder::new("worker");
    let program = compile("cc", "worker.c", &folder);
    folder.record(",interval=1,children=1", &mut Command::new(program));
    let counts: Vec<_> = folder.others().iter().filter_map(|log| log.requests.get(&5003).copied()).collect();
    assert_eq!(counts, [1000]);
}

#[test]
fn a_request_that_is_refused_is_refused_once() {
    let folder = Folder::new("refused");
    let program = compile("c++", "refused.cpp", &folder);
    let output = folder.record(",interval=1", &mut Command::new(program));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4\n");
    assert_eq!(folder.log().refused, 4);
}

#[test]
fn a_stack_of_twelve_kilobytes_is_enough() {
    let folder = Folder::new("stack");
    let program = compile("cc", "stack.c", &folder);
    for settings in [",interval=1", ",interval=3000", ""] {
        folder.record(settings, Command::new(&program).arg("12288"));
    }
}

#[test]
fn the_recorder_itself_is_not_recorded() {
    let folder = Folder::new("itself");
    folder.record(",interval=1,stats=1", Command::new("perl").args(["-e", "select undef, undef, undef, 0.2"]));
    let log = folder.log();
    assert!(log.heaps == 0 && log.ends == 1);
    assert_eq!(log.threads, ["perl"], "its own thread asks for nothing");
}

#[test]
fn git_runs() {
    let folder = Folder::new("git");
    let work = "git init -q . && echo text > file && git add file && \
                git -c user.name=a -c user.email=a@b commit -q -m first && git log --oneline | wc -l";
    let output = folder.record("", Command::new("sh").args(["-c", work]).env("HOME", &folder.0));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "1");
}

/// A program that asks for memory 20000 times, and says so.
const MANY: &str = "push @all, q(x) x 100 for 1 .. 20000; print scalar @all";

/// Looks at what there is of a log that ended while its program went on.
fn assert_ended_early(log: &Log, why: EarlyEnd) {
    assert_eq!((&log.ended_early[..], log.ends), (&[why][..], 1));
    let there = log.count() + log.frees;
    assert!(there > 100 && log.lost > 100, "{there} events, and {} are lost", log.lost);
}

#[test]
fn a_log_that_may_not_grow_says_why_it_ends_and_the_program_goes_on() {
    let folder = Folder::new("limited");
    for blocks in [16, 200, 201, 202] {
        let program = format!("ulimit -f {blocks} && exec perl -e '{MANY}'");
        let output = folder.record(",interval=1", Command::new("sh").args(["-c", &program]));
        assert_eq!(output.stdout, b"20000");
        let size = fs::metadata(folder.0.join("out.mmt")).expect("the log").len();
        assert!(size <= blocks * 1024, "{size} B");
        assert_ended_early(&folder.log(), EarlyEnd::FileSize);
        assert_eq!(folder.tails(), 0);
    }
}

#[test]
fn nothing_is_lost_without_a_word_wherever_the_file_may_not_grow() {
    let folder = Folder::new("wherever");
    let program = compile("cc", "ends.c", &folder);
    let mut early = 0;
    for bytes in (700..9000).step_by(90) {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--fsize={bytes}")).arg("env").arg(format!("LD_PRELOAD={}", library().display()));
        limited.arg("MUDLARK_PROFILE=out.mmt,interval=1,stats=0").arg(&program).arg("execve");
        let status = limited.current_dir(&folder.0).status().expect("prlimit runs");
        assert!(status.success(), "{bytes}: {status}");
        let log = folder.log();
        assert!(log.requests.get(&5003) == Some(&200) || !log.ended_early.is_empty(), "{bytes}: {log:?}");
        early += usize::from(!log.ended_early.is_empty());
    }
    assert!(early > 10, "{early}");
}

#[test]
fn a_log_on_a_full_disk_says_why_it_ends() {
    let folder = Folder::new("full");
    for kib in [60, 200, 204] {
        let disk = format!("mount -t tmpfs -o size={kib}k none . && cd . && cd \"$PWD\"");
        let program = format!(
            "{disk} || exit 99; LD_PRELOAD={} MUDLARK_PROFILE=$PWD/out.mmt,interval=1 perl -e '{MANY}'; \
             cat out.mmt >&2; ls",
            library().display()
        );
        fs::create_dir_all(folder.0.join("disk")).expect("a folder can be made");
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &program]).current_dir(folder.0.join("disk"));
        let Ok(output) = command.output() else { return eprintln!("SKIPPED: there is no `unshare`") };
        if !output.status.success() {
            return eprintln!("SKIPPED: no disk can be made: {}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(String::from_utf8_lossy(&output.stdout), "20000out.mmt\n", "{kib} KiB");
        fs::write(folder.0.join("out.mmt"), &output.stderr).expect("there is room");
        assert_ended_early(&folder.log(), EarlyEnd::NoRoom);
    }
}

#[test]
fn a_log_with_a_limit_ends_there_and_says_so() {
    let folder = Folder::new("size");
    let mut perl = Command::new("perl");
    let output = folder.record(",interval=1,size=150000", perl.args(["-e", MANY]));
    assert_eq!(output.stdout, b"20000");
    let size = fs::metadata(folder.0.join("out.mmt")).expect("the log").len();
    assert!((100_000..=150_000).contains(&size), "{size} B");
    let log = folder.log();
    assert_ended_early(&log, EarlyEnd::Limit);
    assert_eq!((log.missing_chunks, folder.tails()), (0, 0), "it is whole up to there");
    let all = Folder::new("size-all");
    all.record(",interval=1", Command::new("perl").args(["-e", MANY]));
    let (whole, part) = (all.log(), log);
    assert!(whole.count() + whole.frees >= part.count() + part.frees && whole.ended_early.is_empty());
}

#[test]
fn without_the_variable_nothing_is_written() {
    let folder = Folder::new("nothing");
    let mut program = Command::new("perl");
    program.args(["-e", "my @a = map { \"x\" x 5003 } 1..50;"]).env("LD_PRELOAD", library()).current_dir(&folder.0);
    assert!(program.env_remove("MUDLARK_PROFILE").status().expect("perl runs").success());
    assert_eq!(fs::read_dir(&folder.0).expect("the folder is there").count(), 0);
}

#[test]
fn what_cannot_be_done_is_said_and_the_program_runs() {
    let folder = Folder::new("wrong");
    let output = folder.record(",speed=1", Command::new("sh").args(["-c", "echo well"]));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "well\n");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("nothing is recorded") && errors.contains("speed=1"), "{errors}");
}
