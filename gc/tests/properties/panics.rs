//! Panics in every place where the collector runs somebody else's code.

use core::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;

use crate::world::{Node, OnDrop, World, on_last_words, panics};
use mudlark_gc::{DebugFlags, Gc, Generation, Trace};

#[test]
fn panics_of_finalizers_and_destructors_do_not_stop_a_collection() {
    let world = World::new();
    let ring = world.ring(5);
    for node in &ring {
        on_last_words(node, |_| panic!("a finalizer"));
    }
    drop(ring);
    let panicking = world.node_with_drop(OnDrop(Some(Box::new(|| panic!("a destructor")))));
    *panicking.next.borrow_mut() = Some(panicking.clone());
    drop(panicking);
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!(world.live(), 0);
    assert_eq!(world.collector.stats().generations[2].collected, 6);

    drop(world.ring(2));
    assert_eq!(world.collector.collect(Generation::Old), 2, "the collector works on");
}

#[test]
fn a_panic_in_a_finalizer_leaves_the_drop_that_caused_it() {
    let world = World::new();
    let node = world.node();
    on_last_words(&node, |_| panic!("a finalizer"));
    *node.next.borrow_mut() = Some(world.node());
    assert!(panics(move || drop(node)));
    assert_eq!(world.live(), 0);
}

#[test]
fn a_panic_while_another_unwinds_does_not_end_the_program() {
    let world = World::new();
    let node = world.node();
    on_last_words(&node, |_| panic!("a finalizer"));
    assert!(panics(move || {
        let _dropped_by_unwinding = node;
        panic!("the first");
    }));
    assert_eq!(world.live(), 0);
}

/// Panics in its trace when the fuse has burnt down.
struct Bomb {
    fuse: Rc<Cell<Option<u32>>>,
    next: RefCell<Option<Gc<Bomb>>>,
    neighbour: Option<Gc<Node>>,
}

// SAFETY: reports each handle once; panicking reports less, and only then.
unsafe impl Trace for Bomb {
    fn trace(&self, tracer: &mut mudlark_gc::Tracer<'_>) {
        assert_ne!(self.fuse.get(), Some(0), "a trace");
        self.fuse.set(self.fuse.get().map(|fuse| fuse - 1));
        self.next.trace(tracer);
        self.neighbour.trace(tracer);
    }
}

impl World {
    /// Garbage, once its handle is dropped.
    fn bomb(&self, fuse: &Rc<Cell<Option<u32>>>, neighbour: Option<Gc<Node>>) -> Gc<Bomb> {
        let bomb = Bomb { fuse: Rc::clone(fuse), next: RefCell::default(), neighbour };
        let bomb = Gc::new_in(bomb, &self.collector);
        *bomb.next.borrow_mut() = Some(bomb.clone());
        bomb
    }
}

#[test]
fn a_panicking_trace_leaves_everything_as_it_was() {
    let world = World::new();
    let fuse = Rc::new(Cell::new(Some(0)));
    drop(world.bomb(&fuse, None));
    let ring = world.ring(3);
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!(world.live(), 4);
    fuse.set(None);
    assert_eq!(world.collector.collect(Generation::Old), 1);
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 3);
}

#[test]
fn a_trace_that_panics_after_finalizers_have_run_leaves_the_garbage_for_another_time() {
    let world = World::new();
    let fuse = Rc::new(Cell::new(None));
    let node = world.node();
    on_last_words(&node, {
        let fuse = Rc::clone(&fuse);
        move |_| fuse.set(Some(0))
    });
    drop(world.bomb(&fuse, Some(node)));
    assert!(panics(|| world.collector.collect(Generation::Young)));
    assert_eq!(world.live(), 2);
    fuse.set(None);
    assert_eq!(world.collector.collect(Generation::Young), 0);
    assert_eq!(world.collector.collect(Generation::Middle), 2);
}

#[test]
fn nested_releases_put_a_panic_off_until_all_is_dropped() {
    let world = World::new();
    let finalized = Rc::new(Cell::new(0));
    let mut head: Option<Gc<Node>> = None;
    for _ in 0..10 {
        let node = world.node();
        *node.next.borrow_mut() = head.take();
        let finalized = Rc::clone(&finalized);
        on_last_words(&node, move |_| {
            finalized.set(finalized.get() + 1);
            panic!("each of them");
        });
        head = Some(node);
    }
    // What is dropped after the handle in the same value sees no unwinding.
    let (handle, saw) = (head, Rc::new(Cell::new(None)));
    let on_drop = Rc::clone(&saw);
    let outer = world.node_with_drop(OnDrop(Some(Box::new(move || on_drop.set(Some(std::thread::panicking()))))));
    *outer.next.borrow_mut() = handle;
    assert!(panics(move || drop(outer)));
    assert_eq!((finalized.get(), saw.get(), world.live()), (10, Some(false), 0));
}

#[test]
fn a_panic_in_the_last_collection_of_a_thread_does_not_end_the_program() {
    #[derive(Trace)]
    #[trace(finalize = Loud::finalize)]
    struct Loud(RefCell<Option<Gc<Loud>>>);
    impl Loud {
        fn finalize(_: &Gc<Self>) {
            panic!("as its thread ends");
        }
    }
    let thread = std::thread::spawn(|| {
        let loud = Gc::new(Loud(RefCell::default()));
        *loud.0.borrow_mut() = Some(loud.clone());
    });
    assert!(thread.join().is_ok());
}

#[test]
fn a_panic_that_was_put_off_does_not_outlive_a_panicking_trace() {
    let world = World::new();
    let fuse = Rc::new(Cell::new(Some(0)));
    let id = world.collector.observe(|_| panic!("an observer"));
    drop(world.bomb(&fuse, None));
    assert!(panics(|| world.collector.collect(Generation::Old)));
    world.collector.remove_observer(id);
    drop(world.node());
    fuse.set(None);
    assert_eq!(world.collector.collect(Generation::Old), 1);
}

#[test]
fn a_trace_that_panics_between_two_others_leaves_no_mark() {
    let world = World::new();
    // The first trace of each object only counts; by the second, `passed` looks like garbage until `holder` is traced.
    let fuse = Rc::new(Cell::new(Some(1)));
    let passed = world.node();
    let bomb = world.bomb(&fuse, None);
    let holder = world.node();
    *holder.next.borrow_mut() = Some(passed);
    assert!(panics(|| world.collector.collect(Generation::Old)));
    fuse.set(None);
    let passed = holder.next.borrow().clone();
    let weak = passed.as_ref().map(Gc::downgrade);
    assert_eq!(world.collector.collect(Generation::Old), 0);
    assert!(weak.is_some_and(|weak| weak.upgrade().is_some()), "nobody took it for garbage");
    assert!(Gc::strong_count(&bomb) == 2 && world.live() == 3);
}

#[test]
fn a_panic_of_another_collectors_object_waits_even_as_the_thread_ends() {
    #[derive(Trace)]
    struct Bare {
        me: RefCell<Option<Gc<Bare>>>,
        other: Gc<Loud>,
    }
    #[derive(Trace)]
    #[trace(finalize = Loud::finalize)]
    struct Loud;
    impl Loud {
        fn finalize(_: &Gc<Self>) {
            panic!("in a thread-local destructor");
        }
    }
    type Outcome = (bool, [usize; 2]);
    struct AtTheEnd(Cell<Option<mpsc::Sender<Outcome>>>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let (one, other) = (World::new().collector, World::new().collector);
            let bare = Gc::new_in(Bare { me: RefCell::default(), other: Gc::new_in(Loud, &other) }, &one);
            *bare.me.borrow_mut() = Some(bare.clone());
            drop(bare);
            let panicked = panics(|| one.collect(Generation::Old));
            let live = [one, other].map(|collector| collector.stats().objects);
            self.0.take().map(|sender| sender.send((panicked, live)));
        }
    }
    thread_local! { static AT_THE_END: AtTheEnd = const { AtTheEnd(Cell::new(None)) } }
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        // Before anything of the collectors', so that it is destroyed after that.
        AT_THE_END.with(|at_the_end| at_the_end.0.set(Some(sender)));
        drop(Gc::new(1));
    });
    assert!(thread.join().is_ok());
    assert_eq!(receiver.recv(), Ok((true, [0, 0])));
}

#[test]
fn a_debug_output_that_takes_itself_away_may_panic_as_it_goes() {
    let world = World::new();
    let at_the_end = OnDrop(Some(Box::new(|| panic!("what it captured"))));
    let collector = world.collector.clone();
    world.collector.set_debug_output(move |_| {
        let _captured = &at_the_end;
        collector.reset_debug_output();
    });
    world.collector.set_debug(DebugFlags::COLLECTABLE);
    drop(world.ring(3));
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!(world.live(), 0, "the collection was completed");
}
