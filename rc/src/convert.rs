//! Handles made of other values, and of each other.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::CStr;
use core::mem::{self, ManuallyDrop, MaybeUninit};
use core::pin::Pin;
use core::ptr::NonNull;

use crate::allocate::{Allocate, Global};
use crate::counted::Handle;
use crate::counted_box::VacantBox;
use crate::counts::Counts;
use crate::wide_pointer::with_metadata_of;

/// A new box with the bytes of `value`.
///
/// # Safety
///
/// `value` points at a value, which is moved out of there by this, unless it is of a kind whose bytes may be duplicated (as
/// those of `Copy` types).
pub(crate) unsafe fn from_bytes_of<T: ?Sized, C: Counts, A: Allocate>(
    value: NonNull<T>,
    allocator: A,
) -> Handle<T, C, A> {
    // SAFETY: by the contract, there is a value.
    let layout = Layout::for_value(unsafe { value.as_ref() });
    let vacant = VacantBox::<C, A>::new(layout, &allocator);
    // SAFETY: both places have the size of the value, and the box is new, so they do not overlap.
    unsafe { vacant.value().copy_from_nonoverlapping(value.cast(), layout.size()) };
    let place = with_metadata_of(vacant.value(), value);
    // SAFETY: the value was just copied there, and its metadata is that of the original.
    let inner = unsafe { vacant.occupied(place) };
    Handle::from_parts(inner, allocator)
}

/// The places of a slice while its elements are written, in order.
///
/// Dropped before all are written (because making an element panicked), it drops those that are.
///
/// # Invariants
///
/// The first `written` places have elements.
struct SliceInProgress<'a, T> {
    places: &'a mut [MaybeUninit<T>],
    written: usize,
}

impl<'a, T> SliceInProgress<'a, T> {
    fn new(places: &'a mut [MaybeUninit<T>]) -> Self {
        // INVARIANT: nothing is written yet.
        Self { places, written: 0 }
    }

    /// Writes elements until there are no more, or no more places.
    fn write_all(&mut self, elements: &mut impl Iterator<Item = T>) {
        while let Some(place) = self.places.get_mut(self.written) {
            let Some(element) = elements.next() else { return };
            place.write(element);
            // INVARIANT: this element is written, as those before it.
            self.written += 1;
        }
    }

    fn is_full(&self) -> bool {
        self.written == self.places.len()
    }

    /// Moves what was written out of the places.
    fn into_vec(mut self) -> Vec<T> {
        let mut elements = Vec::with_capacity(self.written + 1);
        let written = mem::take(&mut self.written);
        let from = self.places.as_ptr().cast::<T>();
        // SAFETY: by the invariant these places have elements; there is room for as many.
        unsafe { from.copy_to_nonoverlapping(elements.as_mut_ptr(), written) };
        // SAFETY: they were moved there just now, and `self` does not count them any more.
        unsafe { elements.set_len(written) };
        elements
    }
}

impl<T> Drop for SliceInProgress<'_, T> {
    fn drop(&mut self) {
        let elements = &raw mut self.places[..self.written] as *mut [T];
        // SAFETY: by the invariant these places have elements, and the places are not read as elements after this.
        unsafe { elements.drop_in_place() };
    }
}

/// A new box with clones of the elements. When a clone panics, those made before are dropped.
pub(crate) fn clone_slice<T: Clone, C: Counts, A: Allocate>(elements: &[T], allocator: A) -> Handle<[T], C, A> {
    let mut counted = Handle::<[T], C, A>::new_uninit_slice_in(elements.len(), allocator);
    let mut slice = SliceInProgress::new(Handle::get_mut(&mut counted).expect(NEW));
    slice.write_all(&mut elements.iter().cloned());
    assert!(slice.is_full(), "a slice has as many elements as its length says");
    mem::forget(slice);
    // SAFETY: all places were filled.
    unsafe { counted.assume_init() }
}

/// A new box with the elements of an iterator that said there would be `len`. It may have been wrong.
fn collect<T, C: Counts>(len: usize, mut elements: impl Iterator<Item = T>) -> Handle<[T], C> {
    let mut counted = Handle::<[T], C>::new_uninit_slice(len);
    let mut slice = SliceInProgress::new(Handle::get_mut(&mut counted).expect(NEW));
    slice.write_all(&mut elements);
    let one_more = if slice.is_full() { elements.next() } else { None };
    if slice.is_full() && one_more.is_none() {
        mem::forget(slice);
        // SAFETY: all places were filled.
        return unsafe { counted.assume_init() };
    }
    let mut all = slice.into_vec();
    all.extend(one_more.into_iter().chain(elements));
    Handle::from(all)
}

const NEW: &str = "a new box has one handle";

impl<T, C: Counts> From<T> for Handle<T, C> {
    /// Moves the value into a new box, as [`new`](Handle::new) does.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let five: Counted<i32> = 5.into();
    /// assert_eq!(*five, 5);
    /// ```
    #[inline]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized, C: Counts> From<Box<T>> for Handle<T, C> {
    /// Moves the value over. The value may be unsized, a `dyn Trait` for one.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let boxed: Box<dyn ToString> = Box::new(5);
    /// let counted: Counted<dyn ToString> = Counted::from(boxed);
    /// assert_eq!(counted.to_string(), "5");
    /// ```
    fn from(mut value: Box<T>) -> Self {
        // SAFETY: the value is in its `Box`, and moved out.
        let counted = unsafe { from_bytes_of(NonNull::from(&mut *value), Global) };
        let moved_out = Box::into_raw(value) as *mut ManuallyDrop<T>;
        // SAFETY: it was a `Box` just now. As one of `ManuallyDrop` it frees the memory without dropping the value.
        drop(unsafe { Box::from_raw(moved_out) });
        counted
    }
}

impl<T: Clone, C: Counts> From<&[T]> for Handle<[T], C> {
    /// Clones the elements. When a clone panics, those made before are dropped.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let words: Counted<[String]> = Counted::from(&[String::from("one"), String::from("two")][..]);
    /// assert_eq!(words[1], "two");
    /// ```
    fn from(elements: &[T]) -> Self {
        clone_slice(elements, Global)
    }
}

impl<T: Clone, C: Counts> From<&mut [T]> for Handle<[T], C> {
    /// As from a shared slice.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut numbers = [1, 2];
    /// let counted: Counted<[i32]> = Counted::from(&mut numbers[..]);
    /// assert_eq!(*counted, numbers);
    /// ```
    fn from(elements: &mut [T]) -> Self {
        Self::from(&*elements)
    }
}

impl<T, C: Counts> From<Vec<T>> for Handle<[T], C> {
    /// Moves the elements over.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let words: Counted<[String]> = Counted::from(vec![String::from("one"), String::from("two")]);
    /// assert_eq!(words.join(" "), "one two");
    /// ```
    fn from(mut elements: Vec<T>) -> Self {
        let all = NonNull::from(elements.as_mut_slice());
        // SAFETY: the elements are there, and moved out.
        let counted = unsafe { from_bytes_of(all, Global) };
        // SAFETY: no elements are as good as initialised; those that were there belong to the new box.
        unsafe { elements.set_len(0) };
        counted
    }
}

impl<T, C: Counts, const N: usize> From<[T; N]> for Handle<[T], C> {
    /// Moves the array over.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let numbers: Counted<[i32]> = Counted::from([1, 2, 3]);
    /// assert_eq!(numbers.len(), 3);
    /// ```
    #[inline]
    fn from(elements: [T; N]) -> Self {
        crate::unsize!(Handle::<[T; N], C>::new(elements) => [T])
    }
}

impl<T, C: Counts> FromIterator<T> for Handle<[T], C> {
    /// Collects the elements right into the box, if the iterator knows how many there will be (its `size_hint` is exact);
    /// else into a `Vec` first.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let evens: Counted<[u32]> = (0..4).map(|i| i * 2).collect();
    /// assert_eq!(*evens, [0, 2, 4, 6]);
    /// ```
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let elements = elements.into_iter();
        match elements.size_hint() {
            (len, Some(most)) if len == most => collect(len, elements),
            _ => Self::from(Vec::from_iter(elements)),
        }
    }
}

impl<T, C: Counts, A: Allocate, const N: usize> TryFrom<Handle<[T], C, A>> for Handle<[T; N], C, A> {
    type Error = Handle<[T], C, A>;

    /// The same handle, if the slice has `N` elements; else it is given back.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let slice: Counted<[i32]> = Counted::from([1, 2, 3]);
    /// let array: Counted<[i32; 3]> = slice.try_into().unwrap();
    /// assert_eq!(*array, [1, 2, 3]);
    /// ```
    fn try_from(slice: Handle<[T], C, A>) -> Result<Self, Self::Error> {
        if slice.len() != N {
            return Err(slice);
        }
        let (pointer, allocator) = Handle::into_raw_with_allocator(slice);
        // SAFETY: the pointer was a handle to as many elements in a row.
        Ok(unsafe { Self::from_raw_in(pointer.cast::<[T; N]>(), allocator) })
    }
}

impl<C: Counts, A: Allocate> From<Handle<str, C, A>> for Handle<[u8], C, A> {
    /// The same handle.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let bytes: Counted<[u8]> = Counted::<str>::from("text").into();
    /// assert_eq!(&*bytes, b"text");
    /// ```
    #[inline]
    fn from(text: Handle<str, C, A>) -> Self {
        let (pointer, allocator) = Handle::into_raw_with_allocator(text);
        // SAFETY: the pointer was a handle, and text may be read as its bytes.
        unsafe { Self::from_raw_in(pointer as *const [u8], allocator) }
    }
}

/// Strings of all kinds: a reference is copied, an owned one too, since the box needs room before the text.
macro_rules! from_text {
    ($($text:ty, $owned:ty);*) => {$(
        impl<C: Counts> From<&$text> for Handle<$text, C> {
            /// Copies the text.
            ///
            /// ```
            /// use mudlark_rc::Counted;
            ///
            /// let text: Counted<str> = Counted::from("text");
            /// assert_eq!(&*text, "text");
            /// ```
            #[inline]
            fn from(text: &$text) -> Self {
                // SAFETY: a reference points at a value; text is plain bytes, which may be duplicated.
                unsafe { from_bytes_of(NonNull::from(text), Global) }
            }
        }

        impl<C: Counts> From<&mut $text> for Handle<$text, C> {
            /// Copies the text.
            #[inline]
            fn from(text: &mut $text) -> Self {
                Self::from(&*text)
            }
        }

        impl<C: Counts> From<$owned> for Handle<$text, C> {
            /// Copies the text, since the box needs room before it.
            ///
            /// ```
            /// use mudlark_rc::Counted;
            ///
            /// let text: Counted<str> = Counted::from(String::from("text"));
            /// assert_eq!(&*text, "text");
            /// ```
            #[inline]
            fn from(text: $owned) -> Self {
                Self::from(&*text)
            }
        }
    )*};
}

from_text!(str, String; CStr, CString);
#[cfg(feature = "std")]
from_text!(std::ffi::OsStr, std::ffi::OsString; std::path::Path, std::path::PathBuf);

impl<'a, B, C: Counts> From<Cow<'a, B>> for Handle<B, C>
where
    B: ToOwned + ?Sized,
    Handle<B, C>: From<&'a B> + From<B::Owned>,
{
    /// Copies what is borrowed, and moves what is owned.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    /// use std::borrow::Cow;
    ///
    /// let text: Counted<str> = Counted::from(Cow::Borrowed("text"));
    /// assert_eq!(&*text, "text");
    /// ```
    fn from(value: Cow<'a, B>) -> Self {
        match value {
            Cow::Borrowed(value) => Self::from(value),
            Cow::Owned(value) => Self::from(value),
        }
    }
}

impl<T: Default, C: Counts> Default for Handle<T, C> {
    #[inline]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, C: Counts> Default for Handle<[T], C> {
    fn default() -> Self {
        Self::from([])
    }
}

impl<C: Counts> Default for Handle<str, C> {
    fn default() -> Self {
        Self::from("")
    }
}

impl<C: Counts> Default for Handle<CStr, C> {
    fn default() -> Self {
        Self::from(c"")
    }
}

impl<T: Default, C: Counts> Default for Pin<Handle<T, C>> {
    fn default() -> Self {
        Handle::pin(T::default())
    }
}
