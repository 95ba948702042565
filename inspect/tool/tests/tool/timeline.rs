//! `mudlark timeline`: what it writes is read back, and agrees with the log.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::server::{self, Truth};
use serde_json::Value;

fn run(log: &Truth, arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let (input, output) = (directory.path().join("log.mmt"), directory.path().join("out"));
    std::fs::write(&input, &log.log).expect("it can be written to");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark"));
    let done = command.arg("timeline").arg(&input).args(arguments).arg("-o").arg(&output).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(done.stderr.is_empty(), "a whole log gives no warnings: {}", String::from_utf8_lossy(&done.stderr));
    read(&output)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it was written")
}

fn trace(log: &Truth) -> Vec<Value> {
    let trace: Value = serde_json::from_str(&run(log, &["--format", "chrome"])).expect("it is JSON");
    trace["traceEvents"].as_array().expect("the format says so").clone()
}

fn text<'v>(event: &'v Value, key: &str) -> &'v str {
    event[key].as_str().unwrap_or_else(|| panic!("{event} has no {key}"))
}

fn number(event: &Value, key: &str) -> f64 {
    event[key].as_f64().unwrap_or_else(|| panic!("{event} has no {key}"))
}

#[test]
fn each_event_of_a_trace_has_what_the_format_asks_for() {
    for event in trace(&server::server()) {
        assert!(event["pid"].as_u64().is_some_and(|process| process == 4711), "{event}");
        let is_metadata = text(&event, "ph") == "M";
        assert!(is_metadata || number(&event, "ts") >= 0.0, "{event}");
        match text(&event, "ph") {
            "M" => assert!(event["args"]["name"].is_string(), "{event}"),
            "C" => assert!(number(&event["args"], "bytes") >= 0.0, "{event}"),
            "X" => assert!(number(&event, "dur") >= 0.0 && event["tid"].is_u64(), "{event}"),
            "i" => assert_eq!(text(&event, "s"), "g", "{event}"),
            other => panic!("no kind of event is called {other}"),
        }
        assert!(!text(&event, "name").is_empty());
    }
}

#[test]
fn slices_of_a_track_are_inside_one_another_or_apart() {
    let mut tracks: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for event in trace(&server::server()).iter().filter(|event| event["ph"] == "X") {
        let from = number(event, "ts");
        tracks.entry(event["tid"].as_u64().expect("a number")).or_default().push((from, from + number(event, "dur")));
    }
    assert_eq!(tracks.len(), 3, "two threads and a collector");
    for slices in tracks.values() {
        for (at, a) in slices.iter().enumerate() {
            for b in &slices[at + 1..] {
                let (first, second) = if (a.0, -a.1) <= (b.0, -b.1) { (a, b) } else { (b, a) };
                // A rounding error of less than a nanosecond is no overlap.
                assert!(second.0 >= first.1 - 1e-3 || second.1 <= first.1 + 1e-3, "{first:?} {second:?}");
            }
        }
    }
}

#[test]
fn a_trace_agrees_with_the_log() {
    let log = server::server();
    let events = trace(&log);
    let counter = |name: &'static str| events.iter().filter(move |event| event["ph"] == "C" && event["name"] == name);
    // The heap told of itself often, but not at each request.
    let highest = counter("requested").map(|event| number(&event["args"], "bytes")).fold(0.0, f64::max);
    assert!((0.9 * log.peak as f64..=log.peak as f64).contains(&highest), "{highest} of {}", log.peak);
    let last = counter("requested").next_back().expect("there are some");
    assert_eq!(number(&last["args"], "bytes"), log.live as f64);
    for name in ["blocks", "cached", "committed", "resident"] {
        assert!(counter(name).count() > 10, "{name}");
    }
    assert_eq!(counter("large").count(), 0, "what a heap does not know is not shown");
    let slices = |name: &'static str| events.iter().filter(move |event| event["ph"] == "X" && event["name"] == name);
    assert_eq!(slices("old").count() + slices("young").count(), usize::try_from(log.collections).expect("few"));
    let all: f64 = slices("old").chain(slices("young")).map(|slice| number(slice, "dur")).sum();
    let steps = ["count", "spread", "weak", "destroy"].map(|step| slices(step).map(|slice| number(slice, "dur")).sum());
    assert!((all - steps.iter().sum::<f64>()).abs() < 1.0, "steps fill the collections: {all} {steps:?}");
    let marks: Vec<&str> = events.iter().filter(|event| event["ph"] == "i").map(|event| text(event, "name")).collect();
    assert_eq!(marks, ["started", "loaded", "books are sold out"]);
    let scopes: Vec<&str> =
        events.iter().filter(|event| event["cat"] == "scope").map(|event| text(event, "name")).collect();
    assert!(scopes.contains(&"parse") && scopes.contains(&"serve"), "{scopes:?}");
}

#[test]
fn without_the_heaps_own_figures_the_logs_requests_are_shown() {
    use mudlark_hooks::{Address, Event, Writer};

    let mut bytes = Vec::new();
    let mut writer = Writer::<_, 256>::new(|chunk: &[u8]| bytes.extend_from_slice(chunk));
    let start = Event::Started {
        process: 0,
        pointer_bytes: 4,
        ticks_per_second: 1000,
        unix_nanoseconds: 0,
        sample_interval: 1,
    };
    writer.write(0, &start);
    for (time, address, size) in [(5, 16, 100), (10, 32, 50)] {
        writer.write(time, &Event::Allocated { address: Address(address), size, align: 4, stack: 0 });
    }
    writer.write(20, &Event::Freed { address: Address(16) });
    writer.write(30, &Event::Stopped {});
    writer.flush();
    let json = run(&Truth { log: bytes, ..Truth::default() }, &["--format", "chrome"]);
    let trace: Value = serde_json::from_str(&json).expect("it is JSON");
    let counters = trace["traceEvents"].as_array().expect("an array").iter().filter(|event| event["ph"] == "C");
    let values: Vec<(f64, f64)> =
        counters.map(|event| (number(event, "ts"), number(&event["args"], "bytes"))).collect();
    assert_eq!(values, [(5000.0, 100.0), (10_000.0, 150.0), (20_000.0, 50.0)]);
}

#[test]
fn a_picture_is_well_formed_and_says_what_it_shows() {
    let svg = run(&server::server(), &[]);
    let mut reader = quick_xml::Reader::from_str(&svg);
    let mut texts = String::new();
    let mut open = 0_i32;
    loop {
        match reader.read_event().expect("it is XML") {
            quick_xml::events::Event::Start(_) => open += 1,
            quick_xml::events::Event::End(_) => open -= 1,
            quick_xml::events::Event::Text(text) => texts.push_str(&text.decode().expect("it is UTF-8")),
            quick_xml::events::Event::GeneralRef(_) => {}
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, 0);
    for text in [
        "requested",
        "committed",
        "resident",
        "loaded",
        "books are sold out",
        "10 collections",
        "destroy",
        "parse",
        "bookshop",
    ] {
        assert!(texts.contains(text), "{text} is missing");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert!(svg.len() < 120_000, "it is small: {}", svg.len());
}

#[test]
fn a_heap_that_tells_of_itself_now_and_then_hides_no_peak_of_a_whole_log() {
    use crate::common::Log;
    use mudlark_hooks::Event;

    for (blocks_from_before, highest) in [(0, 1000.0), (5000, 5000.0)] {
        let mut log = Log::new();
        log.allocate(0x1000, 1000, 0);
        log.free(0x1000);
        let requested = blocks_from_before;
        log.write(&Event::Heap { requested, used: 10, cached: 0, large: 0, committed: 9000, reserved: 9000 });
        let json = run(&Truth { log: log.finish(), ..Truth::default() }, &["--format", "chrome"]);
        let trace: Value = serde_json::from_str(&json).expect("it is JSON");
        let events = trace["traceEvents"].as_array().expect("an array").iter();
        let values = events.filter(|event| event["name"] == "requested").map(|event| number(&event["args"], "bytes"));
        assert_eq!(values.fold(0.0, f64::max), highest);
    }
}

#[test]
fn a_log_that_has_nothing_to_show_is_told_so() {
    use mudlark_hooks::{Event, Writer};

    let mut bytes = Vec::new();
    let mut writer = Writer::<_, 256>::new(|chunk: &[u8]| bytes.extend_from_slice(chunk));
    writer.write(0, &Event::Stopped {});
    writer.flush();
    let directory = tempfile::tempdir().expect("a directory can be made");
    let input = directory.path().join("log.mmt");
    std::fs::write(&input, &bytes).expect("it can be written to");
    let done = Command::new(env!("CARGO_BIN_EXE_mudlark")).arg("timeline").arg(&input).output().expect("it runs");
    assert_eq!(done.status.code(), Some(3));
    let message = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(message.contains("no memory, collections or marks") && message.contains("help:"), "{message}");
}

/// A thread that goes from scope to scope, all of them different, and stays as long in each.
#[test]
fn a_picture_of_very_many_short_stays_is_small() {
    use crate::common::Log;
    use mudlark_hooks::NameOf;

    for switches in [3_000_u32, 300_000] {
        let mut log = Log::new();
        for tag in 1..=switches {
            log.name(NameOf::Tag, tag, &format!("request {tag}"));
            log.switch(1, tag);
            log.allocate(0x1000, 10, 0);
            log.free(0x1000);
        }
        let svg = run(&Truth { log: log.finish(), ..Truth::default() }, &[]);
        assert!(svg.len() < 300_000, "{} bytes for {switches} switches", svg.len());
    }
}

#[test]
fn stays_that_share_a_pixel_are_shown_as_one() {
    use crate::common::Log;
    use mudlark_hooks::NameOf;

    let mut log = Log::new();
    for tag in 1..=3 {
        log.name(NameOf::Tag, tag, &format!("scope {tag}"));
    }
    for tag in [1, 2, 3] {
        log.switch(1, tag);
        log.allocate(0x1000, 10, 0);
        log.free(0x1000);
    }
    log.switch(1, 0);
    log.time += 1_000_000;
    let svg = run(&Truth { log: log.finish(), ..Truth::default() }, &[]);
    assert!(svg.contains("scope 1 and 2 other scopes: "), "{svg}");
    assert!(!svg.contains("scope 2"), "{svg}");
}

#[test]
fn a_picture_of_very_many_marks_is_small() {
    use crate::common::Log;
    use mudlark_hooks::Event;

    let mut log = Log::new();
    log.allocate(0x1000, 10, 0);
    for _ in 0..100_000 {
        log.write(&Event::Mark { text: "again" });
    }
    let svg = run(&Truth { log: log.finish(), ..Truth::default() }, &[]);
    assert!(svg.len() < 200_000, "{} bytes", svg.len());
}

/// The text of an attribute of the first element that has this beginning.
fn attribute(svg: &str, element: &str, name: &str) -> f64 {
    let element = &svg[svg.find(element).unwrap_or_else(|| panic!("no {element} in {svg}"))..];
    let value = element.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
    value.and_then(|(value, _)| value.parse().ok()).expect("it is a number")
}

#[test]
fn the_peaks_text_is_above_the_curve_and_has_the_reports_figure() {
    use crate::common::Log;

    let mut log = Log::new();
    for block in 0..1000 {
        log.allocate(0x1000 * (block + 1), 1000, 0);
    }
    log.time += 123;
    for block in (0..1000).rev() {
        log.time += 20;
        log.free(0x1000 * (block + 1));
    }
    let svg = run(&Truth { log: log.finish(), ..Truth::default() }, &[]);
    let (label, _) = svg.split_once(">peak 976.6 KiB at 10.02 ms<").unwrap_or_else(|| panic!("{svg}"));
    let label = &label[label.rfind("<text").expect("it is a text")..];
    let (dot, line) = (attribute(&svg, "<circle", "cy"), attribute(label, "<text", "y"));
    assert!(line < dot && line > dot - 12.0, "the text is at {line}, the peak at {dot}");
}
