//! What a log says where every request is recorded: it is the truth, block by block.

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::mem;
use std::alloc::System;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use mudlark_inspect::hooks::{Address, Event, NameOf, Reader};
use mudlark_inspect::{Profiled, Profiler, StartError, scope};

#[global_allocator]
static ALLOCATOR: Profiled<System> = Profiled::new(System);

/// There is one recording at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A log, and what it says of blocks.
#[derive(Default)]
struct Log {
    bytes: Vec<u8>,
    live: HashMap<u64, u64>,
    requests: Vec<(u64, String)>,
}

/// Records what `work` does.
fn record(name: &str, interval: u64, work: impl FnOnce()) -> Log {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let file = file(name);
    let profile = Profiler::builder().interval(interval).stats_period(None).start(&file).expect("a recording begins");
    work();
    drop(profile);
    let bytes = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("the log is ours");
    read(bytes)
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("mudlark-{name}-{}.mmt", std::process::id()))
}

fn read(bytes: Vec<u8>) -> Log {
    let mut log = Log::default();
    let mut tags = HashMap::from([(0, String::new())]);
    let mut tag = 0;
    let mut reader = Reader::new(&bytes);
    for record in &mut reader {
        match record.event {
            Event::Name { of: NameOf::Tag, id, text } => {
                tags.insert(id, text.to_owned());
            }
            Event::Switched { tag: now, .. } => tag = now,
            Event::Allocated { address: Address(address), size, .. } => {
                assert_eq!(log.live.insert(address, size), None, "{address:#x} is handed out twice");
                log.requests.push((size, tags[&tag].clone()));
            }
            Event::Freed { address: Address(address) } => {
                assert!(log.live.remove(&address).is_some(), "{address:#x} is freed, and was not allocated");
            }
            Event::Reallocated { from, to, size, .. } => {
                assert!(log.live.remove(&from.0).is_some(), "{from:?} is resized, and was not allocated");
                assert_eq!(log.live.insert(to.0, size), None);
                log.requests.push((size, tags[&tag].clone()));
            }
            _ => {}
        }
    }
    assert_eq!(reader.damage(), Default::default());
    log.bytes = bytes;
    log
}

impl Log {
    /// How often a block of this size was asked for in a scope.
    fn count(&self, size: u64, scope: &str) -> usize {
        self.requests.iter().filter(|(found, tag)| *found == size && tag == scope).count()
    }

    fn events(&self) -> impl Iterator<Item = Event<'_>> {
        Reader::new(&self.bytes).map(|record| record.event)
    }
}

#[test]
fn every_block_is_there_from_its_request_to_its_free() {
    let log = record("every", 1, || {
        scope!("work");
        let kept: Vec<Box<[u8; 777]>> = (0..100).map(|_| Box::new([0; 777])).collect();
        drop(black_box(vec![0_u16; 5555]));
        mem::forget(kept);
    });
    assert_eq!(log.count(777, "work"), 100);
    assert_eq!(log.live.values().filter(|&&size| size == 777).count(), 100);
    assert_eq!(log.count(11_110, "work"), 1);
    assert!(!log.live.values().any(|&size| size == 11_110));
}

#[test]
fn a_growing_block_stays_one() {
    let log = record("growing", 1, || {
        scope!("growing");
        let mut bytes = Vec::with_capacity(10);
        (0..5000).for_each(|_| bytes.push(1_u8));
        black_box(&bytes);
    });
    assert_eq!(log.requests.iter().filter(|(_, tag)| tag == "growing").count(), 10, "from 10 to 5120");
    assert_eq!(log.events().filter(|event| matches!(event, Event::Reallocated { size: 5120, .. })).count(), 1);
}

#[test]
fn scopes_have_paths_and_end() {
    let log = record("scopes", 1, || {
        let request = || drop(black_box(Box::new([0_u8; 333])));
        let parse = || {
            scope!("parse");
            request();
        };
        {
            scope!("load");
            request();
            parse();
            request();
        }
        parse();
        request();
    });
    assert_eq!(["load", "load/parse", "parse", ""].map(|path| log.count(333, path)), [2, 1, 1, 1]);
}

#[test]
fn every_thread_has_a_number_and_its_requests() {
    let log = record("threads", 1, || {
        let work = |n: usize| {
            scope!("thread");
            (0..1000).for_each(|_| drop(black_box(vec![0_u8; 2000 + n])));
        };
        thread::scope(|scope| (0..4).for_each(|n| drop(scope.spawn(move || work(n)))));
    });
    for n in 0..4 {
        assert_eq!(log.count(2000 + n, "thread"), 1000);
    }
    let mut threads: Vec<u32> = log
        .events()
        .filter_map(|event| if let Event::Switched { thread, .. } = event { Some(thread) } else { None })
        .collect();
    threads.sort_unstable();
    threads.dedup();
    assert!(threads.len() >= 4, "{threads:?}");
}

#[test]
fn what_a_thread_does_at_its_very_end_is_there() {
    struct AtEnd(Vec<u8>);

    impl Drop for AtEnd {
        fn drop(&mut self) {
            scope!("the end");
            drop(black_box(vec![0_u8; 3333]));
            self.0 = vec![0; 3334];
        }
    }

    thread_local! {
        static AT_END: AtEnd = const { AtEnd(Vec::new()) };
    }

    let log = record("end", 1, || {
        for _ in 0..5 {
            thread::spawn(|| AT_END.with(|value| assert!(value.0.is_empty()))).join().expect("it ends");
        }
    });
    assert_eq!((log.count(3333, "the end"), log.count(3334, "the end")), (5, 5));
    assert!(!log.live.values().any(|size| (3333..3335).contains(size)));
}

#[test]
fn blocks_go_from_thread_to_thread() {
    let log = record("handed", 1, || {
        let (sender, receiver) = std::sync::mpsc::channel();
        let consumer =
            thread::spawn(move || receiver.iter().map(|block: Box<[u8; 1234]>| block[0] as usize).sum::<usize>());
        (0..2000).for_each(|_| sender.send(Box::new([1; 1234])).expect("it listens"));
        drop(sender);
        black_box(consumer.join().expect("it adds up"));
    });
    assert_eq!(log.count(1234, ""), 2000);
    assert!(!log.live.values().any(|&size| size == 1234));
}

#[test]
fn stacks_lead_to_code_of_this_program() {
    let log = record("stacks", 1, || drop(black_box(vec![0_u8; 54_321])));
    let wanted = log.events().find_map(|event| match event {
        Event::Allocated { size: 54_321, stack, .. } => Some(stack),
        _ => None,
    });
    let mut modules = Vec::new();
    let mut frames = Vec::new();
    for event in log.events() {
        match event {
            Event::Module { base, size, path } => modules.push((base.0..base.0 + size, path.to_owned())),
            Event::Stack { id, frames: found } if Some(id) == wanted => frames = found.iter().collect(),
            _ => {}
        }
    }
    let program = std::env::current_exe().expect("there is one");
    assert!(frames.len() > 3, "{frames:x?}");
    let own = modules.iter().find(|(_, path)| *path == program.to_string_lossy()).expect("the program is a module");
    assert!(own.0.contains(&frames[0]), "{frames:x?} in {modules:x?}");
}

#[test]
fn what_is_not_served_is_said() {
    let layout = Layout::from_size_align(isize::MAX as usize - 63, 64).expect("a layout");
    // SAFETY: the size is not zero.
    let log = record("refused", 1, || assert!(unsafe { ALLOCATOR.alloc(layout) }.is_null()));
    let refused = Event::Refused { size: layout.size() as u64, align: 64, stack: 0 };
    let without_stack = |event| match event {
        Event::Refused { size, align, .. } => Event::Refused { size, align, stack: 0 },
        other => other,
    };
    assert!(log.events().map(without_stack).any(|event| event == refused));
}

#[test]
fn there_is_one_recording_at_a_time() {
    let log = record("first", 1, || {
        let second = file("second");
        assert!(matches!(Profiler::start(&second), Err(StartError::AlreadyRecording)));
        assert!(!second.exists(), "it leaves no file");
    });
    assert!(log.events().any(|event| event == Event::Stopped {}));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let error = Profiler::start("/there is/no such/folder.mmt").expect_err("no folder");
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

#[test]
fn a_panic_is_recorded_as_anything() {
    let log = record("panic", 1, || {
        let panicked = std::panic::catch_unwind(|| {
            scope!("panicking");
            let _block = black_box(vec![0_u8; 4321]);
            panic!("as it should");
        });
        assert!(panicked.is_err());
        drop(black_box(vec![0_u8; 4322]));
    });
    assert_eq!((log.count(4321, "panicking"), log.count(4322, "")), (1, 1));
    assert!(!log.live.values().any(|&size| size == 4321));
}

#[test]
fn a_block_that_is_resized_by_who_tells_of_the_heap_is_recorded_no_more() {
    static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    fn heap() -> Vec<Event<'static>> {
        KEPT.lock().expect("nobody panics with it").reserve_exact(56_789);
        Vec::new()
    }

    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let file = file("resized-by-the-recorder");
    let builder = Profiler::builder().interval(1).stats_period(None).heap(heap);
    let profile = builder.start(&file).expect("a recording begins");
    KEPT.lock().expect("nobody panics with it").reserve_exact(12_345);
    drop(profile);
    let log = read(std::fs::read(&file).expect("there is a log"));
    std::fs::remove_file(&file).expect("the log is ours");
    assert_eq!(log.count(12_345, ""), 1);
    assert!(!log.live.values().any(|size| [12_345, 56_789].contains(size)), "it is no leak of the program's");
}
