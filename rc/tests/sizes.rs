//! Values of every size and alignment: none, odd, over-aligned.

#[cfg(feature = "drop-context")]
mod contexts;

use core::any::Any;
use mudlark_rc::{Counted, unsize};

/// Checks a value of a type in a box: where it lies, and that it survives handles of all kinds.
fn check<T: PartialEq + core::fmt::Debug + Copy + 'static>(value: T) {
    let one = Counted::new(value);
    let two = Counted::new(value);
    assert!(Counted::as_ptr(&one).is_aligned());
    assert!(!Counted::ptr_eq(&one, &two));
    assert_eq!(*one, value);

    let weak = Counted::downgrade(&one);
    assert_eq!(*weak.upgrade().unwrap(), value);
    let any = unsize!(one.clone() => dyn Any);
    assert_eq!(any.downcast_ref::<T>(), Some(&value));
    assert_eq!(Counted::strong_count(&one), 2);
    drop(any);
    assert_eq!(Counted::try_unwrap(one), Ok(value));

    let slice: Counted<[T]> = Counted::from([value; 3]);
    assert!(slice.as_ptr().is_aligned());
    assert_eq!(&*slice, &[value; 3]);
    let moved = Counted::from(Box::new(value));
    assert_eq!((*moved, *two), (value, value));
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(1))]
struct Empty;

macro_rules! aligned {
    ($($name:ident $empty:ident $align:literal),*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(align($align))]
        struct $name(u8);

        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(align($align))]
        struct $empty;
    )*};
}
aligned!(Two NoTwo 2, Eight NoEight 8, Sixteen NoSixteen 16, Line NoLine 64, OsPage NoOsPage 4096);

#[test]
fn every_alignment_is_kept() {
    check(1_u8);
    check([1_u8; 3]);
    check(1_u32);
    check(1_u64);
    check(1_u128);
    check(Two(2));
    check(Eight(8));
    check(Sixteen(16));
    check(Line(64));
    check(OsPage(96));
    check([Line(1), Line(2)]);
}

#[test]
fn values_without_a_size_are_counted_and_told_apart() {
    check(());
    check(Empty);
    check(NoTwo);
    check(NoEight);
    check(NoSixteen);
    check(NoLine);
    check(NoOsPage);
    check([0_u64; 0]);
}

#[test]
fn values_without_a_size_and_of_different_types_are_told_apart() {
    let handles: Vec<Counted<dyn Any>> = (0..if cfg!(miri) { 8 } else { 64 })
        .flat_map(|_| {
            [
                unsize!(Counted::new(()) => dyn Any),
                unsize!(Counted::new(NoSixteen) => dyn Any),
                unsize!(Counted::new(NoLine) => dyn Any),
            ]
        })
        .collect();
    for (i, one) in handles.iter().enumerate() {
        for (j, other) in handles.iter().enumerate() {
            assert_eq!(Counted::ptr_eq(one, other), i == j);
        }
    }
}

#[test]
fn a_large_value_survives() {
    let elements: Vec<u64> = (0..if cfg!(miri) { 100 } else { 100_000 }).collect();
    let slice: Counted<[u64]> = Counted::from(&elements[..]);
    assert_eq!(&*slice, &elements[..]);
}

#[test]
fn a_slice_of_values_without_a_size_may_be_as_long_as_it_likes() {
    let slice: Counted<[()]> = Counted::from([(); usize::MAX]);
    assert_eq!(slice.len(), usize::MAX);
    let weak = Counted::downgrade(&slice);
    assert_eq!(weak.upgrade().map(|slice| slice.len()), Some(usize::MAX));
}
