//! What holds for the word at every count.

use super::*;
use crate::allocate::Global;
use crate::counts::Local;

const MOST: usize = TOP_BIT / HANDLE;
const NO_VALUE: NonNull<u8> = NonNull::dangling();

fn one() -> CountWord<Local> {
    CountWord::one()
}

#[test]
fn counts_up_and_down_like_a_number() {
    for is_deep in [false, true] {
        let word = one();
        if is_deep {
            word.make_deep();
        }
        for strong in 1..100 {
            assert_eq!(word.strong(), strong);
            word.increment();
        }
        for strong in (2..=100).rev() {
            assert_eq!(word.strong(), strong);
            assert_eq!(word.decrement_plainly(), Plainly::Less);
        }
        assert_eq!(word.decrement_plainly(), if is_deep { Plainly::Not } else { Plainly::Last });
        assert_eq!(word.decrement(), Last::Yes);
        #[cfg(feature = "std")]
        assert_eq!(word.is_deep(), is_deep);
    }
}

#[test]
fn the_largest_inline_count_can_still_go_down() {
    let word = one();
    word.set_strong(MOST - 1);
    word.increment();
    assert_eq!(word.strong(), MOST);
    assert_eq!(word.decrement_plainly(), Plainly::Less);
    assert_eq!(word.strong(), MOST - 1);
}

#[test]
fn a_count_beyond_the_largest_never_changes_again() {
    let word = one();
    word.set_strong(MOST);
    word.increment();
    for _ in 0..3 {
        assert_eq!(word.strong(), usize::MAX);
        assert_eq!(word.decrement_plainly(), Plainly::Not);
        assert_eq!(word.decrement(), Last::No);
    }
    word.increment();
    assert_eq!(word.strong(), usize::MAX);
    assert!(word.downgrade(NO_VALUE, &Global).is_none());
}

#[test]
fn a_weak_box_takes_over_the_count() {
    // On a 32-bit target, all that fits in the word fits in the weak box.
    let fits = |strong: usize| u32::try_from(strong).is_ok_and(|strong| strong != u32::MAX);
    for strong in [1, 2, MOST.min(u32::MAX as usize - 1), MOST.min(u32::MAX as usize), MOST] {
        let taken = if fits(strong) { strong } else { usize::MAX };
        let word = one();
        word.make_deep();
        word.set_strong(strong);
        let weak_box = word.downgrade(NO_VALUE, &Global).expect("the box is not immortal");
        assert_eq!((word.strong(), word.weak()), (taken, 1));
        assert_eq!(word.decrement_plainly(), Plainly::Not);
        assert!(word.downgrade(NO_VALUE, &Global).is_some());
        assert_eq!((weak_box.strong.get(), word.weak()), (taken, 2));

        weak_box.strong.set(0);
        // SAFETY: no strong handle is left, as the count says.
        assert!(unsafe { word.may_free(&Global) });
        assert_eq!((word.strong(), word.weak()), (1, 0));
        for _ in 0..2 {
            // SAFETY: each downgrade left a weak count here.
            unsafe { weak_box.release(&Global) };
        }
    }
}

#[test]
fn a_deep_value_stays_so_with_and_after_the_weak_box() {
    let word = one();
    let weak_box = word.downgrade(NO_VALUE, &Global).expect("the box is not immortal");
    word.make_deep();
    assert_eq!(word.strong(), 1);
    assert!(word.take_last());
    // SAFETY: the last strong handle was let go.
    assert!(unsafe { word.start_over(&Global) }.is_some());
    #[cfg(feature = "std")]
    assert!(word.is_deep());
    assert_eq!((word.strong(), word.weak(), weak_box.strong.get()), (1, 0, 0));
    // SAFETY: the downgrade left a weak count here.
    unsafe { weak_box.release(&Global) };
}

#[cfg(feature = "std")]
#[test]
fn a_link_is_found_again_with_and_without_a_weak_box() {
    let mut words = [0_usize; 2];
    let [one_place, other] = &mut words;
    for link in [(&raw mut *one_place).cast(), (&raw mut *other).cast(), ptr::null_mut()] {
        let word = one();
        word.set_link(link);
        assert_eq!(word.take_link(), link);
        assert_eq!(word.strong(), 1);

        let weak_box = word.downgrade(NO_VALUE, &Global).expect("the box is not immortal");
        assert!(word.take_last());
        word.set_link(link);
        assert_eq!(word.take_link(), link);
        // SAFETY: no strong handle is left.
        assert!(unsafe { word.may_free(&Global) });
        // SAFETY: the downgrade left a weak count here.
        unsafe { weak_box.release(&Global) };
    }
}
