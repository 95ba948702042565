//! Weak maps: what is known of objects while they live.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::marker::PhantomData;
use core::mem;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::attachments::MapId;
use crate::count_word::Flags;
use crate::gc::Gc;
use crate::object::{NO_SLOT, ObjectRef, is_garbage};
use crate::state::StateRef;
use crate::trace::Trace;
use crate::type_info::Traits;
use crate::weak::WeakGc;
use crate::weak_box::WeakBoxRef;

/// What is known of objects while they live: a map by identity that keeps neither its keys nor, once their keys are gone,
/// their values.
///
/// A value may lead back to its key, by any way: that does not keep the key alive, as it would in CPython's
/// `WeakKeyDictionary`. JavaScript's `WeakMap` and the ephemerons of Barry Hayes (1997) are like this one. The value belongs
/// to its key, not to the map, so a map that nothing but values of its own lead to lives as long as their keys.
///
/// When a key dies, its value is dropped with its weak handles, so a finalizer that runs in a collection finds no entry. An
/// entry counts as a weak handle to its key.
///
/// Like a `RefCell` the map is changed through a shared reference. An operation takes time in proportion to the logarithm of
/// the number of entries.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use mudlark_gc::{Collector, Gc, Generation, Trace, WeakMap};
///
/// #[derive(Clone, Trace)]
/// struct Wrapper {
///     wrapped: Gc<String>,
/// }
///
/// let collector = Collector::new();
/// let wrappers = WeakMap::new();
/// let name = Gc::new_in("lark".to_string(), &collector);
/// wrappers.insert(&name, Wrapper { wrapped: name.clone() });
/// assert!(wrappers.get(&name).is_some_and(|wrapper| Gc::ptr_eq(&wrapper.wrapped, &name)));
///
/// drop(name);
/// assert_eq!(collector.collect(Generation::Old), 1);
/// assert!(wrappers.is_empty());
/// # }
/// ```
///
/// As other types that are changed through shared references, it is a map of one type of values, however close another is:
///
/// ```compile_fail,E0308
/// # use mudlark_gc::WeakMap;
/// let any: WeakMap<u8, &'static dyn for<'a> Fn(&'a str)> = WeakMap::new();
/// let long_lived: &WeakMap<u8, &'static dyn Fn(&'static str)> = &any;
/// ```
///
/// # Invariants
///
/// What is attached to an object under `id` is a `V`; `keys` has a handle to each such object, by its weak box.
pub struct WeakMap<K: ?Sized + 'static, V: Trace + 'static> {
    id: MapId,
    keys: RefCell<BTreeMap<usize, WeakGc<K>>>,
    /// When there are so many keys, those that are dead are taken out.
    limit: Cell<usize>,
    /// Takes values and gives them, so that it must not pass for a map of others.
    values: PhantomData<Cell<V>>,
}

/// So few keys are not worth a look for dead ones.
const FEW: usize = 8;

impl<K: ?Sized + 'static, V: Trace + 'static> WeakMap<K, V> {
    /// A map without entries.
    #[must_use]
    pub fn new() -> Self {
        Self { id: MapId::new(), keys: RefCell::default(), limit: Cell::new(FEW), values: PhantomData }
    }

    /// Makes this the value for a key, and returns the one that it had.
    ///
    /// A key that a running collection has found to be garbage takes a value, too, but drops it in the end.
    ///
    /// # Panics
    ///
    /// If called inside [`with`](Self::with) for the same key; nothing is changed then. When memory is exhausted it ends the
    /// program as [`handle_alloc_error`](alloc::alloc::handle_alloc_error) does.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, WeakMap};
    /// # let collector = Collector::new();
    /// let (map, key) = (WeakMap::new(), Gc::new_in("key", &collector));
    /// assert_eq!(map.insert(&key, 1), None);
    /// assert_eq!(map.insert(&key, 2), Some(1));
    /// ```
    pub fn insert(&self, key: &Gc<K>, value: V) -> Option<V> {
        let weak = Gc::downgrade(key);
        self.forget_dead_keys();
        let weak_box = weak.weak_box()?;
        // INVARIANT: a `V` under this map's name.
        let old = weak_box.attachments.insert(&self.id, Box::new(value));
        track(key.object());
        if old.is_none() {
            self.keys.borrow_mut().insert(weak_box.address(), weak.clone());
        }
        // SAFETY: by the type's invariant.
        old.map(|old| unsafe { Self::value(old) })
    }

    /// Takes the value for a key out.
    ///
    /// # Panics
    ///
    /// If called inside [`with`](Self::with) for the same key; nothing is changed then.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, WeakMap};
    /// # let collector = Collector::new();
    /// let (map, key) = (WeakMap::new(), Gc::new_in("key", &collector));
    /// map.insert(&key, 1);
    /// assert_eq!(map.remove(&key), Some(1));
    /// assert!(!map.contains_key(&key));
    /// ```
    pub fn remove(&self, key: &Gc<K>) -> Option<V> {
        let weak_box = WeakBoxRef::existing(key.object())?;
        let value = weak_box.attachments.remove(&self.id)?;
        untrack(&weak_box);
        let weak = self.keys.borrow_mut().remove(&weak_box.address());
        drop(weak);
        // SAFETY: by the type's invariant.
        Some(unsafe { Self::value(value) })
    }

    /// The value for a key.
    ///
    /// # Panics
    ///
    /// If cloning it panics, or changes what weak maps have for the key.
    #[must_use]
    pub fn get(&self, key: &Gc<K>) -> Option<V>
    where
        V: Clone,
    {
        self.with(key, V::clone)
    }

    /// What `read` makes of the value for a key; `None` when there is none.
    ///
    /// # Panics
    ///
    /// If `read` panics, or changes what weak maps have for the key.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, WeakMap};
    /// # let collector = Collector::new();
    /// let lines = WeakMap::new();
    /// let file = Gc::new_in("tide.txt", &collector);
    /// lines.insert(&file, vec!["high", "low"]);
    /// assert_eq!(lines.with(&file, |lines| lines.len()), Some(2));
    /// ```
    pub fn with<R>(&self, key: &Gc<K>, read: impl FnOnce(&V) -> R) -> Option<R> {
        let weak_box = WeakBoxRef::existing(key.object())?;
        weak_box.attachments.read(&self.id, |value| {
            let value: *const V = (&raw const *value).cast();
            // SAFETY: by the type's invariant it is a `V`, which stays where it is while it is read.
            read(unsafe { &*value })
        })
    }

    /// Whether there is a value for this key.
    #[must_use]
    pub fn contains_key(&self, key: &Gc<K>) -> bool {
        WeakBoxRef::existing(key.object()).is_some_and(|weak_box| weak_box.attachments.contains(&self.id))
    }

    /// The keys that are alive, in no order.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, WeakMap};
    /// # let collector = Collector::new();
    /// let (map, key) = (WeakMap::new(), Gc::new_in("key", &collector));
    /// map.insert(&key, 1);
    /// assert_eq!(map.keys(), [key]);
    /// ```
    #[must_use]
    pub fn keys(&self) -> Vec<Gc<K>> {
        self.keys.borrow().values().filter_map(WeakGc::upgrade).collect()
    }

    /// The number of entries. It looks at each.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.borrow().values().filter(|key| key.strong_count() > 0).count()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all entries.
    ///
    /// # Panics
    ///
    /// When a value does that is dropped, or if it is called inside [`with`](Self::with); the other entries stay.
    pub fn clear(&self) {
        loop {
            let last = self.keys.borrow().last_key_value().map(|(&address, key)| (address, key.clone()));
            let Some((address, key)) = last else { break };
            // If this panics, as the value is being read, the entry stays whole.
            let value = key.weak_box().and_then(|weak_box| weak_box.attachments.remove(&self.id));
            let weak = self.keys.borrow_mut().remove(&address);
            key.weak_box().into_iter().for_each(untrack);
            drop(weak);
            // Nothing is borrowed: a value may do anything when it is dropped.
            drop(value);
        }
    }

    fn forget_dead_keys(&self) {
        let mut keys = self.keys.borrow_mut();
        if keys.len() < self.limit.get() {
            return;
        }
        let all = mem::take(&mut *keys);
        let (alive, dead): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(_, key)| key.is_attached());
        self.limit.set(FEW.max(alive.len() * 2));
        *keys = alive;
        drop(keys);
        drop(dead);
    }

    /// # Safety
    ///
    /// It was attached by this map.
    unsafe fn value(attached: Box<dyn Trace>) -> V {
        let value: *mut V = Box::into_raw(attached).cast();
        // SAFETY: by the type's invariant it is the box of a `V`.
        *unsafe { Box::from_raw(value) }
    }
}

/// Has collections look at an object, though its type holds no handles, since what is attached to it may.
///
/// Without memory for that, what is attached to it is kept from outside.
fn track(object: ObjectRef) {
    let is_alone = object.slot().get() == NO_SLOT && !object.traits().contains(Traits::TRACKED);
    if is_alone && let Some(segment) = StateRef::of(object).generations.reserve() {
        // A cycle through it may have been there before.
        object.word().insert(Flags::CANDIDATE);
        segment.push(object);
    }
}

/// The end of [`track`], when nothing is attached any more; garbage is left to the collection that found it.
fn untrack(weak_box: &WeakBoxRef) {
    if let Some(object) = weak_box.object.get()
        && weak_box.attachments.is_empty()
        && !object.traits().contains(Traits::TRACKED)
        && !is_garbage(object)
    {
        StateRef::of(object).generations.remove(object);
    }
}

impl<K: ?Sized + 'static, V: Trace + 'static> Drop for WeakMap<K, V> {
    /// Drops all values, those that are left when one panics, too.
    fn drop(&mut self) {
        struct Rest<'a, K: ?Sized + 'static, V: Trace + 'static>(&'a WeakMap<K, V>);
        impl<K: ?Sized + 'static, V: Trace + 'static> Drop for Rest<'_, K, V> {
            fn drop(&mut self) {
                self.0.clear();
            }
        }
        let rest = Rest(self);
        self.clear();
        drop(rest);
    }
}

impl<K: ?Sized + 'static, V: Trace + 'static> Default for WeakMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: ?Sized + 'static, V: Trace + 'static> fmt::Debug for WeakMap<K, V> {
    /// Writes the number of entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakMap").field("len", &self.len()).finish_non_exhaustive()
    }
}
