//! What a handle can do when it is the only one: move the value out, or change it.

use core::mem;

use crate::allocate::Allocate;
use crate::clone_to_counted::CloneToCounted;
use crate::convert::from_bytes_of;
use crate::count::{CountWord, Last};
use crate::counted::Handle;
use crate::counts::Counts;

impl<T, C: Counts, A: Allocate> Handle<T, C, A> {
    /// Moves the value out if this is the only strong handle. Weak handles see the value as gone.
    ///
    /// # Errors
    ///
    /// Gives the handle back when there are others.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let one = Counted::new(3);
    /// let two = one.clone();
    /// let one = Counted::try_unwrap(one).unwrap_err();
    /// drop(two);
    /// assert_eq!(Counted::try_unwrap(one), Ok(3));
    /// ```
    #[inline]
    pub fn try_unwrap(this: Self) -> Result<T, Self> {
        if !Self::inner(&this).count().take_last() {
            return Err(this);
        }
        let (inner, allocator) = Self::into_parts(this);
        // SAFETY: the strong count was one, which was this handle, and is let go.
        Ok(unsafe { inner.take(&allocator) })
    }

    /// Drops the handle; moves the value out if it was the only strong one.
    ///
    /// If all handles to a value go this way, on whatever threads, exactly one gets the value.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let one = Counted::new(3);
    /// let two = one.clone();
    /// assert_eq!(Counted::into_inner(one), None);
    /// assert_eq!(Counted::into_inner(two), Some(3));
    /// ```
    #[inline]
    #[must_use = "call `drop` to let go of the handle and the value"]
    pub fn into_inner(this: Self) -> Option<T> {
        let (inner, allocator) = Self::into_parts(this);
        if inner.count().decrement() == Last::No {
            return None;
        }
        // SAFETY: the last strong handle, which was this one, is let go.
        Some(unsafe { inner.take(&allocator) })
    }

    /// The value itself if this is the only strong handle, else a clone of it.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let name = Counted::new(String::from("Ann"));
    /// let _other = name.clone();
    /// assert_eq!(Counted::unwrap_or_clone(name), "Ann");
    /// ```
    #[inline]
    pub fn unwrap_or_clone(this: Self) -> T
    where
        T: Clone,
    {
        Self::try_unwrap(this).unwrap_or_else(|shared| T::clone(&shared))
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Handle<T, C, A> {
    /// Lends the value mutably if this is the only handle to it, strong or weak.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut alone = Counted::new(3);
    /// *Counted::get_mut(&mut alone).unwrap() = 4;
    /// let _other = alone.clone();
    /// assert!(Counted::get_mut(&mut alone).is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if !Self::inner(this).count().has_one_handle() {
            return None;
        }
        Self::inner(this).count().make_shallow();
        // SAFETY: there is no other handle, and none can be made while `this` is borrowed.
        Some(unsafe { Self::inner_mut(this).value_mut() })
    }

    /// Lends the value mutably, after cloning it into a box of its own if it has other strong handles.
    ///
    /// If there are no other strong handles but weak ones, these see the value as gone; it stays where it is.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut ours: Counted<[u8]> = Counted::from([1, 2]);
    /// let theirs = ours.clone();
    /// Counted::make_mut(&mut ours)[0] = 9;
    /// assert_eq!((&*ours, &*theirs), (&[9, 2][..], &[1, 2][..]));
    /// ```
    pub fn make_mut(this: &mut Self) -> &mut T
    where
        T: CloneToCounted,
        A: Clone,
    {
        if !Self::inner(this).count().take_last() {
            *this = T::clone_to_counted(this, Self::allocator(this).clone());
        } else {
            Self::start_over(this);
        }
        Self::inner(this).count().make_shallow();
        // SAFETY: `this` is the only strong handle (a clone's box is new, by the contract of `CloneToCounted`), it is borrowed,
        // and no weak handle can upgrade to another.
        unsafe { Self::inner_mut(this).value_mut() }
    }

    /// Makes this handle, whose strong count was let go, a new one to the same value, which weak handles do not know of.
    fn start_over(this: &mut Self)
    where
        A: Clone,
    {
        // SAFETY: the strong count was let go, as the caller says; it was the last.
        let in_place = unsafe { Self::inner(this).count().start_over(Self::allocator(this)) };
        let Some(callbacks) = in_place else { return Self::move_away(this) };
        drop(callbacks);
    }

    /// As [`start_over`](Self::start_over), in another place, since pointers that were weak handles keep this one.
    fn move_away(this: &mut Self)
    where
        A: Clone,
    {
        let panicked = StayAlive(Self::inner(this).count());
        // SAFETY: the value is this handle's alone, and the memory that it is moved out of is vacated below.
        let moved = unsafe { from_bytes_of(Self::inner(this).as_ptr(), Self::allocator(this).clone()) };
        mem::forget(panicked);
        let (old, allocator) = Self::into_parts(mem::replace(this, moved));
        // SAFETY: the value was moved out, and its last strong handle is no more.
        let _memory = unsafe { old.vacate(&allocator) };
        drop(old.count().take_callbacks());
    }
}

/// Takes the last strong handle's letting go back, when this is dropped.
struct StayAlive<'a, C: Counts>(&'a CountWord<C>);

impl<C: Counts> Drop for StayAlive<'_, C> {
    fn drop(&mut self) {
        if let Some(weak_box) = self.0.weak_box() {
            weak_box.strong.set(1);
        }
    }
}
