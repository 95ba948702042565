//! A collector's collections, told to hooks: without std, where `Watch` of the crate `mudlark-inspect` is not to be had.

use mudlark_gc::{Collector, Generation, ObserverId, Phase};

use crate::hooks::Hooks;

/// Has these hooks told of each collection of a collector, when it starts and when it stops, until the answer is given to
/// [`Collector::remove_observer`] or the collector ends. The collector is called by this number, from one up.
///
/// The collector tells of its steps only when they are over, and so they are not passed on: a hook hears of what happens now.
///
/// It allocates; the hooks are called where the collector's observers are, so that they may do anything.
///
/// ```
/// use mudlark_core_alloc::DefaultLock;
/// use mudlark_gc::{Collector, Generation};
/// use mudlark_hooks::{Event, NameOf, Reader, Recorder, Ring, tell_of_collections};
///
/// static LOG: Recorder<Ring<4096>, fn() -> u64, DefaultLock> = Recorder::new(Ring::new(), || 0);
///
/// let collector = Collector::new();
/// tell_of_collections(&LOG, &collector, 1);
/// LOG.write(&Event::Name { of: NameOf::Collector, id: 1, text: "scene" });
/// collector.collect(Generation::Old);
///
/// let log = LOG.with_sink(|ring| ring.parts().concat()).expect("nobody else is at it");
/// assert!(Reader::new(&log).any(|record| matches!(record.event, Event::CollectionStopped { collector: 1, .. })));
/// ```
pub fn tell_of_collections<H: Hooks>(hooks: &'static H, collector: &Collector, number: u32) -> ObserverId {
    collector.observe(move |event| match event.phase {
        Phase::Start => {
            let generation = match event.generation {
                Generation::Young => 0,
                Generation::Middle => 1,
                Generation::Old => 2,
            };
            hooks.collection_started(number, generation, event.candidates as u64);
        }
        Phase::Stop => hooks.collection_stopped(number, event.collected as u64),
    })
}
