//! The types that a collector has met.

use core::any::TypeId;
use core::cell::{Cell, RefCell};
use core::ptr::{self, NonNull};

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::memory::try_box;
use crate::state::State;
use crate::trace::Trace;
use crate::type_info::{TypeInfo, VTable, vtable};

/// How many vtables are found without a search.
const SHORTCUTS: usize = 16;

struct Node {
    info: TypeInfo,
    next: Option<NonNull<Node>>,
}

/// Where the info of a vtable's type is. The compiler may make several vtables for one type, one in each part of the
/// program that asks.
#[derive(Clone, Copy)]
struct Known {
    vtable: *const VTable,
    info: NonNull<TypeInfo>,
}

/// What a shortcut has that leads nowhere: no vtable lies there.
const NOTHING: Known = Known { vtable: ptr::null(), info: NonNull::dangling() };

/// The [`TypeInfo`] of each type that one collector has made an object of.
///
/// # Invariants
///
/// `first` leads through all nodes, each from [`try_box`]; they live as long as the table.
pub(crate) struct Types {
    first: Cell<Option<NonNull<Node>>>,
    /// All vtables that were asked for, by address.
    known: RefCell<Vec<Known>>,
    /// Some of them, to be found at once.
    shortcuts: [Cell<Known>; SHORTCUTS],
}

impl Types {
    pub(crate) const fn new() -> Self {
        let shortcuts = [const { Cell::new(NOTHING) }; SHORTCUTS];
        Self { first: Cell::new(None), known: RefCell::new(Vec::new()), shortcuts }
    }

    /// The info of `T`, made on the first call; `None` when there is no memory for it.
    ///
    /// It lives as long as the table.
    #[inline]
    pub(crate) fn info_of<T: Trace + 'static>(&self, state: NonNull<State>) -> Option<NonNull<TypeInfo>> {
        let vtable: *const VTable = vtable::<T>();
        let known = self.shortcut(vtable).get();
        if ptr::eq(known.vtable, vtable) { Some(known.info) } else { self.find_or_add::<T>(vtable, state) }
    }

    #[inline]
    fn shortcut(&self, vtable: *const VTable) -> &Cell<Known> {
        &self.shortcuts[(vtable.addr() / align_of::<VTable>()) % SHORTCUTS]
    }

    #[cold]
    fn find_or_add<T: Trace + 'static>(
        &self,
        vtable: *const VTable,
        state: NonNull<State>,
    ) -> Option<NonNull<TypeInfo>> {
        let place = |known: &Vec<Known>| known.binary_search_by_key(&vtable.addr(), |known| known.vtable.addr());
        let found = place(&self.known.borrow()).ok().map(|index| self.known.borrow()[index]);
        let known = match found {
            Some(known) => known,
            None => {
                // Not borrowed: a type says by a function what it needs.
                let node = self.of_type::<T>().or_else(|| self.add(TypeInfo::of::<T>(state)))?;
                let new = Known { vtable, info: info(node) };
                let mut known = self.known.borrow_mut();
                known.try_reserve(1).ok()?;
                if let Err(index) = place(&known) {
                    known.insert(index, new);
                }
                new
            }
        };
        self.shortcut(vtable).set(known);
        Some(known.info)
    }

    /// Sums up a figure of all types.
    pub(crate) fn sum(&self, figure: impl Fn(&TypeInfo) -> usize) -> usize {
        let mut sum = 0;
        self.for_each(|info| sum += figure(info));
        sum
    }

    pub(crate) fn for_each(&self, mut visit: impl FnMut(&TypeInfo)) {
        let mut next = self.first.get();
        while let Some(node) = next {
            // SAFETY: by the type's invariant nodes live as long as the table.
            let node = unsafe { node.as_ref() };
            visit(&node.info);
            next = node.next;
        }
    }

    /// Gives some memory of objects back that are gone, where too much of it is kept.
    pub(crate) fn shorten_free_lists(&self) {
        const A_STEP: usize = 128;
        self.for_each(|info| info.shorten_free_list(A_STEP));
    }

    /// Gives the memory of objects back that are gone.
    pub(crate) fn clear_free_lists(&self) {
        self.for_each(TypeInfo::clear_free_list);
    }

    /// The node that was made for another vtable of the same type.
    fn of_type<T: 'static>(&self) -> Option<NonNull<Node>> {
        let mut next = self.first.get();
        while let Some(node) = next {
            // SAFETY: by the type's invariant nodes live as long as the table.
            let Node { info, next: after } = unsafe { node.as_ref() };
            if (info.vtable.type_id)() == TypeId::of::<T>() {
                return Some(node);
            }
            next = *after;
        }
        None
    }

    fn add(&self, info: TypeInfo) -> Option<NonNull<Node>> {
        let node = try_box(Node { info, next: self.first.get() }).ok()?;
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
            let node = unsafe { Box::from_raw(node.as_ptr()) };
            node.info.clear_free_list();
            next = node.next;
        }
    }
}
