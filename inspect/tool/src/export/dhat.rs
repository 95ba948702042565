//! The file that valgrind's `dh_view.html` opens: DHAT's JSON, version 2, as [`dhat-rs`] writes it too.
//!
//! How a program reads and writes its blocks is not in a log, so these figures are left out (`bkacc` is false). Stacks that
//! look the same are one point, as the viewer demands; the most that a point had at a time is then the sum of what each of its
//! stacks, tags and threads had, which is an upper bound.
//!
//! [`dhat-rs`]: https://docs.rs/dhat

use std::collections::HashMap;

use serde::Serialize;

use crate::model::{Model, Sums};
use crate::symbols::{FrameId, Symbols};
use crate::view::NO_STACK;

/// The names are the format's own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    dhat_file_version: u32,
    mode: &'static str,
    verb: &'static str,
    /// There are lifetimes, and figures of the peak and of the end.
    bklt: bool,
    /// There are no figures of accesses.
    bkacc: bool,
    /// The unit of time, and a million of it.
    tu: &'static str,
    #[serde(rename = "Mtu")]
    mtu: &'static str,
    /// A block that lives for less is short-lived.
    tuth: u64,
    cmd: String,
    pid: u32,
    /// When the heap was at its peak, and when the log ends.
    tg: u64,
    te: u64,
    pps: Vec<Point>,
    ftbl: Vec<String>,
}

/// A program point. Bytes, and blocks of them.
#[derive(Debug, Default, Serialize)]
struct Point {
    /// All that was asked for.
    tb: u64,
    tbk: u64,
    /// For how long it lived, added up.
    tl: u64,
    /// The most at a time.
    mb: u64,
    mbk: u64,
    /// At the heap's peak.
    gb: u64,
    gbk: u64,
    /// At the end.
    eb: u64,
    ebk: u64,
    /// The frames, innermost first.
    fs: Vec<usize>,
}

impl Point {
    fn add(&mut self, model: &Model, sums: &Sums, clock: &Clock) {
        let peak = model.at_peak(sums);
        let sum = |to: &mut u64, more: u64| *to = to.saturating_add(more);
        sum(&mut self.tb, sums.total.bytes);
        sum(&mut self.tbk, sums.total.blocks.rounded());
        sum(&mut self.tl, clock.units(sums.lifetimes(model.span().1)));
        sum(&mut self.mb, sums.most.bytes);
        sum(&mut self.mbk, sums.most.blocks.rounded());
        sum(&mut self.gb, peak.bytes);
        sum(&mut self.gbk, peak.blocks.rounded());
        sum(&mut self.eb, sums.now.bytes);
        sum(&mut self.ebk, sums.now.blocks.rounded());
    }
}

/// The format's time is in whole units: microseconds, if the log knows how long a tick is.
struct Clock {
    ticks_per_second: u64,
}

impl Clock {
    const fn names(&self) -> (&'static str, &'static str) {
        if self.ticks_per_second == 0 { ("ticks", "Mticks") } else { ("µs", "s") }
    }

    fn units(&self, ticks: u128) -> u64 {
        let units = match self.ticks_per_second {
            0 => ticks,
            per_second => ticks.saturating_mul(1_000_000) / u128::from(per_second),
        };
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

/// A block that lives for fewer microseconds is short-lived.
const SHORT: u64 = 10;

/// The file.
///
/// # Errors
///
/// None are known: the figures are numbers, and the names are text.
pub fn dhat(model: &Model, symbols: &mut Symbols<'_>) -> serde_json::Result<Vec<u8>> {
    let clock = Clock { ticks_per_second: model.program.ticks_per_second };
    let (start, end) = model.span();
    let (tu, mtu) = clock.names();
    let mut frames = FrameTable::new();
    let pps = points(model, symbols, &clock, &mut frames);
    serde_json::to_vec(&File {
        dhat_file_version: 2,
        mode: "heap",
        verb: "Allocated",
        bklt: true,
        bkacc: false,
        tu,
        mtu,
        tuth: SHORT,
        cmd: model.program.title().to_owned(),
        pid: model.program.process,
        tg: clock.units(u128::from(model.peak_time().saturating_sub(start))),
        te: clock.units(u128::from(end.saturating_sub(start))),
        pps,
        ftbl: frames.list,
    })
}

/// The points, each with other frames than the others.
fn points(model: &Model, symbols: &mut Symbols<'_>, clock: &Clock, frames: &mut FrameTable) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut indices: HashMap<Vec<usize>, usize> = HashMap::new();
    for &(place, ref sums) in model.places() {
        let mut fs = frames.of_stack(symbols, place.stack);
        if place.tag != 0 {
            fs.push(frames.index(format!("in {}", model.program.tag(place.tag))));
        }
        let index = *indices.entry(fs).or_insert_with_key(|fs| {
            points.push(Point { fs: fs.clone(), ..Point::default() });
            points.len() - 1
        });
        points[index].add(model, sums, clock);
    }
    points
}

/// The texts that points refer to by their numbers.
struct FrameTable {
    list: Vec<String>,
    of_text: HashMap<String, usize>,
    of_frame: HashMap<FrameId, usize>,
}

impl FrameTable {
    fn new() -> Self {
        // The viewer takes the first for the root of all.
        Self { list: vec!["[root]".to_owned()], of_text: HashMap::new(), of_frame: HashMap::new() }
    }

    fn of_stack(&mut self, symbols: &mut Symbols<'_>, stack: u32) -> Vec<usize> {
        let stack = symbols.stack(stack);
        if stack.frames.is_empty() {
            return vec![self.index(NO_STACK.to_owned())];
        }
        stack.frames.iter().map(|&frame| self.of_frame(symbols, frame)).collect()
    }

    fn of_frame(&mut self, symbols: &Symbols<'_>, frame: FrameId) -> usize {
        if let Some(&index) = self.of_frame.get(&frame) {
            return index;
        }
        let index = self.index(symbols.frame(frame).to_string());
        self.of_frame.insert(frame, index);
        index
    }

    fn index(&mut self, text: String) -> usize {
        *self.of_text.entry(text).or_insert_with_key(|text| {
            self.list.push(text.clone());
            self.list.len() - 1
        })
    }
}
