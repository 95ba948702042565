//! The weak box: where an object and its weak handles meet.
//!
//! The first weak handle to an object makes its *weak box*, which outlives the object until the last weak handle goes.
//! The two find each other in one step, since the box begins with a copy of the type's info, and the object's header
//! leads there instead of to the original:
//!
//! ```text
//!   object ──info──▶ ┌──────────── weak box ────────────┐
//!     ▲              │ copy of the type's info          │
//!     └──────────────│ object │ references │ callbacks  │ ◀── WeakGc
//!                    │ attachments                      │ ◀── WeakMap
//!                    └──────────────────────────────────┘
//! ```

use core::cell::{Cell, RefCell};
use core::ops::Deref;
use core::ptr::NonNull;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use crate::attachments::Attachments;
use crate::catch::Panics;
use crate::count::Count;
use crate::count_word::Flags;
use crate::memory::try_box;
use crate::object::ObjectRef;
use crate::trace::Tracer;
use crate::type_info::TypeInfo;

/// Names a callback within its weak box. Newer ones are greater.
pub(crate) type CallbackId = u64;

pub(crate) type Callback = Box<dyn FnOnce()>;

/// # Invariants
///
/// While `object` is set, that object has [`Flags::WEAK`], and its header leads to `info` here.
#[repr(C)]
pub(crate) struct WeakBox {
    /// First, so that a pointer to the box is a pointer to it.
    info: TypeInfo,
    original_info: NonNull<TypeInfo>,
    pub(crate) object: Cell<Option<ObjectRef>>,
    pub(crate) references: Count,
    callbacks: RefCell<BTreeMap<CallbackId, Callback>>,
    next_id: Cell<CallbackId>,
    /// What weak maps have for the object, which traces it with its own edges.
    pub(crate) attachments: Attachments,
    /// The next box in a collection's list of callbacks to call.
    next: Cell<Option<WeakBoxRef>>,
}

/// A counted reference to a weak box. The last one parts the box from its object and frees it.
///
/// # Invariants
///
/// The box came from [`try_box`], and its `references` counts this one.
#[derive(PartialEq)]
pub(crate) struct WeakBoxRef(NonNull<WeakBox>);

impl WeakBoxRef {
    /// A reference to the box of `object`, which is made if it has none; `None` when there is no memory.
    pub(crate) fn to(object: ObjectRef) -> Option<Self> {
        Self::existing(object).or_else(|| Self::attach(object))
    }

    /// A reference to the box of `object`, if it has one.
    pub(crate) fn existing(object: ObjectRef) -> Option<Self> {
        if !object.word().has(Flags::WEAK) {
            return None;
        }
        let weak_box: NonNull<WeakBox> = object.header().info.get().cast();
        // SAFETY: by the box's invariant, an object with the flag leads to one that is not freed.
        unsafe { weak_box.as_ref() }.references.increment();
        // INVARIANT: just counted.
        Some(Self(weak_box))
    }

    fn attach(object: ObjectRef) -> Option<Self> {
        let original_info = object.header().info.get();
        // INVARIANT: the box counts one reference, the one returned.
        let weak_box = try_box(WeakBox {
            info: TypeInfo { trace: trace_with_attachments, ..object.copy_of_info() },
            original_info,
            object: Cell::new(Some(object)),
            references: Count::new(1),
            callbacks: RefCell::new(BTreeMap::new()),
            next_id: Cell::new(0),
            attachments: Attachments::default(),
            next: Cell::new(None),
        })
        .ok()?;
        object.header().info.set(weak_box.cast());
        object.word().insert(Flags::WEAK);
        Some(Self(weak_box))
    }

    /// Parts the box from its object, if it still has one: all weak handles are dead from now on.
    fn detach(&self) {
        if let Some(object) = self.object.take() {
            object.header().info.set(self.original_info);
            object.word().remove(Flags::WEAK);
        }
    }

    pub(crate) fn add_callback(&self, callback: Callback) -> CallbackId {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        self.callbacks.borrow_mut().insert(id, callback);
        id
    }

    pub(crate) fn cancel_callback(&self, id: CallbackId) -> Option<Callback> {
        self.callbacks.borrow_mut().remove(&id)
    }

    fn take_newest_callback(&self) -> Option<Callback> {
        self.callbacks.borrow_mut().pop_last().map(|(_, callback)| callback)
    }

    /// Names the box, as long as it is there.
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }
}

impl Deref for WeakBoxRef {
    type Target = WeakBox;

    fn deref(&self) -> &WeakBox {
        // SAFETY: by the type's invariant the box is not freed; what changes in it are cells.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for WeakBoxRef {
    fn clone(&self) -> Self {
        self.references.increment();
        // INVARIANT: just counted.
        Self(self.0)
    }
}

impl Drop for WeakBoxRef {
    fn drop(&mut self) {
        if self.references.decrement() == 0 {
            self.detach();
            // SAFETY: the box came from `try_box`, and neither a reference nor an object leads to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// Reports an object's edges, and those of what weak maps have for it: so that it is the key which keeps a value.
///
/// # Safety
///
/// The object has a weak box.
unsafe fn trace_with_attachments(object: ObjectRef, tracer: &mut Tracer<'_>) {
    let weak_box: NonNull<WeakBox> = object.header().info.get().cast();
    // SAFETY: by the box's invariant, the object leads to one that is not freed.
    let weak_box = unsafe { weak_box.as_ref() };
    // SAFETY: it came from a collector's table of types, which lives as long as the object.
    let trace = unsafe { weak_box.original_info.as_ref() }.trace;
    // SAFETY: it is that of the object's type, whose value is intact, as no weak box is left when it is dropped.
    unsafe { trace(object, tracer) };
    weak_box.attachments.trace(tracer);
}

/// Whether weak maps have something for an object.
pub(crate) fn has_attachments(object: ObjectRef) -> bool {
    WeakBoxRef::existing(object).is_some_and(|weak_box| !weak_box.attachments.is_empty())
}

/// Weak boxes whose objects have just died, with callbacks still to be called or values still to be dropped, oldest death
/// first.
///
/// Linked through the boxes, so that making the list takes no memory.
#[derive(Default)]
pub(crate) struct DeadBoxes {
    first: Option<WeakBoxRef>,
    last: Option<WeakBoxRef>,
}

impl DeadBoxes {
    /// Makes all weak handles to `object` dead, and remembers what that leads to.
    pub(crate) fn kill_handles_to(&mut self, object: ObjectRef) {
        let Some(weak_box) = WeakBoxRef::existing(object) else { return };
        weak_box.detach();
        if !weak_box.callbacks.borrow().is_empty() || !weak_box.attachments.is_empty() {
            self.push(weak_box);
        }
    }

    /// Calls each callback, of one object the newest first; the boxes are left that have attachments.
    pub(crate) fn call_callbacks(mut self, panics: &Panics) -> Self {
        let mut left = Self::default();
        while let Some(weak_box) = self.pop() {
            while let Some(callback) = weak_box.take_newest_callback() {
                panics.catch(callback);
            }
            if !weak_box.attachments.is_empty() {
                left.push(weak_box);
            }
        }
        left
    }

    /// Drops what weak maps had for the objects.
    pub(crate) fn drop_attachments(mut self, panics: &Panics) {
        while let Some(weak_box) = self.pop() {
            while let Some(value) = weak_box.attachments.take_any() {
                panics.catch(|| drop(value));
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn push(&mut self, weak_box: WeakBoxRef) {
        match self.last.replace(weak_box.clone()) {
            Some(last) => last.next.set(Some(weak_box)),
            None => self.first = Some(weak_box),
        }
    }

    fn pop(&mut self) -> Option<WeakBoxRef> {
        let first = self.first.take()?;
        self.first = first.next.take();
        if self.first.is_none() {
            self.last = None;
        }
        Some(first)
    }
}
