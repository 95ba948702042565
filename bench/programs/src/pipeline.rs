//! A service that passes records on: lines of JSON are parsed on one thread, changed on a second, and written on a third,
//! with `serde_json` and the channels of `crossbeam`. What one thread allocates, another frees.

use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use serde_json::{Value, json};

use crate::checksum;
use crate::outcome::{Outcome, mix, timed};
use crate::words::Words;

/// Records that travel together.
const BATCH: usize = 64;
/// Batches that wait for the next thread at most.
const WAITING: usize = 32;
/// Different lines, over and over.
const LINES: usize = 4000;

/// Passes so many records on.
pub(crate) fn run(records: usize) -> Outcome {
    let mut words = Words::new(10);
    let lines: Vec<String> = (0..LINES).map(|number| line(&mut words, number)).collect();
    timed(records, || pass(&lines, records))
}

fn pass(lines: &[String], records: usize) -> u64 {
    let (parsed, to_change) = bounded(WAITING);
    let (changed, to_write) = bounded(WAITING);
    thread::scope(|scope| {
        scope.spawn(move || parse(lines, records, &parsed));
        scope.spawn(move || change(&to_change, &changed));
        scope.spawn(move || write(&to_write)).join().expect("the writer comes to an end")
    })
}

fn parse(lines: &[String], records: usize, parsed: &Sender<Vec<Value>>) {
    let value = |record: usize| serde_json::from_str(&lines[record % LINES]).expect("the lines are JSON");
    for first in (0..records).step_by(BATCH) {
        let batch = first..records.min(first + BATCH);
        parsed.send(batch.map(value).collect()).expect("the next thread listens");
    }
}

/// Replaces some fields, and drops what nobody asked for.
fn change(parsed: &Receiver<Vec<Value>>, changed: &Sender<Vec<Value>>) {
    for mut batch in parsed {
        batch.retain(|record| record["level"] != "debug");
        for record in &mut batch {
            let place = format!("{}/{}", record["host"].as_str().unwrap_or("nowhere"), record["path"][0]);
            record["place"] = Value::String(place);
            record["cost"] = json!({ "micros": record["millis"].as_u64().map(|millis| millis * 1000), "known": true });
            record.as_object_mut().and_then(|fields| fields.remove("millis"));
        }
        changed.send(batch).expect("the next thread listens");
    }
}

fn write(changed: &Receiver<Vec<Value>>) -> u64 {
    changed.iter().flatten().fold(0, |sum, record| mix(sum, checksum::of(&record.to_string())))
}

fn line(words: &mut Words, number: usize) -> String {
    let level = ["debug", "info", "warning", "error"][words.below(4)];
    let path: Vec<String> = (0..words.random().between(1, 5)).map(|_| words.word().to_owned()).collect();
    let (host, millis, size) = (words.below(30), words.below(3000), words.random().between(4, 14));
    let record = json!({
        "number": number,
        "level": level,
        "host": format!("host-{host}"),
        "path": path,
        "millis": millis,
        "message": words.sentence(size),
    });
    record.to_string()
}
