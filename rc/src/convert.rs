//! Handles made of other values, and of each other.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::CStr;
use core::mem::{self, ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use crate::counted::Counted;
use crate::counted_box::VacantBox;
use crate::wide_pointer::with_metadata_of;

/// A new box with the bytes of `value`.
///
/// # Safety
///
/// `value` points at a value, which is moved out of there by this, unless it is of a kind whose bytes may be duplicated (as
/// those of `Copy` types).
unsafe fn from_bytes_of<T: ?Sized>(value: NonNull<T>) -> Counted<T> {
    // SAFETY: by the contract, there is a value.
    let layout = Layout::for_value(unsafe { value.as_ref() });
    let vacant = VacantBox::new(layout);
    // SAFETY: both places have the size of the value, and the box is new, so they do not overlap.
    unsafe { vacant.value().copy_from_nonoverlapping(value.cast(), layout.size()) };
    let place = with_metadata_of(vacant.value(), value);
    // SAFETY: the value was just copied there, and its metadata is that of the original.
    Counted::from_inner_box(unsafe { vacant.occupied(place) })
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

impl<'a, T: Clone> SliceInProgress<'a, T> {
    /// Fills as many places as there are elements with their clones.
    fn fill(places: &'a mut [MaybeUninit<T>], elements: &[T]) {
        let places = &mut places[..elements.len()];
        // INVARIANT: nothing is written yet.
        let mut this = SliceInProgress { places, written: 0 };
        while this.written < elements.len() {
            this.places[this.written].write(elements[this.written].clone());
            // INVARIANT: this element is written, as those before it.
            this.written += 1;
        }
        mem::forget(this);
    }
}

impl<T> Drop for SliceInProgress<'_, T> {
    fn drop(&mut self) {
        let elements = &raw mut self.places[..self.written] as *mut [T];
        // SAFETY: by the invariant these places have elements, and the places are not read as elements after this.
        unsafe { elements.drop_in_place() };
    }
}

impl<T> From<T> for Counted<T> {
    #[inline]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized> From<Box<T>> for Counted<T> {
    /// Moves the value over. The value may be unsized, a `dyn Trait` for one.
    fn from(mut value: Box<T>) -> Self {
        // SAFETY: the value is in its `Box`, and moved out.
        let counted = unsafe { from_bytes_of(NonNull::from(&mut *value)) };
        let moved_out = Box::into_raw(value) as *mut ManuallyDrop<T>;
        // SAFETY: it was a `Box` just now. As one of `ManuallyDrop` it frees the memory without dropping the value.
        drop(unsafe { Box::from_raw(moved_out) });
        counted
    }
}

impl<T: Clone> From<&[T]> for Counted<[T]> {
    /// Clones the elements. When a clone panics, those made before are dropped.
    fn from(elements: &[T]) -> Self {
        let mut counted = Self::new_uninit_slice(elements.len());
        let places = Counted::get_mut(&mut counted).expect("a new box has one handle");
        SliceInProgress::fill(places, elements);
        // SAFETY: there are as many places as elements, and all were filled.
        unsafe { counted.assume_init() }
    }
}

impl<T: Clone> From<&mut [T]> for Counted<[T]> {
    /// As from a shared slice.
    fn from(elements: &mut [T]) -> Self {
        Self::from(&*elements)
    }
}

impl<T> From<Vec<T>> for Counted<[T]> {
    /// Moves the elements over.
    fn from(mut elements: Vec<T>) -> Self {
        let all = NonNull::from(elements.as_mut_slice());
        // SAFETY: the elements are there, and moved out.
        let counted = unsafe { from_bytes_of(all) };
        // SAFETY: no elements are as good as initialised; those that were there belong to the new box.
        unsafe { elements.set_len(0) };
        counted
    }
}

impl<T, const N: usize> From<[T; N]> for Counted<[T]> {
    #[inline]
    fn from(elements: [T; N]) -> Self {
        crate::unsize!(Counted::new(elements) => [T])
    }
}

impl<T> FromIterator<T> for Counted<[T]> {
    /// Collects the elements into a `Vec` first, since their number is not known before.
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::from(Vec::from_iter(elements))
    }
}

impl<T, const N: usize> TryFrom<Counted<[T]>> for Counted<[T; N]> {
    type Error = Counted<[T]>;

    /// The same handle, if the slice has `N` elements; else it is given back.
    fn try_from(slice: Counted<[T]>) -> Result<Self, Self::Error> {
        if slice.len() != N {
            return Err(slice);
        }
        let array = Counted::into_raw(slice).cast::<[T; N]>();
        // SAFETY: the pointer was a handle to as many elements in a row.
        Ok(unsafe { Self::from_raw(array) })
    }
}

impl From<Counted<str>> for Counted<[u8]> {
    /// The same handle.
    #[inline]
    fn from(text: Counted<str>) -> Self {
        // SAFETY: the pointer was a handle, and text may be read as its bytes.
        unsafe { Self::from_raw(Counted::into_raw(text) as *const [u8]) }
    }
}

/// Strings of all kinds: a reference is copied, an owned one too, since the box needs room before the text.
macro_rules! from_text {
    ($($text:ty, $owned:ty);*) => {$(
        impl From<&$text> for Counted<$text> {
            #[inline]
            fn from(text: &$text) -> Self {
                // SAFETY: a reference points at a value; text is plain bytes, which may be duplicated.
                unsafe { from_bytes_of(NonNull::from(text)) }
            }
        }

        impl From<&mut $text> for Counted<$text> {
            #[inline]
            fn from(text: &mut $text) -> Self {
                Self::from(&*text)
            }
        }

        impl From<$owned> for Counted<$text> {
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

impl<'a, B> From<Cow<'a, B>> for Counted<B>
where
    B: ToOwned + ?Sized,
    Counted<B>: From<&'a B> + From<B::Owned>,
{
    fn from(value: Cow<'a, B>) -> Self {
        match value {
            Cow::Borrowed(value) => Self::from(value),
            Cow::Owned(value) => Self::from(value),
        }
    }
}

impl<T: Default> Default for Counted<T> {
    #[inline]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Default for Counted<[T]> {
    fn default() -> Self {
        Self::from([])
    }
}

impl Default for Counted<str> {
    fn default() -> Self {
        Self::from("")
    }
}

impl Default for Counted<CStr> {
    fn default() -> Self {
        Self::from(c"")
    }
}
