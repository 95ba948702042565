//! An object: a header, then the value.
//!
//! ```text
//!            ┌──────────────┬──────────┬───────────────┬─────────┐
//!  object ──▶│ count, flags │   slot   │   type info   │  value  │
//!            │     u32      │   u32    │    pointer    │         │
//!            └──────────────┴──────────┴───────┬───────┴─────────┘
//!                                              └──▶ trace, finalize, drop, layout, the collector
//! ```
//!
//! The *slot* says where the object is among its generation's entries. While a collection decides what is garbage, it
//! holds the external count instead (CPython keeps its `gc_refs` in a link of the object's list in the same way).

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use crate::count_word::{CountWord, Flags};
use crate::state::State;
use crate::trace::{EdgeName, NamedTracer, Trace, Tracer};
use crate::type_info::{Traits, TypeInfo, VTable};
use crate::weak_box::WeakBoxRef;

/// The part of an object that the collector works with.
pub(crate) struct Header {
    pub(crate) word: CountWord,
    /// See the module; [`NO_SLOT`] when the object is not tracked.
    pub(crate) slot: Cell<u32>,
    /// The type's info, or the copy of it at the start of the object's weak box.
    pub(crate) info: Cell<NonNull<TypeInfo>>,
}

/// The slot of an object that is in no generation.
pub(crate) const NO_SLOT: u32 = u32::MAX;
/// The slot of an object that a collection is destroying: that its count comes to zero means nothing any more.
pub(crate) const CONDEMNED: u32 = u32::MAX - 1;
/// Slots are below this.
pub(crate) const SLOT_LIMIT: u32 = 1 << 31;

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Header>() == 16);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Header>() == 12);

/// A header and the value after it.
#[repr(C)]
pub(crate) struct Object<T: ?Sized> {
    pub(crate) header: Header,
    pub(crate) value: T,
}

// To follow a handle is to add a constant; nothing comes after the value.
const _: () = assert!(core::mem::offset_of!(Object<usize>, value) == size_of::<Header>());
const _: () = assert!(size_of::<Object<[usize; 2]>>() == size_of::<Header>() + 2 * size_of::<usize>());

/// A pointer to some object, whatever its type.
///
/// # Invariants
///
/// It points to an [`Object`] with an intact value, and may reach all of it. Two things end that, and their callers
/// promise that nobody relies on it any more: [`drop_value`](Self::drop_value), after which only the header is there,
/// and [`free`](Self::free).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectRef(NonNull<Header>);

impl ObjectRef {
    /// # Safety
    ///
    /// `object` must satisfy the type's invariant.
    #[inline]
    pub(crate) unsafe fn new<T: ?Sized>(object: NonNull<Object<T>>) -> Self {
        // INVARIANT: by this function's contract; the cast keeps the pointer's reach.
        Self(object.cast())
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: by the type's invariant; all fields of a header are cells, so sharing it is always right.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(crate) fn word(&self) -> &CountWord {
        &self.header().word
    }

    #[inline]
    pub(crate) fn slot(&self) -> &Cell<u32> {
        &self.header().slot
    }

    /// Where it lies, only to be compared with.
    pub(crate) fn address(self) -> usize {
        self.0.addr().get()
    }

    /// Whether a collection is destroying the object.
    #[inline]
    pub(crate) fn is_condemned(self) -> bool {
        self.slot().get() == CONDEMNED
    }

    /// Reads something from the type's info. A reference would be no good: the weak box that it may lie in can go at any
    /// time.
    #[inline]
    fn info<R>(self, read: impl FnOnce(&TypeInfo) -> R) -> R {
        // SAFETY: a header leads to the info in its collector's table of types, or to that in its own weak box, which
        // is put back before the box goes; none of the readers below does anything else.
        read(unsafe { self.header().info.get().as_ref() })
    }

    #[inline]
    pub(crate) fn traits(self) -> Traits {
        self.info(|info| info.traits)
    }

    #[inline]
    pub(crate) fn vtable(self) -> &'static VTable {
        self.info(|info| info.vtable)
    }

    #[inline]
    pub(crate) fn state(self) -> NonNull<State> {
        self.info(|info| info.state)
    }

    /// Bytes that it takes, its header included.
    pub(crate) fn size(self) -> usize {
        self.info(|info| info.layout.size())
    }

    /// What a weak box begins with.
    pub(crate) fn copy_of_info(self) -> TypeInfo {
        self.info(TypeInfo::copy)
    }

    /// Reports the value's edges to `tracer`.
    #[inline]
    pub(crate) fn trace(self, tracer: &mut Tracer<'_>) {
        let trace = self.info(|info| info.trace);
        // SAFETY: the function is that of this object's type; by the type's invariant the value is intact.
        unsafe { trace(self, tracer) }
    }

    /// Reports the edges that [`trace`](Self::trace) reports, with their names.
    pub(crate) fn trace_named(self, visit: &mut dyn FnMut(ObjectRef, &EdgeName<'_>)) {
        let mut tracer = NamedTracer::new(visit);
        let object = self.as_dyn();
        // SAFETY: by the type's invariant the value is intact, and it is only ever shared.
        unsafe { &(*object.as_ptr()).value }.trace_named(&mut tracer);
        if let Some(weak_box) = WeakBoxRef::existing(self) {
            weak_box.attachments.trace_named(&mut tracer);
        }
    }

    /// The handle's pointer for introspection, by way of [`Trace`]'s vtable.
    pub(crate) fn as_dyn(self) -> NonNull<Object<dyn Trace>> {
        // SAFETY: the vtable is that of this object's type.
        unsafe { (self.vtable().as_dyn)(self) }
    }

    /// Drops the value; the memory stays. May panic if the value's destructor does.
    ///
    /// # Safety
    ///
    /// The value has not been dropped, and no handle and no generation leads to the object, or it is condemned. Of an
    /// [`ObjectRef`] to it only the header is used from now on, and [`free`](Self::free).
    #[inline]
    pub(crate) unsafe fn drop_value(self) {
        let drop_value = self.info(|info| info.drop_value);
        // SAFETY: the function is that of this object's type; for the rest by this function's contract.
        unsafe { drop_value(self) }
    }

    /// Drops the value, putting a panic off, gives the object's memory back, and does what is seldom left to do after a release.
    ///
    /// # Safety
    ///
    /// Neither a handle nor a weak box nor an entry leads to the object, no [`ObjectRef`] to it is used again, and it is one of the
    /// state's.
    #[inline]
    pub(crate) unsafe fn destroy(self, state: NonNull<State>) {
        let destroy = self.info(|info| info.destroy);
        // SAFETY: the function is that of this object's type; for the rest by this function's contract.
        unsafe { destroy(self, state) }
    }

    /// Gives the object's memory back.
    ///
    /// # Safety
    ///
    /// The value has been dropped, or has nothing to drop; the object has no weak box, and no [`ObjectRef`] to it is
    /// used again.
    #[inline]
    pub(crate) unsafe fn free(self) {
        let layout = self.info(|info| info.layout);
        // SAFETY: by this function's contract.
        unsafe { self.free_as(layout) };
    }

    /// [`free`](Self::free), where the layout is known.
    ///
    /// # Safety
    ///
    /// As [`free`](Self::free)'s; the layout is the object's.
    #[inline]
    pub(crate) unsafe fn free_as(self, layout: Layout) {
        self.info(|info| {
            info.live.set(info.live.get() - 1);
            // SAFETY: the memory came from a `Place`, with this layout, and is not used again.
            unsafe { info.free(self.0.cast(), layout) };
        });
    }

    /// Has the processor fetch the header, which will be needed soon.
    #[inline]
    pub(crate) fn prefetch(self) {
        crate::prefetch::prefetch(self.0);
    }

    /// The typed pointer.
    ///
    /// # Safety
    ///
    /// The object's type is `T`.
    #[inline]
    pub(crate) unsafe fn typed<T>(self) -> NonNull<Object<T>> {
        self.0.cast()
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:p}", (self.vtable().type_name)(), self.0)
    }
}

/// Whether a collection has found the object to be garbage, and it is not resurrected yet.
#[inline]
pub(crate) fn is_garbage(object: ObjectRef) -> bool {
    object.word().has(Flags::TENTATIVE)
}
