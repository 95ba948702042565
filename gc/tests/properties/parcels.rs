//! Collectors that go to other threads.

use core::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use mudlark_gc::{Collector, DebugFlags, Gc, Generation, Parcel, Refusal, Trace, WeakGc};

#[derive(Trace)]
struct Node {
    number: Cell<u64>,
    name: Gc<String>,
    edges: RefCell<Vec<Gc<Node>>>,
    by_name: RefCell<HashMap<String, Gc<Node>>>,
    text: Option<Arc<str>>,
    #[trace(skip)]
    _hidden: Option<Box<dyn Fn() + Send>>,
}

/// A ring of nodes, each of which leads back to the first, too.
fn ring(collector: &Collector, length: usize) -> Gc<Node> {
    let node = |number: usize| {
        let name = Gc::new_in(number.to_string(), collector);
        let node = Node { number: Cell::new(number as u64), name, ..no_node(collector) };
        Gc::new_in(node, collector)
    };
    let first = node(0);
    let mut last = first.clone();
    for number in 1..length {
        let next = node(number);
        next.by_name.borrow_mut().insert("first".into(), first.clone());
        last.edges.borrow_mut().push(next.clone());
        last = next;
    }
    last.edges.borrow_mut().push(first.clone());
    first
}

fn no_node(collector: &Collector) -> Node {
    Node {
        number: Cell::new(0),
        name: Gc::new_in(String::new(), collector),
        edges: RefCell::default(),
        by_name: RefCell::default(),
        text: Some("shared".into()),
        _hidden: None,
    }
}

const LENGTH: usize = if cfg!(miri) { 20 } else { 2_000 };

#[test]
fn a_collector_works_on_in_another_thread() {
    let collector = Collector::new();
    let root = ring(&collector, LENGTH);
    drop(ring(&collector, 10));
    collector.freeze();
    let parcel = Parcel::pack(collector, root).expect("all handles are inside");
    let back = thread::spawn(|| {
        let (collector, root) = parcel.unpack();
        collector.unfreeze();
        assert_eq!(collector.collect(Generation::Old), 10);
        let mut node = root.clone();
        for number in 0..LENGTH as u64 {
            assert_eq!((node.number.get(), node.name.parse()), (number, Ok(number)));
            node.number.set(number + 1);
            let next = node.edges.borrow()[0].clone();
            node = next;
        }
        assert!(Gc::ptr_eq(&node, &root));
        drop(node);
        Parcel::pack(collector, root).expect("nothing is left here")
    });
    let (collector, root) = back.join().expect("no panic").unpack();
    assert_eq!((root.number.get(), root.text.as_deref()), (1, Some("shared")));
    drop(root);
    assert_eq!(collector.collect(Generation::Old), LENGTH);
    assert_eq!(collector.stats().objects, 0);
}

#[test]
fn a_parcel_that_is_never_unpacked_drops_what_is_in_it() {
    let (collector, marker) = (Collector::new(), Arc::new(()));
    let root = ring(&collector, 5);
    let held = Arc::clone(&marker);
    let hidden: Option<Box<dyn Fn() + Send>> = Some(Box::new(move || drop(Arc::clone(&held))));
    root.edges.borrow_mut().push(Gc::new_in(Node { _hidden: hidden, ..no_node(&collector) }, &collector));
    let parcel = Parcel::pack(collector, root).expect("all handles are inside");
    thread::spawn(|| drop(parcel)).join().expect("no panic");
    assert_eq!(Arc::strong_count(&marker), 1);
}

/// Packs a ring after `disturb` has had its way with it, and again when what that returned is gone.
fn refusal<R>(disturb: impl FnOnce(&Collector, &Gc<Node>) -> R) -> Refusal {
    let collector = Collector::new();
    let root = ring(&collector, 4);
    let disturbance = disturb(&collector, &root);
    let refused = Parcel::pack(collector, root).expect_err("something is left behind");
    drop(disturbance);
    let reason = refused.reason;
    assert!(!reason.to_string().is_empty() && refused.to_string() == reason.to_string());
    assert!(Parcel::pack(refused.collector, refused.root).is_ok());
    reason
}

#[test]
fn what_would_be_left_behind_keeps_a_collector_here() {
    let node = core::any::type_name::<Node>();
    let string = core::any::type_name::<String>();
    assert_eq!(refusal(|_, root| root.clone()), Refusal::HeldFromOutside(node));
    assert_eq!(refusal(|_, root| root.name.clone()), Refusal::HeldFromOutside(string), "untracked ones count, too");
    assert_eq!(
        refusal(|collector, _| Gc::new_in(String::new(), collector)),
        Refusal::HeldFromOutside("value without handles of its own")
    );
    assert_eq!(refusal(|collector, _| ring(collector, 2)), Refusal::HeldFromOutside(node));
    assert_eq!(refusal(|_, root| Gc::downgrade(root)), Refusal::WeakHandles(node));
    assert_eq!(refusal(|collector, _| collector.clone()), Refusal::InUse);
    assert_eq!(refusal(|collector, _| collector.pause()), Refusal::InUse);
}

#[test]
fn what_may_not_be_sent_keeps_a_collector_here() {
    fn check<T: Trace + 'static>(value: T) -> Result<(), Refusal> {
        let collector = Collector::new();
        let root = Gc::new_in(value, &collector);
        Parcel::pack(collector, root).map(drop).map_err(|refused| refused.reason)
    }
    #[derive(Trace)]
    struct Skipping<T>(
        #[trace(skip)]
        #[expect(dead_code, reason = "only its type counts")]
        Vec<T>,
    );
    #[derive(Trace)]
    struct Tracing<T>(Vec<Option<T>>);
    #[derive(Trace)]
    struct Known(Vec<u8>, Box<[Option<Arc<u8>>]>, fn(u8) -> u8);
    #[derive(Trace)]
    struct Tree(Vec<Tree>, Option<Gc<Tree>>);
    #[derive(Trace)]
    struct BadTree(Vec<BadTree>, Option<Gc<BadTree>>, Option<Rc<u8>>);
    #[derive(Trace)]
    enum Pointer {
        Raw(
            #[trace(skip)]
            #[expect(dead_code, reason = "it only must not be sent")]
            *const u8,
        ),
        #[expect(dead_code, reason = "it only must not be sent")]
        None,
    }
    fn refused<T>() -> Result<(), Refusal> {
        Err(Refusal::NotSendable(core::any::type_name::<T>()))
    }
    assert_eq!(check(Known(vec![1], Box::default(), |x| x)), Ok(()));
    assert_eq!(check(Tracing(vec![Some(1)])), Ok(()));
    assert_eq!(check(Tree(vec![Tree(vec![], None)], None)), Ok(()));
    assert_eq!(check(BadTree(vec![BadTree(vec![], None, None)], None, None)), refused::<BadTree>());
    assert_eq!(check(Tracing(vec![Some(Rc::new(1))])), refused::<Tracing<Rc<i32>>>());
    // Inside of the type, nothing is known of its parameter.
    assert_eq!(check(Skipping(vec![1])), refused::<Skipping<i32>>());
    assert_eq!(check(Pointer::Raw(core::ptr::null())), refused::<Pointer>());
    assert_eq!(check(Rc::new(1)), refused::<Rc<i32>>());
    assert_eq!(check((1, Some(WeakGc::<u8>::new()))), refused::<(i32, Option<WeakGc<u8>>)>());
    assert_eq!(check(RefCell::new(Some(Collector::new()))), refused::<RefCell<Option<Collector>>>());
    type Odd = HashMap<u8, u8, OddHasher>;
    #[derive(Default)]
    struct OddHasher(#[expect(dead_code, reason = "it only must not be sent")] Rc<u8>);
    assert_eq!(check(Odd::default()), refused::<Odd>());
}

#[test]
fn what_is_under_way_keeps_a_collector_here() {
    // A finalizer that finds its collector and the last handle to it in a place that it can reach.
    type Place = Rc<RefCell<Option<(Collector, Gc<Node>)>>>;
    thread_local! {
        static PLACE: Place = Rc::default();
    }
    #[derive(Trace)]
    #[trace(finalize = Packing::finalize)]
    struct Packing(u8);
    impl Packing {
        fn finalize(this: &Gc<Self>) {
            assert_eq!(this.0, 1);
            let Some((collector, root)) = PLACE.with(|place| place.borrow_mut().take()) else { return };
            let refused = Parcel::pack(collector, root).expect_err("an object is being destroyed");
            assert!(matches!(refused.reason, Refusal::HeldFromOutside(_) | Refusal::NotSendable(_)));
            PLACE.with(|place| *place.borrow_mut() = Some((refused.collector, refused.root)));
        }
    }
    let collector = Collector::new();
    let (root, packing) = (ring(&collector, 3), Gc::new_in(Packing(1), &collector));
    PLACE.with(|place| *place.borrow_mut() = Some((collector, root)));
    drop(packing);
    let (collector, root) = PLACE.with(|place| place.borrow_mut().take()).expect("it was put back");
    assert!(Parcel::pack(collector, root).is_ok());
}

#[test]
fn others_objects_observers_and_saved_garbage_keep_a_collector_here() {
    let (collector, other) = (Collector::new(), Collector::new());
    let (root, stranger) = (ring(&collector, 2), ring(&other, 1));
    let refused = Parcel::pack(other, root).expect_err("the root is not the other's");
    assert_eq!(refused.reason, Refusal::OtherCollector);
    refused.root.edges.borrow_mut().push(stranger.clone());
    let refused = Parcel::pack(collector, refused.root).expect_err("it leads to the other's object");
    assert_eq!(refused.reason, Refusal::LeadsOutside(core::any::type_name::<Node>()));
    refused.root.edges.borrow_mut().pop();
    drop(stranger);

    let (collector, root) = (refused.collector, refused.root);
    let id = collector.observe(|_| {});
    let refused = Parcel::pack(collector, root).expect_err("an observer need not be `Send`");
    assert_eq!((refused.reason, refused.collector.remove_observer(id)), (Refusal::Observed, true));
    let (collector, root) = (refused.collector, refused.root);
    collector.set_debug(DebugFlags::SAVE_ALL);
    drop(ring(&collector, 2));
    collector.collect(Generation::Old);
    let refused = Parcel::pack(collector, root).expect_err("there is saved garbage");
    assert_eq!((refused.reason, refused.collector.take_garbage().len()), (Refusal::Observed, 2));
    refused.collector.set_debug(DebugFlags::empty());
    refused.collector.set_debug_output(|_| {});
    let refused = Parcel::pack(refused.collector, refused.root).expect_err("an output need not be `Send`");
    assert_eq!(refused.reason, Refusal::Observed);
    refused.collector.reset_debug_output();
    assert!(Parcel::pack(refused.collector, refused.root).is_ok());
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose")]
fn a_leaked_borrow_hides_handles_that_keep_a_collector_here() {
    let collector = Collector::new();
    let root = ring(&collector, 2);
    core::mem::forget(root.edges.borrow_mut());
    assert!(matches!(
        Parcel::pack(collector, root).map(drop).map_err(|refused| refused.reason),
        Err(Refusal::HeldFromOutside(_))
    ));
}
