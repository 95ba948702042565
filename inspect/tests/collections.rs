//! Collections in the log.
#![cfg(feature = "gc")]

use core::cell::RefCell;

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

#[test]
fn a_collection_is_there_from_start_to_stop_with_its_steps() {
    let file = std::env::temp_dir().join(format!("mudlark-collections-{}.mmt", std::process::id()));
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
