//! Values that hold handles to themselves and to each other, and what their drops may do.

#[cfg(feature = "drop-context")]
mod contexts;

use core::cell::{Cell, RefCell};
use mudlark_rc::{Counted, Weak};
use std::rc::Rc;

struct Node {
    me: Weak<Node>,
}

#[test]
fn a_value_under_construction_cannot_be_reached_yet() {
    let node = Counted::new_cyclic(|me: &Weak<Node>| {
        assert!(me.upgrade().is_none());
        assert_eq!((me.strong_count(), me.weak_count()), (0, 0));
        drop(me.clone());
        Node { me: me.clone() }
    });
    assert_eq!((Counted::strong_count(&node), Counted::weak_count(&node)), (1, 1));
    assert!(Counted::ptr_eq(&node, &node.me.upgrade().unwrap()));
    let weak = node.me.clone();
    drop(node);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_cyclic_value_without_a_handle_to_itself_is_a_plain_one() {
    let mut value = Counted::new_cyclic(|_| 5);
    assert_eq!(Counted::weak_count(&value), 0);
    *Counted::get_mut(&mut value).unwrap() += 1;
    assert_eq!(Counted::try_unwrap(value), Ok(6));
}

/// Runs a closure when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_value_cannot_be_upgraded_to_while_it_is_dropped() {
    struct Last<'a> {
        me: Weak<Last<'a>>,
        seen: &'a Cell<Option<(bool, usize, usize)>>,
    }
    impl Drop for Last<'_> {
        fn drop(&mut self) {
            let more = [self.me.clone(), self.me.clone()];
            self.seen.set(Some((self.me.upgrade().is_some(), more[0].strong_count(), more[1].weak_count())));
        }
    }
    let seen = Cell::new(None);
    drop(Counted::new_cyclic(|me| Last { me: me.clone(), seen: &seen }));
    assert_eq!(seen.get(), Some((false, 0, 0)));
}

#[test]
fn a_drop_may_use_other_handles() {
    let other = RefCell::new(Some(Counted::new(String::from("other"))));
    let weak = RefCell::new(Weak::new());
    let value = Counted::new(OnDrop(|| {
        let other = other.take().unwrap();
        weak.replace(Counted::downgrade(&other));
        assert_eq!(Counted::strong_count(&other.clone()), 2);
        assert_eq!(weak.borrow().upgrade().as_deref(), Some(&String::from("other")));
    }));
    drop(value.clone());
    assert!(other.borrow().is_some());
    drop(value);
    assert!(other.borrow().is_none());
    assert!(weak.borrow().upgrade().is_none());
}

#[test]
fn a_clone_may_drop_the_handle_that_made_it_necessary() {
    struct Shy(Rc<RefCell<Option<Counted<Shy>>>>, u8);
    impl Clone for Shy {
        fn clone(&self) -> Self {
            self.0.take();
            Self(self.0.clone(), self.1)
        }
    }
    let other = Rc::new(RefCell::new(None));
    let mut ours = Counted::new(Shy(other.clone(), 1));
    let weak = Counted::downgrade(&ours);
    other.replace(Some(ours.clone()));
    Counted::make_mut(&mut ours).1 += 1;
    assert_eq!((ours.1, Counted::strong_count(&ours)), (2, 1));
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_weak_box_is_left_behind_by_make_mut_and_a_new_one_made() {
    let mut value = Counted::new(1);
    let old = Counted::downgrade(&value);
    *Counted::make_mut(&mut value) += 1;
    let new = Counted::downgrade(&value);
    assert!(old.upgrade().is_none());
    assert!(!old.ptr_eq(&new));
    assert_eq!(new.upgrade().as_deref(), Some(&2));
    assert_eq!((Counted::weak_count(&value), old.weak_count()), (1, 0));
    drop(old);
    assert_eq!((Counted::strong_count(&value), Counted::weak_count(&value)), (1, 1));
}

#[test]
fn a_pinned_value_stays_where_it_is() {
    let pinned = Counted::pin(7);
    let place: *const i32 = &*pinned;
    let other = pinned.clone();
    drop(pinned);
    assert!(core::ptr::eq(place, &*other));
}
