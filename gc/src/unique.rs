//! What the only handle to an object may do: change the value, or take it out.

use core::fmt;
use core::mem::{self, ManuallyDrop};
use core::ops::{Deref, DerefMut};
use core::ptr;

use crate::count_word::Flags;
use crate::gc::Gc;
use crate::object::{NO_SLOT, Object, ObjectRef};
use crate::release;
use crate::state::StateRef;
use crate::trace::Trace;
use crate::type_info::Traits;

/// Exclusive access to the value of an object: [`Gc::get_mut`].
///
/// Meanwhile no collection looks at the object, so that nobody else sees the value: what it leads to counts as held from
/// outside.
///
/// # Invariants
///
/// `handle` is the only handle to its object, of any kind, and the object is in no generation.
pub struct GcMut<'a, T: ?Sized> {
    handle: &'a mut Gc<T>,
}

impl<'a, T: ?Sized> GcMut<'a, T> {
    fn new(handle: &'a mut Gc<T>) -> Option<Self> {
        let object = handle.object();
        if !is_unique(object) || object.word().has(Flags::WEAK) {
            return None;
        }
        StateRef::of(object).generations.remove(object);
        // INVARIANT: as just seen to.
        Some(Self { handle })
    }
}

/// Whether there is one handle to the object, and nobody is at work on it.
fn is_unique(object: ObjectRef) -> bool {
    object.word().count() == 1 && !object.is_condemned() && !object.word().has(Flags::TENTATIVE | Flags::PRINTING)
}

impl<T: ?Sized> Deref for GcMut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.handle
    }
}

impl<T: ?Sized> DerefMut for GcMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: by the type's invariant nothing else leads to the value.
        unsafe { &mut (*self.handle.pointer().as_ptr()).value }
    }
}

impl<T: ?Sized> Drop for GcMut<'_, T> {
    fn drop(&mut self) {
        let object = self.handle.object();
        let state = StateRef::of(object);
        if object.traits().contains(Traits::TRACKED)
            && object.slot().get() == NO_SLOT
            && let Some(segment) = state.generations.reserve()
        {
            // What it leads to now may have been led elsewhere before.
            object.word().insert(Flags::CANDIDATE);
            segment.push(object);
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for GcMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Gc<T> {
    /// Exclusive access to the value, if this is the only handle to it and no weak one exists.
    ///
    /// The object is young again afterwards; if there is no memory for its entry, it is no longer part of any generation,
    /// and only its count frees it.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// let mut one = Gc::new_in(vec![1], &collector);
    /// Gc::get_mut(&mut one).unwrap().push(2);
    /// assert_eq!(*one, [1, 2]);
    /// let other = one.clone();
    /// assert!(Gc::get_mut(&mut one).is_none());
    /// # drop(other);
    /// ```
    pub fn get_mut(this: &mut Self) -> Option<GcMut<'_, T>> {
        GcMut::new(this)
    }
}

impl<T: Trace + Clone + 'static> Gc<T> {
    /// Exclusive access to the value; if there are other handles to it, weak ones included, this one is first made to lead
    /// to a new object of the same collector, with a clone of the value.
    ///
    /// # Panics
    ///
    /// As [`new_in`](Gc::new_in) does.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// let mut one = Gc::new_in(1, &collector);
    /// let other = one.clone();
    /// *Gc::make_mut(&mut one) += 1;
    /// assert_eq!((*one, *other), (2, 1));
    /// ```
    pub fn make_mut(this: &mut Self) -> GcMut<'_, T> {
        let object = this.object();
        if !is_unique(object) || object.word().has(Flags::WEAK) {
            let collector = Self::collector(this);
            *this = Self::new_in(T::clone(this), &collector);
        }
        let Some(exclusive) = Self::get_mut(this) else {
            unreachable!("a new object has one handle");
        };
        exclusive
    }
}

impl<T: Trace + 'static> Gc<T> {
    /// The value, if this is the only handle to it. Its finalizer does not run; weak handles to it die, and their callbacks
    /// are called.
    ///
    /// # Errors
    ///
    /// The handle itself, when there are others.
    ///
    /// # Panics
    ///
    /// When a callback does; the value is dropped then.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// let one = Gc::new_in("treasure".to_string(), &collector);
    /// assert_eq!(Gc::try_unwrap(one).unwrap(), "treasure");
    /// assert_eq!(collector.stats().objects, 0);
    /// ```
    pub fn try_unwrap(this: Self) -> Result<T, Self> {
        let object = this.object();
        if !is_unique(object) {
            return Err(this);
        }
        let this = ManuallyDrop::new(this);
        let state = StateRef::of(object);
        state.generations.remove(object);
        release::kill_weak_handles(&state, object);
        // SAFETY: the object is alive.
        let value = unsafe { &raw const (*this.pointer().as_ptr()).value };
        // SAFETY: neither a handle nor an entry leads to the object any more, so the value is ours.
        let value = unsafe { ptr::read(value) };
        if object.traits().contains(Traits::TRACKED) {
            state.thresholds.count_deallocations(1);
        }
        // SAFETY: the value was moved out.
        unsafe { object.free() };
        state.work.resume_panic();
        Ok(value)
    }

    /// A pointer to the value that stands for the handle, until it is [made one again](Gc::from_raw).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// let pointer = Gc::into_raw(Gc::new_in(5, &collector));
    /// // SAFETY: the pointer has just been had from `into_raw`.
    /// let handle = unsafe { Gc::from_raw(pointer) };
    /// assert_eq!(*handle, 5);
    /// ```
    #[must_use = "a pointer that is not made a handle again keeps its object for ever"]
    pub fn into_raw(this: Self) -> *const T {
        let pointer = Self::as_ptr(&this);
        mem::forget(this);
        pointer
    }

    /// The handle that a pointer stands for.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_raw`](Gc::into_raw) of the same type, in this thread, and is made a handle only once.
    #[must_use]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        // SAFETY: the value lies so far behind the beginning of its object.
        let object = unsafe { pointer.byte_sub(mem::offset_of!(Object<T>, value)) };
        // SAFETY: an object is not at null.
        let object = unsafe { ptr::NonNull::new_unchecked(object.cast_mut().cast()) };
        // SAFETY: the count is that of the handle which was made a pointer.
        unsafe { Self::from_counted(object) }
    }
}
