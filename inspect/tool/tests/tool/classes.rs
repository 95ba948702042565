//! `mudlark classes`: its map has all pages, and what it suggests is as good as it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mudlark_hooks::{Address, Event, Writer};
use tempfile::TempDir;

use crate::server;

struct Run {
    directory: TempDir,
    done: Output,
}

fn run(log: &[u8], arguments: &[&str]) -> Run {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let input = directory.path().join("log.mmt");
    std::fs::write(&input, log).expect("it can be written to");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark"));
    command.arg("classes").arg(&input).args(arguments).current_dir(directory.path());
    Run { done: command.output().expect("it runs"), directory }
}

impl Run {
    fn text(&self) -> String {
        assert!(self.done.status.success(), "{}", String::from_utf8_lossy(&self.done.stderr));
        String::from_utf8(self.done.stdout.clone()).expect("it is text")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it was written")
}

/// The numbers of the printed array.
fn table(code: &str) -> Vec<u64> {
    let (_, list) = code.split_once("= [").expect("there is an array");
    let list = list.trim().trim_end_matches("];");
    list.split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .map(|number| number.parse().expect("a number"))
        .collect()
}

fn waste(table: &[u64], sizes: &BTreeMap<u64, u64>) -> u64 {
    let of = |size: u64| table.iter().find(|&&class| class >= size).expect("each size has a class") - size;
    sizes.iter().map(|(&size, &blocks)| of(size) * blocks).sum()
}

#[test]
fn the_map_has_a_cell_for_each_page_of_the_fullest_moment() {
    let log = server::server();
    let svg = run(&log.log, &[]).text();
    let cells: Vec<(u64, u64)> = svg
        .split("<title>")
        .filter_map(|part| part.split_once("</title>"))
        .filter_map(|(title, _)| {
            title.strip_prefix("0x")?.split_once(": ")?.1.strip_suffix(" blocks")?.split_once(" of ")
        })
        .map(|(used, capacity)| (used.parse().expect("a number"), capacity.parse().expect("a number")))
        .collect();
    let used: u64 = cells.iter().map(|cell| cell.0).sum();
    let heading = svg.split_once(" pages, ").expect("a heading").0.rsplit('"').next().expect("a number").to_owned();
    assert_eq!(heading, cells.len().to_string());
    let live_at_peak: u64 = log.sizes_at_peak.values().sum();
    assert!(
        used <= live_at_peak && used > live_at_peak * 9 / 10,
        "{used} of {live_at_peak}: told soon before the peak"
    );
    let last = run(&log.log, &["--at", "end"]).text();
    assert!(last.matches("<title>0x").count() < cells.len() && last.contains("after 9."), "the end is another moment");
}

#[test]
fn what_is_suggested_wastes_as_little_as_is_said_and_less_than_what_there_is() {
    let log = server::server();
    let run = run(&log.log, &["--suggest", "12", "-o", "waste.svg"]);
    let code = run.text();
    let suggested = table(&code);
    assert_eq!(suggested.len(), 12);
    assert!(code.contains("const SIZE_CLASSES: [usize; 12] = [") && suggested.is_sorted(), "{code}");
    assert!(suggested.iter().all(|class| class % 16 == 0), "{code}");
    let now = [16, 32, 64, 128, 256, 512, 1024, 4096, 16384];
    let (before, after) = (waste(&now, &log.sizes_at_peak), waste(&suggested, &log.sizes_at_peak));
    assert!(after * 4 < before, "{after} of {before}");
    let kib = |bytes: u64| {
        if bytes < 1 << 20 {
            format!("{:.1} KiB", bytes as f64 / 1024.0)
        } else {
            format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
        }
    };
    let svg = read(&run.file("waste.svg"));
    for text in [kib(before), kib(after)] {
        assert!(code.contains(&text) && svg.contains(&text), "{text} in {code}");
    }
}

#[test]
fn a_firmwares_log_needs_no_more_than_its_requests() {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    let start = Event::Started {
        process: 0,
        pointer_bytes: 4,
        ticks_per_second: 32_768,
        unix_nanoseconds: 0,
        sample_interval: 1,
    };
    writer.write(0, &start);
    for (number, size) in [20, 20, 20, 36, 36, 100, 9, 9].into_iter().enumerate() {
        let address = Address(0x2000_0000 + number as u64 * 128);
        writer.write(number as u64, &Event::Allocated { address, size, align: 4, stack: 0 });
    }
    writer.flush();
    assert_eq!(table(&run(&log, &["--suggest", "3"]).text()), [24, 40, 104]);
    assert_eq!(table(&run(&log, &["--suggest", "9", "--granule", "4"]).text()), [12, 20, 36, 100]);
    let svg = run(&log, &[]).text();
    assert!(svg.contains("lost") && svg.contains("112 B"), "without pages, waste alone is drawn: {svg}");
}

#[test]
fn classes_whose_bars_would_not_be_seen_share_a_line() {
    let mut log = crate::common::Log::new();
    let sizes = [(1000, 1000), (16, 3), (17, 1), (100, 2)];
    let blocks = sizes.into_iter().flat_map(|(size, blocks)| (0..blocks).map(move |_| size));
    for (number, size) in blocks.enumerate() {
        log.allocate(0x1_0000 + number as u64 * 0x1000, size, 0);
    }
    let svg = run(&log.finish(), &[]).text();
    assert!(svg.contains("and 3 classes with too little to be seen") && svg.contains(">39 B lost<"), "{svg}");
    assert!(svg.contains("1000 blocks of 1024 B") && !svg.contains("blocks of 16 B"), "{svg}");
}

#[test]
fn without_blocks_there_is_an_answer_all_the_same() {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    writer.write(0, &Event::Stopped {});
    writer.flush();
    for arguments in [&[][..], &["--suggest", "4"]] {
        let run = run(&log, arguments);
        let message = String::from_utf8_lossy(&run.done.stderr).into_owned();
        assert_eq!(run.done.status.code(), Some(3), "{message}");
        assert!(message.contains("no blocks that size classes serve"), "{message}");
    }
    assert_eq!(run(&log, &["--suggest", "0"]).done.status.code(), Some(2), "a table has classes");
}
