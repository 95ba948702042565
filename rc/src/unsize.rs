//! From a handle to a concrete value to one to an unsized view of it, and back.
//!
//! The compiler unsizes the standard library's handles by itself, because of a trait that others cannot implement yet
//! (`CoerceUnsized`). It also unsizes plain pointers, and a handle can be turned into one and back: this is what
//! [`unsize!`](crate::unsize) does.

use core::any::Any;
use core::marker::PhantomData;

use crate::counted::Counted;
use crate::weak::Weak;

/// Turns a handle to a concrete value into one to an unsized view of it: `unsize!(handle => dyn Trait)`.
///
/// The handle may be a [`Counted`](crate::Counted) or a [`Weak`](crate::Weak). The type after the arrow is what the value
/// can be coerced to: a trait of it as `dyn Trait`, a slice of its array, or a supertrait of its trait. Nothing is
/// allocated, copied or counted.
///
/// ```
/// use std::fmt::Display;
/// use mudlark_rc::{Counted, Weak, unsize};
///
/// let shown = [unsize!(Counted::new(5) => dyn Display), unsize!(Counted::new("five") => dyn Display)];
/// assert_eq!(format!("{}, {}", shown[0], shown[1]), "5, five");
///
/// let array = Counted::new([1, 2, 3]);
/// let slice: Weak<[u8]> = unsize!(Counted::downgrade(&array) => [u8]);
/// assert_eq!(slice.upgrade().map(|slice| slice.len()), Some(3));
/// ```
///
/// What is no coercion does not compile:
///
/// ```compile_fail,E0308
/// let handle = mudlark_rc::unsize!(mudlark_rc::Counted::new(5_u64) => [u8]);
/// ```
#[macro_export]
macro_rules! unsize {
    ($handle:expr => $type:ty) => {{
        let (pointer, kind) = $crate::unsizing::into_pointer($handle);
        let pointer: *const $type = pointer;
        // SAFETY: the pointer was a handle of this kind, and only what the compiler coerces by itself was done to it.
        unsafe { $crate::unsizing::from_pointer(pointer, kind) }
    }};
}

/// The two halves of [`unsize!`](crate::unsize), which has to be able to call them from other crates.
pub mod unsizing {
    use super::{Handle, PhantomData};

    /// The handle as a pointer, and which kind of handle it was.
    pub fn into_pointer<H: Handle>(handle: H) -> (*const H::Value, PhantomData<H>) {
        (handle.into_pointer(), PhantomData)
    }

    /// A handle of this kind again, to what the pointer has become.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_pointer`], together with `kind`, and has been coerced since, or not. It is used once.
    pub unsafe fn from_pointer<H: Handle, U: ?Sized>(pointer: *const U, _kind: PhantomData<H>) -> H::To<U> {
        // SAFETY: by the contract.
        unsafe { H::from_pointer(pointer) }
    }
}

/// A kind of handle that can be taken apart and put together as a pointer with other metadata.
pub trait Handle: Sized {
    /// The value it is for.
    type Value: ?Sized;
    /// The same kind of handle, for another value.
    type To<U: ?Sized>;

    /// The handle as a pointer: only to be coerced, not to be used.
    fn into_pointer(self) -> *const Self::Value;

    /// The handle that was this pointer.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_pointer`](Self::into_pointer) of this kind of handle, and has been coerced since, or
    /// not. It is used once.
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U) -> Self::To<U>;
}

impl<T: ?Sized> Handle for Counted<T> {
    type Value = T;
    type To<U: ?Sized> = Counted<U>;

    #[inline]
    fn into_pointer(self) -> *const T {
        Self::into_raw(self)
    }

    #[inline]
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U) -> Counted<U> {
        // SAFETY: by the contract; a coercion changes neither the size nor the alignment of the value.
        unsafe { Counted::from_raw(pointer) }
    }
}

impl<T: ?Sized> Handle for Weak<T> {
    type Value = T;
    type To<U: ?Sized> = Weak<U>;

    #[inline]
    fn into_pointer(self) -> *const T {
        Self::into_weak_box_pointer(self)
    }

    #[inline]
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U) -> Weak<U> {
        // SAFETY: by the contract; a coercion does not look at what the pointer points at.
        unsafe { Weak::from_weak_box_pointer(pointer) }
    }
}

impl Counted<dyn Any> {
    /// The handle to the concrete value, if it is a `T`.
    ///
    /// # Errors
    ///
    /// Gives the handle back when the value is of another type.
    ///
    /// ```
    /// use core::any::Any;
    /// use mudlark_rc::{Counted, unsize};
    ///
    /// let any = unsize!(Counted::new(5_i32) => dyn Any);
    /// let any = any.downcast::<u8>().unwrap_err();
    /// assert_eq!(*any.downcast::<i32>().unwrap(), 5);
    /// ```
    #[inline]
    pub fn downcast<T: Any>(self) -> Result<Counted<T>, Self> {
        if !(*self).is::<T>() {
            return Err(self);
        }
        let pointer = Self::into_raw(self).cast::<T>();
        // SAFETY: the value is a `T`, and the pointer was a handle to it.
        Ok(unsafe { Counted::from_raw(pointer) })
    }
}
