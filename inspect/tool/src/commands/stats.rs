//! `mudlark stats`: what happened, in a few lines.

use std::collections::BTreeMap;

use clap::Args;

use crate::cli::{Input, Output};
use crate::error::Error;
use crate::model::{Amount, Collection, Figures, Heap, Model};
use crate::text::{self, Side, Table};

/// What happened, in a few lines: totals, the peak, what leaked, sizes, threads, the heap's own figures, collections.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark stats out.mmt")]
pub(crate) struct Stats {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
}

impl Stats {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        let sections = [summary(&model), sizes(&model), threads(&model), heap(&model), collections(&model)];
        let sections: Vec<String> = sections.into_iter().flatten().collect();
        self.output.text(&sections.join("\n"))
    }
}

/// The first lines: of whom the log tells, and the sums of all.
fn summary(model: &Model) -> Option<String> {
    let mut table = Table::without_head(&[Side::Left, Side::Left]);
    let mut line = |title: &str, said: String| table.row([title.to_owned(), said]);
    let (start, end) = model.span();
    let figures = model.figures(model.all());
    line("program", program(model));
    line("time", span(model, start, end));
    if let Some(ended) = model.program.ended_early {
        line("log", format!("{ended}, at {}; {}", span(model, start, ended.time), text::lost(model)));
    }
    line("requests", format!("{}{}", amount(model, figures.total), in_words(figures.resized, ", to resize a block:")));
    line("peak", format!("{}, at {}", amount(model, figures.at_peak), span(model, start, model.peak_time())));
    line("leaked", format!("{}{}", amount(model, figures.leaked), of_total(figures.leaked, figures)));
    if model.program.has_every_request() {
        line("temporary", format!("{}{}", amount(model, figures.temporary), of_total(figures.temporary, figures)));
    }
    let refused: Amount = model.refused.values().copied().sum();
    if !refused.is_none() {
        line("refused", amount(model, refused));
    }
    if !model.regions.is_empty() {
        let bytes = model.regions.values().fold(0, |sum: u64, &size| sum.saturating_add(size));
        line("regions", format!("{} in {}", text::bytes(bytes), model.regions.len()));
    }
    if !model.program.has_every_request() {
        let interval = text::intervals(&model.program);
        line("sample", format!("{} requests, one in about {interval}", text::number(figures.total.seen)));
    }
    Some(table.text())
}

fn program(model: &Model) -> String {
    let program = &model.program;
    let allocator = program.name(mudlark_hooks::NameOf::Allocator, 0);
    let process = if program.process == 0 { String::new() } else { format!(", process {}", program.process) };
    let allocator = allocator.map(|name| format!(", allocator {name}")).unwrap_or_default();
    let end = if program.has_stop || program.ended_early.is_some() { "" } else { ", whose end is not in the log" };
    format!("{}{process}{allocator}{end}", program.title())
}

fn span(model: &Model, from: u64, to: u64) -> String {
    let ticks = to.saturating_sub(from);
    if model.program.ticks_per_second == 0 {
        format!("{} ticks", text::number(ticks))
    } else {
        text::seconds(model.program.seconds(ticks))
    }
}

/// `1.5 KiB in 12 blocks`; of a sample, with how far that may be from the truth.
fn amount(model: &Model, amount: Amount) -> String {
    let blocks = text::number(amount.blocks.rounded());
    let error = text::error(model, amount);
    format!("{}{error} in {blocks}", text::bytes(amount.bytes))
}

fn in_words(amount: Amount, what: &str) -> String {
    if amount.is_none() { String::new() } else { format!("{what} {}", text::number(amount.blocks.rounded())) }
}

fn of_total(part: Amount, figures: Figures) -> String {
    match text::share(part.bytes, figures.total.bytes) {
        share if share.is_empty() => share,
        share => format!(", {share} of all bytes"),
    }
}

/// A histogram of sizes, by powers of two.
fn sizes(model: &Model) -> Option<String> {
    let mut doublings: BTreeMap<u64, Figures> = BTreeMap::new();
    for (size, sums) in model.sizes() {
        let up_to = size.max(16).checked_next_power_of_two().unwrap_or(u64::MAX);
        *doublings.entry(up_to).or_default() += model.figures(sums);
    }
    let most = doublings.values().map(|figures| figures.total.blocks.rounded()).max()?;
    let columns = [
        ("size up to", Side::Right),
        ("requests", Side::Right),
        ("bytes", Side::Right),
        ("at peak", Side::Right),
        ("leaked", Side::Right),
        ("", Side::Left),
    ];
    let mut table = Table::new(&columns);
    for (up_to, figures) in doublings {
        let requests = figures.total.blocks.rounded();
        table.row([
            text::bytes(up_to),
            text::number(requests),
            text::bytes(figures.total.bytes),
            text::bytes(figures.at_peak.bytes),
            text::bytes(figures.leaked.bytes),
            text::bar(requests, most),
        ]);
    }
    Some(table.text())
}

fn threads(model: &Model) -> Option<String> {
    let mut threads: BTreeMap<u32, Figures> = BTreeMap::new();
    for &(place, ref sums) in model.places() {
        *threads.entry(place.thread).or_default() += model.figures(sums);
    }
    if threads.len() < 2 {
        return None;
    }
    let columns = [
        ("thread", Side::Left),
        ("requests", Side::Right),
        ("bytes", Side::Right),
        ("at peak", Side::Right),
        ("leaked", Side::Right),
    ];
    let mut table = Table::new(&columns);
    for (thread, figures) in threads {
        table.row([
            model.program.thread(thread),
            text::number(figures.total.blocks.rounded()),
            text::bytes(figures.total.bytes),
            text::bytes(figures.at_peak.bytes),
            text::bytes(figures.leaked.bytes),
        ]);
    }
    Some(table.text())
}

/// One of the heap's figures.
type Figure = fn(&Heap) -> u64;

/// What the heap said of itself: last, and at most.
fn heap(model: &Model) -> Option<String> {
    let &(_, last) = model.heap.whole.last()?;
    let columns = [("heap", Side::Left), ("last", Side::Right), ("at most", Side::Right)];
    let mut table = Table::new(&columns);
    let figures: [(&str, Figure); 6] = [
        ("requested", |heap| heap.requested),
        ("used", |heap| heap.used),
        ("cached", |heap| heap.cached),
        ("large", |heap| heap.large),
        ("committed", |heap| heap.committed),
        ("reserved", |heap| heap.reserved),
    ];
    for (name, of) in figures {
        let most = model.heap.whole.iter().map(|(_, heap)| of(heap)).max().unwrap_or(0);
        table.row([name.to_owned(), text::bytes(of(&last)), text::bytes(most)]);
    }
    if let (Some(&(_, last)), Some(most)) =
        (model.heap.resident.last(), model.heap.resident.iter().map(|&(_, bytes)| bytes).max())
    {
        table.row(["resident".to_owned(), text::bytes(last), text::bytes(most)]);
    }
    Some(table.text())
}

/// How often each generation was collected, and what that took.
fn collections(model: &Model) -> Option<String> {
    let mut generations: BTreeMap<(u32, u8), Vec<&Collection>> = BTreeMap::new();
    for collection in &model.collections.list {
        generations.entry((collection.collector, collection.generation)).or_default().push(collection);
    }
    if generations.is_empty() {
        return None;
    }
    let columns = [
        ("collector", Side::Left),
        ("generation", Side::Left),
        ("collections", Side::Right),
        ("destroyed", Side::Right),
        ("longest", Side::Right),
        ("in all", Side::Right),
    ];
    let mut table = Table::new(&columns);
    for ((collector, generation), collections) in generations {
        let pauses = || collections.iter().filter_map(|collection| collection.pause());
        let destroyed = collections.iter().fold(0, |sum: u64, collection| sum.saturating_add(collection.collected));
        let name = model.program.name(mudlark_hooks::NameOf::Collector, collector);
        table.row([
            name.map_or_else(|| collector.to_string(), str::to_owned),
            generation_name(generation).to_owned(),
            text::number(collections.len() as u64),
            text::number(destroyed),
            span(model, 0, pauses().max().unwrap_or(0)),
            span(model, 0, pauses().fold(0, u64::saturating_add)),
        ]);
    }
    Some(table.text())
}

const fn generation_name(generation: u8) -> &'static str {
    match generation {
        0 => "young",
        1 => "middle",
        2 => "old",
        _ => "frozen",
    }
}
