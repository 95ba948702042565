//! [`ValueCache`]: values for a range of small integers, made once and shared.

use alloc::boxed::Box;
use core::fmt;
use core::ops::RangeInclusive;

use crate::counted::Handle;
use crate::counts::{Counts, Local};

/// Values for integers: those of a range are made once, and handles to them given out; all others are made when asked for.
///
/// This is how CPython keeps its small integers, whose range is the [default](Self::SMALL). `C` is how the handles count:
/// [`Local`] for [`Counted`](crate::Counted), [`Atomic`](crate::Atomic) for [`SyncCounted`](crate::SyncCounted).
///
/// ```
/// use mudlark_rc::{Counted, ValueCache};
///
/// enum Value {
///     Integer(i64),
/// }
///
/// let integers: ValueCache<Value, _> = ValueCache::new(-5..=256, Value::Integer);
/// assert!(Counted::ptr_eq(&integers.get(256), &integers.get(256)));
/// assert!(!Counted::ptr_eq(&integers.get(257), &integers.get(257)));
/// ```
pub struct ValueCache<T, F, C: Counts = Local> {
    range: RangeInclusive<i64>,
    values: Box<[Handle<T, C>]>,
    make: F,
}

impl<T, F, C: Counts> ValueCache<T, F, C> {
    /// The integers that CPython shares.
    pub const SMALL: RangeInclusive<i64> = -5..=256;
}

impl<T, F: Fn(i64) -> T, C: Counts> ValueCache<T, F, C> {
    /// Makes the values for the integers of `range`.
    ///
    /// ```
    /// use mudlark_rc::{Atomic, SyncCounted, ValueCache};
    ///
    /// let names: ValueCache<String, _, Atomic> = ValueCache::new(0..=99, |number| number.to_string());
    /// let name: SyncCounted<String> = names.get(42);
    /// assert_eq!(*name, "42");
    /// ```
    pub fn new(range: RangeInclusive<i64>, make: F) -> Self {
        let values = range.clone().map(|number| Handle::new(make(number))).collect();
        Self { range, values, make }
    }

    /// A handle to the value for this integer.
    ///
    /// ```
    /// use mudlark_rc::{Counted, ValueCache};
    ///
    /// let integers: ValueCache<i64, _> = ValueCache::default();
    /// assert!(Counted::ptr_eq(&integers.get(7), &integers.get(7)));
    /// assert_eq!(*integers.get(1_000_000), 1_000_000);
    /// ```
    #[inline]
    pub fn get(&self, number: i64) -> Handle<T, C> {
        self.shared(number).cloned().unwrap_or_else(|| Handle::new((self.make)(number)))
    }

    /// The value for this integer, if it is in the range.
    ///
    /// ```
    /// use mudlark_rc::ValueCache;
    ///
    /// let integers: ValueCache<i64, _> = ValueCache::default();
    /// assert!(integers.shared(256).is_some() && integers.shared(257).is_none());
    /// ```
    #[inline]
    pub fn shared(&self, number: i64) -> Option<&Handle<T, C>> {
        // As a sum of unsigned numbers, since the range may be larger than the largest signed one; below the range it wraps
        // around, to more than any slice is long.
        self.values.get(usize::try_from(number.wrapping_sub(*self.range.start()).cast_unsigned()).ok()?)
    }

    /// The integers whose values are shared.
    ///
    /// ```
    /// use mudlark_rc::ValueCache;
    ///
    /// let integers: ValueCache<i64, _> = ValueCache::default();
    /// assert_eq!(*integers.range(), -5..=256);
    /// ```
    pub const fn range(&self) -> &RangeInclusive<i64> {
        &self.range
    }
}

impl<T: From<i64>, C: Counts> Default for ValueCache<T, fn(i64) -> T, C> {
    /// Shares the values for [`SMALL`](Self::SMALL) integers.
    fn default() -> Self {
        Self::new(Self::SMALL, T::from)
    }
}

impl<T, F, C: Counts> fmt::Debug for ValueCache<T, F, C> {
    /// Writes the range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueCache({:?})", self.range)
    }
}
