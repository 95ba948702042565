//! The weak box: what a box's handles share once there are weak ones.
//!
//! ```text
//!   Counted ────────────▶ value …
//!              count word │  ▲
//!             ┌───────────┘  └─────────────┐
//!             ▼                            │
//!   Weak ──▶ strong count │ weak count │ value
//! ```
//!
//! It is made by the first downgrade and takes the strong count over from the count word. The value's memory is freed
//! with the value; the weak box stays until the last weak handle is gone, so that this handle still learns that there is
//! nothing left to upgrade to. That is why a weak handle never points into the value's memory.

use alloc::boxed::Box;
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::count::Last;

/// A plain count that becomes immortal at `usize::MAX` instead of overflowing.
pub(crate) struct StickyCount(Cell<usize>);

impl StickyCount {
    const IMMORTAL: usize = usize::MAX;

    #[inline]
    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }

    #[inline]
    pub(crate) fn set(&self, count: usize) {
        self.0.set(count);
    }

    #[inline]
    pub(crate) fn increment(&self) {
        self.set(self.get().saturating_add(1));
    }

    #[inline]
    pub(crate) fn decrement(&self) -> Last {
        if self.get() == Self::IMMORTAL {
            return Last::No;
        }
        let less = self.get() - 1;
        self.set(less);
        if less == 0 { Last::Yes } else { Last::No }
    }
}

/// The counts of a box with weak handles, and the way back to its value.
///
/// # Invariants
///
/// - While `strong` is not zero, `value` points at the value of a live box, and may reach the whole block.
/// - `weak` counts the weak handles, and the count word that leads here.
#[repr(align(4))]
pub(crate) struct WeakBox {
    /// The number of strong handles; zero before a cyclic value is there, and as soon as the value is being dropped.
    pub(crate) strong: StickyCount,
    pub(crate) weak: StickyCount,
    value: NonNull<u8>,
}

impl WeakBox {
    /// Where the value is; where it was, when `strong` is zero.
    #[inline]
    pub(crate) fn value(&self) -> NonNull<u8> {
        self.value
    }

    /// The number of weak handles, as long as the count word leads here.
    #[inline]
    pub(crate) fn weak_handles(&self) -> usize {
        match self.weak.get() {
            StickyCount::IMMORTAL => usize::MAX,
            handles_and_word => handles_and_word - 1,
        }
    }
}

/// One of the weak counts of a weak box. Cloning takes another one, dropping the last frees the weak box.
///
/// # Invariants
///
/// The weak box is live, only ever shared, and this owns one of its weak counts.
pub(crate) struct WeakCount(NonNull<WeakBox>);

impl WeakCount {
    /// Makes a weak box for the box of `value`.
    pub(crate) fn new(strong: usize, value: NonNull<u8>) -> Self {
        let (strong, weak) = (StickyCount(Cell::new(strong)), StickyCount(Cell::new(1)));
        let weak_box = Box::new(WeakBox { strong, weak, value });
        // INVARIANT: the box was just made, with a count of one.
        Self(NonNull::from(Box::leak(weak_box)))
    }

    /// The pointer to the weak box; the count goes with it.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<WeakBox> {
        ManuallyDrop::new(self).0
    }

    /// The count that went with the pointer.
    ///
    /// # Safety
    ///
    /// `weak_box` came from [`into_raw`](Self::into_raw), and the count is handed over.
    #[inline]
    pub(crate) unsafe fn from_raw(weak_box: NonNull<WeakBox>) -> Self {
        // INVARIANT: by the contract.
        Self(weak_box)
    }
}

impl Deref for WeakCount {
    type Target = WeakBox;

    #[inline]
    fn deref(&self) -> &WeakBox {
        // SAFETY: by the invariant.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for WeakCount {
    #[inline]
    fn clone(&self) -> Self {
        self.weak.increment();
        // INVARIANT: the count was just taken.
        Self(self.0)
    }
}

impl Drop for WeakCount {
    #[inline]
    fn drop(&mut self) {
        if self.weak.decrement() == Last::Yes {
            // SAFETY: `new` took it out of a `Box`, and by the invariant no one is left who could use it.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
