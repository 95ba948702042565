//! What the collectors did.

use mudlark_hooks::Step;

use crate::model::hash::NumberMap;

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Which collector.
    pub collector: u32,
    /// The oldest generation that it looked at: 0 young, 1 middle, 2 old.
    pub generation: u8,
    /// Objects that were considered.
    pub candidates: u64,
    /// Objects destroyed.
    pub collected: u64,
    /// When it began.
    pub started: u64,
    /// When it went over to which step.
    pub steps: Vec<(u64, Step)>,
    /// When it ended; of one that the log does not see the end of, nothing.
    pub stopped: Option<u64>,
}

impl Collection {
    /// Ticks from its beginning to its end.
    #[must_use]
    pub fn pause(&self) -> Option<u64> {
        self.stopped.map(|stopped| stopped.saturating_sub(self.started))
    }
}

/// What a collector had of one type, in one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// When it was told.
    pub time: u64,
    /// Objects.
    pub count: u64,
    /// Their bytes, with headers.
    pub bytes: u64,
}

/// All collections, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub struct Collections {
    /// One after the other.
    pub list: Vec<Collection>,
    /// The index of each collector's collection whose end is not told yet.
    running: NumberMap<u32, usize>,
}

impl Collections {
    pub(crate) fn start(&mut self, time: u64, collector: u32, generation: u8, candidates: u64) {
        self.running.insert(collector, self.list.len());
        self.list.push(Collection {
            collector,
            generation,
            candidates,
            collected: 0,
            started: time,
            steps: Vec::new(),
            stopped: None,
        });
    }

    pub(crate) fn step(&mut self, time: u64, collector: u32, step: Step) {
        if let Some(&index) = self.running.get(&collector) {
            self.list[index].steps.push((time, step));
        }
    }

    pub(crate) fn stop(&mut self, time: u64, collector: u32, collected: u64) {
        if let Some(index) = self.running.remove(&collector) {
            let collection = &mut self.list[index];
            (collection.stopped, collection.collected) = (Some(time), collected);
        }
    }
}
