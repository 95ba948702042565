//! Hash tables. Any value may be a key; keys are compared by `equal?`.
//!
//! The entries stand in the order in which they came, and an index finds them by their key's hash; so what a program
//! prints does not depend on hashes.

use core::cell::RefCell;
use std::collections::HashMap;

use mudlark_gc::Trace;

use super::{
    equality::{equal, hash},
    value::Value,
};

/// A hash table.
///
/// A key that is changed while it is in the table may not be found again; nothing worse happens.
#[derive(Debug, Default, Trace)]
pub struct Table {
    content: RefCell<Content>,
}

/// # Invariants
///
/// `index` holds, by their keys' hashes, the places in `entries` that are not vacant, each once.
#[derive(Debug, Default, Trace)]
struct Content {
    entries: Vec<Option<Entry>>,
    #[trace(skip)]
    index: HashMap<u64, Vec<usize>>,
    count: usize,
}

#[derive(Debug, Trace)]
struct Entry {
    hash: u64,
    key: Value,
    value: Value,
}

impl Content {
    /// Where the entry of that key is.
    fn find(&self, hash: u64, key: &Value) -> Option<usize> {
        let candidates = self.index.get(&hash)?;
        candidates.iter().copied().find(|&at| self.entries[at].as_ref().is_some_and(|entry| equal(&entry.key, key)))
    }

    fn push(&mut self, entry: Entry) {
        self.index.entry(entry.hash).or_default().push(self.entries.len());
        self.entries.push(Some(entry));
        self.count += 1;
    }

    /// Takes the entry at that place out.
    fn remove(&mut self, at: usize) -> Option<Entry> {
        let entry = self.entries[at].take()?;
        if let Some(candidates) = self.index.get_mut(&entry.hash) {
            candidates.retain(|&candidate| candidate != at);
            if candidates.is_empty() {
                self.index.remove(&entry.hash);
            }
        }
        self.count -= 1;
        Some(entry)
    }

    /// Closes the gaps once they are most of the row.
    fn compact(&mut self) {
        if self.entries.len() < 32 || self.entries.len() < self.count * 2 {
            return;
        }
        let entries = core::mem::take(self).entries;
        for entry in entries.into_iter().flatten() {
            self.push(entry);
        }
    }
}

impl Table {
    /// The value stored under the key.
    pub fn get(&self, key: &Value) -> Option<Value> {
        let content = self.content.borrow();
        let at = content.find(hash(key), key)?;
        content.entries[at].as_ref().map(|entry| entry.value.clone())
    }

    /// Stores the value under the key, in place of what was there.
    pub fn set(&self, key: Value, value: Value) {
        let mut content = self.content.borrow_mut();
        let hash = hash(&key);
        match content.find(hash, &key).and_then(|at| content.entries[at].as_mut()) {
            Some(entry) => entry.value = value,
            None => content.push(Entry { hash, key, value }),
        }
    }

    /// Takes the key and its value out, if they are there.
    pub fn delete(&self, key: &Value) {
        let mut content = self.content.borrow_mut();
        if let Some(at) = content.find(hash(key), key) {
            content.remove(at);
            content.compact();
        }
    }

    /// How many bytes one more key may take: many when the table is full and will double, else none to speak of.
    pub fn growth(&self) -> usize {
        let entries = &self.content.borrow().entries;
        let indexed = size_of::<(u64, Vec<usize>)>() + 2 * size_of::<usize>();
        if entries.len() < entries.capacity() {
            return 0;
        }
        2 * entries.len() * (size_of::<Option<Entry>>() + indexed)
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.content.borrow().count
    }

    /// All keys and values.
    pub fn entries(&self) -> Vec<(Value, Value)> {
        let content = self.content.borrow();
        content.entries.iter().flatten().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
    }

    /// Takes everything out.
    pub fn clear(&self) {
        self.content.take();
    }
}
