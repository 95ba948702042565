//! Collections in the log.
#![cfg(feature = "gc")]

use core::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mudlark_core_alloc::Mudlark;
use mudlark_gc::{Collector, Gc, Generation, Trace};
use mudlark_inspect::hooks::{Event, NameOf, Reader, Step};
use mudlark_inspect::{Profiled, Profiler, Watch};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

#[derive(Trace)]
struct Ring {
    next: RefCell<Option<Gc<Ring>>>,
}

/// There is one recording at a time.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("mudlark-{name}-{}.mmt", std::process::id()))
}

/// By collector, type and generation: objects and bytes.
type Censuses = HashMap<(String, String, u8), (u64, u64)>;

/// What each census in the log says, in the order in which they are there. A collector's name begins one.
fn censuses(log: &[u8]) -> Vec<Censuses> {
    let (mut collectors, mut types) = (HashMap::new(), HashMap::new());
    let mut all = Vec::new();
    for record in Reader::new(log) {
        match record.event {
            Event::Name { of: NameOf::Collector, id, text } => {
                collectors.insert(id, text.to_owned());
                all.push(Censuses::new());
            }
            Event::Name { of: NameOf::Type, id, text } => drop(types.insert(id, text.to_owned())),
            Event::Census { collector, type_id, generation, count, bytes } => {
                let key = (collectors[&collector].clone(), types[&type_id].clone(), generation);
                let census = all.last_mut().expect("it is of a collector");
                assert_eq!(census.insert(key, (count, bytes)), None, "each is told once");
            }
            _ => {}
        }
    }
    all.retain(|census| !census.is_empty());
    all
}

#[test]
fn a_census_is_there_on_request_and_at_the_end_of_the_recording() {
    let _one = one_at_a_time();
    let file = new_path("census");
    let profile = Profiler::start(&file).expect("it begins");
    let collector = Collector::new();
    collector.disable();
    let watch = Watch::new(&collector, "harbour");
    let new_ring = || Gc::new_in(Ring { next: RefCell::new(None) }, &collector);
    let mut rings = vec![new_ring(), new_ring(), new_ring()];
    collector.collect(Generation::Old);
    rings.extend([new_ring(), new_ring()]);
    let texts = [1, 2, 3, 4].map(|number| Gc::new_in(number.to_string(), &collector));
    watch.census();
    let bytes = collector.stats().bytes as u64;
    drop((rings, texts));
    let last = new_ring();
    collector.freeze();
    drop(profile);
    watch.census();
    let log = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("it is ours");

    let censuses = censuses(&log);
    let [first, end] = &*censuses else { panic!("there are two: {censuses:?}") };
    let name_of = |type_name: &str, generation| ("harbour".to_owned(), type_name.to_owned(), generation);
    let (ring, text) = (core::any::type_name::<Ring>(), core::any::type_name::<String>());
    let count = |census: &Censuses, type_name, generation| census[&name_of(type_name, generation)].0;
    assert_eq!([0, 1, 2, 3].map(|generation| count(first, ring, generation)), [2, 0, 3, 0], "{first:?}");
    assert_eq!([0, 1, 2, 3].map(|generation| count(first, text, generation)).iter().sum::<u64>(), 4, "{first:?}");
    assert_eq!(first.values().map(|&(_, bytes)| bytes).sum::<u64>(), bytes, "{first:?}");
    assert_eq!([0, 1, 2, 3].map(|generation| count(end, ring, generation)), [0, 0, 0, 1], "{end:?}");
    assert_eq!([0, 1, 2, 3].map(|generation| end[&name_of(text, generation)]), [(0, 0); 4], "none are left: {end:?}");
    drop(last);
}

#[test]
fn a_watch_that_ends_says_what_there_was() {
    let _one = one_at_a_time();
    let file = new_path("last-census");
    let profile = Profiler::start(&file).expect("it begins");
    let collector = Collector::new();
    let kept = Gc::new_in(Ring { next: RefCell::new(None) }, &collector);
    drop(Watch::new(&collector, "pier"));
    drop(profile);
    let log = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("it is ours");
    let censuses = censuses(&log);
    assert_eq!(censuses.len(), 1, "it is watched no more when the recording ends: {censuses:?}");
    let young = &("pier".to_owned(), core::any::type_name::<Ring>().to_owned(), 0);
    assert_eq!(censuses[0][young].0, 1);
    drop(kept);
}

#[test]
fn a_collection_is_there_from_start_to_stop_with_its_steps() {
    let _one = one_at_a_time();
    let file = new_path("collections");
    let profile = Profiler::start(&file).expect("it begins");
    let collector = Collector::new();
    let watch = Watch::new(&collector, "scene");
    for _ in 0..5 {
        let ring = Gc::new_in(Ring { next: RefCell::new(None) }, &collector);
        *ring.next.borrow_mut() = Some(ring.clone());
    }
    assert_eq!(collector.collect(Generation::Old), 5);
    drop(watch);
    collector.collect(Generation::Old);
    drop(profile);
    let bytes = std::fs::read(&file).expect("there is a log");
    std::fs::remove_file(&file).expect("it is ours");
    let mut collection = Vec::new();
    for record in Reader::new(&bytes) {
        match record.event {
            Event::Name { of: NameOf::Collector, text, .. } => assert_eq!(text, "scene"),
            Event::CollectionStarted { generation: 2, .. } => collection.push((record.time, "start")),
            Event::CollectionStep { step: Step::Count, .. } => collection.push((record.time, "count")),
            Event::CollectionStep { step: Step::Destroy, .. } => collection.push((record.time, "destroy")),
            Event::CollectionStopped { collected: 5, .. } => collection.push((record.time, "stop")),
            _ => {}
        }
    }
    // Steps are told when they are done, with the time when they began.
    collection.sort_by_key(|&(time, what)| (time, what == "stop"));
    let order: Vec<&str> = collection.iter().map(|&(_, what)| what).collect();
    assert_eq!((order.first(), order.last()), (Some(&"start"), Some(&"stop")), "{order:?}");
    assert!(order.contains(&"count") && order.contains(&"destroy"), "{order:?}");
}
