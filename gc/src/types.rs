//! The types that a collector has met.

use core::any::TypeId;
use core::cell::Cell;
use core::ptr::{self, NonNull};

use alloc::boxed::Box;

use crate::memory::try_box;
use crate::object::{TypeInfo, VTable, vtable};
use crate::state::State;
use crate::trace::Trace;

/// How many types are found without a search.
const SHORTCUTS: usize = 16;

struct Node {
    info: TypeInfo,
    next: Option<NonNull<Node>>,
}

/// Remembers where a search that began with this vtable ended.
#[derive(Clone, Copy)]
struct Shortcut {
    /// The compiler may make several vtables for one type, one in each part of the program that asks.
    vtable: *const VTable,
    node: NonNull<Node>,
}

/// The [`TypeInfo`] of each type that one collector has made an object of.
///
/// # Invariants
///
/// `first` leads through all nodes, each from [`try_box`] and each of another type; they live as long as the table.
pub(crate) struct Types {
    first: Cell<Option<NonNull<Node>>>,
    shortcuts: [Cell<Option<Shortcut>>; SHORTCUTS],
}

impl Types {
    pub(crate) const fn new() -> Self {
        Self { first: Cell::new(None), shortcuts: [const { Cell::new(None) }; SHORTCUTS] }
    }

    /// The info of `T`, made on the first call; `None` when there is no memory for it.
    ///
    /// It lives as long as the table.
    #[inline]
    pub(crate) fn info_of<T: Trace + 'static>(&self, state: NonNull<State>) -> Option<NonNull<TypeInfo>> {
        let vtable: *const VTable = vtable::<T>();
        let shortcut = &self.shortcuts[(vtable.addr() / align_of::<VTable>()) % SHORTCUTS];
        match shortcut.get() {
            Some(shortcut) if ptr::eq(shortcut.vtable, vtable) => Some(info(shortcut.node)),
            _ => {
                let node = self.find_or_add::<T>(state)?;
                shortcut.set(Some(Shortcut { vtable, node }));
                Some(info(node))
            }
        }
    }

    #[cold]
    fn find_or_add<T: Trace + 'static>(&self, state: NonNull<State>) -> Option<NonNull<Node>> {
        let mut next = self.first.get();
        while let Some(node) = next {
            // SAFETY: by the type's invariant nodes live as long as the table.
            let Node { info, next: after } = unsafe { node.as_ref() };
            if (info.vtable.type_id)() == TypeId::of::<T>() {
                return Some(node);
            }
            next = *after;
        }
        let node = try_box(Node { info: TypeInfo::of::<T>(state), next: self.first.get() }).ok()?;
        self.first.set(Some(node));
        Some(node)
    }
}

fn info(node: NonNull<Node>) -> NonNull<TypeInfo> {
    // SAFETY: nodes live as long as the table; the pointer is only offset.
    let info = unsafe { &raw mut (*node.as_ptr()).info };
    // SAFETY: a field of a live node is not at null.
    unsafe { NonNull::new_unchecked(info) }
}

impl Drop for Types {
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(node) = next {
            // SAFETY: by the type's invariant; no object is left whose header could lead here.
            next = unsafe { Box::from_raw(node.as_ptr()) }.next;
        }
    }
}
