//! Traits that a handle has by way of its value, as `Rc` has them.

use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::count_word::{CountWord, Flags};
use crate::gc::Gc;

#[cfg(feature = "std")]
use crate::trace::Trace;

impl<T: ?Sized> AsRef<T> for Gc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Gc<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Gc<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Gc<T> {}

impl<T: ?Sized + PartialOrd> PartialOrd for Gc<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Ord> Ord for Gc<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: ?Sized + Hash> Hash for Gc<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Gc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Pointer for Gc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Self::as_ptr(self), f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Gc<T> {
    /// The value's own; `..` where a cycle comes back to a value that is being printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object();
        if object.word().has(Flags::PRINTING) {
            return f.write_str("..");
        }
        let _printing = Printing::begin(object.word());
        (**self).fmt(f)
    }
}

/// Marks an object as being printed, even if that panics.
struct Printing<'a>(&'a CountWord);

impl<'a> Printing<'a> {
    fn begin(word: &'a CountWord) -> Self {
        word.insert(Flags::PRINTING);
        Self(word)
    }
}

impl Drop for Printing<'_> {
    fn drop(&mut self) {
        self.0.remove(Flags::PRINTING);
    }
}

#[cfg(feature = "std")]
impl<T: Default + Trace + 'static> Default for Gc<T> {
    /// The default value in a new object of the thread's default collector.
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(feature = "std")]
impl<T: Trace + 'static> From<T> for Gc<T> {
    /// The value in a new object of the thread's default collector.
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
