//! Weak callbacks: once each, newest first, when the weak handles are dead.

#[cfg(feature = "drop-context")]
mod contexts;

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use mudlark_rc::{Counted, SyncCounted, Weak};
use std::panic::{catch_unwind, resume_unwind};
use std::rc::Rc;

mudlark_rc::static_counted! { static IMMORTAL: u8 = 1; }

type Log = Rc<RefCell<Vec<String>>>;

struct Value(Log);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.borrow_mut().push("value".into());
    }
}

/// A handle whose value and callbacks write into the log.
fn watched(log: &Log, callbacks: usize) -> (Counted<Value>, Weak<Value>) {
    let strong = Counted::new(Value(log.clone()));
    let weak = Rc::new(Counted::downgrade(&strong));
    for i in 0..callbacks {
        let (log, weak) = (log.clone(), weak.clone());
        let _not_kept = Counted::downgrade_with_callback(&strong, move || {
            assert!(weak.upgrade().is_none());
            log.borrow_mut().push(i.to_string());
        });
    }
    (strong, Weak::clone(&weak))
}

#[test]
fn each_is_called_once_the_newest_first_and_before_the_value_goes() {
    let log = Log::default();
    let (strong, weak) = watched(&log, 3);
    let other = strong.clone();
    drop(strong);
    assert!(log.borrow().is_empty());
    drop(other);
    assert_eq!(*log.borrow(), ["2", "1", "0", "value"]);
    assert_eq!(weak.weak_count(), 0);
    drop(weak);
    assert_eq!(log.borrow().len(), 4);
}

#[test]
fn they_are_called_when_the_value_moves_out() {
    let log = Log::default();
    let value = Counted::try_unwrap(watched(&log, 2).0).ok();
    assert_eq!(*log.borrow(), ["1", "0"]);
    drop(value);
    let value = Counted::into_inner(watched(&log, 1).0);
    assert_eq!(log.borrow()[3..], ["0"]);
    drop(value);
}

#[test]
fn they_are_called_when_make_mut_leaves_the_weak_handles_behind() {
    let log = Log::default();
    let mut number = Counted::new(1);
    let weak = Counted::downgrade_with_callback(&number, {
        let log = log.clone();
        move || log.borrow_mut().push("gone".into())
    });
    *Counted::make_mut(&mut number) += 1;
    assert_eq!(*log.borrow(), ["gone"]);
    assert_eq!((weak.upgrade(), *number), (None, 2));
    drop((weak, number));
    assert_eq!(log.borrow().len(), 1);
}

#[test]
fn they_are_never_called_for_an_immortal_value() {
    let called = Rc::new(Cell::new(false));
    let set = called.clone();
    drop(Counted::downgrade_with_callback(&IMMORTAL.counted(), move || set.set(true)));
    assert!(!called.get());
    assert_eq!(Rc::strong_count(&called), 1, "the callback is dropped");
}

#[test]
fn one_that_panics_stops_neither_the_others_nor_the_value() {
    let log = Log::default();
    let (strong, weak) = watched(&log, 2);
    let _not_kept = Counted::downgrade_with_callback(&strong, || resume_unwind(Box::new("as planned")));
    let _not_kept = Counted::downgrade_with_callback(&strong, {
        let log = log.clone();
        move || log.borrow_mut().push("newest".into())
    });
    let panic = catch_unwind(AssertUnwindSafe(|| drop(strong))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"as planned"));
    assert_eq!(*log.borrow(), ["newest", "1", "0", "value"]);
    assert!(weak.upgrade().is_none());
}

#[test]
fn one_may_make_and_drop_handles_with_callbacks() {
    let log = Log::default();
    let (strong, _weak) = watched(&log, 0);
    let inner = watched(&log, 1);
    let _not_kept = Counted::downgrade_with_callback(&strong, move || drop(inner));
    drop(strong);
    assert_eq!(*log.borrow(), ["0", "value", "value"]);
}

#[test]
fn another_thread_may_call_it() {
    let strong = SyncCounted::new(String::from("shared"));
    let (send, receive) = std::sync::mpsc::channel();
    let weak = SyncCounted::downgrade_with_callback(&strong, move || send.send(std::thread::current().id()).unwrap());
    let thread = std::thread::spawn(move || drop(strong));
    let id = thread.thread().id();
    thread.join().unwrap();
    assert_eq!(receive.try_iter().collect::<Vec<_>>(), [id]);
    assert!(weak.upgrade().is_none());
}
