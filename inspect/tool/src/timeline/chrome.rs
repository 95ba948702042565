//! The timeline as trace events, which ui.perfetto.dev and chrome://tracing open.
//!
//! ```text
//!   process "program"
//!     counters    heap: requested, blocks, …      resident
//!     thread 1    [load ───────[parse ──]──]      one for each thread of the program that was in scopes
//!     collector   [old ─[count][spread][destroy]] one for each collector
//!     marks       ▾ ready
//! ```
//!
//! The format is the «Trace Event Format»: complete slices (`X`), counters (`C`), instants (`i`) and metadata (`M`); times
//! are microseconds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::timeline::{Pause, Timeline, generation_name, step_name};

/// Threads of the trace that are none of the program: above all numbers that the log has for threads.
const COLLECTORS: u64 = 1 << 33;

/// The trace, as JSON.
pub(crate) fn trace(timeline: &Timeline<'_>) -> Value {
    let trace = Trace { timeline };
    let mut events = trace.metadata();
    events.extend(trace.counters());
    events.extend(timeline.pauses.iter().flat_map(|pause| trace.pause(pause)));
    events.extend(trace.scopes());
    events.extend(trace.marks());
    let program = &timeline.model.program;
    json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "program": program.title(),
            "sample_interval": program.sample_interval,
            "begun_unix_nanoseconds": program.unix_nanoseconds,
        },
    })
}

struct Trace<'t, 'm> {
    timeline: &'t Timeline<'m>,
}

impl Trace<'_, '_> {
    fn process(&self) -> u32 {
        // Zero is no process that the viewers group events under.
        self.timeline.model.program.process.max(1)
    }

    fn microseconds(&self, ticks: u64) -> f64 {
        self.timeline.seconds(ticks) * 1e6
    }

    /// The names of the process, of the threads and of the collectors.
    fn metadata(&self) -> Vec<Value> {
        let program = &self.timeline.model.program;
        let name = |what: &str, thread: u64, name: &str| json!({ "ph": "M", "pid": self.process(), "tid": thread, "name": what, "args": { "name": name } });
        let mut events = vec![name("process_name", 0, program.title())];
        let threads: BTreeSet<u32> = self.timeline.scopes.list.iter().map(|span| span.thread).collect();
        events.extend(threads.into_iter().map(|thread| name("thread_name", thread.into(), &program.thread(thread))));
        let collectors: BTreeSet<u32> = self.timeline.pauses.iter().map(|pause| pause.collector).collect();
        for collector in collectors {
            events.push(name("thread_name", COLLECTORS + u64::from(collector), &self.timeline.collector(collector)));
        }
        events
    }

    /// A counter for each kind of memory: each can be looked at alone.
    ///
    /// Where a point sums up a stretch of time, its most is shown first, so that no peak is lost, and then what was left.
    fn counters(&self) -> Vec<Value> {
        let mut events = Vec::new();
        for series in &self.timeline.series {
            let name = series.kind.name();
            let ends = series.points.iter().skip(1).map(|point| point.time).chain([self.timeline.end]);
            for (point, end) in series.points.iter().zip(ends) {
                events.push(self.counter(name, point.time, point.most));
                if point.last != point.most {
                    events.push(self.counter(name, point.time.midpoint(end), point.last));
                }
            }
        }
        events
    }

    fn counter(&self, name: &str, time: u64, value: u64) -> Value {
        json!({ "ph": "C", "pid": self.process(), "name": name, "ts": self.microseconds(time), "args": { "bytes": value } })
    }

    /// A slice for the collection, and inside it one for each step.
    fn pause(&self, pause: &Pause) -> Vec<Value> {
        let slice = |name: &str, from: u64, to: u64, args: Value| {
            let (ts, dur) = (self.microseconds(from), self.microseconds(to - from));
            let tid = COLLECTORS + u64::from(pause.collector);
            json!({ "ph": "X", "pid": self.process(), "tid": tid, "cat": "gc", "name": name, "ts": ts, "dur": dur, "args": args })
        };
        let args = json!({ "candidates": pause.candidates, "collected": pause.collected });
        let mut events = vec![slice(generation_name(pause.generation), pause.from, pause.to, args)];
        events.extend(pause.steps.iter().map(|&(from, to, step)| slice(step_name(step), from, to, json!({}))));
        events
    }

    fn scopes(&self) -> impl Iterator<Item = Value> {
        self.timeline.scopes.list.iter().map(|span| {
            let (ts, dur) = (self.microseconds(span.from), self.microseconds(span.to - span.from));
            json!({
                "ph": "X", "pid": self.process(), "tid": span.thread, "cat": "scope", "name": span.name(), "ts": ts, "dur": dur,
                "args": { "path": &*span.path },
            })
        })
    }

    fn marks(&self) -> impl Iterator<Item = Value> {
        self.timeline.marks.iter().map(|&(time, text)| {
            json!({ "ph": "i", "s": "g", "pid": self.process(), "tid": 0, "cat": "mark", "name": text, "ts": self.microseconds(time) })
        })
    }
}
