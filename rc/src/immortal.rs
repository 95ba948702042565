//! Values that are never dropped: made so, or `static`.
//!
//! A static value has a count word before it like any other, which says that it is immortal:
//!
//! ```text
//!   │ … words up to the value's alignment … │ immortal │ value … │      memory that is never written
//! ```

use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::allocate::{Allocate, Global};
use crate::count::{CountWord, IMMORTAL};
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
use crate::counted::SyncCounted;
use crate::counted::{Counted, Handle};
use crate::counted_box::CountedBox;
use crate::counts::{Counts, Local};

impl<T, C: Counts> Handle<T, C> {
    /// A value that is never dropped: its count never changes, and cloning and dropping handles writes nothing.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let none = Counted::immortal(String::new());
    /// assert_eq!(Counted::strong_count(&none), usize::MAX);
    /// ```
    #[inline]
    #[must_use = "without a handle, the value only takes memory"]
    pub fn immortal(value: T) -> Self {
        let this = Self::new(value);
        Self::make_immortal(&this);
        this
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Handle<T, C, A> {
    /// Makes the value immortal: it is never dropped, and its count never changes again.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let text: Counted<str> = Counted::from("kept");
    /// let weak = Counted::downgrade(&text);
    /// Counted::make_immortal(&text);
    /// drop(text);
    /// assert_eq!(weak.upgrade().as_deref(), Some("kept"));
    /// ```
    #[inline]
    pub fn make_immortal(this: &Self) {
        Self::inner(this).count().make_immortal();
    }
}

/// The memory of a static value, with an immortal count word before it. `WORDS` is [`words_before`] for `T`.
#[doc(hidden)]
#[derive(Debug)]
#[repr(C)]
pub struct StaticBox<T, const WORDS: usize> {
    words: [usize; WORDS],
    value: T,
}

/// How many words a value of this type has to have before it, so that one lies right before it, and it is aligned.
#[doc(hidden)]
#[must_use]
pub const fn words_before<T>() -> usize {
    if align_of::<T>() <= size_of::<usize>() { 1 } else { align_of::<T>() / size_of::<usize>() }
}

/// The length of an array, which is forgotten.
#[doc(hidden)]
#[must_use]
pub const fn array_len<T, const N: usize>(array: [T; N]) -> usize {
    core::mem::forget(array);
    N
}

impl<T, const WORDS: usize> StaticBox<T, WORDS> {
    #[doc(hidden)]
    pub const fn new(value: T) -> Self {
        const {
            assert!(WORDS == words_before::<T>());
            assert!(core::mem::offset_of!(Self, value) == WORDS * size_of::<usize>());
            assert!(size_of::<CountWord<Local>>() == size_of::<usize>());
        }
        Self { words: [IMMORTAL; WORDS], value }
    }
}

/// A value in a `static`, of which there are handles for the asking: [`static_counted!`](crate::static_counted) makes it.
///
/// It derefs to the value.
///
/// ```
/// mudlark_rc::static_counted! { static NAME: str = "static"; }
/// assert_eq!(NAME.len(), 6);
/// ```
///
/// # Invariants
///
/// It points at the value of a [`StaticBox`] that is a `static`, and may reach all of it.
pub struct StaticCounted<T: ?Sized + 'static>(NonNull<T>);

// SAFETY: whoever shares it can read the value, and have handles, whose counts never change; they never drop the value.
unsafe impl<T: ?Sized + Sync> Sync for StaticCounted<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Send for StaticCounted<T> {}

impl<T: 'static> StaticCounted<T> {
    /// The value of this box.
    ///
    /// # Safety
    ///
    /// `place` points at a `static`, and may reach all of it.
    #[doc(hidden)]
    #[must_use]
    pub const unsafe fn new<const WORDS: usize>(place: *const StaticBox<T, WORDS>) -> Self {
        // SAFETY: by the contract, there is a box.
        let value = unsafe { &raw const (*place).value };
        // SAFETY: a place in it has no null address.
        let value = unsafe { NonNull::new_unchecked(value.cast_mut()) };
        // INVARIANT: by the contract.
        Self(value)
    }
}

impl<T: 'static, const N: usize> StaticCounted<[T; N]> {
    /// The same value, as a slice.
    #[doc(hidden)]
    #[must_use]
    pub const fn slice(self) -> StaticCounted<[T]> {
        // INVARIANT: it points at the same value.
        StaticCounted(self.0)
    }
}

impl<const N: usize> StaticCounted<[u8; N]> {
    /// The same value, as text.
    ///
    /// # Safety
    ///
    /// It is the bytes of some text.
    #[doc(hidden)]
    #[must_use]
    pub const unsafe fn text(self) -> StaticCounted<str> {
        let text = core::ptr::slice_from_raw_parts_mut(self.0.as_ptr().cast::<u8>(), N) as *mut str;
        // SAFETY: it was not null. INVARIANT: it points at the same value.
        StaticCounted(unsafe { NonNull::new_unchecked(text) })
    }
}

impl<T: ?Sized + 'static> StaticCounted<T> {
    /// A handle to the value, for this thread.
    ///
    /// ```
    /// use mudlark_rc::{Counted, static_counted};
    ///
    /// static_counted! { static EMPTY: str = ""; }
    /// let empty: Counted<str> = EMPTY.counted();
    /// assert_eq!(Counted::strong_count(&empty), usize::MAX);
    /// ```
    #[inline]
    #[must_use]
    pub const fn counted(&self) -> Counted<T> {
        // SAFETY: by the invariant, the value is static, with an immortal word before it.
        Handle::from_parts(unsafe { CountedBox::from_value(self.0) }, Global)
    }

    /// A handle to the value, for any thread. It may be made in a constant or a `static`.
    ///
    /// ```
    /// use mudlark_rc::{SyncCounted, static_counted};
    ///
    /// static_counted! { static TEXT: str = "shared"; }
    /// static HANDLE: SyncCounted<str> = TEXT.sync_counted();
    /// std::thread::spawn(|| assert_eq!(HANDLE.clone().len(), 6)).join().unwrap();
    /// ```
    #[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
    #[inline]
    #[must_use]
    pub const fn sync_counted(&self) -> SyncCounted<T> {
        // SAFETY: by the invariant, the value is static, with an immortal word before it.
        Handle::from_parts(unsafe { CountedBox::from_value(self.0) }, Global)
    }
}

impl<T: ?Sized + 'static> Deref for StaticCounted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: by the invariant, the value is static, and nobody changes it.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for StaticCounted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Static values with handles: `static_counted! { static NAME: Type = value; … }`.
///
/// Each becomes a [`StaticCounted`](crate::StaticCounted). The value lies in memory that is never written, if it has no
/// cells inside: read-only memory in a hosted program, flash on a microcontroller. Handles to it are clones like others, but
/// cloning and dropping them writes nothing. Text (`str`) and slices (`[T]`, of an array) can be made, too.
///
/// ```
/// use mudlark_rc::{Counted, SyncCounted, static_counted};
///
/// static_counted! {
///     /// What is said first.
///     static GREETING: str = "hello";
///     static PRIMES: [u32] = [2, 3, 5];
///     static LIMIT: u64 = 100;
/// }
///
/// let greeting: Counted<str> = GREETING.counted();
/// let elsewhere: SyncCounted<str> = GREETING.sync_counted();
/// assert_eq!((&*greeting, &*elsewhere), ("hello", "hello"));
/// assert_eq!((PRIMES.len(), *LIMIT.counted()), (3, 100));
/// ```
///
/// What may not be shared among threads cannot be static:
///
/// ```compile_fail,E0277
/// mudlark_rc::static_counted! { static CELL: core::cell::Cell<u32> = core::cell::Cell::new(0); }
/// ```
#[macro_export]
macro_rules! static_counted {
    () => {};
    ($(#[$attribute:meta])* $visible:vis static $name:ident: str = $text:expr; $($rest:tt)*) => {
        $(#[$attribute])*
        $visible static $name: $crate::StaticCounted<str> = {
            const __MUDLARK_TEXT: &str = $text;
            const __MUDLARK_BYTES: [u8; __MUDLARK_TEXT.len()] = *__MUDLARK_TEXT.as_bytes().first_chunk().expect("text is as long as it is");
            static __MUDLARK_BOX: $crate::StaticBox<[u8; __MUDLARK_TEXT.len()], 1> = $crate::StaticBox::new(__MUDLARK_BYTES);
            // SAFETY: it is a static.
            let bytes = unsafe { $crate::StaticCounted::new(&raw const __MUDLARK_BOX) };
            // SAFETY: these are the bytes of text.
            unsafe { bytes.text() }
        };
        $crate::static_counted! { $($rest)* }
    };
    ($(#[$attribute:meta])* $visible:vis static $name:ident: [$element:ty] = $elements:expr; $($rest:tt)*) => {
        $(#[$attribute])*
        $visible static $name: $crate::StaticCounted<[$element]> = {
            const __MUDLARK_LEN: usize = $crate::array_len::<$element, _>($elements);
            const __MUDLARK_WORDS: usize = $crate::words_before::<[$element; __MUDLARK_LEN]>();
            static __MUDLARK_BOX: $crate::StaticBox<[$element; __MUDLARK_LEN], __MUDLARK_WORDS> = $crate::StaticBox::new($elements);
            // SAFETY: it is a static.
            unsafe { $crate::StaticCounted::new(&raw const __MUDLARK_BOX) }.slice()
        };
        $crate::static_counted! { $($rest)* }
    };
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $value:expr; $($rest:tt)*) => {
        $(#[$attribute])*
        $visible static $name: $crate::StaticCounted<$type> = {
            const __MUDLARK_WORDS: usize = $crate::words_before::<$type>();
            static __MUDLARK_BOX: $crate::StaticBox<$type, __MUDLARK_WORDS> = $crate::StaticBox::new($value);
            // SAFETY: it is a static.
            unsafe { $crate::StaticCounted::new(&raw const __MUDLARK_BOX) }
        };
        $crate::static_counted! { $($rest)* }
    };
}
