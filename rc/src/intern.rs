//! Interning: of equal values there is one, so that they share memory, and can be compared by their addresses.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::cell::RefCell;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use crate::counted::Counted;
use crate::counts::Local;
use crate::symbols::Symbols;
#[cfg(feature = "std")]
use {
    crate::{Atomic, SyncCounted},
    std::sync::{Mutex, MutexGuard, PoisonError},
};

/// What interners hash with if nothing else is said: std's `RandomState`; without `std`, the FNV-1a hash, which is quick, and
/// always the same: whoever chooses the values can make it slow.
#[cfg(feature = "std")]
pub type DefaultHashBuilder = std::hash::RandomState;

/// What interners hash with if nothing else is said: the FNV-1a hash, which is quick, and always the same: whoever chooses
/// the values can make it slow. With the feature `std`, it is std's `RandomState`.
#[cfg(not(feature = "std"))]
pub type DefaultHashBuilder = core::hash::BuildHasherDefault<crate::fnv::Fnv>;

/// Symbols: of equal values there is one, as long as anybody has a handle to it.
///
/// The interner itself has weak handles only, so an unused symbol goes away: its value and the memory at once; the weak box
/// of 32 bytes and its place in the table when another symbol takes the place, when the table grows, or by
/// [`purge`](Self::purge). This is what CPython's `sys.intern` does for text.
///
/// ```
/// use mudlark_rc::{Counted, Interner};
///
/// let names: Interner<str> = Interner::new();
/// let one = names.intern("mudlark");
/// let two = names.intern(String::from("mudlark"));
/// assert!(Counted::ptr_eq(&one, &two));
/// drop((one, two));
/// assert!(names.get("mudlark").is_none());
/// ```
///
/// Finding or adding a symbol takes the time of hashing it, and on average of comparing it once. Hashing, comparing, making
/// and dropping symbols may use the interner in turn; when it panics, the interner works on.
pub struct Interner<T: ?Sized, S = DefaultHashBuilder> {
    symbols: RefCell<Symbols<T, Local>>,
    hasher: S,
}

/// As [`Interner`], for many threads. A lock is held while the table is searched; never while a symbol is hashed, compared,
/// made or dropped.
///
/// ```
/// use mudlark_rc::{SyncCounted, SyncInterner};
///
/// static NAMES: std::sync::LazyLock<SyncInterner<str>> = std::sync::LazyLock::new(SyncInterner::new);
/// let here = NAMES.intern("mudlark");
/// let there = std::thread::spawn(|| NAMES.intern("mudlark")).join().unwrap();
/// assert!(SyncCounted::ptr_eq(&here, &there));
/// ```
#[cfg(feature = "std")]
pub struct SyncInterner<T: ?Sized, S = DefaultHashBuilder> {
    symbols: Mutex<Symbols<T, Atomic>>,
    hasher: S,
}

impl<T: ?Sized, S> Interner<T, S> {
    fn symbols(&self) -> core::cell::RefMut<'_, Symbols<T, Local>> {
        self.symbols.borrow_mut()
    }
}

#[cfg(feature = "std")]
impl<T: ?Sized, S> SyncInterner<T, S> {
    /// The table is right also after a panic, which may come only from a lack of memory, before anything was changed.
    fn symbols(&self) -> MutexGuard<'_, Symbols<T, Atomic>> {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same functions for one thread and for many.
macro_rules! interner {
    ($interner:ident, $handle:ident, $lock:ident) => {
        impl<T: ?Sized + Hash + Eq> $interner<T> {
            /// An interner without symbols. It allocates nothing yet.
            ///
            #[doc = concat!("```\nuse mudlark_rc::", stringify!($interner), ";\n")]
            #[doc = concat!("assert!(", stringify!($interner), "::<str>::new().is_empty());\n```")]
            #[must_use]
            pub fn new() -> Self {
                Self::with_hasher(DefaultHashBuilder::default())
            }
        }

        impl<T: ?Sized + Hash + Eq, S: BuildHasher> $interner<T, S> {
            /// An interner without symbols, which hashes by `hasher`.
            ///
            #[doc = concat!("```\nuse mudlark_rc::{", stringify!($handle), ", ", stringify!($interner), "};")]
            /// use std::hash::{BuildHasherDefault, DefaultHasher};
            ///
            /// let hasher = BuildHasherDefault::<DefaultHasher>::new();
            #[doc = concat!("let names = ", stringify!($interner), "::<str, _>::with_hasher(hasher);")]
            /// let one = names.intern("one");
            #[doc = concat!("assert!(", stringify!($handle), "::ptr_eq(&one, &names.intern(\"one\")));\n```")]
            pub const fn with_hasher(hasher: S) -> Self {
                Self { symbols: $lock::new(Symbols::new()), hasher }
            }

            /// The symbol equal to `value`; it becomes one if there is none. It is made a handle only then.
            ///
            /// # Panics
            ///
            /// If hashing, comparing or making it panics.
            ///
            #[doc = concat!("```\nuse mudlark_rc::{", stringify!($handle), ", ", stringify!($interner), "};\n")]
            #[doc = concat!("let names: ", stringify!($interner), "<str> = ", stringify!($interner), "::new();")]
            /// let (one, two) = (names.intern("one"), names.intern(String::from("one")));
            #[doc = concat!("assert!(", stringify!($handle), "::ptr_eq(&one, &two));\n```")]
            pub fn intern<V: Borrow<T> + Into<$handle<T>>>(&self, value: V) -> $handle<T> {
                let hash = self.hasher.hash_one(value.borrow());
                let mut passed = Vec::new();
                if let Some(symbol) = self.search(hash, &mut passed, |symbol| symbol == value.borrow()) {
                    return symbol;
                }
                let new: $handle<T> = value.into();
                // Meanwhile, others may have added it.
                while let Some(symbol) = self.add_if_last(hash, &passed, &new) {
                    if *symbol == *new {
                        return symbol;
                    }
                    passed.push(symbol);
                }
                new
            }

            /// The symbol equal to `value`, if there is one.
            ///
            /// # Panics
            ///
            /// If hashing or comparing panics.
            ///
            #[doc = concat!("```\nuse mudlark_rc::", stringify!($interner), ";\n")]
            #[doc = concat!("let names: ", stringify!($interner), "<str> = ", stringify!($interner), "::new();")]
            /// let one = names.intern("one");
            /// assert_eq!((names.get("one"), names.get("two")), (Some(one), None));
            /// ```
            pub fn get<Q: ?Sized + Hash + Eq>(&self, value: &Q) -> Option<$handle<T>>
            where
                T: Borrow<Q>,
            {
                let hash = self.hasher.hash_one(value);
                self.search(hash, &mut Vec::new(), |symbol| symbol.borrow() == value)
            }

            /// Looks for the symbol with this hash for which `is_it` says so, and notes all others.
            fn search(
                &self,
                hash: u64,
                passed: &mut Vec<$handle<T>>,
                is_it: impl Fn(&T) -> bool,
            ) -> Option<$handle<T>> {
                loop {
                    let symbol = self.symbols().next(hash, passed)?;
                    if is_it(&symbol) {
                        return Some(symbol);
                    }
                    passed.push(symbol);
                }
            }

            /// Adds a symbol, unless there is one with the same hash that was not passed yet, which it then returns.
            fn add_if_last(&self, hash: u64, passed: &[$handle<T>], new: &$handle<T>) -> Option<$handle<T>> {
                let mut symbols = self.symbols();
                let next = symbols.next(hash, passed);
                if next.is_none() {
                    symbols.add(hash, new);
                }
                next
            }

            /// The number of symbols that are in use. It looks at each.
            ///
            #[doc = concat!("```\nuse mudlark_rc::", stringify!($interner), ";\n")]
            #[doc = concat!("let names: ", stringify!($interner), "<str> = ", stringify!($interner), "::new();")]
            /// let one = names.intern("one");
            /// assert_eq!(names.len(), 1);
            /// drop(one);
            /// assert_eq!(names.len(), 0);
            /// ```
            pub fn len(&self) -> usize {
                self.symbols().len()
            }

            /// Whether no symbol is in use.
            ///
            #[doc = concat!("```\nuse mudlark_rc::", stringify!($interner), ";\n")]
            #[doc = concat!("let names: ", stringify!($interner), "<str> = ", stringify!($interner), "::new();")]
            /// drop(names.intern("one"));
            /// assert!(names.is_empty());
            /// ```
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Handles to all symbols that are in use, in no order.
            ///
            #[doc = concat!("```\nuse mudlark_rc::", stringify!($interner), ";\n")]
            #[doc = concat!("let names: ", stringify!($interner), "<str> = ", stringify!($interner), "::new();")]
            /// let one = names.intern("one");
            /// drop(names.intern("two"));
            /// assert_eq!(names.symbols_in_use(), [one]);
            /// ```
            pub fn symbols_in_use(&self) -> Vec<$handle<T>> {
                self.symbols().living()
            }

            /// Frees the memory of places and weak boxes of symbols that went away.
            ///
            #[doc = concat!("```\nuse mudlark_rc::", stringify!($interner), ";\n")]
            #[doc = concat!("let names: ", stringify!($interner), "<str> = ", stringify!($interner), "::new();")]
            /// (0..1000).for_each(|i| drop(names.intern(i.to_string())));
            /// names.purge();
            /// assert!(names.is_empty());
            /// ```
            pub fn purge(&self) {
                self.symbols().rebuild();
            }
        }

        impl<T: ?Sized + Hash + Eq, S: BuildHasher + Default> Default for $interner<T, S> {
            fn default() -> Self {
                Self::with_hasher(S::default())
            }
        }

        impl<T: ?Sized, S> fmt::Debug for $interner<T, S> {
            /// Writes the number of symbols in use.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($interner), self.symbols().len())
            }
        }
    };
}

interner!(Interner, Counted, RefCell);
#[cfg(feature = "std")]
interner!(SyncInterner, SyncCounted, Mutex);
