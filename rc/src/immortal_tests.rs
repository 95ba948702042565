//! What holds for handles when a count reaches its end, which no program can wait for.

use alloc::string::String;
use core::cell::Cell;
use core::mem::ManuallyDrop;

use crate::{Counted, Weak};

const MOST: usize = usize::MAX / 8 + 1;
const MOST_IN_WEAK_BOX: usize = u32::MAX as usize - 1;

struct Mortal<'a>(&'a Cell<bool>);

impl Drop for Mortal<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

fn with_count<T>(value: T, strong: usize) -> Counted<T> {
    let counted = Counted::new(value);
    Counted::inner(&counted).count().set_strong(strong);
    counted
}

/// Frees the memory that an immortal value keeps on purpose, so that leak checks stay silent.
fn reclaim<T>(counted: ManuallyDrop<Counted<T>>) {
    Counted::inner(&counted).count().set_strong(1);
    drop(ManuallyDrop::into_inner(counted));
}

#[test]
fn an_immortal_value_is_never_dropped_and_never_lent_mutably() {
    let dropped = Cell::new(false);
    let value = with_count(Mortal(&dropped), MOST);
    let mut rest = ManuallyDrop::new(value.clone());
    assert_eq!(Counted::strong_count(&value), usize::MAX);
    drop(value);
    for _ in 0..3 {
        drop(Counted::clone(&rest));
    }
    assert_eq!(Counted::strong_count(&rest), usize::MAX);
    assert!(!dropped.get());
    assert!(Counted::get_mut(&mut rest).is_none());
    // SAFETY: an immortal value never goes, so the count does not matter.
    let twin = unsafe { Counted::from_raw(Counted::as_ptr(&rest)) };
    assert!(Counted::try_unwrap(twin).is_err());
    reclaim(rest);
}

#[test]
fn an_immortal_value_can_have_weak_handles() {
    let value = with_count(String::from("immortal"), MOST);
    let value = ManuallyDrop::new(value);
    let _rest = ManuallyDrop::new(Counted::clone(&value));
    let weak = Counted::downgrade(&value);
    assert_eq!((weak.strong_count(), weak.weak_count()), (usize::MAX, usize::MAX));
    assert!(weak.ptr_eq(&Counted::downgrade(&value)));
    assert_eq!(weak.as_ptr(), Counted::as_ptr(&value));
    drop(weak.upgrade());
    drop(weak.upgrade());
    assert_eq!(Counted::strong_count(&value), usize::MAX);
    assert_eq!(weak.upgrade().as_deref().map(String::as_str), Some("immortal"));
    reclaim(value);
}

#[test]
fn a_count_in_a_weak_box_becomes_immortal_too() {
    let dropped = Cell::new(false);
    let value = ManuallyDrop::new(Counted::new(Mortal(&dropped)));
    let weak = Counted::downgrade(&value);
    Counted::inner(&value).count().set_strong(MOST_IN_WEAK_BOX);
    let one = weak.upgrade().unwrap();
    assert_eq!(Counted::strong_count(&one), usize::MAX);
    drop((one.clone(), one));
    assert_eq!(weak.strong_count(), usize::MAX);
    assert!(!dropped.get());
    reclaim(value);
    assert!(dropped.get());
}

#[test]
fn a_weak_box_with_too_many_weak_handles_is_never_freed() {
    let value = Counted::new(1);
    let weak = Counted::downgrade(&value);
    weak.weak_box().unwrap().set_weak_count(MOST_IN_WEAK_BOX);
    let last = weak.clone();
    assert_eq!(Counted::weak_count(&value), usize::MAX);
    drop(last);
    drop(weak.clone());
    assert_eq!(weak.weak_count(), usize::MAX);
    drop(value);
    assert!(weak.upgrade().is_none());
    // The count of one frees the box with this handle.
    weak.weak_box().unwrap().set_weak_count(1);
    assert!(!weak.ptr_eq(&Weak::new()));
}
