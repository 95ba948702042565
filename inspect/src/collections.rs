//! Collections of a collector, and what it has, in the log.

mod census;

use core::cell::{Cell, RefCell};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::rc::{Rc, Weak};

use census::Told;

use mudlark_gc::{CollectionEvent, Collector, Generation, ObserverId, Phase, Step, StepEvent};
use mudlark_hooks::{self as hooks, Event, NameOf};

use crate::engine;
use crate::thread::Recording;

/// While this lives, collections of a collector are written to the log, if there is one: when each starts, what it does and
/// when, if the collector has a clock, and when it stops.
///
/// What the collector has of each type is written [on request](Self::census), when this is dropped, and at the end of the recording, if
/// that is dropped in the collector's thread. The last one counts.
///
/// ```
/// use mudlark_core_alloc::Mudlark;
/// use mudlark_gc::{Collector, Generation};
/// use mudlark_inspect::{Profiled, Profiler, Watch};
///
/// #[global_allocator]
/// static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());
///
/// # let file = std::env::temp_dir().join(format!("inspect-watch-{}.mmt", std::process::id()));
/// let profile = Profiler::start(&file)?; // «out.mmt»
/// let collector = Collector::new();
/// let watch = Watch::new(&collector, "scene");
/// collector.collect(Generation::Old); // is in the log
/// drop(watch);
/// # drop(profile);
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Watch {
    watched: Rc<Watched>,
    observers: [ObserverId; 2],
}

/// A collector that is watched.
#[derive(Debug)]
struct Watched {
    collector: Collector,
    /// What the log calls it.
    number: u32,
    name: Rc<str>,
    told: RefCell<Told>,
}

thread_local! {
    /// The collectors of this thread that are watched. They are kept by their [`Watch`]es: nothing of the program's is dropped when the
    /// thread ends.
    static WATCHED: RefCell<Vec<Weak<Watched>>> = const { RefCell::new(Vec::new()) };
}

impl Watch {
    /// Watches this collector, and calls it by this name in the log.
    pub fn new(collector: &Collector, name: &str) -> Self {
        static COLLECTORS: AtomicU32 = AtomicU32::new(0);
        let number = COLLECTORS.fetch_add(1, Ordering::Relaxed) + 1;
        let name: Rc<str> = name.into();
        let clock = Clock { ahead: Cell::new(None) };
        let name_told = Rc::clone(&name);
        let observers = [
            collector.observe(move |event| write_collection(number, &name_told, event)),
            collector.observe_steps(move |event| write_step(number, &clock, event)),
        ];
        let collector = collector.clone();
        let watched = Rc::new(Watched { collector, number, name, told: RefCell::default() });
        // When the thread ends it is too late to remember it.
        let _ = WATCHED.try_with(|all| all.borrow_mut().push(Rc::downgrade(&watched)));
        Self { watched, observers }
    }

    /// Writes what the collector has now of each type, and in which generation. Types that cannot hold handles are in none, and count
    /// as old. O(objects).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # use mudlark_inspect::Watch;
    /// let collector = Collector::new();
    /// let watch = Watch::new(&collector, "scene");
    /// let lantern = Gc::new_in("lantern", &collector);
    /// watch.census(); // «mudlark census out.mmt» prints it
    /// # drop(lantern);
    /// ```
    pub fn census(&self) {
        self.watched.write_census();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for observer in self.observers {
            self.watched.collector.remove_observer(observer);
        }
        self.census();
        let is_other = |watched: &Weak<Watched>| !ptr::eq(watched.as_ptr(), &raw const *self.watched);
        let _ = WATCHED.try_with(|all| all.borrow_mut().retain(is_other));
    }
}

/// Writes what the collectors have that this thread watches: the recording is about to end.
pub(crate) fn write_censuses() {
    let copy = |all: &RefCell<Vec<Weak<Watched>>>| all.borrow().clone();
    for watched in WATCHED.try_with(copy).unwrap_or_default().iter().filter_map(Weak::upgrade) {
        watched.write_census();
    }
}

impl Watched {
    fn write_census(&self) {
        let _not_recorded = Recording::begin();
        if !engine::is_recording() {
            return;
        }
        // If the allocator comes back here, that is enough.
        let Ok(mut told) = self.told.try_borrow_mut() else { return };
        told.count(&self.collector.census());
        let name = Event::Name { of: NameOf::Collector, id: self.number, text: &self.name };
        // All is counted: what the engine calls while it is locked is nobody else's code.
        engine::write_together(|write| {
            write(&name);
            told.write(self.number, write);
        });
    }
}

fn write_collection(collector: u32, name: &str, event: &CollectionEvent) {
    match event.phase {
        Phase::Start => {
            // Again and again, because the log may be another one.
            engine::write(&Event::Name { of: NameOf::Collector, id: collector, text: name });
            let generation = match event.generation {
                Generation::Young => 0,
                Generation::Middle => 1,
                Generation::Old => 2,
            };
            engine::write(&Event::CollectionStarted { collector, generation, candidates: event.candidates as u64 });
        }
        Phase::Stop => engine::write(&Event::CollectionStopped { collector, collected: event.collected as u64 }),
    }
}

/// Writes what a step was, at the time when it began.
fn write_step(collector: u32, clock: &Clock, event: &StepEvent) {
    let (Some(start), Some(duration)) = (event.start, event.duration) else { return };
    let nanoseconds = |time: core::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let Some(now) = engine::now() else { return };
    let ahead = clock.ahead(now, nanoseconds(start.saturating_add(duration)));
    let step = match event.step {
        Step::Count => hooks::Step::Count,
        Step::Spread => hooks::Step::Spread,
        Step::KillWeak => hooks::Step::Weak,
        Step::Finalize => hooks::Step::Finalize,
        Step::Destroy => hooks::Step::Destroy,
        Step::Slice => hooks::Step::Search,
        _ => return,
    };
    engine::write_late(nanoseconds(start).wrapping_add(ahead), &Event::CollectionStep { collector, step });
}

/// How far the log's clock is ahead of the collector's, modulo 2⁶⁴.
struct Clock {
    ahead: Cell<Option<u64>>,
}

impl Clock {
    /// It is `now` by the log's clock, and something ended at `end` by the collector's, of which is told some time later: so they
    /// differ by as much as they ever seem to do at least. A clock that is far off is that of another log.
    fn ahead(&self, now: u64, end: u64) -> u64 {
        const FAR: i64 = 1_000_000_000;
        let seems = now.wrapping_sub(end);
        let least = match self.ahead.get() {
            Some(known) if (0..FAR).contains(&seems.wrapping_sub(known).cast_signed()) => known,
            _ => seems,
        };
        self.ahead.set(Some(least));
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_delay_tells_how_far_the_clocks_are_apart() {
        let clock = Clock { ahead: Cell::new(None) };
        assert_eq!(clock.ahead(1000, 900), 100);
        assert_eq!(clock.ahead(1100, 950), 100, "told late");
        assert_eq!(clock.ahead(1200, 1150), 50, "told sooner");
        assert_eq!(clock.ahead(5, 20_000_000_000), 5_u64.wrapping_sub(20_000_000_000), "another log");
    }
}
