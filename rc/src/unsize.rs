//! From a handle to a concrete value to one to an unsized view of it, and back.
//!
//! The compiler unsizes the standard library's handles by itself, because of a trait that others cannot implement yet
//! (`CoerceUnsized`). It also unsizes plain pointers, and a handle can be turned into one and back: this is what
//! [`unsize!`](crate::unsize) does.

use core::any::Any;
use core::pin::Pin;
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::counted::Handle;
use crate::counts::Counts;
use crate::weak::WeakHandle;

/// Turns a handle to a concrete value into one to an unsized view of it: `unsize!(handle => dyn Trait)`.
///
/// The handle may be a [`Counted`](crate::Counted) or a [`Weak`](crate::Weak), or a pinned `Counted`, as one to a future is. The
/// type after the arrow is what the value
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
/// A pinned handle stays pinned:
///
/// ```
/// use core::pin::Pin;
/// use mudlark_rc::{Counted, unsize};
///
/// let future = Counted::pin(async { 5 });
/// let future: Pin<Counted<dyn Future<Output = i32>>> = unsize!(future => dyn Future<Output = i32>);
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
        let (pointer, rest) = $crate::unsizing::into_pointer($handle);
        let pointer: *const $type = pointer;
        // SAFETY: the pointer was this handle, and only what the compiler coerces by itself was done to it.
        unsafe { $crate::unsizing::from_pointer(pointer, rest) }
    }};
}

/// The two halves of [`unsize!`](crate::unsize), which has to be able to call them from other crates.
pub mod unsizing {
    use super::CoerceHandle;

    /// What a handle is besides its pointer: the kind of handle, and its allocator.
    #[derive(Debug)]
    pub struct Rest<H: CoerceHandle>(H::Allocator);

    /// The handle as a pointer, and the rest of it.
    ///
    /// ```
    /// use core::fmt::Display;
    /// use mudlark_rc::{Counted, unsizing};
    ///
    /// let (pointer, rest) = unsizing::into_pointer(Counted::new(5));
    /// let pointer: *const dyn Display = pointer;
    /// // SAFETY: the pointer was the handle, and was only coerced.
    /// let five: Counted<dyn Display> = unsafe { unsizing::from_pointer(pointer, rest) };
    /// assert_eq!(five.to_string(), "5");
    /// ```
    pub fn into_pointer<H: CoerceHandle>(handle: H) -> (*const H::Value, Rest<H>) {
        let (pointer, allocator) = handle.into_pointer();
        (pointer, Rest(allocator))
    }

    /// A handle of the same kind again, to what the pointer has become.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_pointer`], together with `rest`, and has been coerced since, or not.
    pub unsafe fn from_pointer<H: CoerceHandle, U: ?Sized>(pointer: *const U, rest: Rest<H>) -> H::To<U> {
        // SAFETY: by the contract.
        unsafe { H::from_pointer(pointer, rest.0) }
    }
}

/// A kind of handle that can be taken apart and put together as a pointer with other metadata.
pub trait CoerceHandle: Sized {
    /// The value it is for.
    type Value: ?Sized;
    /// Its allocator.
    type Allocator;
    /// The same kind of handle, for another value.
    type To<U: ?Sized>;

    /// The handle as a pointer: only to be coerced, not to be used.
    fn into_pointer(self) -> (*const Self::Value, Self::Allocator);

    /// The handle that was this pointer.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_pointer`](Self::into_pointer) of this kind of handle, with the allocator, and has been
    /// coerced since, or not. It is used once.
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U, allocator: Self::Allocator) -> Self::To<U>;
}

impl<T: ?Sized, C: Counts, A: Allocate> CoerceHandle for Handle<T, C, A> {
    type Value = T;
    type Allocator = A;
    type To<U: ?Sized> = Handle<U, C, A>;

    #[inline]
    fn into_pointer(self) -> (*const T, A) {
        Self::into_raw_with_allocator(self)
    }

    #[inline]
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U, allocator: A) -> Handle<U, C, A> {
        // SAFETY: by the contract; a coercion changes neither the size nor the alignment of the value.
        unsafe { Handle::from_raw_in(pointer, allocator) }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> CoerceHandle for WeakHandle<T, C, A> {
    type Value = T;
    type Allocator = A;
    type To<U: ?Sized> = WeakHandle<U, C, A>;

    #[inline]
    fn into_pointer(self) -> (*const T, A) {
        let (pointer, allocator) = self.into_own_pointer();
        (pointer.as_ptr(), allocator)
    }

    #[inline]
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U, allocator: A) -> WeakHandle<U, C, A> {
        // SAFETY: by the contract, it was a handle, whose own pointer is not null.
        let pointer = unsafe { NonNull::new_unchecked(pointer.cast_mut()) };
        // SAFETY: by the contract; a coercion does not look at what the pointer points at.
        unsafe { WeakHandle::from_own_pointer(pointer, allocator) }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> CoerceHandle for Pin<Handle<T, C, A>> {
    type Value = T;
    type Allocator = A;
    type To<U: ?Sized> = Pin<Handle<U, C, A>>;

    #[inline]
    fn into_pointer(self) -> (*const T, A) {
        // SAFETY: the value is not moved: the pointer is only coerced, and becomes a pinned handle again.
        let handle = unsafe { Pin::into_inner_unchecked(self) };
        handle.into_pointer()
    }

    #[inline]
    unsafe fn from_pointer<U: ?Sized>(pointer: *const U, allocator: A) -> Pin<Handle<U, C, A>> {
        // SAFETY: by the contract; a coercion changes neither the size nor the alignment of the value.
        let handle = unsafe { Handle::from_raw_in(pointer, allocator) };
        // SAFETY: the value was pinned before, and a handle derefs to the same place whatever it is a handle to.
        unsafe { Pin::new_unchecked(handle) }
    }
}

/// How a handle to a value of any type becomes one to a value of its own type again.
macro_rules! downcast {
    ($any:ty) => {
        impl<C: Counts, A: Allocate> Handle<$any, C, A> {
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
            #[doc = concat!("let any = unsize!(Counted::new(5_i32) => ", stringify!($any), ");")]
            /// let any = any.downcast::<u8>().unwrap_err();
            /// assert_eq!(*any.downcast::<i32>().unwrap(), 5);
            /// ```
            #[inline]
            pub fn downcast<T: Any>(self) -> Result<Handle<T, C, A>, Self> {
                if !(*self).is::<T>() {
                    return Err(self);
                }
                let (pointer, allocator) = Self::into_raw_with_allocator(self);
                // SAFETY: the value is a `T`, and the pointer was a handle to it.
                Ok(unsafe { Handle::from_raw_in(pointer.cast::<T>(), allocator) })
            }
        }
    };
}

downcast!(dyn Any);
downcast!(dyn Any + Send + Sync);
