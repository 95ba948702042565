//! What is written for other tools is read back, and tells the figures that the log has.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read as _;
use std::process::Command;

use crate::common::{Log, file_in, model_of, mudlark, mudlark_on, small_program, text};
use flate2::read::GzDecoder;
use mudlark::export::{dhat, folded, pprof};
use mudlark::model::{Cost, Figures};
use mudlark::view::{By, rows};
use mudlark::{Model, SymbolOptions, Symbols};
use serde_json::Value;

/// A longer log: several threads, tags, resized blocks, and stacks of which some are missing.
fn busy_program(sample_interval: u64) -> Vec<u8> {
    let mut log = Log::sampled(sample_interval);
    for stack in 1..=20_u64 {
        log.stack(stack as u32, &[0x1000 * stack + 1, 0x1000 * (stack % 4 + 50) + 1, 0x90_0001]);
    }
    for n in 0..3000_u64 {
        log.switch((n % 3) as u32, (n % 2) as u32);
        let address = 0x10_0000 + (n * 7919 % 251) * 0x1_0000;
        match n % 5 {
            0..3 => log.allocate(address, n * 31 % 4096 + 1, (n % 23) as u32),
            3 => log.free(0x10_0000 + ((n - 2) * 7919 % 251) * 0x1_0000),
            _ => log.reallocate(address, address + 0x1000, n % 1000 + 1, (n % 23) as u32),
        }
    }
    log.finish()
}

fn symbols(model: &Model) -> Symbols<'_> {
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
    let texts = frames.map(|frame| json["ftbl"][frame.as_u64().expect("an index") as usize].as_str().expect("a text"));
    texts.collect::<Vec<_>>().join(" ")
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

/// A decoder of protocol buffers that shares nothing with the writer: the fields of a message, by their numbers.
fn fields(mut message: &[u8]) -> HashMap<u64, Vec<Field<'_>>> {
    let mut fields: HashMap<u64, Vec<Field<'_>>> = HashMap::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)),
            2 => {
                let len = varint(&mut message) as usize;
                let (bytes, rest) = message.split_at(len);
                message = rest;
                Field::Bytes(bytes)
            }
            wire_type => panic!("wire type {wire_type}"),
        };
        fields.entry(key >> 3).or_default().push(field);
    }
    fields
}

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn number(self) -> u64 {
        let Self::Number(number) = self else { panic!("{self:?} is no number") };
        number
    }

    fn bytes(self) -> &'a [u8] {
        let Self::Bytes(bytes) = self else { panic!("{self:?} is no bytes") };
        bytes
    }

    fn numbers(self) -> Vec<u64> {
        let mut bytes = self.bytes();
        let mut numbers = Vec::new();
        while !bytes.is_empty() {
            numbers.push(varint(&mut bytes));
        }
        numbers
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0.. {
        let (&byte, rest) = bytes.split_first().expect("a number has an end");
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut unzipped = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unzipped).expect("it is gzipped");
    unzipped
}

#[test]
fn pprof_adds_up_to_all_and_refers_to_what_is_there() {
    for log in [small_program(), busy_program(1), Log::new().finish()] {
        let model = model_of(&log);
        let profile = unzipped(&pprof::pprof(&model, &mut symbols(&model)).expect("no errors"));
        let profile = fields(&profile);
        let all = |field| profile.get(&field).map_or(&[][..], Vec::as_slice);
        let texts: Vec<String> = all(6).iter().map(|text| crate::common::text(text.bytes())).collect();
        assert_eq!(texts[0], "");
        let types: Vec<&str> =
            all(1).iter().map(|kind| texts[fields(kind.bytes())[&1][0].number() as usize].as_str()).collect();
        assert_eq!(types[..4], ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]);

        let ids =
            |field: u64| -> HashSet<u64> { all(field).iter().map(|it| fields(it.bytes())[&1][0].number()).collect() };
        let (locations, functions) = (ids(4), ids(5));
        assert_eq!(locations.len(), all(4).len(), "no location has the number of another");
        let mut sums = [0; 6];
        for sample in all(2) {
            let sample = fields(sample.bytes());
            assert!(sample[&1][0].numbers().iter().all(|location| locations.contains(location)));
            sample[&2][0].numbers().iter().zip(&mut sums).for_each(|(value, sum)| *sum += value);
        }
        for location in all(4) {
            let line = fields(fields(location.bytes())[&4][0].bytes())[&1][0].number();
            assert!(functions.contains(&line));
        }
        let Figures { total, leaked, at_peak, .. } = model.figures(model.all());
        let expected = [total, leaked, at_peak].map(|amount| [amount.blocks.rounded(), amount.bytes]).concat();
        assert_eq!(sums[..], expected);
    }
}

#[test]
fn pprof_labels_samples_with_tags_and_threads() {
    let model = model_of(&small_program());
    let profile = unzipped(&pprof::pprof(&model, &mut symbols(&model)).expect("no errors"));
    let profile = fields(&profile);
    let texts: Vec<String> = profile[&6].iter().map(|text| crate::common::text(text.bytes())).collect();
    let labels = |sample: &Field<'_>| -> Vec<String> {
        let labels = fields(sample.bytes()).remove(&3).unwrap_or_default();
        let text = |number: Field<'_>| texts[number.number() as usize].clone();
        labels
            .iter()
            .map(|label| fields(label.bytes()))
            .map(|label| format!("{}={}", text(label[&1][0]), text(label[&2][0])))
            .collect()
    };
    let labels: Vec<Vec<String>> = profile[&2].iter().map(labels).collect();
    assert_eq!(labels, [vec!["tag=load", "thread=main"], vec!["thread=main"], vec!["thread=worker"]]);
}

/// `go tool pprof` sums up our file to the log's figures. Where there is no Go, nothing is tested.
#[test]
fn go_reads_the_profile() {
    if !Command::new("go").arg("version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: there is no go");
        return;
    }
    let directory = tempfile::tempdir().expect("there is room for files");
    let log = file_in(directory.path(), "out.mmt", &small_program());
    let profile = directory.path().join("out.pb.gz");
    let written = mudlark(&["pprof".as_ref(), log.as_os_str(), "-o".as_ref(), profile.as_os_str()]);
    assert!(written.status.success(), "{}", text(&written.stderr));
    for (index, total) in
        [("alloc_space", "6301B"), ("inuse_space", "1000B"), ("peak_space", "6001B"), ("alloc_objects", "15B")]
    {
        let output = Command::new("go")
            .env("HOME", directory.path())
            .args(["tool", "pprof", "-top", "-unit=B", &format!("-sample_index={index}")])
            .arg(&profile)
            .output()
            .expect("go starts");
        let top = text(&output.stdout);
        assert!(top.contains(&format!("% of {total} total")), "{index}: {top}{}", text(&output.stderr));
    }
}
