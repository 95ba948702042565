//! [`ObjectPool`]: objects that are used again, blocks and all.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;

use crate::counted::Counted;
use crate::weak::Weak;

/// Objects that are used again: the last handle to one brings it back, and it is reset and given out the next time.
///
/// At most as many as the pool's capacity are kept for that; others are dropped. So it saves making and freeing an object
/// and what it owns, such as a buffer that has grown. CPython has such free lists for tuples, floats and frames.
///
/// The pool and its objects stay on one thread: several threads have a pool each.
///
/// ```
/// use mudlark_rc::ObjectPool;
///
/// let buffers = ObjectPool::new(8, Vec::<u8>::new, Vec::clear);
/// let mut buffer = buffers.take();
/// buffer.get_mut().unwrap().extend_from_slice(b"some bytes");
/// drop(buffer);
///
/// let again = buffers.take();
/// assert!(again.is_empty() && again.capacity() >= 10);
/// assert_eq!(buffers.hit_rate(), Some(0.5));
/// ```
pub struct ObjectPool<T> {
    shelf: Counted<Shelf<T>>,
    make: fn() -> T,
}

/// What handles have to know of their pool.
struct Shelf<T> {
    free: RefCell<Vec<Counted<T>>>,
    capacity: usize,
    reset: fn(&mut T),
    hits: Cell<u64>,
    misses: Cell<u64>,
}

impl<T> ObjectPool<T> {
    /// A pool that keeps up to `capacity` objects. `make` makes new ones; `reset` makes a used one as good as new.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// let buffers = ObjectPool::new(8, Vec::<u8>::new, Vec::clear);
    /// assert_eq!(buffers.free(), 0);
    /// ```
    pub fn new(capacity: usize, make: fn() -> T, reset: fn(&mut T)) -> Self {
        let free = RefCell::default();
        Self { shelf: Counted::new(Shelf { free, capacity, reset, hits: Cell::new(0), misses: Cell::new(0) }), make }
    }

    /// A handle to an object that has no other: one that was used before, or a new one.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// let buffers = ObjectPool::new(8, || Vec::<u8>::with_capacity(100), Vec::clear);
    /// assert!(buffers.take().is_empty());
    /// ```
    pub fn take(&self) -> Pooled<T> {
        let free = self.shelf.free.borrow_mut().pop();
        let tally = if free.is_some() { &self.shelf.hits } else { &self.shelf.misses };
        tally.set(tally.get() + 1);
        let object = free.unwrap_or_else(|| Counted::new((self.make)()));
        Pooled { object: ManuallyDrop::new(object), shelf: Counted::downgrade(&self.shelf) }
    }

    /// The number of objects waiting to be used again.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// let buffers = ObjectPool::new(8, String::new, String::clear);
    /// let two = (buffers.take(), buffers.take());
    /// drop(two);
    /// assert_eq!(buffers.free(), 2);
    /// ```
    #[must_use]
    pub fn free(&self) -> usize {
        self.shelf.free.borrow().len()
    }

    /// The most objects that wait to be used again.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// assert_eq!(ObjectPool::new(8, String::new, String::clear).capacity(), 8);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shelf.capacity
    }

    /// The share of objects taken that had been used before; `None` before any was taken.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// let buffers = ObjectPool::new(8, String::new, String::clear);
    /// assert_eq!(buffers.hit_rate(), None);
    /// (0..4).for_each(|_| drop(buffers.take()));
    /// assert_eq!(buffers.hit_rate(), Some(0.75));
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    pub fn hit_rate(&self) -> Option<f64> {
        let (hits, misses) = (self.shelf.hits.get(), self.shelf.misses.get());
        (hits + misses > 0).then(|| hits as f64 / (hits + misses) as f64)
    }

    /// Drops the objects that wait to be used again.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// let buffers = ObjectPool::new(8, String::new, String::clear);
    /// drop(buffers.take());
    /// buffers.clear();
    /// assert_eq!(buffers.free(), 0);
    /// ```
    pub fn clear(&self) {
        drop(self.shelf.free.take());
    }
}

impl<T> fmt::Debug for ObjectPool<T> {
    /// Writes how many objects wait, of how many that may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectPool({}/{})", self.free(), self.capacity())
    }
}

/// A handle to an object of an [`ObjectPool`]. The last one brings it back.
///
/// ```
/// use mudlark_rc::ObjectPool;
///
/// let buffers = ObjectPool::new(8, || String::from("new"), String::clear);
/// let buffer = buffers.take();
/// assert_eq!(buffer.len(), 3);
/// ```
pub struct Pooled<T> {
    /// Taken out in `drop`, and nowhere else.
    object: ManuallyDrop<Counted<T>>,
    shelf: Weak<Shelf<T>>,
}

impl<T> Pooled<T> {
    /// Lends the object mutably if this is the only handle to it.
    ///
    /// ```
    /// use mudlark_rc::ObjectPool;
    ///
    /// let buffers = ObjectPool::new(8, String::new, String::clear);
    /// let mut buffer = buffers.take();
    /// buffer.get_mut().unwrap().push_str("text");
    /// let other = buffer.clone();
    /// assert!(buffer.get_mut().is_none());
    /// assert_eq!(*other, "text");
    /// ```
    #[must_use]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        Counted::get_mut(&mut self.object)
    }
}

impl<T> Deref for Pooled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T> Clone for Pooled<T> {
    /// Another handle to the same object.
    fn clone(&self) -> Self {
        Self { object: self.object.clone(), shelf: self.shelf.clone() }
    }
}

impl<T> Drop for Pooled<T> {
    /// Resets the object and brings it back to the pool, if this was the last handle, and the pool is there and has room. (If
    /// resetting panics, the object is dropped.)
    fn drop(&mut self) {
        // SAFETY: it is not used again.
        let mut object = unsafe { ManuallyDrop::take(&mut self.object) };
        let Some(shelf) = self.shelf.upgrade() else { return };
        let Some(used) = Counted::get_mut(&mut object) else { return };
        if shelf.free.borrow().len() == shelf.capacity {
            return;
        }
        (shelf.reset)(used);
        let mut free = shelf.free.borrow_mut();
        // Resetting may have brought others back.
        if free.len() < shelf.capacity {
            free.push(object);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
