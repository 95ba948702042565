//! The count word: how many strong handles a box has, or where its weak box is.
//!
//! One machine word, and its top bit tells what it holds:
//!
//! ```text
//!   1ccc cccc … cccc cccc   inline: c + 1 strong handles, and no weak box yet
//!   0aaa aaaa … aaaa aa00   the address of the weak box, shifted right by one
//!   0000 0000 … 0000 0001   immortal: the count no longer changes
//! ```
//!
//! Both fast paths compute the new word first and then look at its top bit. It is set exactly when an inline count became
//! another inline count, so this one test leaves out every other case at once:
//!
//! ```text
//!              inline count                    at an end of its range         weak box or immortal
//!   + 1        top bit set: store it           largest + 1 = 0: clear         stays clear
//!   - 1        top bit set: store it           one handle - 1: clear          stays clear
//! ```
//!
//! Cloning and dropping handles writes nothing to an immortal word.
//!
//! The weak box is aligned to four bytes at least, so the shift loses nothing, and no shifted address is odd or zero: it is
//! never taken for the immortal word, and adding or subtracting one never reaches the top bit. The word keeps the
//! provenance of the weak box. (A leak detector that looks for addresses in memory does not recognise the shifted one: it
//! finds a weak box by its weak handles only.)
//!
//! Moving the counts into a side allocation on demand is how Swift's objects do it; a count that sticks instead of
//! overflowing is the immortal object of CPython (PEP 683).

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crate::weak_box::{WeakBox, WeakCount};

/// Whether a decrement let go of the last strong handle.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// The strong count of a box, or the way to its [`WeakBox`], in one word.
///
/// # Invariants
///
/// A word that is neither inline nor immortal is the shifted address of a live [`WeakBox`], with its provenance, and owns
/// one weak count of it.
pub(crate) struct CountWord(Cell<*mut WeakBox>);

const TOP_BIT: usize = 1 << (usize::BITS - 1);

/// The inline word for one strong handle.
const ONE: usize = TOP_BIT;

const IMMORTAL: usize = 1;

const _: () = assert!(size_of::<CountWord>() == size_of::<usize>());
const _: () = assert!(align_of::<WeakBox>() >= 4, "the two low bits of a weak box's address are zero");

/// What a count word says.
enum Meaning {
    Inline {
        strong: usize,
    },
    /// The weak count is the word's own.
    InWeakBox(ManuallyDrop<WeakCount>),
    Immortal,
}

fn is_inline(word: usize) -> bool {
    word & TOP_BIT != 0
}

impl CountWord {
    /// One strong handle, and no weak one.
    pub(crate) const fn one() -> Self {
        // INVARIANT: an inline word.
        Self(Cell::new(ptr::without_provenance_mut(ONE)))
    }

    /// Counts one strong handle more.
    #[inline(always)]
    pub(crate) fn increment(&self) {
        let more = self.0.get().addr().wrapping_add(1);
        if is_inline(more) {
            self.store_plain(more);
        } else {
            self.increment_slow();
        }
    }

    #[cold]
    fn increment_slow(&self) {
        match self.meaning() {
            // It is at its largest, since `increment` handles every smaller one.
            Meaning::Inline { .. } => self.store_plain(IMMORTAL),
            Meaning::InWeakBox(weak_box) => weak_box.strong.increment(),
            Meaning::Immortal => (),
        }
    }

    /// Counts one strong handle less if the count is inline and this handle is not the last; returns whether it did.
    /// When it did not, [`decrement`](Self::decrement) has yet to be called.
    #[inline(always)]
    pub(crate) fn decrement_if_plainly_shared(&self) -> bool {
        let less = self.0.get().addr().wrapping_sub(1);
        let shared = is_inline(less);
        if shared {
            self.store_plain(less);
        }
        shared
    }

    /// Counts one strong handle less.
    ///
    /// After `Last::Yes` a weak box says that the value is gone, and an inline word still says one.
    #[inline]
    pub(crate) fn decrement(&self) -> Last {
        match self.meaning() {
            Meaning::Inline { strong: 1 } => Last::Yes,
            Meaning::Inline { .. } => {
                self.store_plain(self.0.get().addr() - 1);
                Last::No
            }
            Meaning::InWeakBox(weak_box) => weak_box.strong.decrement(),
            Meaning::Immortal => Last::No,
        }
    }

    /// The number of strong handles; `usize::MAX` when immortal.
    #[inline]
    pub(crate) fn strong(&self) -> usize {
        match self.meaning() {
            Meaning::Inline { strong } => strong,
            Meaning::InWeakBox(weak_box) => weak_box.strong.get(),
            Meaning::Immortal => usize::MAX,
        }
    }

    /// The number of weak handles.
    #[inline]
    pub(crate) fn weak(&self) -> usize {
        match self.meaning() {
            Meaning::InWeakBox(weak_box) => weak_box.weak_handles(),
            Meaning::Inline { .. } | Meaning::Immortal => 0,
        }
    }

    /// A weak count of the weak box, which takes the strong count over from here if it is made now. `value` is the way
    /// back to the value.
    #[inline]
    pub(crate) fn downgrade(&self, value: NonNull<u8>) -> WeakCount {
        if let Meaning::InWeakBox(weak_box) = self.meaning() {
            return WeakCount::clone(&weak_box);
        }
        let weak_box = WeakCount::new(self.strong(), value);
        let handle = weak_box.clone();
        // INVARIANT: the word gets the first weak count, together with the address.
        self.0.set(weak_box.into_raw().as_ptr().map_addr(|address| address >> 1));
        handle
    }

    /// Parts with the weak box, if there is one: its weak handles see the value as gone from now on, and the word says
    /// that there is one strong handle.
    #[inline]
    pub(crate) fn detach_weak_box(&self) {
        if !is_inline(self.0.get().addr()) {
            self.detach_slow();
        }
    }

    #[cold]
    fn detach_slow(&self) {
        let Meaning::InWeakBox(weak_box) = self.meaning() else { return };
        weak_box.strong.set(0);
        self.store_plain(ONE);
        drop(ManuallyDrop::into_inner(weak_box));
    }

    #[inline]
    fn meaning(&self) -> Meaning {
        match self.0.get().addr() {
            word if is_inline(word) => Meaning::Inline { strong: (word & !TOP_BIT) + 1 },
            IMMORTAL => Meaning::Immortal,
            _ => {
                let weak_box = self.0.get().map_addr(|address| address << 1);
                // SAFETY: by the type's invariant, this is a weak box's address, which is not null.
                let weak_box = unsafe { NonNull::new_unchecked(weak_box) };
                // SAFETY: by the type's invariant, the word owns this count. It is only lent out here.
                Meaning::InWeakBox(ManuallyDrop::new(unsafe { WeakCount::from_raw(weak_box) }))
            }
        }
    }

    /// Stores a word that leads to no weak box.
    #[inline(always)]
    fn store_plain(&self, word: usize) {
        // INVARIANT: only inline and immortal words are passed here.
        self.0.set(ptr::without_provenance_mut(word));
    }

    /// The largest count that fits in the word.
    #[cfg(test)]
    pub(crate) const MOST_INLINE: usize = TOP_BIT;

    /// Makes the count `strong`, wherever it is held.
    #[cfg(test)]
    pub(crate) fn set_strong(&self, strong: usize) {
        match self.meaning() {
            Meaning::InWeakBox(weak_box) => weak_box.strong.set(strong),
            Meaning::Inline { .. } | Meaning::Immortal => self.store_plain((strong - 1) | TOP_BIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = CountWord::MOST_INLINE;

    #[test]
    fn counts_up_and_down_like_a_number() {
        let word = CountWord::one();
        for strong in 1..100 {
            assert_eq!(word.strong(), strong);
            word.increment();
        }
        for strong in (2..=100).rev() {
            assert_eq!(word.strong(), strong);
            assert!(word.decrement_if_plainly_shared());
        }
        assert!(!word.decrement_if_plainly_shared());
        assert_eq!(word.decrement(), Last::Yes);
    }

    #[test]
    fn the_largest_inline_count_can_still_go_down() {
        let word = CountWord::one();
        word.set_strong(MOST - 1);
        word.increment();
        assert_eq!(word.strong(), MOST);
        assert!(word.decrement_if_plainly_shared());
        assert_eq!(word.strong(), MOST - 1);
    }

    #[test]
    fn a_count_beyond_the_largest_never_changes_again() {
        let word = CountWord::one();
        word.set_strong(MOST);
        word.increment();
        for _ in 0..3 {
            assert_eq!(word.strong(), usize::MAX);
            assert!(!word.decrement_if_plainly_shared());
            assert_eq!(word.decrement(), Last::No);
        }
        word.increment();
        assert_eq!(word.strong(), usize::MAX);
    }

    #[test]
    fn a_weak_box_takes_over_the_count_and_gives_it_back() {
        for strong in [1, 2, MOST, usize::MAX] {
            let word = CountWord::one();
            if strong == usize::MAX {
                word.set_strong(MOST);
                word.increment();
            } else {
                word.set_strong(strong);
            }
            let one = word.downgrade(NonNull::dangling());
            assert_eq!((word.strong(), word.weak()), (strong, 1));
            assert!(!word.decrement_if_plainly_shared());
            let two = word.downgrade(NonNull::dangling());
            assert_eq!((one.strong.get(), two.strong.get(), word.weak()), (strong, strong, 2));
            word.detach_weak_box();
            assert_eq!((one.strong.get(), two.strong.get()), (0, 0));
            assert_eq!((word.strong(), word.weak()), (1, 0));
        }
    }
}
