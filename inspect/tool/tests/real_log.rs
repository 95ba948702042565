//! A program records itself, and the tool tells its own story back: functions, lines, types, tags and threads, to the byte.

use core::hint::black_box;
use std::alloc::System;
use std::collections::{BTreeMap, HashMap, LinkedList, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

use mudlark_inspect::{Profiled, Profiler, Snapshot, scope};
use mudlark_tool::model::Figures;
use mudlark_tool::view::{By, rows};
use mudlark_tool::{LogFile, Model, SymbolOptions, Symbols};

#[global_allocator]
static ALLOCATOR: Profiled<System> = Profiled::new(System);

/// 48 bytes that no one else asks for.
#[derive(Clone, Copy)]
struct Point(#[expect(dead_code, reason = "it is only to be large")] [u64; 6]);

const POINTS: usize = 1000;
const POINT_BYTES: u64 = 48 * POINTS as u64;

#[expect(clippy::vec_box, reason = "each is to have a block of its own")]
#[inline(never)]
fn make_points() -> Vec<Box<Point>> {
    let mut points = Vec::with_capacity(POINTS);
    for n in 0..POINTS {
        points.push(Box::new(Point([n as u64; 6])));
    }
    points
}

/// The line of `Box::new` above.
const POINT_LINE: u32 = 31;

#[inline(never)]
fn make_temporary_texts() {
    scope!("texts");
    for n in 0..100 {
        black_box("x".repeat(1000 + n));
    }
}

const TEXT_BYTES: u64 = 1000 * 100 + 99 * 100 / 2;

#[inline(never)]
fn grow_in_a_thread() {
    let grower = std::thread::Builder::new().name("grower".to_owned()).spawn(|| {
        let mut numbers: Vec<u128> = Vec::new();
        numbers.extend(0..5000);
        black_box(numbers.len())
    });
    grower.expect("a thread starts").join().expect("it does not panic");
}

const NUMBER_BYTES: u64 = 5000 * 16;

/// Records all of the above once; the log is whole when this returns.
fn record() -> PathBuf {
    let file = std::env::temp_dir().join(format!("mudlark-tool-{}.mmt", std::process::id()));
    let profile = Profiler::builder().interval(1).stats_period(None).start(&file).expect("a recording begins");
    let points = make_points();
    make_temporary_texts();
    grow_in_a_thread();
    drop(profile);
    drop(points);
    file
}

fn read(log: &Path) -> Model {
    let mut model = Model::default();
    let file = std::fs::File::open(log).expect("there is a log");
    let read = LogFile::new(file).read_to_end(|chunk| {
        let _ = model.read_chunk(chunk);
    });
    read.expect("it can be read");
    model
}

/// What the row of this name has.
#[track_caller]
fn figures(model: &Model, symbols: &mut Symbols<'_>, by: By, name: &str) -> Figures {
    let rows = rows(model, symbols, by);
    let row = rows.iter().find(|row| row.name == name);
    row.unwrap_or_else(|| panic!("no {name} in {rows:#?}")).figures
}

#[test]
fn the_log_of_a_real_program_names_its_functions_lines_types_tags_and_threads() {
    let log = record();
    let model = read(&log);
    let symbols = &mut Symbols::new(&model.program, SymbolOptions::default());
    let mut of = |by, name: &str| figures(&model, symbols, by, name);

    let points = of(By::Function, "real_log::make_points");
    assert_eq!(points.leaked.bytes, POINT_BYTES + 8 * POINTS as u64, "the vector of boxes is live too");
    assert_eq!(of(By::Type, "Box<real_log::Point>").leaked.bytes, POINT_BYTES);
    assert_eq!(
        of(By::Line, &format!("{}/tests/real_log.rs:{POINT_LINE}", env!("CARGO_MANIFEST_DIR"))).leaked.blocks.rounded(),
        POINTS as u64
    );

    let texts = of(By::Function, "real_log::make_temporary_texts");
    assert_eq!((texts.total.bytes, texts.temporary.bytes, texts.leaked.bytes), (TEXT_BYTES, TEXT_BYTES, 0));
    assert_eq!(of(By::Tag, "texts"), texts);

    let numbers = of(By::Function, "real_log::grow_in_a_thread::{{closure}}");
    assert_eq!((numbers.total.bytes, numbers.at_peak.bytes), (NUMBER_BYTES, NUMBER_BYTES));
    assert!(of(By::Thread, "grower").total.bytes >= NUMBER_BYTES);

    check_the_program(&log);
    std::fs::remove_file(log).expect("the log is ours");
    check_a_snapshot();
    check_types();
}

/// On another machine, where there are no files of the program, a snapshot names its functions and lines as well.
fn check_a_snapshot() {
    let profile = Profiler::in_memory(16).expect("the recording before it is over");
    let points = make_points();
    let snapshot = Snapshot::take().expect("there is a recording");
    drop((profile, points));
    let file = std::env::temp_dir().join(format!("mudlark-tool-{}.snapshot", std::process::id()));
    snapshot.save(&file).expect("it can be saved");
    let mut model = read(&file);
    std::fs::remove_file(file).expect("the snapshot is ours");
    for module in &mut model.program.modules {
        module.path = "/nowhere/app".to_owned();
    }
    let symbols = &mut Symbols::new(&model.program, SymbolOptions::default());
    let points = figures(&model, symbols, By::Function, "real_log::make_points");
    assert_eq!(points.leaked.bytes, POINT_BYTES + 8 * POINTS as u64);
    let line = format!("{}/tests/real_log.rs:{POINT_LINE}", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(figures(&model, symbols, By::Line, &line).leaked.bytes, POINT_BYTES);
}

/// The same by the program itself, with the frames that are hidden and without.
fn check_the_program(log: &Path) {
    let folded = |all_frames: &[&str]| {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mudlark"));
        tool.args(["flame", "--format", "folded", "--cost", "leaked"]).arg(log).args(all_frames);
        let output = tool.output().expect("the tool starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it is text")
    };
    let line = format!("real_log::make_points;alloc::boxed::Box<T>::new {POINT_BYTES}\n");
    let shown = folded(&[]);
    assert!(shown.contains(&line), "{shown}");
    assert!(!shown.contains("__rust_begin_short_backtrace;core"), "what calls a test is cut off: {shown}");
    let all = folded(&["--all-frames"]);
    assert!(all.contains("__rust_alloc;") && !shown.contains("__rust_alloc"), "{all}");
    assert!(all.contains("__rust_begin_short_backtrace"), "{all}");
}

/// Some of each container.
type Containers =
    (BTreeMap<u32, Box<u64>>, HashMap<u32, String>, VecDeque<u16>, LinkedList<u8>, Vec<Rc<str>>, Arc<u64>);

#[inline(never)]
fn make_containers() -> Containers {
    let mut queue = VecDeque::new();
    (0..100).for_each(|n| queue.push_back(n));
    (
        (0..100).map(|n| (n, Box::new(7))).collect(),
        (0..100).map(|n| (n, format!("value {n}"))).collect(),
        queue,
        (0..10).collect(),
        (0..10).map(|_| Rc::from("abc")).collect(),
        Arc::new(7),
    )
}

/// Bytes and blocks by type.
type ByType = BTreeMap<String, (u64, u64)>;

fn types_told_by_tool(log: &Path) -> ByType {
    let model = read(log);
    let symbols = &mut Symbols::new(&model.program, SymbolOptions::default());
    let rows = rows(&model, symbols, By::Type).into_iter().filter(|row| !row.figures.leaked.is_none());
    rows.map(|row| (row.name, (row.figures.leaked.bytes, row.figures.leaked.blocks.rounded()))).collect()
}

/// The same by containers alone: what is in them is not in all names.
fn by_container(types: &ByType) -> ByType {
    let mut sums = ByType::new();
    for (name, (bytes, blocks)) in types {
        let sum = sums.entry(name.split('<').next().unwrap_or(name).to_owned()).or_default();
        *sum = (sum.0 + bytes, sum.1 + blocks);
    }
    sums
}

/// A snapshot, the tool on that snapshot, and the tool on a log of the same say the same of each block.
fn check_types() {
    let path = |what: &str| std::env::temp_dir().join(format!("mudlark-tool-types-{}.{what}", std::process::id()));
    let (saved, log) = (path("snapshot"), path("mmt"));
    let profile = Profiler::in_memory(64).expect("the recording before it is over");
    let containers = make_containers();
    let snapshot = Snapshot::take().expect("there is a recording");
    drop((profile, containers));
    snapshot.save(&saved).expect("it can be saved");
    let in_program: ByType = snapshot
        .statistics(mudlark_inspect::By::Type)
        .into_iter()
        .map(|sum| (sum.group.to_string().replace("<unknown>", "unknown type"), (sum.size, sum.count)))
        .collect();
    let profile =
        Profiler::builder().interval(1).stack_depth(64).stats_period(None).start(&log).expect("a recording begins");
    let containers = make_containers();
    drop(profile);
    drop(containers);

    assert_eq!(types_told_by_tool(&saved), in_program);
    let from_log = types_told_by_tool(&log);
    assert_eq!(by_container(&from_log), by_container(&in_program));
    for name in ["BTreeMap<u32, alloc::boxed::Box<u64>>", "VecDeque<u16>", "LinkedList<u8>", "Box<u64>", "Arc<u64>"] {
        assert!(from_log.contains_key(name), "no {name}: {from_log:#?}");
    }
    for file in [saved, log] {
        std::fs::remove_file(file).expect("it is ours");
    }
}
