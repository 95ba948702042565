//! The weak box: what a box's handles share once there are weak ones.
//!
//! ```text
//!   Counted ────────────▶ value …
//!              count word │  ▲
//!             ┌───────────┘  └───────────┐
//!             ▼                          │
//!   Weak ──▶ strong │ weak │ kept │ callbacks │ value
//! ```
//!
//! It is made by the first downgrade and takes the strong count over from the count word. The value's memory is freed
//! with the value; the weak box stays until the last weak handle is gone, so that this handle still learns that there is
//! nothing left to upgrade to. That is why a weak handle never points into the value's memory.
//!
//! A weak handle that was turned into a pointer does: so it *keeps* the memory, though not the value, until it is turned
//! back.

use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use crate::allocate::Allocate;
use crate::callback::Callbacks;
use crate::count::Last;
use crate::counts::{Counts, NumberCell};

/// A count that becomes immortal at its largest instead of overflowing.
pub(crate) struct StickyCount<C: Counts>(C::Number);

impl<C: Counts> StickyCount<C> {
    const IMMORTAL: u32 = u32::MAX;

    fn new(count: u32) -> Self {
        Self(C::Number::new(count))
    }

    /// The count; `usize::MAX` when it is immortal.
    #[inline]
    pub(crate) fn get(&self) -> usize {
        match self.0.load(Acquire) {
            Self::IMMORTAL => usize::MAX,
            count => usize::try_from(count).unwrap_or(usize::MAX),
        }
    }

    /// A count that is too large is immortal.
    #[inline]
    pub(crate) fn set(&self, count: usize) {
        // Release: who reads the count (`get`, `increment_unless_zero`) sees what was there when it was set, such as the
        // value of a cyclic construction.
        self.0.store(u32::try_from(count).unwrap_or(Self::IMMORTAL), Release);
    }

    /// Counts one more, for someone who is counted already.
    #[inline]
    pub(crate) fn increment(&self) {
        // Relaxed: the one who is counted knows already whatever the new one may rely on.
        self.update(|count| Some(count.saturating_add(1)), Relaxed);
    }

    /// Counts one more unless the count is zero; returns whether it did.
    #[inline]
    pub(crate) fn increment_unless_zero(&self) -> bool {
        // Acquire: with the Release in `set`, who is counted sees the value.
        self.update(|count| (count != 0).then(|| count.saturating_add(1)), Acquire)
    }

    #[inline]
    pub(crate) fn decrement(&self) -> Last {
        let mut last = Last::No;
        let less = |count| {
            if count == Self::IMMORTAL {
                return None;
            }
            last = if count == 1 { Last::Yes } else { Last::No };
            Some(count - 1)
        };
        // Release: whoever counts down to zero sees all that the others did before, by the Acquire below.
        self.update(less, Release);
        if last == Last::Yes {
            self.0.load(Acquire);
        }
        last
    }

    /// Makes zero of one; returns whether it did.
    #[inline]
    pub(crate) fn take_last(&self) -> bool {
        // Acquire: it pairs with the Release of those who counted down to one.
        self.update(|count| (count == 1).then_some(0), Acquire)
    }

    /// Exchanges the count for what `next` makes of it, unless that is nothing; returns whether it did.
    #[inline(always)]
    fn update(&self, mut next: impl FnMut(u32) -> Option<u32>, order: Ordering) -> bool {
        let mut count = self.0.load(Relaxed);
        while let Some(new) = next(count) {
            match self.0.exchange(count, new, order) {
                Ok(()) => return true,
                Err(other) => count = other,
            }
        }
        false
    }
}

/// The counts of a box with weak handles, and the way back to its value.
///
/// # Invariants
///
/// - While `strong` is not zero, `value` points at the value of a live box. While `kept` is not zero, it points into the
///   memory of that box, and may reach the whole block.
/// - `weak` counts the weak handles, also those that are pointers, and the count word that leads here. It is zero while
///   [`has_one_handle`](Self::has_one_handle) looks whether there are any.
/// - `kept` counts the weak handles that are pointers, and the value while it is there or yet to come.
#[repr(align(8))]
pub(crate) struct WeakBox<C: Counts> {
    /// The number of strong handles; zero before a cyclic value is there, and as soon as the value is being dropped.
    pub(crate) strong: StickyCount<C>,
    weak: StickyCount<C>,
    pub(crate) kept: StickyCount<C>,
    pub(crate) callbacks: Callbacks<C>,
    value: NonNull<u8>,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<WeakBox<crate::Local>>() <= 4 * size_of::<u64>());
#[cfg(all(not(loom), target_pointer_width = "32"))]
const _: () = assert!(size_of::<WeakBox<crate::Local>>() == 24);

impl<C: Counts> WeakBox<C> {
    /// Where the value is; where it was, when `strong` is zero.
    #[inline]
    pub(crate) fn value(&self) -> NonNull<u8> {
        self.value
    }

    /// The number of weak handles, as long as the count word leads here.
    #[inline]
    pub(crate) fn weak_handles(&self) -> usize {
        match self.weak.get() {
            usize::MAX => usize::MAX,
            handles_and_word => handles_and_word.saturating_sub(1),
        }
    }

    /// Whether there is one strong handle, and no weak one.
    ///
    /// The weak count is zero meanwhile, which keeps the others from making weak handles: one that came and went between a
    /// look at one count and a look at the other would not be seen.
    #[inline]
    pub(crate) fn has_one_handle(&self) -> bool {
        // `take_last` acquires what those did who dropped their weak handles: an upgrade, for one.
        if !self.weak.take_last() {
            return false;
        }
        let one = self.strong.get() == 1;
        self.weak.set(1);
        one
    }

    #[cfg(test)]
    pub(crate) fn set_weak_count(&self, weak: usize) {
        self.weak.set(weak);
    }
}

/// A weak box, as one who owns one of its weak counts sees it.
///
/// # Invariants
///
/// The weak box is live, and only ever shared.
pub(crate) struct WeakBoxRef<C: Counts>(NonNull<WeakBox<C>>);

impl<C: Counts> WeakBoxRef<C> {
    const LAYOUT: Layout = Layout::new::<WeakBox<C>>();

    /// Makes a weak box for the box of `value`, with this many weak counts.
    pub(crate) fn new(strong: usize, weak: u32, value: NonNull<u8>, allocator: &impl Allocate) -> Self {
        let Some(block) = allocator.allocate_block(Self::LAYOUT) else { handle_alloc_error(Self::LAYOUT) };
        let (weak, kept) = (StickyCount::new(weak), StickyCount::new(1));
        let weak_box = WeakBox { strong: StickyCount::new(0), weak, kept, callbacks: Callbacks::none(), value };
        weak_box.strong.set(strong);
        let place = block.cast::<WeakBox<C>>();
        // SAFETY: the block was just allocated for it.
        unsafe { place.write(weak_box) };
        // INVARIANT: it was just made.
        Self(place)
    }

    #[inline]
    pub(crate) fn as_ptr(self) -> NonNull<WeakBox<C>> {
        self.0
    }

    /// The weak box at this address.
    ///
    /// # Safety
    ///
    /// There is one, and it lives as long as the result is used.
    #[inline]
    pub(crate) unsafe fn from_ptr(weak_box: NonNull<WeakBox<C>>) -> Self {
        // INVARIANT: by the contract.
        Self(weak_box)
    }

    /// Takes one weak count more.
    #[inline]
    pub(crate) fn retain(self) -> Self {
        while !self.weak.increment_unless_zero() {
            C::relax();
        }
        self
    }

    /// Gives a weak count back. The last frees the weak box.
    ///
    /// # Safety
    ///
    /// The caller owns the count. The weak box is from this allocator, or a clone of it.
    #[inline]
    pub(crate) unsafe fn release(self, allocator: &impl Allocate) {
        if self.weak.decrement() == Last::Yes {
            // SAFETY: by the contract, it owned the last count, so no one is left who could use it.
            unsafe { self.free(allocator) };
        }
    }

    /// Frees the weak box, whatever its counts say.
    ///
    /// # Safety
    ///
    /// No one else knows it. It is from this allocator, or a clone of it.
    pub(crate) unsafe fn free(self, allocator: &impl Allocate) {
        // SAFETY: by the invariant it is there, and by the contract not used again.
        unsafe { self.0.drop_in_place() };
        // SAFETY: `new` allocated it.
        unsafe { allocator.deallocate_block(self.0.cast(), Self::LAYOUT) };
    }
}

impl<C: Counts> Clone for WeakBoxRef<C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C: Counts> Copy for WeakBoxRef<C> {}

impl<C: Counts> Deref for WeakBoxRef<C> {
    type Target = WeakBox<C>;

    #[inline]
    fn deref(&self) -> &WeakBox<C> {
        // SAFETY: by the invariant.
        unsafe { self.0.as_ref() }
    }
}
