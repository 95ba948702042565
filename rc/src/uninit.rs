//! Boxes whose value is written later, in place.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::allocate::{Allocate, Global};
use crate::block::slice_layout;
use crate::counted::Handle;
use crate::counted_box::VacantBox;
use crate::counts::Counts;

impl<T, C: Counts> Handle<T, C> {
    /// A box for a value that is yet to be written, by way of [`get_mut`](Self::get_mut).
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut five = Counted::<u32>::new_uninit();
    /// Counted::get_mut(&mut five).unwrap().write(5);
    /// // SAFETY: the value was just written.
    /// let five = unsafe { five.assume_init() };
    /// assert_eq!(*five, 5);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_uninit() -> Handle<MaybeUninit<T>, C> {
        Self::new_uninit_in(Global)
    }

    /// A box of zeros for a value that is yet to be written, or is all zeros.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let zero = Counted::<u32>::new_zeroed();
    /// // SAFETY: zeros make a number.
    /// assert_eq!(*unsafe { zero.assume_init() }, 0);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_zeroed() -> Handle<MaybeUninit<T>, C> {
        let mut zeroed = Self::new_uninit();
        *Handle::get_mut(&mut zeroed).expect(NEW) = MaybeUninit::zeroed();
        zeroed
    }
}

impl<T, C: Counts, A: Allocate> Handle<T, C, A> {
    /// As [`new_uninit`](Handle::new_uninit), with memory from this allocator.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// let mut five = Counted::<u32>::new_uninit_in(Global);
    /// Counted::get_mut(&mut five).unwrap().write(5);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_uninit_in(allocator: A) -> Handle<MaybeUninit<T>, C, A> {
        let vacant = VacantBox::new(Layout::new::<T>(), &allocator);
        let place = vacant.value().cast::<MaybeUninit<T>>();
        // SAFETY: the box was allocated for a `T`, which may be missing.
        let inner = unsafe { vacant.occupied(place) };
        Handle::from_parts(inner, allocator)
    }
}

const NEW: &str = "a new box has one handle";

impl<T, C: Counts> Handle<[T], C> {
    /// A box for `len` values that are yet to be written, by way of [`get_mut`](Self::get_mut).
    ///
    /// # Panics
    ///
    /// If the box would be larger than `isize::MAX` bytes.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut squares = Counted::<[usize]>::new_uninit_slice(3);
    /// for (i, place) in Counted::get_mut(&mut squares).unwrap().iter_mut().enumerate() {
    ///     place.write(i * i);
    /// }
    /// // SAFETY: all values were just written.
    /// let squares = unsafe { squares.assume_init() };
    /// assert_eq!(*squares, [0, 1, 4]);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_uninit_slice(len: usize) -> Handle<[MaybeUninit<T>], C> {
        Self::new_uninit_slice_in(len, Global)
    }

    /// A box of zeros for `len` values that are yet to be written, or are all zeros.
    ///
    /// # Panics
    ///
    /// If the box would be larger than `isize::MAX` bytes.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let zeros = Counted::<[u32]>::new_zeroed_slice(3);
    /// // SAFETY: zeros make numbers.
    /// assert_eq!(*unsafe { zeros.assume_init() }, [0, 0, 0]);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_zeroed_slice(len: usize) -> Handle<[MaybeUninit<T>], C> {
        let mut zeroed = Self::new_uninit_slice(len);
        Handle::get_mut(&mut zeroed).expect(NEW).fill_with(MaybeUninit::zeroed);
        zeroed
    }
}

impl<T, C: Counts, A: Allocate> Handle<[T], C, A> {
    /// As [`new_uninit_slice`](Handle::new_uninit_slice), with memory from this allocator.
    ///
    /// # Panics
    ///
    /// If the box would be larger than `isize::MAX` bytes.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// assert_eq!(Counted::<[u32]>::new_uninit_slice_in(3, Global).len(), 3);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_uninit_slice_in(len: usize, allocator: A) -> Handle<[MaybeUninit<T>], C, A> {
        let vacant = VacantBox::new(slice_layout::<T>(len), &allocator);
        let place = NonNull::slice_from_raw_parts(vacant.value().cast::<MaybeUninit<T>>(), len);
        // SAFETY: the box was allocated for as many values, which may be missing.
        let inner = unsafe { vacant.occupied(place) };
        Handle::from_parts(inner, allocator)
    }
}

impl<T, C: Counts, A: Allocate> Handle<MaybeUninit<T>, C, A> {
    /// The same handle, to the value that was written.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut text = Counted::<String>::new_uninit();
    /// Counted::get_mut(&mut text).unwrap().write(String::from("written"));
    /// // SAFETY: the value was just written.
    /// let text: Counted<String> = unsafe { text.assume_init() };
    /// assert_eq!(*text, "written");
    /// ```
    ///
    /// # Safety
    ///
    /// The value was written.
    #[inline]
    #[must_use]
    pub unsafe fn assume_init(self) -> Handle<T, C, A> {
        let (place, allocator) = Self::into_raw_with_allocator(self);
        // SAFETY: the pointer was a handle to a place of the same layout, where by the contract there is a `T`.
        unsafe { Handle::from_raw_in(place.cast::<T>(), allocator) }
    }
}

impl<T, C: Counts, A: Allocate> Handle<[MaybeUninit<T>], C, A> {
    /// The same handle, to the values that were written.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut ones = Counted::<[u8]>::new_uninit_slice(3);
    /// Counted::get_mut(&mut ones).unwrap().iter_mut().for_each(|place| *place = core::mem::MaybeUninit::new(1));
    /// // SAFETY: all values were just written.
    /// let ones: Counted<[u8]> = unsafe { ones.assume_init() };
    /// assert_eq!(*ones, [1, 1, 1]);
    /// ```
    ///
    /// # Safety
    ///
    /// All values were written.
    #[inline]
    #[must_use]
    pub unsafe fn assume_init(self) -> Handle<[T], C, A> {
        let (places, allocator) = Self::into_raw_with_allocator(self);
        // SAFETY: the pointer was a handle to places of the same layout, where by the contract there are values.
        unsafe { Handle::from_raw_in(places as *const [T], allocator) }
    }
}
