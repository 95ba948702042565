//! What is written for other tools is read back, and tells the figures that the log has.

use std::collections::{BTreeMap, HashSet};
use std::process::Command;

use crate::anything::{event, is_whole_svg};
use crate::common::{Log, file_in, model_of, mudlark, mudlark_on, small_program, text};
use mudlark_hooks::{Address, Event, NameOf};
use mudlark_tool::export::{dhat, folded, pprof};
use mudlark_tool::model::{Cost, Figures};
use mudlark_tool::view::{By, rows};
use mudlark_tool::{Model, SymbolOptions, Symbols};
use proptest::prelude::*;
use serde_json::Value;

/// A longer log: several threads, tags, resized blocks, and stacks of which some are missing. If it is a sample, the interval changes.
pub(crate) fn busy_program(sample_interval: u64) -> Vec<u8> {
    let mut log = Log::sampled(sample_interval);
    for id in 1..=20_u32 {
        let stack = u64::from(id);
        log.stack(id, &[0x1000 * stack + 1, 0x1000 * (stack % 4 + 50) + 1, 0x90_0001]);
    }
    for n in 0..3000_u64 {
        log.switch((n % 3) as u32, (n % 2) as u32);
        log.interval = (sample_interval > 1).then_some(sample_interval << (n / 100 % 7));
        let address = 0x10_0000 + (n * 7919 % 251) * 0x1_0000;
        match n % 5 {
            0..3 => log.allocate(address, n * 31 % 4096 + 1, (n % 23) as u32),
            3 => log.free(0x10_0000 + ((n - 2) * 7919 % 251) * 0x1_0000),
            _ => log.reallocate(address, address + 0x1000, n % 1000 + 1, (n % 23) as u32),
        }
    }
    log.finish()
}

pub(crate) fn symbols(model: &Model) -> Symbols<'_> {
    Symbols::new(&model.program, SymbolOptions::default())
}

const COSTS: [Cost; 4] = [Cost::Peak, Cost::Leaked, Cost::Temporary, Cost::Total];

#[test]
fn rows_add_up_to_all_by_whatever_they_are_made() {
    for log in [small_program(), busy_program(1), busy_program(1000), Log::new().finish()] {
        let model = model_of(&log);
        for by in [By::Function, By::Line, By::Tag, By::Type, By::Class, By::Thread] {
            let sum: Figures = rows(&model, &mut symbols(&model), by).iter().map(|row| row.figures).sum();
            assert_eq!(sum, model.figures(model.all()), "{by:?}");
        }
    }
}

#[test]
fn folded_stacks_add_up_to_the_cost() {
    for log in [small_program(), busy_program(1), busy_program(1000)] {
        let model = model_of(&log);
        for cost in COSTS {
            let lines = folded::lines(&folded::folded(&model, &mut symbols(&model), cost));
            let read = lines.lines().map(|line| line.rsplit_once(' ').expect("a stack and a number").1);
            let sum: u64 = read.map(|bytes| bytes.parse::<u64>().expect("a number")).sum();
            assert_eq!(sum, model.figures(model.all()).cost(cost).bytes, "{cost:?}");
        }
    }
}

#[test]
fn a_flame_graph_has_the_bytes_of_all_at_its_root() {
    for (cost, bytes) in [("peak", "6,001"), ("leaked", "1,000"), ("temporary", "301"), ("total", "6,301")] {
        let svg = mudlark_on(&small_program(), &["flame", "--cost", cost]);
        assert!(svg.contains(&format!("<title>all ({bytes} bytes, 100%)</title>")), "{cost}: {svg}");
        assert!(svg.contains("app: "), "the title names the program");
        assert!(svg.trim_end().ends_with("</svg>"));
    }
}

/// The line `load 2 100` would be one of two numbers, and ` 10` one of no stack.
#[test]
fn a_flame_graph_has_scopes_whose_names_are_numbers_or_empty() {
    let mut log = Log::new();
    for (tag, name, size) in [(1, "load 2", 100), (2, " ", 10), (3, "7", 1)] {
        log.name(NameOf::Tag, tag, name);
        log.switch(1, tag);
        log.allocate(0x1000 * u64::from(tag), size, 0);
    }
    let svg = mudlark_on(&log.finish(), &["flame", "--cost", "total"]);
    for title in ["all (111 bytes", "load\u{a0}2 (100 bytes", "(no name) (10 bytes", "7 (1 bytes"] {
        assert!(svg.contains(&format!("<title>{title}")), "{title}: {svg}");
    }
}

#[test]
fn a_flame_graph_of_a_difference_tells_both() {
    let directory = tempfile::tempdir().expect("there is room for files");
    let before = file_in(directory.path(), "before.mmt", &Log::new().finish());
    let after = file_in(directory.path(), "after.mmt", &small_program());
    let arguments = [before.as_os_str(), after.as_os_str(), "--format".as_ref(), "svg".as_ref()];
    let output = mudlark(&[&["diff".as_ref()], &arguments[..]].concat());
    let svg = text(&output.stdout);
    assert!(svg.contains("<title>0x3000 (5,001 bytes, 83.34%; +83.34%)</title>"), "it has grown: {svg}");
}

#[test]
fn a_flame_graph_is_xml_whatever_a_program_is_called() {
    let evil = "a\u{1b}]0;<&\"'>\u{0}\u{b}\u{fffe}\u{202e}b";
    let mut log = Log::new();
    log.name(NameOf::Program, 0, evil);
    log.write(&Event::Symbol { address: Address(0x1000), file: 0, line: 0, function: evil });
    log.stack(1, &[0x1000]);
    log.allocate(0x1000, 10, 1);
    let directory = tempfile::tempdir().expect("there is room for files");
    let log = file_in(directory.path(), "out.mmt", &log.finish());
    let log = log.as_os_str();
    let svg = ["--format".as_ref(), "svg".as_ref()];
    for arguments in [&["flame".as_ref(), log, svg[0], svg[1]][..], &["diff".as_ref(), log, log, svg[0], svg[1]]] {
        let svg = text(&mudlark(arguments).stdout);
        assert!(is_whole_svg(&svg), "{arguments:?}: {svg}");
        assert!(svg.contains(r"a\u{1b}]0") && !svg.contains('\u{202e}'), "{arguments:?}: {svg}");
    }
}

/// Of the small program, what the viewer shows of each place.
#[test]
fn dhat_tells_of_each_place() {
    let model = model_of(&small_program());
    let json: Value =
        serde_json::from_slice(&dhat::dhat(&model, &mut symbols(&model)).expect("no errors")).expect("JSON");
    assert_eq!((&json["dhatFileVersion"], &json["cmd"], &json["pid"]), (&2.into(), &"app".into(), &42.into()));
    let places: BTreeMap<String, &Value> =
        json["pps"].as_array().expect("a list").iter().map(|place| (frames(&json, place), place)).collect();
    let figures = |place: &str, keys: &[&str]| -> Vec<u64> {
        keys.iter().map(|key| places[place][*key].as_u64().expect("a number")).collect()
    };
    const KEYS: [&str; 8] = ["tb", "tbk", "mb", "mbk", "gb", "gbk", "eb", "ebk"];
    assert_eq!(figures("0x1000 0x9000 in load", &KEYS), [1000, 10, 1000, 10, 1000, 10, 1000, 10]);
    assert_eq!(figures("0x2000 0x9000", &KEYS), [300, 3, 100, 1, 0, 0, 0, 0]);
    assert_eq!(figures("0x3000", &KEYS), [5001, 2, 5001, 2, 5001, 2, 0, 0]);
    // A tick is a microsecond: each of the three lived for ten.
    assert_eq!(figures("0x2000 0x9000", &["tl"]), [30]);
}

/// The texts of a place's frames.
fn frames(json: &Value, place: &Value) -> String {
    let frames = place["fs"].as_array().expect("a list").iter();
    let texts = frames.map(|frame| json["ftbl"][index(frame)].as_str().expect("a text"));
    texts.collect::<Vec<_>>().join(" ")
}

fn index(number: &Value) -> usize {
    number.as_u64().and_then(|number| number.try_into().ok()).expect("an index")
}

#[test]
fn dhat_adds_up_to_all_and_has_no_place_twice() {
    for log in [small_program(), busy_program(1), Log::new().finish()] {
        let model = model_of(&log);
        let bytes = dhat::dhat(&model, &mut symbols(&model)).expect("no errors");
        let json: Value = serde_json::from_slice(&bytes).expect("JSON");
        let places = json["pps"].as_array().expect("a list");
        let sum = |key: &str| places.iter().map(|place| place[key].as_u64().expect("a number")).sum::<u64>();
        let figures = model.figures(model.all());
        assert_eq!([sum("tb"), sum("tbk")], [figures.total.bytes, figures.total.blocks.rounded()]);
        assert_eq!([sum("gb"), sum("gbk")], [figures.at_peak.bytes, figures.at_peak.blocks.rounded()]);
        assert_eq!([sum("eb"), sum("ebk")], [figures.leaked.bytes, figures.leaked.blocks.rounded()]);
        assert!(places.iter().all(|place| place["mb"].as_u64() >= place["gb"].as_u64()));
        let stacks: HashSet<String> = places.iter().map(|place| place["fs"].to_string()).collect();
        assert_eq!(stacks.len(), places.len());
        assert_eq!(json["ftbl"][0], "[root]");
    }
}

/// Valgrind's own viewer builds its tree of our file, and its root has the log's totals. Where there is no valgrind or no node,
/// nothing is tested.
#[test]
fn the_viewer_of_valgrind_takes_the_file() {
    const VIEWER: &str = "/usr/libexec/valgrind/dh_view.js";
    let has_node = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_node || !std::path::Path::new(VIEWER).exists() {
        eprintln!("not tested: there is no node, or no {VIEWER}");
        return;
    }
    // The viewer's functions are those of a page, of which the tree needs no more than the list of metrics.
    const SCRIPT: &str = "
        const fs = require('fs'), vm = require('vm');
        const page = {Intl, console, document: {}, window: {}};
        vm.createContext(page);
        vm.runInContext(fs.readFileSync(process.argv[1], 'utf8'), page);
        page.json = fs.readFileSync(process.argv[2], 'utf8');
        vm.runInContext(`
            gData = JSON.parse(json);
            gSelect = {childNodes: gSelectData.map(() => ({})), selectedIndex: 0};
            buildTree();
            root = [gRoot._totalBytes, gRoot._totalBlocks, gRoot._atTGmaxBytes, gRoot._atTEndBytes].join(' ');`, page);
        console.log(page.root);";
    for log in [small_program(), busy_program(1)] {
        let model = model_of(&log);
        let directory = tempfile::tempdir().expect("there is room for files");
        let json = dhat::dhat(&model, &mut symbols(&model)).expect("no errors");
        let path = file_in(directory.path(), "out.json", &json);
        let output = Command::new("node").args(["-e", SCRIPT, VIEWER]).arg(path).output().expect("node starts");
        let figures = model.figures(model.all());
        let Figures { total, at_peak, leaked, .. } = figures;
        let expected = format!("{} {} {} {}\n", total.bytes, total.blocks.rounded(), at_peak.bytes, leaked.bytes);
        assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_log_breaks_an_exporter(events in prop::collection::vec(event(), 0..60), interval in prop::sample::select(vec![0, 1, 2, 1 << 19, u64::MAX])) {
        let mut log = Log::sampled(interval);
        events.iter().for_each(|event| log.write(event));
        let model = model_of(&log.finish());
        let mut symbols = symbols(&model);
        for by in [By::Function, By::Line, By::Tag, By::Type, By::Class, By::Thread] {
            prop_assert_eq!(rows(&model, &mut symbols, by).is_empty(), model.is_empty());
        }
        for cost in COSTS {
            prop_assert!(folded::folded(&model, &mut symbols, cost).values().all(|&bytes| bytes > 0));
        }
        let json = dhat::dhat(&model, &mut symbols).expect("no errors");
        prop_assert!(serde_json::from_slice::<Value>(&json).is_ok());
        prop_assert!(pprof::pprof(&model, &mut symbols).is_ok());
        prop_assert!(model.all().now.bytes <= model.all().most.bytes);
    }
}
