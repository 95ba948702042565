//! The count word: how many strong handles a box has, or where its weak box is.
//!
//! One machine word. The top bit tells a count from an address, the lowest bit whether the value is *deep*: it may be dropped
//! later than its last handle. (`deferred_drop.rs` tells when, and what for.)
//!
//! ```text
//!   1nnn nnnn … nnnn nn0d   inline: the number of strong handles, negated; there is no weak box yet
//!   0aaa aaaa … aaaa aa0d   the address of the weak box, shifted right by one
//!   0000 0000 … 0000 0111   immortal: the count no longer changes
//!   bbbb bbbb … bbbb bb11   a link: no handle is left, and the box waits to be dropped before that other box
//! ```
//!
//! Both fast paths compute the new word first and then look at its top bit. It is set exactly when an inline count became
//! another inline count, so this one test leaves out every other case at once. The count is negated so that it is zero that
//! an inline word becomes without its last handle:
//!
//! ```text
//!                  inline count                an end of its range             weak box or immortal
//!   clone: - 4     top bit set: store it       it wraps around: clear          stays clear
//!   drop:  + 4     top bit set: store it       zero (or one, if deep)          stays clear, and is not zero
//! ```
//!
//! Cloning and dropping handles writes nothing to an immortal word, so it may lie in memory that cannot be written.
//!
//! The weak box is aligned to eight bytes at least, so the shift leaves room for the two lowest bits, and a shifted address is at least
//! four: adding or subtracting one handle never reaches the top bit. The word keeps the provenance of the weak box. (A leak
//! detector that looks for addresses in memory does not recognise the shifted one: it finds a weak box by its weak handles
//! only.)
//!
//! Moving the counts into a side allocation on demand is how Swift's objects do it; a count that sticks instead of
//! overflowing is the immortal object of CPython (PEP 683).

use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::allocate::Allocate;
use crate::callback::CallbackList;
use crate::counts::{Counts, PointerCell};
use crate::weak_box::{WeakBox, WeakBoxRef};

/// Whether a decrement let go of the last strong handle.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// What [`decrement_plainly`](CountWord::decrement_plainly) did.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plainly {
    /// It counted one less.
    Less,
    /// Nothing: the count is inline, this handle is the only one, and the value is not deep.
    Last,
    /// Nothing: the count is not inline, or the value deep and this handle the only one.
    Not,
}

/// The strong count of a box, or the way to its [`WeakBox`], in one word.
///
/// # Invariants
///
/// A word that is neither inline nor immortal, nor a link, is the shifted address of a live [`WeakBox`], with its
/// provenance, and owns one weak count of it.
pub(crate) struct CountWord<C: Counts>(C::Pointer<WeakBox<C>>);

const TOP_BIT: usize = 1 << (usize::BITS - 1);
/// The lowest bit of a word, set for a value that is deep.
const DEEP: usize = 0b01;

/// The two lowest bits, which are no part of a count or an address. Both are set in a link, and in [`IMMORTAL`].
const MARKS: usize = 0b11;

/// What one strong handle takes from an inline word.
const HANDLE: usize = MARKS + 1;

/// The inline word for one strong handle.
const ONE: usize = inline(1);

/// The word of a box that is never dropped.
pub(crate) const IMMORTAL: usize = 0b111;

#[cfg(not(loom))]
const _: () = assert!(size_of::<CountWord<crate::Local>>() == size_of::<usize>());
#[cfg(all(not(loom), target_pointer_width = "32"))]
const _: () = assert!(size_of::<CountWord<crate::Local>>() == 4);
#[cfg(all(not(loom), any(target_has_atomic = "ptr", feature = "critical-section")))]
const _: () = assert!(size_of::<CountWord<crate::Atomic>>() == size_of::<usize>());
const _: () = assert!(align_of::<WeakBox<crate::Local>>() > MARKS << 1, "a shifted address leaves room for the marks");

/// What a count word says.
enum Meaning<C: Counts> {
    Inline {
        strong: usize,
    },
    /// The weak count is the word's own.
    InWeakBox(WeakBoxRef<C>),
    Immortal,
}

#[inline(always)]
fn is_inline(word: usize) -> bool {
    word & TOP_BIT != 0
}

/// The word for as many strong handles, of a value that is not deep.
const fn inline(strong: usize) -> usize {
    (strong * HANDLE).wrapping_neg()
}

/// A word that leads to no weak box.
#[inline(always)]
fn plain<C: Counts>(word: usize) -> *mut WeakBox<C> {
    ptr::without_provenance_mut(word)
}

/// The address in an address word.
#[inline]
fn unshifted<T>(word: *mut T) -> *mut T {
    word.map_addr(|word| (word & !MARKS) << 1)
}

impl<C: Counts> CountWord<C> {
    /// One strong handle, and no weak one.
    #[inline]
    pub(crate) fn one() -> Self {
        // INVARIANT: an inline word.
        Self(C::Pointer::new(plain::<C>(ONE)))
    }

    /// Counts one strong handle more.
    #[inline(always)]
    pub(crate) fn increment(&self) {
        let mut word = self.0.load(Relaxed);
        loop {
            let more = word.addr().wrapping_sub(HANDLE);
            if !is_inline(more) {
                return self.increment_slow();
            }
            // Relaxed: the new handle is made of one that is counted.
            match self.0.exchange(word, plain::<C>(more), Relaxed) {
                Ok(()) => return,
                Err(other) => word = other,
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn increment_slow(&self) {
        match self.meaning() {
            // Either it is at its largest, or another thread dropped handles meanwhile; immortal is never wrong.
            Meaning::Inline { .. } => self.make_immortal(),
            Meaning::InWeakBox(weak_box) => weak_box.strong.increment(),
            Meaning::Immortal => (),
        }
    }

    /// Counts one strong handle less if the count is inline and this handle is not the last; what it did says whether.
    #[inline(always)]
    pub(crate) fn decrement_plainly(&self) -> Plainly {
        let mut word = self.0.load(Relaxed);
        loop {
            let less = word.addr().wrapping_add(HANDLE);
            if !is_inline(less) {
                return if less == 0 { Plainly::Last } else { Plainly::Not };
            }
            // Release: whoever lets the last handle go sees all uses of this one, by `load` or `see_other_drops`.
            match self.0.exchange(word, plain::<C>(less), Release) {
                Ok(()) => return Plainly::Less,
                Err(other) => word = other,
            }
        }
    }

    /// Makes visible what was done with the other handles before they were dropped, on whatever threads.
    #[inline(always)]
    pub(crate) fn see_other_drops(&self) {
        // Acquire: it pairs with the Release in `decrement_plainly`.
        self.0.load(Acquire);
    }

    /// Counts one strong handle less.
    ///
    /// After `Last::Yes` a weak box says that the value is gone, and an inline word still says one.
    #[inline]
    pub(crate) fn decrement(&self) -> Last {
        loop {
            match self.meaning() {
                // The only handle there is: no other thread can reach the word, so it may be left as it is.
                Meaning::Inline { strong: 1 } => return Last::Yes,
                Meaning::Inline { .. } => {
                    if self.decrement_plainly() == Plainly::Less {
                        return Last::No;
                    }
                }
                Meaning::InWeakBox(weak_box) => return weak_box.strong.decrement(),
                Meaning::Immortal => return Last::No,
            }
        }
    }

    /// Lets go of the only strong handle, as [`decrement`](Self::decrement) does, if it is the only one; returns whether it
    /// was.
    #[inline]
    pub(crate) fn take_last(&self) -> bool {
        match self.meaning() {
            Meaning::Inline { strong } => strong == 1,
            Meaning::InWeakBox(weak_box) => weak_box.strong.take_last(),
            Meaning::Immortal => false,
        }
    }

    /// Whether there is one handle, strong or weak.
    #[inline]
    pub(crate) fn has_one_handle(&self) -> bool {
        match self.meaning() {
            Meaning::Inline { strong } => strong == 1,
            Meaning::InWeakBox(weak_box) => weak_box.has_one_handle(),
            Meaning::Immortal => false,
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

    /// The number of weak handles; `usize::MAX` when immortal.
    #[inline]
    pub(crate) fn weak(&self) -> usize {
        match self.meaning() {
            Meaning::Inline { .. } => 0,
            Meaning::InWeakBox(weak_box) => weak_box.weak_handles(),
            Meaning::Immortal => usize::MAX,
        }
    }

    /// From now on, the count does not change, and the value is not dropped.
    pub(crate) fn make_immortal(&self) {
        loop {
            let word = self.load();
            match Meaning::of(word) {
                Meaning::Inline { .. } => {
                    if self.0.exchange(word, plain::<C>(IMMORTAL), Relaxed).is_ok() {
                        return;
                    }
                }
                Meaning::InWeakBox(weak_box) => return weak_box.strong.set(usize::MAX),
                Meaning::Immortal => return,
            }
        }
    }

    /// The value may be dropped later than its last handle. (An immortal one, which is not dropped at all, stays as it is.)
    pub(crate) fn make_deep(&self) {
        let mut word = self.0.load(Relaxed);
        while word.addr() & DEEP == 0 {
            // INVARIANT: the word keeps its meaning. Release, since whoever reads the address of a weak box here has to see
            // that, as with the exchange that put it there.
            match self.0.exchange(word, word.map_addr(|word| word | DEEP), Release) {
                Ok(()) => return,
                Err(other) => word = other,
            }
        }
    }

    /// Takes back what [`make_deep`](Self::make_deep) allowed, before the only handle lends the value mutably.
    #[inline]
    pub(crate) fn make_shallow(&self) {
        let word = self.0.load(Relaxed);
        if word.addr() & DEEP != 0 {
            // INVARIANT: the word keeps its meaning. No one else uses it, since there is one strong handle.
            self.0.store(word.map_addr(|word| word & !DEEP), Relaxed);
        }
    }

    /// Whether the value may be dropped later than its last handle; of a box that is not immortal.
    #[cfg(any(feature = "std", feature = "drop-context"))]
    #[inline(always)]
    pub(crate) fn is_deep(&self) -> bool {
        self.0.load(Relaxed).addr() & DEEP != 0
    }

    /// The weak box, with one more weak count, which is the caller's. If it is made now, it takes the strong count over from
    /// here; `value` is the way back to the value. An immortal box has none.
    #[inline]
    pub(crate) fn downgrade(&self, value: NonNull<u8>, allocator: &impl Allocate) -> Option<WeakBoxRef<C>> {
        match self.meaning() {
            Meaning::InWeakBox(weak_box) => Some(weak_box.retain()),
            Meaning::Inline { .. } => self.downgrade_first(value, allocator),
            Meaning::Immortal => None,
        }
    }

    #[cold]
    fn downgrade_first(&self, value: NonNull<u8>, allocator: &impl Allocate) -> Option<WeakBoxRef<C>> {
        // One weak count for the word, and one for the caller.
        let new = WeakBoxRef::new(0, 2, value, allocator);
        loop {
            let word = self.load();
            let other = match Meaning::of(word) {
                Meaning::Inline { strong } => {
                    new.strong.set(strong);
                    let deep = word.addr() & DEEP;
                    let address = new.as_ptr().as_ptr().map_addr(|address| (address >> 1) | deep);
                    // INVARIANT: the word gets a weak count, together with the address. Release: whoever reads the address by
                    // `load` sees the weak box.
                    match self.0.exchange(word, address, Release) {
                        Ok(()) => return Some(new),
                        Err(_) => continue,
                    }
                }
                Meaning::InWeakBox(weak_box) => Some(weak_box.retain()),
                Meaning::Immortal => None,
            };
            // SAFETY: it was not needed, and no one else saw it.
            unsafe { new.free(allocator) };
            return other;
        }
    }

    /// The weak callbacks that were waiting for the strong count to become zero, as it now is.
    #[inline]
    pub(crate) fn take_callbacks(&self) -> Option<CallbackList> {
        if is_inline(self.0.load(Relaxed).addr()) {
            None
        } else {
            self.weak_box().map(|weak_box| weak_box.callbacks.take())
        }
    }

    /// Hands the value over to a single new strong handle, in the same place, which the weak handles do not know of; returns
    /// their callbacks. `None` if pointers that were weak handles lead there: then nothing is done.
    ///
    /// # Safety
    ///
    /// The caller has let go of the last strong handle. The weak box is from this allocator, or a clone of it.
    #[inline]
    pub(crate) unsafe fn start_over(&self, allocator: &impl Allocate) -> Option<CallbackList> {
        let Some(weak_box) = self.weak_box() else { return Some(CallbackList::none()) };
        if !weak_box.kept.take_last() {
            return None;
        }
        let callbacks = weak_box.callbacks.take();
        // SAFETY: by the contract.
        unsafe { self.part_from(weak_box, allocator) };
        Some(callbacks)
    }

    /// Whether the memory of the box may be freed, now that its value is gone: no weak handle that was turned into a pointer
    /// leads there. If it may, the word has parted from its weak box.
    ///
    /// # Safety
    ///
    /// As for [`start_over`](Self::start_over); also, the caller gives back one count of what is kept: that of the value, or
    /// of a pointer.
    #[inline]
    pub(crate) unsafe fn may_free(&self, allocator: &impl Allocate) -> bool {
        if is_inline(self.0.load(Relaxed).addr()) {
            return true;
        }
        // SAFETY: by the contract.
        unsafe { self.may_free_slow(allocator) }
    }

    #[cold]
    unsafe fn may_free_slow(&self, allocator: &impl Allocate) -> bool {
        let Some(weak_box) = self.weak_box() else { return true };
        if weak_box.kept.decrement() == Last::No {
            return false;
        }
        // SAFETY: by the contract.
        unsafe { self.part_from(weak_box, allocator) };
        true
    }

    /// Gives the word's weak count back, and says that there is one strong handle.
    ///
    /// # Safety
    ///
    /// This is the word's weak box; it is from this allocator, or a clone of it. Nobody else uses the word.
    unsafe fn part_from(&self, weak_box: WeakBoxRef<C>, allocator: &impl Allocate) {
        // INVARIANT: an inline word, so the weak count is not the word's any more.
        self.0.store(plain::<C>(ONE | (self.0.load(Relaxed).addr() & DEEP)), Relaxed);
        // SAFETY: the word's count is given back, by the contract to its allocator.
        unsafe { weak_box.release(allocator) };
    }

    /// The weak box that the word leads to, if any.
    #[inline]
    pub(crate) fn weak_box(&self) -> Option<WeakBoxRef<C>> {
        match self.meaning() {
            Meaning::InWeakBox(weak_box) => Some(weak_box),
            Meaning::Inline { .. } | Meaning::Immortal => None,
        }
    }

    /// Keeps a pointer to a value of a box in the word of another one, whose strong count is zero; null is also kept.
    #[cfg(any(feature = "std", feature = "drop-context"))]
    pub(crate) fn set_link(&self, link: *mut u8) {
        match self.weak_box() {
            Some(weak_box) => weak_box.callbacks.set_link(link),
            // INVARIANT: the word is a link, by its two lowest bits, which no box that is dropped has.
            None => self.0.store(link.cast::<WeakBox<C>>().map_addr(|address| address | MARKS), Relaxed),
        }
    }

    /// The pointer that is kept in the word. It says one strong handle again, or leads to its weak box.
    #[cfg(any(feature = "std", feature = "drop-context"))]
    pub(crate) fn take_link(&self) -> *mut u8 {
        let word = self.0.load(Relaxed);
        if word.addr() & MARKS != MARKS {
            return self.weak_box().map_or(ptr::null_mut(), |weak_box| weak_box.callbacks.take_link());
        }
        // INVARIANT: an inline word.
        self.0.store(plain::<C>(ONE), Relaxed);
        word.map_addr(|address| address & !MARKS).cast()
    }

    #[inline]
    fn meaning(&self) -> Meaning<C> {
        Meaning::of(self.load())
    }

    #[inline]
    fn load(&self) -> *mut WeakBox<C> {
        let word = self.0.load(Relaxed);
        if word.addr() == IMMORTAL {
            // It may lie in read-only memory, for which no other orderings are defined.
            return word;
        }
        // Acquire: it pairs with every Release exchange of the word: those of dropped handles, if this is the last one; the
        // one that put the address of a weak box there.
        self.0.load(Acquire)
    }

    /// Makes the count `strong`, wherever it is held.
    #[cfg(test)]
    pub(crate) fn set_strong(&self, strong: usize) {
        match self.meaning() {
            Meaning::InWeakBox(weak_box) => weak_box.strong.set(strong),
            Meaning::Inline { .. } | Meaning::Immortal => {
                self.0.store(plain::<C>(inline(strong)), Relaxed);
            }
        }
    }
}

impl<C: Counts> Meaning<C> {
    /// What this word says, which was read by [`CountWord::load`].
    #[inline]
    fn of(word: *mut WeakBox<C>) -> Self {
        match word.addr() {
            inline if is_inline(inline) => Self::Inline { strong: (inline & !MARKS).wrapping_neg() / HANDLE },
            IMMORTAL => Self::Immortal,
            _ => {
                // SAFETY: by the word's invariant, this is the address of a weak box, which is not null.
                let weak_box = unsafe { NonNull::new_unchecked(unshifted(word)) };
                // SAFETY: by the word's invariant, the weak box is live as long as the word leads there.
                Self::InWeakBox(unsafe { WeakBoxRef::from_ptr(weak_box) })
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
