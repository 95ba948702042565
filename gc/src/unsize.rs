//! Handles to trait objects and slices.

use core::mem;
use core::ptr::NonNull;

use crate::gc::Gc;
use crate::object::Object;

/// Makes a handle to a value one to a trait object or slice: `unsize!(handle => dyn Shape)`.
///
/// What [`Rc`](alloc::rc::Rc) does by itself needs unstable features of the language in other crates.
///
/// ```
/// use mudlark_gc::{Collector, Gc, unsize};
///
/// let collector = Collector::new();
/// let text: Gc<dyn core::fmt::Display> = unsize!(Gc::new_in(5, &collector) => dyn core::fmt::Display);
/// let bytes: Gc<[u8]> = unsize!(Gc::new_in([1, 2, 3], &collector) => [u8]);
/// assert_eq!((text.to_string().as_str(), bytes.len()), ("5", 3));
/// ```
///
/// ```compile_fail,E0308
/// use mudlark_gc::{Collector, Gc, unsize};
///
/// let number = Gc::new_in(5_u32, &Collector::new());
/// let other: Gc<u64> = unsize!(number => u64);
/// ```
///
/// The value's own type stays what it is, down to lifetimes:
///
/// ```compile_fail,E0597
/// use mudlark_gc::{Collector, Gc, unsize};
///
/// let text = String::from("soon gone");
/// let mut handle = unsize!(Gc::new_in("for ever", &Collector::new()) => &str);
/// *Gc::get_mut(&mut handle).unwrap() = &text;
/// ```
#[macro_export]
macro_rules! unsize {
    ($handle:expr => $target:ty) => {{
        let handle = $handle;
        // SAFETY: the function can do nothing but coerce the pointer.
        unsafe { $crate::Gc::__unsize::<$target>(handle, |pointer| pointer) }
    }};
}

impl<T> Gc<T> {
    /// Not to be used but by [`unsize!`](crate::unsize!).
    ///
    /// # Safety
    ///
    /// `coerce` returns its argument, coerced. That points to what may be changed, so it passes for no other by itself.
    #[doc(hidden)]
    #[must_use]
    pub unsafe fn __unsize<U: ?Sized>(this: Self, coerce: fn(*mut T) -> *mut U) -> Gc<U> {
        let value = coerce(Self::as_ptr(&this).cast_mut());
        mem::forget(this);
        // SAFETY: the value lies so far behind the beginning of its object, and the pointer reaches all of that.
        let object = unsafe { value.byte_sub(mem::offset_of!(Object<T>, value)) };
        // The same address, and the same metadata: an object's is its value's.
        let object = object as *mut Object<U>;
        // SAFETY: an object is not at null.
        let object = unsafe { NonNull::new_unchecked(object) };
        // SAFETY: the count is that of `this`.
        unsafe { Gc::from_counted(object) }
    }
}
