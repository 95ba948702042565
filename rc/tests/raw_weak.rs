//! Weak handles as pointers: they lead to the value while it lives, and back to the handle also when it does not.

#[cfg(feature = "drop-context")]
mod contexts;

use core::fmt::Debug;
use mudlark_rc::{Counted, SyncCounted, SyncWeak, Weak, unsize};

/// Turns a weak handle into a pointer and back.
fn there_and_back<T: ?Sized>(weak: Weak<T>) -> Weak<T> {
    let pointer = weak.into_raw();
    // SAFETY: the pointer was a handle just now.
    unsafe { Weak::from_raw(pointer) }
}

#[test]
fn the_pointer_leads_to_the_value() {
    let strong = Counted::new(String::from("there"));
    let weak = Counted::downgrade(&strong);
    let pointer = weak.clone().into_raw();
    assert_eq!((pointer, pointer), (weak.as_ptr(), Counted::as_ptr(&strong)));
    // SAFETY: there is a strong handle.
    assert_eq!(unsafe { &*pointer }, "there");
    assert_eq!(Counted::weak_count(&strong), 2);
    // SAFETY: the pointer was a handle, and is turned back once.
    let back = unsafe { Weak::from_raw(pointer) };
    assert!(back.ptr_eq(&weak));
    assert_eq!(back.upgrade().as_deref().map(String::as_str), Some("there"));
}

#[test]
fn values_may_go_meanwhile() {
    for pointers in 1..4 {
        let strong = Counted::<[String]>::from([String::from("a"), String::from("b")]);
        let weak = Counted::downgrade(&strong);
        let kept = Vec::from_iter((0..pointers).map(|_| weak.clone().into_raw()));
        drop(strong);
        assert!(weak.upgrade().is_none());
        for pointer in kept {
            // SAFETY: each pointer was a handle.
            let back = unsafe { Weak::from_raw(pointer) };
            assert!(back.upgrade().is_none() && back.ptr_eq(&weak));
        }
    }
}

#[test]
fn the_last_of_all_may_be_the_pointer() {
    let strong = Counted::new([1_u64; 100]);
    let pointer = Counted::downgrade(&strong).into_raw();
    drop(strong);
    // SAFETY: the pointer was a handle.
    drop(unsafe { Weak::from_raw(pointer) });
}

#[test]
fn handles_without_a_value_survive_it_too() {
    assert!(there_and_back(Weak::<u32>::new()).ptr_eq(&Weak::new()));
    let dead = Counted::downgrade(&Counted::new(5));
    assert!(there_and_back(dead.clone()).ptr_eq(&dead));
    let dead = Counted::downgrade(&unsize!(Counted::new(5) => dyn Debug));
    let back = there_and_back(there_and_back(dead.clone()));
    assert!(back.upgrade().is_none() && back.ptr_eq(&dead));
}

#[test]
fn a_value_that_is_yet_to_come_can_be_pointed_at() {
    let mut pointer = core::ptr::null();
    let strong = Counted::new_cyclic(|me| {
        pointer = me.clone().into_raw();
        String::from("came")
    });
    // SAFETY: the pointer was a handle.
    let weak = unsafe { Weak::from_raw(pointer) };
    assert!(Counted::ptr_eq(&weak.upgrade().unwrap(), &strong));
}

#[test]
fn make_mut_moves_the_value_away_from_a_pointer() {
    let mut strong = Counted::new(String::from("one"));
    let weak = Counted::downgrade(&strong);
    let pointer = weak.clone().into_raw();
    let place = Counted::as_ptr(&strong);
    Counted::make_mut(&mut strong).push_str(" more");
    assert_ne!(Counted::as_ptr(&strong), place);
    assert_eq!(*strong, "one more");
    assert!(weak.upgrade().is_none());
    // SAFETY: the pointer was a handle.
    assert!(unsafe { Weak::from_raw(pointer) }.ptr_eq(&weak));
}

#[test]
fn a_value_moved_out_leaves_its_place_to_the_pointer() {
    let strong = Counted::new(String::from("out"));
    let pointer = Counted::downgrade(&strong).into_raw();
    assert_eq!(Counted::try_unwrap(strong).unwrap(), "out");
    // SAFETY: the pointer was a handle.
    assert!(unsafe { Weak::from_raw(pointer) }.upgrade().is_none());
}

#[test]
fn it_may_cross_threads_for_values_that_may() {
    let strong = SyncCounted::new(5);
    let weak = SyncCounted::downgrade(&strong);
    let threads = [0, 1].map(|_| {
        let weak = weak.clone();
        std::thread::spawn(move || {
            for _ in 0..if cfg!(miri) { 5 } else { 1000 } {
                let pointer = weak.clone().into_raw();
                // SAFETY: the pointer was a handle just now.
                assert!(unsafe { SyncWeak::from_raw(pointer) }.ptr_eq(&weak));
            }
        })
    });
    drop(strong);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
