//! Room for so many values of one type, in a `static`.
//!
//! ```text
//!   places   │ value │ free ─▶ │ value │ free │ never used │ never used │ …
//!                   └─────────────────▲         ▲
//!                                            untouched
//! ```

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};

use lock_api::{Mutex, RawMutex};

use super::locked::DefaultLock;

/// Room for `N` values of type `T`, for firmware that knows how many there can be at once.
///
/// It needs no heap, and is const-constructed: all of it is in `.bss`. [`insert`](Self::insert) and dropping a [`Pooled`] take constant time,
/// of which the pool is locked for a few instructions; values are written and dropped with it unlocked. `R` is the lock, as for a
/// [`LockedHeap`](super::LockedHeap#the-lock).
///
/// ```
/// use mudlark_core_alloc::StaticPool;
///
/// struct Frame([u8; 64]);
///
/// static FRAMES: StaticPool<Frame, 2> = StaticPool::new();
///
/// let first = FRAMES.insert(Frame([1; 64])).ok();
/// let second = FRAMES.insert(Frame([2; 64])).ok();
/// assert_eq!(second.as_ref().map(|frame| frame.0[63]), Some(2));
/// assert!(FRAMES.insert(Frame([3; 64])).is_err(), "the frame comes back when there is no place");
/// drop(first);
/// assert!(FRAMES.insert(Frame([3; 64])).is_ok());
/// ```
///
/// # Invariants
///
/// Of the places before `untouched`, those that `free` leads to are free, and hold what comes next in that list. (They are told by
/// their index, as a pool may be moved while it has no values.) Each of the others has one [`Pooled`], or had one that was
/// forgotten.
pub struct StaticPool<T, const N: usize, R = DefaultLock> {
    places: [Place<T>; N],
    state: Mutex<R, State>,
}

/// A place for a value.
struct Place<T>(UnsafeCell<MaybeUninit<Content<T>>>);

/// What is in a place that was in use before.
union Content<T> {
    value: ManuallyDrop<T>,
    next: Option<usize>,
}

struct State {
    free: Option<usize>,
    untouched: usize,
}

// SAFETY: a value is reached by its `Pooled` only, which is `Send` and `Sync` as the value is; links by the lock's holder.
unsafe impl<T: Send, const N: usize, R: RawMutex + Sync> Sync for StaticPool<T, N, R> {}

impl<T, const N: usize, R: RawMutex> StaticPool<T, N, R> {
    /// A pool without values.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            places: [const { Place(UnsafeCell::new(MaybeUninit::uninit())) }; N],
            state: Mutex::new(State { free: None, untouched: 0 }),
        }
    }

    /// Puts a value into the pool.
    ///
    /// # Errors
    ///
    /// The value, when the pool is full.
    pub fn insert(&self, value: T) -> Result<Pooled<'_, T, N, R>, T> {
        let Some(index) = self.take() else { return Err(value) };
        // SAFETY: nobody else has the place, which is aligned and large enough.
        unsafe { self.place(index).write(Content { value: ManuallyDrop::new(value) }) };
        // INVARIANT: the place has a value, and this is its only `Pooled`.
        Ok(Pooled { pool: self, index })
    }

    fn place(&self, index: usize) -> *mut Content<T> {
        self.places[index].0.get().cast()
    }

    /// A place that is nobody's.
    fn take(&self) -> Option<usize> {
        let mut state = self.state.lock();
        if let Some(index) = state.free {
            // SAFETY: by the type's invariants, a free place.
            let content = unsafe { &*self.place(index) };
            // SAFETY: likewise, it holds a link.
            state.free = unsafe { content.next };
            return Some(index);
        }
        let index = state.untouched;
        if index == N {
            return None;
        }
        state.untouched += 1;
        Some(index)
    }

    /// Makes a place free.
    ///
    /// # Safety
    ///
    /// Its value is gone, and nobody else has it.
    unsafe fn give(&self, index: usize) {
        let mut state = self.state.lock();
        // SAFETY: by the contract.
        unsafe { self.place(index).write(Content { next: state.free }) };
        state.free = Some(index);
    }
}

impl<T, const N: usize, R: RawMutex> Default for StaticPool<T, N, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, R> fmt::Debug for StaticPool<T, N, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticPool").field("places", &N).finish_non_exhaustive()
    }
}

/// A value in a [`StaticPool`], whose place is free again when this is dropped.
///
/// # Invariants
///
/// The place is one of the pool, holds a value, and has no other `Pooled`.
pub struct Pooled<'pool, T, const N: usize, R: RawMutex> {
    pool: &'pool StaticPool<T, N, R>,
    index: usize,
}

// SAFETY: it owns the value; the pool may be used from any thread.
unsafe impl<T: Send, const N: usize, R: RawMutex + Sync> Send for Pooled<'_, T, N, R> {}

// SAFETY: shared, it shares the value.
unsafe impl<T: Send + Sync, const N: usize, R: RawMutex + Sync> Sync for Pooled<'_, T, N, R> {}

impl<T, const N: usize, R: RawMutex> Deref for Pooled<'_, T, N, R> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by the type's invariants.
        unsafe { &*self.pool.place(self.index).cast() }
    }
}

impl<T, const N: usize, R: RawMutex> DerefMut for Pooled<'_, T, N, R> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: by the type's invariants.
        unsafe { &mut *self.pool.place(self.index).cast() }
    }
}

impl<T, const N: usize, R: RawMutex> Drop for Pooled<'_, T, N, R> {
    /// Should the value panic, its place stays taken.
    fn drop(&mut self) {
        // SAFETY: by the type's invariants; it is not used again.
        unsafe { self.pool.place(self.index).cast::<T>().drop_in_place() };
        // SAFETY: likewise.
        unsafe { self.pool.give(self.index) };
    }
}

impl<T: fmt::Debug, const N: usize, R: RawMutex> fmt::Debug for Pooled<'_, T, N, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
