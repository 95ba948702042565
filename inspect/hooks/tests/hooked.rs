//! Allocators that tell hooks what they do, and recorders that write it down.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::RefCell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::alloc::System;

use mudlark_core_alloc::{DefaultLock, LockedHeap, StaticRegion};
use mudlark_hooks::{Address, Event, Hooked, Hooks, NameOf, Reader, Recorder, Ring, Step};

/// What was told, in words.
#[derive(Default)]
struct Told(RefCell<Vec<String>>);

impl Told {
    fn note(&self, what: String) {
        self.0.borrow_mut().push(what);
    }
}

impl Hooks for Told {
    fn allocated(&self, _block: NonNull<u8>, layout: Layout) {
        self.note(format!("allocated {} at {}", layout.size(), layout.align()));
    }

    fn freed(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: it is not free yet, and was written to by the test.
        let first = unsafe { block.read() };
        self.note(format!("freed {}, which begins with {first}", layout.size()));
    }

    fn reallocated(&self, from: Address, old: Layout, block: NonNull<u8>, new: Layout) {
        let place = if from == Address::of(block.as_ptr()) { "in place" } else { "elsewhere" };
        self.note(format!("{} became {} {place}", old.size(), new.size()));
    }

    fn refused(&self, layout: Layout) {
        self.note(format!("refused {}", layout.size()));
    }
}

/// Serves a few bytes only, and moves every block that is resized.
struct Mean;

// SAFETY: what it serves comes from the system's allocator.
unsafe impl GlobalAlloc for Mean {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > 1000 {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(block, layout) };
    }
}

#[test]
fn all_that_happens_is_told_in_its_order() {
    let heap = Hooked::new(Mean, (Told::default(), ()));
    let layout = Layout::from_size_align(100, 32).expect("a layout");
    // SAFETY: the size is not zero.
    let block = unsafe { heap.alloc(layout) };
    // SAFETY: just allocated.
    unsafe { block.write(7) };
    // SAFETY: the block is one for the layout.
    assert!(unsafe { heap.realloc(block, layout, 2000) }.is_null());
    // SAFETY: the same.
    let moved = unsafe { heap.realloc(block, layout, 200) };
    // SAFETY: it has that size now.
    unsafe { heap.dealloc(moved, Layout::from_size_align(200, 32).expect("a layout")) };
    // SAFETY: the size is not zero.
    assert!(unsafe { heap.alloc_zeroed(Layout::new::<[u8; 1001]>()) }.is_null());
    let told = heap.hooks().0.0.borrow();
    assert_eq!(
        *told,
        [
            "allocated 100 at 32",
            "refused 2000",
            "100 became 200 elsewhere",
            "freed 200, which begins with 7",
            "refused 1001"
        ]
    );
}

#[cfg(feature = "allocator-api2")]
#[test]
fn requests_of_no_bytes_are_not_told_of() {
    use allocator_api2::alloc::{Allocator, Global};

    let heap = Hooked::new(Global, Told::default());
    let layout = |size| Layout::from_size_align(size, 8).expect("a layout");
    let none = heap.allocate(layout(0)).expect("no memory is needed").cast::<u8>();
    // SAFETY: the block is one for the layout, here and below.
    let some = unsafe { heap.grow_zeroed(none, layout(0), layout(10)) }.expect("there is memory").cast::<u8>();
    // SAFETY: as above.
    let more = unsafe { heap.grow(some, layout(10), layout(20)) }.expect("there is memory").cast::<u8>();
    // SAFETY: as above.
    let none = unsafe { heap.shrink(more, layout(20), layout(0)) }.expect("no memory is needed").cast::<u8>();
    // SAFETY: as above.
    unsafe { heap.deallocate(none, layout(0)) };
    let told = heap.hooks().0.borrow();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "allocated 10 at 8");
    assert!(told[1].starts_with("10 became 20"));
    assert_eq!(told[2], "freed 20, which begins with 0");
}

type Log = Recorder<Ring<{ 64 * 1024 }>, fn() -> u64, DefaultLock>;

/// A clock that goes on by one whenever it is looked at.
fn ticks() -> u64 {
    static TICKS: AtomicU64 = AtomicU64::new(0);
    TICKS.fetch_add(1, Relaxed)
}

fn log_of(recorder: &Log) -> Vec<u8> {
    recorder.with_sink(|ring| ring.parts().concat()).expect("nobody else is at it")
}

#[test]
fn a_recorder_writes_all_that_a_heap_does() {
    static MEMORY: StaticRegion<{ 2 * 1024 }> = StaticRegion::new();
    static HEAP: Hooked<LockedHeap, Log> =
        Hooked::new(LockedHeap::with_region(&MEMORY), Recorder::new(Ring::new(), ticks));
    HEAP.hooks().start(1000, "a test");
    let mut random = fastrand::Rng::with_seed(1);
    let mut blocks: Vec<(*mut u8, Layout)> = Vec::new();
    let mut refused = 0;
    for _ in 0..if cfg!(miri) { 300 } else { 2000 } {
        if random.bool() || blocks.is_empty() {
            let layout = Layout::from_size_align(random.usize(1..500), 8).expect("a layout");
            // SAFETY: the size is not zero.
            let block = unsafe { HEAP.alloc(layout) };
            if block.is_null() { refused += 1 } else { blocks.push((block, layout)) }
        } else {
            let (block, layout) = blocks.swap_remove(random.usize(..blocks.len()));
            // SAFETY: it was allocated for the layout, and is not used again.
            unsafe { HEAP.dealloc(block, layout) };
        }
    }
    let log = log_of(HEAP.hooks());
    let mut live: Vec<(u64, u64)> = Vec::new();
    let mut told_refused = 0;
    for record in Reader::new(&log) {
        match record.event {
            Event::Allocated { address, size, .. } => live.push((address.0, size)),
            Event::Freed { address } => live.retain(|block| block.0 != address.0),
            Event::Refused { .. } => told_refused += 1,
            _ => {}
        }
    }
    let mut left: Vec<(u64, u64)> =
        blocks.iter().map(|(block, layout)| (block.addr() as u64, layout.size() as u64)).collect();
    left.sort_unstable();
    live.sort_unstable();
    assert_eq!((live, told_refused), (left, refused));
    assert!(refused > 0, "the heap was full at times");
}

#[test]
fn what_happens_while_the_log_is_in_use_is_counted_and_waits_for_nobody() {
    let recorder = Log::new(Ring::new(), ticks);
    let block = NonNull::from(&7_u8);
    // As an interrupt handler would.
    recorder.with_sink(|_| (0..5).for_each(|_| recorder.allocated(block, Layout::new::<u8>()))).expect("it is free");
    recorder.freed(block, Layout::new::<u8>());
    let log = log_of(&recorder);
    let events: Vec<Event<'_>> = Reader::new(&log).map(|record| record.event).collect();
    let address = Address::of(block.as_ptr());
    assert_eq!(events[0], Event::Lost { events: 5 });
    assert_eq!(events.last(), Some(&Event::Freed { address }));
    assert!(!events.iter().any(|event| matches!(event, Event::Allocated { .. })));
}

#[test]
fn scopes_are_told_by_their_paths() {
    let recorder = Log::new(Ring::new(), ticks);
    recorder.scope_entered("boot");
    recorder.mark("booting");
    recorder.scope_entered("radio");
    recorder.mark("radio");
    recorder.scope_left();
    recorder.scope_left();
    recorder.mark("done");
    for _ in 0..3 {
        recorder.scope_entered("radio");
        recorder.scope_left();
    }
    recorder.scope_left();
    let log = log_of(&recorder);
    let (mut names, mut tag, mut marks) = (vec![String::new()], 0, Vec::new());
    for record in Reader::new(&log) {
        match record.event {
            Event::Name { of: NameOf::Tag, id, text } => {
                assert_eq!(id as usize, names.len());
                names.push(text.to_owned());
            }
            Event::Switched { tag: now, .. } => tag = now,
            Event::Mark { text } => marks.push((text.to_owned(), names[tag as usize].clone())),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(names, ["", "boot", "boot/radio", "radio"]);
    let marks: Vec<(&str, &str)> = marks.iter().map(|(mark, path)| (mark.as_str(), path.as_str())).collect();
    assert_eq!(marks, [("booting", "boot"), ("radio", "boot/radio"), ("done", "")]);
}

#[test]
fn too_many_and_too_deep_scopes_count_for_the_one_around() {
    const NAMES: [&str; 40] = {
        let mut names = [""; 40];
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn";
        let mut n = 0;
        while n < 40 {
            names[n] = letters.split_at(n).1.split_at(1).0;
            n += 1;
        }
        names
    };
    let recorder = Log::new(Ring::new(), ticks);
    NAMES.iter().for_each(|name| recorder.scope_entered(name));
    recorder.mark("deep");
    NAMES.iter().for_each(|_| recorder.scope_left());
    recorder.mark("out");
    let log = log_of(&recorder);
    let mut tag = 0;
    let mut marks = Vec::new();
    for record in Reader::new(&log) {
        match record.event {
            Event::Switched { tag: now, .. } => tag = now,
            Event::Mark { text } => marks.push((text, tag)),
            _ => {}
        }
    }
    assert_eq!(marks, [("deep", 8), ("out", 0)]);
}

#[test]
fn collections_and_regions_are_told_of() {
    let recorder = Log::new(Ring::new(), ticks);
    recorder.region_taken(Address(64), 100);
    recorder.collection_started(1, 2, 3);
    recorder.collection_step(1, Step::Count);
    recorder.collection_stopped(1, 2);
    recorder.region_given_back(Address(64), 100);
    let log = log_of(&recorder);
    let events: Vec<Event<'_>> =
        Reader::new(&log).map(|record| record.event).filter(|event| !matches!(event, Event::Switched { .. })).collect();
    assert_eq!(
        events,
        [
            Event::RegionTaken { address: Address(64), size: 100 },
            Event::CollectionStarted { collector: 1, generation: 2, candidates: 3 },
            Event::CollectionStep { collector: 1, step: Step::Count },
            Event::CollectionStopped { collector: 1, collected: 2 },
            Event::RegionGivenBack { address: Address(64), size: 100 },
        ]
    );
}
