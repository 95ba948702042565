//! What threads may do at the same time, in every order that the memory model allows. Run by
//! `RUSTFLAGS="--cfg loom" cargo test --release -p mudlark-rc --test loom_counts`.

#![cfg(loom)]

#[cfg(feature = "drop-context")]
mod contexts;

use loom::cell::UnsafeCell;
use loom::thread;
use mudlark_rc::{SyncCounted, SyncWeak};

/// A value that loom watches: reads and changes that are not ordered are found, and so is a drop that is not ordered after
/// all reads. Dropping it twice is found, too, as is not dropping it.
struct Watched {
    number: UnsafeCell<u32>,
    _not_leaked: loom::alloc::Track<()>,
}

// SAFETY: the models order all uses, or loom says so.
unsafe impl Send for Watched {}
// SAFETY: as above.
unsafe impl Sync for Watched {}

impl Watched {
    fn new(number: u32) -> Self {
        Self { number: UnsafeCell::new(number), _not_leaked: loom::alloc::Track::new(()) }
    }

    fn read(&self) -> u32 {
        // SAFETY: loom checks it.
        self.number.with(|number| unsafe { *number })
    }

    fn write(&self, new: u32) {
        // SAFETY: loom checks it.
        self.number.with_mut(|number| unsafe { *number = new });
    }
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        Self::new(self.read())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.write(0);
    }
}

type Strong = SyncCounted<Watched>;
type Weak = SyncWeak<Watched>;

fn strong() -> Strong {
    Strong::new(Watched::new(1))
}

/// Runs both at the same time, in all orders.
fn race(model: impl Fn() -> (Box<dyn FnOnce() + Send>, Box<dyn FnOnce() + Send>) + Send + Sync + 'static) {
    loom::model(move || {
        let (here, there) = model();
        let there = thread::spawn(there);
        here();
        there.join().unwrap();
    });
}

#[test]
fn the_value_is_dropped_once_after_all_uses() {
    race(|| {
        let (one, two) = (strong(), strong());
        let (one_too, two_too) = (one.clone(), two.clone());
        (
            Box::new(move || {
                assert_eq!(one.clone().read() + two.read(), 2);
                drop((one, two));
            }),
            Box::new(move || {
                assert_eq!(two_too.clone().read() + one_too.read(), 2);
                drop((two_too, one_too));
            }),
        )
    });
}

#[test]
fn both_may_make_the_first_weak_handle() {
    race(|| {
        let one = strong();
        let two = one.clone();
        let run = |strong: Strong| {
            move || {
                let weak = Strong::downgrade(&strong);
                drop(strong);
                drop(weak);
            }
        };
        (Box::new(run(one)), Box::new(run(two)))
    });
}

#[test]
fn one_makes_the_first_weak_handle_while_the_other_clones_and_drops() {
    race(|| {
        let one = strong();
        let two = one.clone();
        (
            Box::new(move || drop(Strong::downgrade(&one))),
            Box::new(move || {
                let three = two.clone();
                drop(two);
                assert_eq!(three.read(), 1);
            }),
        )
    });
}

#[test]
fn one_makes_the_value_deep_while_the_other_makes_a_weak_handle() {
    race(|| {
        let one = strong();
        let two = one.clone();
        (Box::new(move || Strong::make_deep(&one)), Box::new(move || drop(Strong::downgrade(&two))))
    });
}

#[test]
fn an_upgrade_gets_the_whole_value_or_nothing() {
    race(|| {
        let one = strong();
        let weak = Strong::downgrade(&one);
        (
            Box::new(move || drop(one)),
            Box::new(move || {
                let upgraded = weak.clone().upgrade();
                assert!(upgraded.is_none_or(|strong| strong.read() == 1));
            }),
        )
    });
}

#[test]
fn get_mut_is_granted_only_when_nobody_else_can_reach_the_value() {
    race(|| {
        let mut one = strong();
        let two = one.clone();
        (
            Box::new(move || {
                if let Some(value) = Strong::get_mut(&mut one) {
                    value.write(2);
                }
                assert!(one.read() <= 2);
            }),
            Box::new(move || {
                let weak = Strong::downgrade(&two);
                assert!(two.read() <= 2);
                drop(two);
                assert!(weak.upgrade().is_none_or(|strong| strong.read() <= 2));
            }),
        )
    });
}

#[test]
fn get_mut_is_not_misled_by_a_handle_that_becomes_weak() {
    race(|| {
        let mut one = strong();
        // So that both counts are in a weak box.
        drop(Strong::downgrade(&one));
        let two = one.clone();
        (
            Box::new(move || {
                if let Some(value) = Strong::get_mut(&mut one) {
                    value.write(2);
                }
            }),
            Box::new(move || {
                let weak = Strong::downgrade(&two);
                drop(two);
                assert!(weak.upgrade().is_none_or(|strong| strong.read() <= 2));
            }),
        )
    });
}

#[test]
fn get_mut_sees_weak_handles_that_become_strong() {
    race(|| {
        let mut one = strong();
        let weak = Strong::downgrade(&one);
        (
            Box::new(move || {
                if let Some(value) = Strong::get_mut(&mut one) {
                    value.write(2);
                }
            }),
            Box::new(move || {
                let two = weak.upgrade();
                drop(weak);
                assert!(two.is_none_or(|two| two.read() <= 2));
            }),
        )
    });
}

#[test]
fn make_mut_leaves_weak_handles_behind_or_clones() {
    race(|| {
        let mut one = strong();
        let weak = Strong::downgrade(&one);
        (
            Box::new(move || {
                Strong::make_mut(&mut one).write(2);
                assert_eq!(one.read(), 2);
            }),
            Box::new(move || assert!(weak.upgrade().is_none_or(|strong| strong.read() == 1))),
        )
    });
}

#[test]
fn exactly_one_of_all_gets_the_value() {
    loom::model(|| {
        let one = strong();
        let two = one.clone();
        let there = thread::spawn(move || Strong::into_inner(two).is_some());
        let here = Strong::into_inner(one).is_some();
        assert!(here != there.join().unwrap());
    });
}

#[test]
fn a_value_is_moved_out_only_by_the_last() {
    race(|| {
        let one = strong();
        let two = one.clone();
        let weak = Strong::downgrade(&one);
        (
            Box::new(move || match Strong::try_unwrap(one) {
                Ok(value) => value.write(3),
                Err(one) => assert_eq!(one.read(), 1),
            }),
            Box::new(move || {
                drop(two);
                drop(weak);
            }),
        )
    });
}

#[test]
fn a_cyclic_value_is_seen_whole_or_not_at_all() {
    loom::model(|| {
        let mut there = None;
        let one = Strong::new_cyclic(|me: &Weak| {
            let me = me.clone();
            there = Some(thread::spawn(move || assert!(me.upgrade().is_none_or(|strong| strong.read() == 1))));
            Watched::new(1)
        });
        drop(one);
        there.unwrap().join().unwrap();
    });
}

#[test]
fn a_weak_pointer_keeps_the_memory_and_the_last_frees_it() {
    race(|| {
        let one = strong();
        let weak = Strong::downgrade(&one);
        (
            Box::new(move || drop(one)),
            Box::new(move || {
                let pointer = weak.into_raw();
                // SAFETY: the pointer was a handle just now.
                let weak = unsafe { Weak::from_raw(pointer) };
                assert!(weak.upgrade().is_none_or(|strong| strong.read() == 1));
            }),
        )
    });
}

#[test]
fn immortality_may_come_while_others_count() {
    loom::model(|| {
        // What is never freed is no leak here, so the value is not one that loom watches.
        let one = SyncCounted::new(1_u8);
        let two = one.clone();
        let there = thread::spawn(move || drop((two.clone(), two)));
        SyncCounted::make_immortal(&one);
        there.join().unwrap();
        assert_eq!(SyncCounted::strong_count(&one), usize::MAX);
    });
}
