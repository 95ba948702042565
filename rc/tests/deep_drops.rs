//! Structures of any depth are dropped on a small stack, without allocating, in the order that the crate's page tells.

#![cfg(any(feature = "std", feature = "drop-context"))]

#[cfg(feature = "drop-context")]
mod contexts;

use core::alloc::{GlobalAlloc, Layout};
use core::any::Any;
use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use mudlark_rc::{Counted, SyncCounted, Weak, unsize};
use std::alloc::System;
use std::panic::{catch_unwind, resume_unwind};
use std::thread;

/// The system's allocator, which counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: by this function's own contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: by this function's own contract.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A handle whose value may be dropped later than it.
macro_rules! deep {
    ($handle:expr) => {{
        let handle = $handle;
        mudlark_rc::Handle::make_deep(&handle);
        handle
    }};
}

const DEEP: usize = if cfg!(miri) { 200 } else { 300_000 };

/// How many values are dropped inside each other before others are put off, as the crate's page says.
const DEPTH: usize = 16;

/// Moves a value that must not be sent to the thread that drops it; nothing of it stays here.
struct Moved<T>(T);

// SAFETY: in these tests, all handles to the values are inside.
unsafe impl<T> Send for Moved<T> {}

/// Drops the value in a thread with a stack of 64 KiB; nothing may be allocated.
fn drop_on_a_small_stack<T: 'static>(value: T) {
    let value = Moved(value);
    let dropped = thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let value = value;
        let before = ALLOCATIONS.get();
        drop(value.0);
        ALLOCATIONS.get() - before
    });
    assert_eq!(dropped.unwrap().join().unwrap(), 0, "a drop allocates");
}

/// Counts the values dropped.
struct Tally(&'static AtomicTally);
type AtomicTally = core::sync::atomic::AtomicUsize;

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
    }
}

fn tally() -> &'static AtomicTally {
    /// Where leak detectors see them.
    static TALLIES: std::sync::Mutex<Vec<&AtomicTally>> = std::sync::Mutex::new(Vec::new());

    let tally = Box::leak(Box::default());
    TALLIES.lock().unwrap().push(tally);
    tally
}

fn count(tally: &AtomicTally) -> usize {
    tally.load(core::sync::atomic::Ordering::Relaxed)
}

struct Link {
    _tally: Tally,
    _next: Option<Counted<Self>>,
}

fn list(length: usize, tally: &'static AtomicTally) -> Option<Counted<Link>> {
    let mut list = None;
    for _ in 0..length {
        list = Some(Counted::new_deep(Link { _tally: Tally(tally), _next: list }));
    }
    list
}

#[test]
fn a_list_of_ten_million_nodes() {
    let tally = tally();
    let length = if cfg!(miri) { DEEP } else { 10_000_000 };
    drop_on_a_small_stack(list(length, tally));
    assert_eq!(count(tally), length);
}

#[test]
fn a_list_whose_boxes_have_weak_handles() {
    struct Node {
        _tally: Tally,
        _next: Option<Counted<Self>>,
    }
    let tally = tally();
    let mut weak = Vec::new();
    let mut list = None;
    for _ in 0..DEEP / 10 {
        let node = deep!(Counted::new(Node { _tally: Tally(tally), _next: list }));
        weak.push(Counted::downgrade(&node));
        list = Some(node);
    }
    let weak = Moved(weak);
    drop_on_a_small_stack(list);
    assert_eq!(count(tally), DEEP / 10);
    let weak = weak;
    assert!(weak.0.iter().all(|weak: &Weak<Node>| weak.upgrade().is_none()));
}

#[test]
fn a_list_for_many_threads() {
    struct Node {
        _tally: Tally,
        _next: Option<SyncCounted<Self>>,
    }
    let tally = tally();
    let mut list = None;
    for _ in 0..DEEP {
        list = Some(deep!(SyncCounted::new(Node { _tally: Tally(tally), _next: list })));
    }
    drop_on_a_small_stack(list);
    assert_eq!(count(tally), DEEP);
}

#[test]
fn a_degenerate_tree_and_a_full_one() {
    struct Branch {
        _tally: Tally,
        _children: [Option<Counted<RefCell<Self>>>; 3],
    }
    fn leaf(tally: &'static AtomicTally) -> Option<Counted<RefCell<Branch>>> {
        Some(deep!(Counted::new(RefCell::new(Branch { _tally: Tally(tally), _children: [None, None, None] }))))
    }
    let tally = tally();
    let mut tree = leaf(tally);
    for i in 0..DEEP {
        let mut children = [leaf(tally), leaf(tally), leaf(tally)];
        children[i % 3] = tree;
        tree = Some(deep!(Counted::new(RefCell::new(Branch { _tally: Tally(tally), _children: children }))));
    }
    drop_on_a_small_stack(tree);
    // Of the leaves, one is dropped for each branch that takes its place.
    assert_eq!(count(tally), 1 + 4 * DEEP);
}

#[test]
fn a_chain_through_many_types() {
    struct A(Option<Counted<B>>, #[expect(dead_code, reason = "it is dropped")] Tally);
    struct B(#[expect(dead_code, reason = "it is dropped")] (u8, Counted<dyn Any>));
    struct C {
        _slice: Counted<[Counted<A>]>,
    }
    let tally = tally();
    let mut chain = Counted::new(A(None, Tally(tally)));
    for i in 0..DEEP / 4 {
        let slice: Counted<[Counted<A>]> = deep!((0..=i % 3).map(|_| chain.clone()).collect());
        let any = unsize!(deep!(Counted::new(C { _slice: slice })) => dyn Any);
        chain = deep!(Counted::new(A(Some(deep!(Counted::new(B((1, any))))), Tally(tally))));
    }
    assert!(chain.0.is_some());
    drop_on_a_small_stack(chain);
    assert_eq!(count(tally), 1 + DEEP / 4);
}

#[test]
fn a_mixed_graph_with_boxes_and_vectors_in_between() {
    enum Node {
        End,
        InBox(Box<(Tally, Counted<Node>)>),
        InVec(Vec<Counted<Node>>),
        InMap(std::collections::BTreeMap<u8, Counted<Node>>),
        Direct([Counted<Node>; 2]),
    }
    impl Node {
        fn is_end(&self) -> bool {
            match self {
                Self::End => true,
                Self::InBox(next) => next.1.is_end() && count(next.0.0) == 0,
                Self::InVec(nodes) => nodes.is_empty(),
                Self::InMap(nodes) => nodes.is_empty(),
                Self::Direct(nodes) => nodes.is_empty(),
            }
        }
    }
    let tally = tally();
    let mut graph = Counted::new_deep(Node::End);
    for i in 0..DEEP {
        let other = if i % 7 == 0 { Counted::new_deep(Node::End) } else { graph.clone() };
        graph = Counted::new_deep(match i % 4 {
            0 => Node::InBox(Box::new((Tally(tally), graph))),
            1 => Node::InVec(vec![graph, other]),
            2 => Node::InMap([(0, other), (1, graph)].into()),
            _ => Node::Direct([graph, other]),
        });
    }
    assert!(!graph.is_end());
    drop_on_a_small_stack(graph);
    assert_eq!(count(tally), DEEP / 4);
}

/// What was dropped, in order.
type Log = RefCell<Vec<usize>>;

struct Logged<'a> {
    id: usize,
    log: &'a Log,
    _children: Vec<Counted<Logged<'a>>>,
    _child: [Option<Counted<Logged<'a>>>; 2],
}

impl Drop for Logged<'_> {
    fn drop(&mut self) {
        self.log.borrow_mut().push(self.id);
    }
}

#[test]
fn the_drop_of_the_outermost_handle_leaves_nothing() {
    let log = Log::default();
    let mut list = None;
    for id in (0..3 * DEPTH).rev() {
        list = Some(Counted::new(Logged { id, log: &log, _children: Vec::new(), _child: [list, None] }));
    }
    drop(list);
    assert_eq!(log.take(), Vec::from_iter(0..3 * DEPTH));
}

/// A log that lives on.
fn lasting_log() -> &'static Log {
    /// Where leak detectors see them; each is used by one thread.
    static LOGS: std::sync::Mutex<Vec<Moved<&Log>>> = std::sync::Mutex::new(Vec::new());

    let log = Box::leak(Box::default());
    LOGS.lock().unwrap().push(Moved(log));
    log
}

/// A full binary tree of `levels` levels below a list of `above` nodes. Ids are given in the order of a recursive drop.
fn tree_below(log: &'static Log, above: usize, levels: u32) -> Counted<Logged<'static>> {
    fn tree(log: &'static Log, id: &mut usize, levels: u32) -> Option<Counted<Logged<'static>>> {
        (levels > 0).then(|| {
            let this = *id;
            *id += 1;
            let child = [tree(log, id, levels - 1), tree(log, id, levels - 1)];
            deep!(Counted::new(Logged { id: this, log, _children: Vec::new(), _child: child }))
        })
    }
    let mut top = tree(log, &mut above.clone(), levels);
    for id in (0..above).rev() {
        top = Some(deep!(Counted::new(Logged { id, log, _children: Vec::new(), _child: [top, None] })));
    }
    top.expect("there are levels")
}

#[test]
fn down_to_the_depth_values_are_dropped_as_by_recursion() {
    let log = lasting_log();
    drop(tree_below(log, DEPTH - 4, 5));
    assert_eq!(log.take(), Vec::from_iter(0..DEPTH - 4 + 31));
}

#[test]
fn below_the_depth_the_last_put_off_goes_first() {
    let log = lasting_log();
    // The root of the tree is at the depth, so it is dropped inside the others; all below it are put off.
    drop(tree_below(log, DEPTH, 3));
    let list = Vec::from_iter(0..DEPTH);
    let tree = [0, 4, 6, 5, 1, 3, 2].map(|id| DEPTH + id);
    assert_eq!(log.take(), [&list[..], &tree].concat());
}

#[test]
fn a_value_that_borrows_from_its_neighbour_is_dropped_before_that() {
    /// As crates for self-referential values make them, safely for their users: the handle goes before what its value reads.
    struct Own {
        _reader: Counted<Node>,
        _number: Counted<usize>,
    }
    struct Node {
        reads: Option<*const usize>,
        seen: &'static AtomicTally,
        _own: Option<Own>,
        _next: Option<Counted<Node>>,
    }
    impl Drop for Node {
        fn drop(&mut self) {
            // SAFETY: the number is in the `Own` that has the handle to this, further back, so it is dropped later.
            let read = self.reads.map_or(0, |number| unsafe { *number });
            self.seen.fetch_add(read, core::sync::atomic::Ordering::Relaxed);
        }
    }
    let seen = tally();
    let number = Counted::new(8);
    let reader = Counted::new(Node { reads: Some(Counted::as_ptr(&number)), seen, _own: None, _next: None });
    let own = Some(Own { _reader: reader, _number: number });
    let mut list = Node { reads: None, seen, _own: own, _next: None };
    for _ in 0..2 * DEPTH {
        list = Node { reads: None, seen, _own: None, _next: Some(Counted::new(list)) };
    }
    drop(list);
    assert_eq!(count(seen), 8);
}

#[test]
fn handles_that_lie_elsewhere_and_may_borrow_are_dropped_at_once() {
    /// Makes handles to what borrows its own local variable, and drops them before that.
    struct Borrows<'a> {
        log: &'a Log,
        _child: Option<Counted<Borrows<'a>>>,
    }
    struct Reads<'a>(&'a str, &'a Log);
    impl Drop for Reads<'_> {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0.len());
        }
    }
    impl Drop for Borrows<'_> {
        fn drop(&mut self) {
            let local = String::from("here");
            drop(vec![Counted::new(Reads(&local, self.log)), Counted::new(Reads(&local[1..], self.log))]);
            let on_the_stack = [Counted::new(Some(Counted::new(Reads(&local[2..], self.log))))];
            drop(on_the_stack);
            self.log.borrow_mut().push(0);
        }
    }
    let log = Log::default();
    let mut list = None;
    for _ in 0..3 * DEPTH {
        list = Some(Counted::new(Borrows { log: &log, _child: list }));
    }
    drop(list);
    assert_eq!(log.take(), [4, 3, 2, 0].repeat(3 * DEPTH));
}

#[test]
fn a_pinned_value_is_gone_before_what_it_borrows_from() {
    /// As a future may: the handle borrows from the text in the same value.
    struct SelfReferential {
        handle: Option<Counted<Reads>>,
        text: String,
        _pinned: core::marker::PhantomPinned,
    }
    struct Reads(*const String, &'static AtomicTally);
    impl Drop for Reads {
        fn drop(&mut self) {
            // SAFETY: the text is in the value that has the handle, further back, so it is dropped later.
            let text = unsafe { &*self.0 };
            self.1.fetch_add(text.len(), core::sync::atomic::Ordering::Relaxed);
        }
    }
    let read = tally();
    struct Above {
        _next: Option<Counted<Above>>,
        _pinned: Option<core::pin::Pin<Counted<RefCell<SelfReferential>>>>,
    }
    let value = SelfReferential { handle: None, text: String::from("borrowed"), _pinned: core::marker::PhantomPinned };
    let pinned = Counted::pin(RefCell::new(value));
    {
        let mut value = pinned.borrow_mut();
        let text = &raw const value.text;
        value.handle = Some(Counted::new(Reads(text, read)));
    }
    let mut list = Above { _next: None, _pinned: Some(pinned) };
    for _ in 0..2 * DEPTH {
        list = Above { _next: Some(Counted::new(list)), _pinned: None };
    }
    drop(list);
    assert_eq!(count(read), "borrowed".len());
}

#[test]
fn a_value_lent_mutably_is_not_deep_any_more() {
    struct Reads<'a>(&'static AtomicTally, &'a str);
    impl Drop for Reads<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(self.1.len(), core::sync::atomic::Ordering::Relaxed);
        }
    }
    /// Puts something that borrows a local variable into a box that was made for `'static` values.
    struct Shortens(#[expect(dead_code, reason = "it is dropped")] Option<Counted<Shortens>>);
    impl Drop for Shortens {
        fn drop(&mut self) {
            let deep: Counted<Option<Reads<'static>>> = Counted::new(None);
            Counted::make_deep(&deep);
            let (seen, text) = (tally(), String::from("local"));
            let mut short: Counted<Option<Reads<'_>>> = deep;
            *Counted::get_mut(&mut short).unwrap() = Some(Reads(seen, &text));
            drop(vec![short]);
            assert_eq!(count(seen), "local".len());
        }
    }
    let mut list = None;
    for _ in 0..2 * DEPTH {
        list = Some(Counted::new(Shortens(list)));
    }
    drop(list);
}

#[test]
fn a_panic_in_the_middle_loses_nothing() {
    struct Fuse {
        _tally: Tally,
        panics: bool,
        _children: [Option<Counted<Self>>; 2],
    }
    impl Drop for Fuse {
        fn drop(&mut self) {
            if self.panics {
                resume_unwind(Box::new("as planned"));
            }
        }
    }
    for panics_at in [0, DEPTH - 1, DEPTH, DEPTH + 1, 2 * DEPTH, 4 * DEPTH - 1] {
        let tally = tally();
        let fuse =
            |panics, children| Some(deep!(Counted::new(Fuse { _tally: Tally(tally), panics, _children: children })));
        let mut list = None;
        for i in (0..4 * DEPTH).rev() {
            list = fuse(i == panics_at, [list, fuse(false, [None, None])]);
        }
        let panic = catch_unwind(AssertUnwindSafe(|| drop(list))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"as planned"));
        assert_eq!(count(tally), 8 * DEPTH);
        // The thread's notes are right again.
        drop_list_and_count(3 * DEPTH);
    }
}

fn drop_list_and_count(length: usize) {
    let tally = tally();
    drop(list(length, tally));
    assert_eq!(count(tally), length);
}

#[test]
fn weak_handles_are_dead_before_a_value_put_off_is_dropped() {
    struct Node {
        next: Option<Counted<Self>>,
        below: Weak<Self>,
        seen_dead: &'static AtomicTally,
    }
    impl Drop for Node {
        fn drop(&mut self) {
            // Dropped by hand, and still alive in the list or on its way.
            if let Some(next) = self.next.take() {
                assert!(self.below.upgrade().is_some());
                drop(next);
            }
            if self.below.upgrade().is_none() {
                self.seen_dead.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
            }
        }
    }
    let seen_dead = tally();
    let mut list = deep!(Counted::new(Node { next: None, below: Weak::new(), seen_dead }));
    for _ in 1..2 * DEPTH {
        let below = Counted::downgrade(&list);
        list = deep!(Counted::new(Node { next: Some(list), below, seen_dead }));
    }
    drop(list);
    assert_eq!(count(seen_dead), 2 * DEPTH);
}
