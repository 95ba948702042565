//! [`WeakMap`] and [`WeakSet`]: what is known of values while they live.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;

use crate::counted::Counted;
use crate::weak::Weak;

/// What is known of values while they live: a map by identity that has weak handles to its keys. An entry vanishes when its
/// key does.
///
/// Keys are told apart by being the same value, not by being equal: any type of value will do. The map is shared and changed
/// through `&self`, also while it is iterated over. CPython's `WeakKeyDictionary` and JavaScript's `WeakMap` are such maps.
///
/// ```
/// use mudlark_rc::{Counted, WeakMap};
///
/// let colours = WeakMap::new();
/// let (sky, grass) = (Counted::new("sky"), Counted::new("grass"));
/// colours.insert(&sky, "blue");
/// colours.insert(&grass, "green");
/// assert_eq!(colours.get(&sky), Some("blue"));
/// drop(sky);
/// assert_eq!(colours.len(), 1);
/// ```
///
/// An entry's value that leads back to its key keeps it alive, and so itself.
///
/// An operation takes the time of the logarithm of the number of entries.
pub struct WeakMap<K: ?Sized + 'static, V: 'static> {
    entries: Counted<RefCell<Entries<K, V>>>,
}

/// By the address of the key's value.
///
/// An address may be used again only after the key is gone, when its callback has taken the entry out.
type Entries<K, V> = BTreeMap<usize, Entry<K, V>>;

struct Entry<K: ?Sized, V> {
    key: Weak<K>,
    /// `None` after it was removed. The entry stays, as a note that the key has a callback.
    value: Option<V>,
}

impl<K: ?Sized + 'static, V: 'static> WeakMap<K, V> {
    /// A map without entries.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: Counted::new(RefCell::default()) }
    }

    /// Makes this the value for a key; returns the one that it had.
    pub fn insert(&self, key: &Counted<K>, value: V) -> Option<V> {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&address(key)) {
            return entry.value.replace(value);
        }
        let entries = Counted::downgrade(&self.entries);
        let address = address(key);
        let key = Counted::downgrade_with_callback(key, move || {
            if let Some(entries) = entries.upgrade() {
                // It is dropped when the entries are no longer borrowed, since its drop may use the map.
                let gone = entries.borrow_mut().remove(&address);
                drop(gone);
            }
        });
        self.entries.borrow_mut().insert(address, Entry { key, value: Some(value) });
        None
    }

    /// Takes the value for a key out.
    pub fn remove(&self, key: &Counted<K>) -> Option<V> {
        self.entries.borrow_mut().get_mut(&address(key)).and_then(|entry| entry.value.take())
    }

    /// Whether there is a value for this key.
    #[must_use]
    pub fn contains_key(&self, key: &Counted<K>) -> bool {
        self.entries.borrow().get(&address(key)).is_some_and(|entry| entry.value.is_some())
    }

    /// The value for a key.
    ///
    /// # Panics
    ///
    /// If cloning it panics, or changes the map.
    #[must_use]
    pub fn get(&self, key: &Counted<K>) -> Option<V>
    where
        V: Clone,
    {
        self.entries.borrow().get(&address(key)).and_then(|entry| entry.value.clone())
    }

    /// The number of entries. It looks at each.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.borrow().values().filter(|entry| entry.value.is_some()).count()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all entries.
    pub fn clear(&self) {
        let taken: Vec<V> = self.entries.borrow_mut().values_mut().filter_map(|entry| entry.value.take()).collect();
        drop(taken);
    }

    /// The keys there are now, with their values, in no order. Those that vanish or are removed before their turn are passed
    /// over; those that come meanwhile are not seen.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let map = WeakMap::new();
    /// let mut keys = Vec::from_iter((0..4).map(Counted::new));
    /// keys.iter().for_each(|key| drop(map.insert(key, ())));
    /// let seen = map.iter().inspect(|_| drop(keys.drain(2..))).count();
    /// assert!((2..4).contains(&seen));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Counted<K>, V)> + use<'_, K, V>
    where
        V: Clone,
    {
        let keys: Vec<Weak<K>> = self.entries.borrow().values().map(|entry| entry.key.clone()).collect();
        keys.into_iter().filter_map(|key| {
            let key = key.upgrade()?;
            let value = self.get(&key)?;
            Some((key, value))
        })
    }
}

fn address<K: ?Sized>(key: &Counted<K>) -> usize {
    Counted::as_ptr(key).addr()
}

impl<K: ?Sized + 'static, V: 'static> Default for WeakMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: ?Sized + 'static, V: 'static> fmt::Debug for WeakMap<K, V> {
    /// Writes the number of entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakMap({})", self.len())
    }
}

/// A set of values that does not keep them alive: a [`WeakMap`] without values.
///
/// ```
/// use mudlark_rc::{Counted, WeakSet};
///
/// let listeners = WeakSet::new();
/// let listener = Counted::new("a listener");
/// assert!(listeners.insert(&listener));
/// assert_eq!(listeners.iter().count(), 1);
/// drop(listener);
/// assert!(listeners.is_empty());
/// ```
pub struct WeakSet<T: ?Sized + 'static> {
    map: WeakMap<T, ()>,
}

impl<T: ?Sized + 'static> WeakSet<T> {
    /// A set without members.
    #[must_use]
    pub fn new() -> Self {
        Self { map: WeakMap::new() }
    }

    /// Makes the value a member; returns whether it was none.
    pub fn insert(&self, value: &Counted<T>) -> bool {
        self.map.insert(value, ()).is_none()
    }

    /// Takes the value out; returns whether it was a member.
    pub fn remove(&self, value: &Counted<T>) -> bool {
        self.map.remove(value).is_some()
    }

    /// Whether the value is a member.
    #[must_use]
    pub fn contains(&self, value: &Counted<T>) -> bool {
        self.map.contains_key(value)
    }

    /// The number of members. It looks at each.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Takes all members out.
    pub fn clear(&self) {
        self.map.clear();
    }

    /// The members there are now, as [`WeakMap::iter`] finds them.
    pub fn iter(&self) -> impl Iterator<Item = Counted<T>> + use<'_, T> {
        self.map.iter().map(|(value, ())| value)
    }
}

impl<T: ?Sized + 'static> Default for WeakSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized + 'static> fmt::Debug for WeakSet<T> {
    /// Writes the number of members.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakSet({})", self.len())
    }
}
