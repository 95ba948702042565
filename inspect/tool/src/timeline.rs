//! The heap over time, by kind, and what happened meanwhile: collections, marks, scopes.
//!
//! ```text
//!   Model ──▸ Timeline ──▸ picture: SVG
//!                     └──▸ chrome: trace events, for ui.perfetto.dev
//! ```

pub(crate) mod chrome;
pub(crate) mod picture;
mod series;

use mudlark_hooks::{NameOf, Step};

use crate::error::Error;
use crate::model::{Model, ScopeSpan, ScopeSpans};

pub(crate) use series::{Kind, Series};

/// All that is shown on one axis of time. Times are in ticks since [`start`](Self::start).
#[derive(Debug)]
pub(crate) struct Timeline<'m> {
    pub(crate) model: &'m Model,
    start: u64,
    /// When the log ends.
    pub(crate) end: u64,
    pub(crate) series: Vec<Series>,
    pub(crate) pauses: Vec<Pause>,
    pub(crate) scopes: ScopeSpans,
    pub(crate) marks: Vec<(u64, &'m str)>,
}

/// A collection, as a pause of the program.
#[derive(Debug)]
pub(crate) struct Pause {
    pub(crate) collector: u32,
    pub(crate) generation: u8,
    pub(crate) candidates: u64,
    pub(crate) collected: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// What it did in which part of it.
    pub(crate) steps: Vec<(u64, u64, Step)>,
}

impl Pause {
    /// Ticks.
    pub(crate) const fn len(&self) -> u64 {
        self.to - self.from
    }
}

impl<'m> Timeline<'m> {
    /// Of what the log tells.
    ///
    /// # Errors
    ///
    /// If it tells nothing that has a time.
    pub(crate) fn of(model: &'m Model) -> Result<Self, Error> {
        let (start, end) = model.span();
        let mut timeline = Self {
            model,
            start,
            end: end - start,
            series: Vec::new(),
            pauses: Vec::new(),
            scopes: ScopeSpans::default(),
            marks: Vec::new(),
        };
        timeline.series = series::of(model, |time| timeline.since_start(time));
        timeline.pauses = timeline.pauses();
        timeline.scopes = timeline.scopes();
        timeline.marks = model.marks.iter().map(|(time, text)| (timeline.since_start(*time), text.as_str())).collect();
        timeline.marks.sort_by_key(|mark| mark.0);
        if timeline.series.is_empty() && timeline.pauses.is_empty() && timeline.marks.is_empty() {
            return Err(Error::Nothing {
                what: "memory, collections or marks to be shown over time",
                advice: "`mudlark stats LOG` says what it has",
            });
        }
        Ok(timeline)
    }

    /// Seconds of ticks.
    pub(crate) fn seconds(&self, ticks: u64) -> f64 {
        self.model.program.seconds(ticks)
    }

    /// What the collector is called.
    pub(crate) fn collector(&self, collector: u32) -> String {
        let name = self.model.program.name(NameOf::Collector, collector);
        name.map_or_else(|| format!("collector {collector}"), str::to_owned)
    }

    fn since_start(&self, time: u64) -> u64 {
        time.saturating_sub(self.start)
    }

    /// All collections. One whose end is not in the log lasts up to the log's end.
    fn pauses(&self) -> Vec<Pause> {
        let collections = self.model.collections.list.iter();
        let pauses = collections.map(|collection| {
            let from = self.since_start(collection.started);
            let to = collection.stopped.map_or(self.end, |stopped| self.since_start(stopped)).max(from);
            let begins: Vec<u64> =
                collection.steps.iter().map(|&(time, _)| self.since_start(time).clamp(from, to)).collect();
            let ends = begins.iter().skip(1).copied().chain([to]);
            let steps = begins.iter().zip(ends).zip(&collection.steps);
            Pause {
                collector: collection.collector,
                generation: collection.generation,
                candidates: collection.candidates,
                collected: collection.collected,
                from,
                to,
                steps: steps.map(|((&begin, end), &(_, step))| (begin, end.max(begin), step)).collect(),
            }
        });
        pauses.collect()
    }

    fn scopes(&self) -> ScopeSpans {
        let ScopeSpans { list, forgotten } = self.model.scopes.spans(self.start + self.end);
        let since_start =
            |span: ScopeSpan| ScopeSpan { from: self.since_start(span.from), to: self.since_start(span.to), ..span };
        ScopeSpans { list: list.into_iter().map(since_start).collect(), forgotten }
    }
}

/// The word for a step of a collection.
pub(crate) const fn step_name(step: Step) -> &'static str {
    match step {
        Step::Search => "search",
        Step::Count => "count",
        Step::Spread => "spread",
        Step::Weak => "weak",
        Step::Finalize => "finalize",
        Step::Destroy => "destroy",
        _ => "other step",
    }
}

/// The word for a generation.
pub(crate) const fn generation_name(generation: u8) -> &'static str {
    match generation {
        0 => "young",
        1 => "middle",
        2 => "old",
        3 => "frozen",
        _ => "unknown",
    }
}
