//! Memory for what is recorded: mapped from the operating system, and so never the profiled allocator's.

use core::alloc::Layout;
use core::mem;
use core::ptr::NonNull;
use core::slice;

#[cfg(all(unix, not(miri)))]
mod mapped {
    use core::ptr;

    use super::*;

    /// Zeroed memory. The layout's size is not zero, its alignment is at most an OS page's.
    pub(super) fn acquire(layout: Layout) -> Option<NonNull<u8>> {
        const READ_WRITE: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;
        const PRIVATE: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANON;
        // SAFETY: it asks for new memory only.
        let start = unsafe { libc::mmap(ptr::null_mut(), layout.size(), READ_WRITE, PRIVATE, -1, 0) };
        NonNull::new(start.cast()).filter(|_| start != libc::MAP_FAILED)
    }

    /// Gives it back.
    ///
    /// # Safety
    ///
    /// It was acquired for this layout, and nobody uses it any more.
    pub(super) unsafe fn release(start: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller's promise.
        unsafe { libc::munmap(start.as_ptr().cast(), layout.size()) };
    }
}

/// Where there is no such call, the system's allocator will do: nobody records that one.
#[cfg(not(all(unix, not(miri))))]
mod mapped {
    use core::alloc::GlobalAlloc;
    use std::alloc::System;

    use super::*;

    /// Zeroed memory. The layout's size is not zero.
    pub(super) fn acquire(layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: the size is not zero, as the caller has it.
        NonNull::new(unsafe { System.alloc_zeroed(layout) })
    }

    /// Gives it back.
    ///
    /// # Safety
    ///
    /// It was acquired for this layout, and nobody uses it any more.
    pub(super) unsafe fn release(start: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller's promise.
        unsafe { System.dealloc(start.as_ptr(), layout) };
    }
}

/// Values of which all zero bytes are one.
///
/// # Safety
///
/// That is so.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: numbers.
unsafe impl Plain for u8 {}
// SAFETY: numbers.
unsafe impl Plain for u32 {}
// SAFETY: numbers.
unsafe impl Plain for u64 {}
// SAFETY: numbers.
unsafe impl Plain for usize {}

/// An array that grows, in memory of its own.
///
/// # Invariants
///
/// `start` is memory that was acquired for `capacity` values, or dangles if that is zero. The first `len` of them, no more
/// than `capacity`, are values; all others are values, too: zeroes, or older ones.
pub(crate) struct Array<T> {
    start: NonNull<T>,
    len: usize,
    capacity: usize,
}

// SAFETY: the memory is the array's own.
unsafe impl<T: Send> Send for Array<T> {}

/// There is no more memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoMemory;

impl<T: Plain> Array<T> {
    /// Takes no memory.
    pub(crate) const fn new() -> Self {
        // INVARIANT: there is room for none.
        Self { start: NonNull::dangling(), len: 0, capacity: 0 }
    }

    /// So many zeroes.
    pub(crate) fn zeroed(len: usize) -> Result<Self, NoMemory> {
        let mut array = Self::new();
        array.reserve(len)?;
        // INVARIANT: there is room, and it is fresh.
        array.len = len;
        Ok(array)
    }

    /// Adds a value at the end. Takes constant time, in the mean.
    pub(crate) fn push(&mut self, value: T) -> Result<(), NoMemory> {
        self.extend(&[value])
    }

    /// Adds values at the end.
    pub(crate) fn extend(&mut self, values: &[T]) -> Result<(), NoMemory> {
        self.reserve(values.len())?;
        let len = self.len;
        // INVARIANT: there is room, of what was values before.
        self.len += values.len();
        self[len..].copy_from_slice(values);
        Ok(())
    }

    /// Forgets all values, and keeps the memory.
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Makes room for so many more.
    fn reserve(&mut self, more: usize) -> Result<(), NoMemory> {
        /// What is worth a mapping, in bytes.
        const LEAST: usize = 64 * 1024;
        let wanted = self.len.checked_add(more).ok_or(NoMemory)?;
        if wanted <= self.capacity {
            return Ok(());
        }
        let capacity = wanted.max(self.capacity.saturating_mul(2)).max(LEAST / size_of::<T>());
        let start = mapped::acquire(Self::layout(capacity)?).ok_or(NoMemory)?.cast::<T>();
        // INVARIANT: just acquired, and zero.
        let larger = Self { start, len: self.len, capacity };
        let smaller = mem::replace(self, larger);
        self.copy_from_slice(&smaller);
        Ok(())
    }

    fn layout(capacity: usize) -> Result<Layout, NoMemory> {
        Layout::array::<T>(capacity).map_err(|_| NoMemory)
    }
}

impl<T> core::ops::Deref for Array<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: by the type's invariant.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> core::ops::DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: by the type's invariant.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T> Drop for Array<T> {
    fn drop(&mut self) {
        if self.capacity > 0
            && let Ok(layout) = Layout::array::<T>(self.capacity)
        {
            // SAFETY: by the type's invariant; values of such a type have nothing to be dropped.
            unsafe { mapped::release(self.start.cast(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_stays_when_the_array_grows() {
        let mut array = Array::new();
        let count = if cfg!(miri) { 9_000 } else { 100_000 };
        (0..count).for_each(|n: usize| array.push(n).expect("there is memory"));
        assert!(array.iter().copied().eq(0..count));
    }

    #[test]
    fn zeroes_are_zero() {
        let array = Array::<u64>::zeroed(1000).expect("there is memory");
        assert_eq!(array.len(), 1000);
        assert!(array.iter().all(|&value| value == 0));
    }

    #[test]
    fn more_than_there_can_be_is_refused() {
        assert!(Array::<u64>::zeroed(usize::MAX).is_err());
        let mut array = Array::<u64>::zeroed(1).expect("there is memory");
        assert!(array.reserve(usize::MAX).is_err());
        assert_eq!(*array, [0]);
    }
}
