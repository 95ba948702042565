//! Interning: of equal values there is one, so that they share memory, and can be compared by their addresses.

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
/// Finding or adding a symbol takes the time of hashing it, and on average of comparing it once.
pub struct Interner<T: ?Sized, S = DefaultHashBuilder> {
    symbols: RefCell<Symbols<T, Local>>,
    hasher: S,
}

/// As [`Interner`], for many threads. A lock is held while the table is searched, and while symbols are compared for that;
/// never while one is made or dropped.
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
    /// The table is right also after a panic, which may come only from hashing and comparing.
    fn symbols(&self) -> MutexGuard<'_, Symbols<T, Atomic>> {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same functions for one thread and for many.
macro_rules! interner {
    ($interner:ident, $handle:ident, $lock:ident) => {
        impl<T: ?Sized + Hash + Eq> $interner<T> {
            /// An interner without symbols. It allocates nothing yet.
            #[must_use]
            pub fn new() -> Self {
                Self::with_hasher(DefaultHashBuilder::default())
            }
        }

        impl<T: ?Sized + Hash + Eq, S: BuildHasher> $interner<T, S> {
            /// An interner without symbols, which hashes by `hasher`.
            pub const fn with_hasher(hasher: S) -> Self {
                Self { symbols: $lock::new(Symbols::new()), hasher }
            }

            /// The symbol equal to `value`; it becomes one if there is none. It is made a handle only then.
            ///
            /// # Panics
            ///
            /// If hashing or comparing panics, or uses the interner.
            pub fn intern<V: Borrow<T> + Into<$handle<T>>>(&self, value: V) -> $handle<T> {
                let hash = self.hasher.hash_one(value.borrow());
                let search = self.symbols().find(hash, |symbol| symbol == value.borrow());
                if let Some(symbol) = search.found {
                    return symbol;
                }
                let new: $handle<T> = value.into();
                // Meanwhile, others may have added it.
                let mut symbols = self.symbols();
                let search = symbols.find(hash, |symbol| *symbol == *new);
                if search.found.is_none() {
                    symbols.add(hash, &new);
                }
                drop(symbols);
                search.found.unwrap_or(new)
            }

            /// The symbol equal to `value`, if there is one.
            ///
            /// # Panics
            ///
            /// If hashing or comparing panics, or uses the interner.
            pub fn get<Q: ?Sized + Hash + Eq>(&self, value: &Q) -> Option<$handle<T>>
            where
                T: Borrow<Q>,
            {
                let hash = self.hasher.hash_one(value);
                let search = self.symbols().find(hash, |symbol| symbol.borrow() == value);
                search.found
            }

            /// The number of symbols that are in use. It looks at each.
            pub fn len(&self) -> usize {
                self.symbols().len()
            }

            /// Whether no symbol is in use.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Handles to all symbols that are in use, in no order.
            pub fn symbols_in_use(&self) -> alloc::vec::Vec<$handle<T>> {
                self.symbols().living()
            }

            /// Frees the memory of places and weak boxes of symbols that went away.
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
