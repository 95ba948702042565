//! [`WeakMap`] and [`WeakSet`]: what is known of values while they live.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::{fmt, mem};

use crate::callback::{CallbackId, downgrade_with_callback};
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
/// An operation takes the time of the logarithm of the number of entries; taking an entry out, also that of passing the
/// callbacks that its key was given later.
///
/// The map and its keys stay on one thread: there is none for `SyncCounted`.
pub struct WeakMap<K: ?Sized + 'static, V: 'static> {
    entries: Counted<RefCell<Entries<K, V>>>,
}

/// By the address of the key's value.
///
/// An address may be used again only after the key is gone, when its callback has taken the entry out; or could not, since the
/// entries were borrowed, and panicked. So entries whose key is dead do not count.
type Entries<K, V> = BTreeMap<usize, Entry<K, V>>;

struct Entry<K: ?Sized, V> {
    key: Weak<K>,
    /// What takes the entry out when the key goes; an immortal one does not.
    callback: Option<CallbackId>,
    value: V,
}

impl<K: ?Sized, V> Entry<K, V> {
    fn is_alive(&self) -> bool {
        self.key.strong_count() > 0
    }

    /// The value of an entry that was taken out of its map; the key is not watched any more.
    fn into_value(self) -> V {
        if let Some(callback) = self.callback {
            self.key.remove_callback(callback);
        }
        self.value
    }
}

impl<K: ?Sized + 'static, V: 'static> WeakMap<K, V> {
    /// A map without entries.
    ///
    /// ```
    /// use mudlark_rc::WeakMap;
    ///
    /// assert!(WeakMap::<str, u32>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { entries: Counted::new(RefCell::default()) }
    }

    /// Makes this the value for a key; returns the one that it had.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let (map, key) = (WeakMap::new(), Counted::new("key"));
    /// assert_eq!(map.insert(&key, 1), None);
    /// assert_eq!(map.insert(&key, 2), Some(1));
    /// ```
    pub fn insert(&self, key: &Counted<K>, value: V) -> Option<V> {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&address(key)).filter(|entry| entry.is_alive()) {
            return Some(mem::replace(&mut entry.value, value));
        }
        let (weak, callback) = downgrade_with_callback(key, self.removal_of(address(key)));
        let dead = self.entries.borrow_mut().insert(address(key), Entry { key: weak, callback, value });
        drop(dead);
        None
    }

    /// The callback of the key at this address.
    fn removal_of(&self, address: usize) -> Box<dyn FnOnce()> {
        let entries = Counted::downgrade(&self.entries);
        Box::new(move || {
            if let Some(entries) = entries.upgrade() {
                // It is dropped when the entries are no longer borrowed, since its drop may use the map.
                let gone = entries.borrow_mut().remove(&address);
                drop(gone);
            }
        })
    }

    /// Takes the value for a key out.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let (map, key) = (WeakMap::new(), Counted::new("key"));
    /// map.insert(&key, 1);
    /// assert_eq!((map.remove(&key), map.remove(&key)), (Some(1), None));
    /// ```
    pub fn remove(&self, key: &Counted<K>) -> Option<V> {
        let entry = self.entries.borrow_mut().remove(&address(key));
        entry.filter(Entry::is_alive).map(Entry::into_value)
    }

    /// Whether there is a value for this key.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let (map, key) = (WeakMap::new(), Counted::new("key"));
    /// map.insert(&key, 1);
    /// assert!(map.contains_key(&key) && !map.contains_key(&Counted::new("key")));
    /// ```
    #[must_use]
    pub fn contains_key(&self, key: &Counted<K>) -> bool {
        self.entries.borrow().get(&address(key)).is_some_and(Entry::is_alive)
    }

    /// The value for a key.
    ///
    /// # Panics
    ///
    /// If cloning it panics, or changes the map.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let (map, key) = (WeakMap::new(), Counted::new("key"));
    /// map.insert(&key, 1);
    /// assert_eq!((map.get(&key), map.get(&Counted::new("key"))), (Some(1), None));
    /// ```
    #[must_use]
    pub fn get(&self, key: &Counted<K>) -> Option<V>
    where
        V: Clone,
    {
        self.entries.borrow().get(&address(key)).filter(|entry| entry.is_alive()).map(|entry| entry.value.clone())
    }

    /// The number of entries whose keys are alive. It looks at each.
    ///
    /// A key that is just being dropped is not alive any more, as for [`iter`](Self::iter): a callback that is called before the
    /// one that takes its entry out does not see it.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let (map, key) = (WeakMap::new(), Counted::new("key"));
    /// map.insert(&key, 1);
    /// assert_eq!(map.len(), 1);
    /// drop(key);
    /// assert_eq!(map.len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.borrow().values().filter(|entry| entry.is_alive()).count()
    }

    /// Whether there are no entries whose keys are alive.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let map = WeakMap::new();
    /// map.insert(&Counted::new("gone at once"), 1);
    /// assert!(map.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all entries.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakMap};
    ///
    /// let (map, key) = (WeakMap::new(), Counted::new("key"));
    /// map.insert(&key, 1);
    /// map.clear();
    /// assert_eq!(map.get(&key), None);
    /// ```
    pub fn clear(&self) {
        let taken = self.entries.take();
        // No key is watched any more when the first value is dropped.
        let values: Vec<V> = taken.into_values().map(Entry::into_value).collect();
        drop(values);
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

impl<K: ?Sized + 'static, V: 'static> Drop for WeakMap<K, V> {
    /// Removes all entries, so that nothing of the map stays with keys that live on.
    fn drop(&mut self) {
        self.clear();
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
    ///
    /// ```
    /// use mudlark_rc::WeakSet;
    ///
    /// assert!(WeakSet::<str>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { map: WeakMap::new() }
    }

    /// Makes the value a member; returns whether it was none.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let (set, one) = (WeakSet::new(), Counted::new(1));
    /// assert!(set.insert(&one) && !set.insert(&one));
    /// ```
    pub fn insert(&self, value: &Counted<T>) -> bool {
        self.map.insert(value, ()).is_none()
    }

    /// Takes the value out; returns whether it was a member.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let (set, one) = (WeakSet::new(), Counted::new(1));
    /// set.insert(&one);
    /// assert!(set.remove(&one) && !set.remove(&one));
    /// ```
    pub fn remove(&self, value: &Counted<T>) -> bool {
        self.map.remove(value).is_some()
    }

    /// Whether the value is a member.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let (set, one) = (WeakSet::new(), Counted::new(1));
    /// set.insert(&one);
    /// assert!(set.contains(&one) && !set.contains(&Counted::new(1)));
    /// ```
    #[must_use]
    pub fn contains(&self, value: &Counted<T>) -> bool {
        self.map.contains_key(value)
    }

    /// The number of living members. It looks at each.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let (set, one) = (WeakSet::new(), Counted::new(1));
    /// set.insert(&one);
    /// assert_eq!(set.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are no living members.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let set = WeakSet::new();
    /// set.insert(&Counted::new("gone at once"));
    /// assert!(set.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Takes all members out.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let (set, one) = (WeakSet::new(), Counted::new(1));
    /// set.insert(&one);
    /// set.clear();
    /// assert!(!set.contains(&one));
    /// ```
    pub fn clear(&self) {
        self.map.clear();
    }

    /// The members there are now, as [`WeakMap::iter`] finds them.
    ///
    /// ```
    /// use mudlark_rc::{Counted, WeakSet};
    ///
    /// let (set, one) = (WeakSet::new(), Counted::new(1));
    /// set.insert(&one);
    /// assert_eq!(Vec::from_iter(set.iter()), [one]);
    /// ```
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
