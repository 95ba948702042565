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
//! The *slot* is the object's place in the generations' vector. While a collection decides what is garbage, it holds
//! the external count instead (CPython keeps its `gc_refs` in a link of the object's list in the same way).

use core::alloc::Layout;
use core::any::{TypeId, type_name};
use core::cell::Cell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use alloc::alloc::{alloc, dealloc};

use crate::gc::Gc;
use crate::state::State;
use crate::trace::{Trace, Tracer};

bitflags::bitflags! {
    /// What the collector remembers of one object.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Flags: u32 {
        /// In the set under collection, and not yet known to be reachable; the slot holds the external count.
        const COLLECTING = 1 << 0;
        /// Passed over with an external count of zero: garbage unless something reachable leads to it.
        const TENTATIVE = 1 << 1;
        /// Its finalizer ran; it never runs again.
        const FINALIZED = 1 << 2;
        /// Has a weak box, which the type info pointer leads to.
        const WEAK = 1 << 3;
        /// Is being destroyed by a collection, which frees its memory: a count of zero means nothing any more.
        const CONDEMNED = 1 << 4;
        /// Its value is being printed by `Debug`, further up the stack.
        const PRINTING = 1 << 5;
    }
}

/// The count lies above the flags.
const COUNT_SHIFT: u32 = Flags::all().bits().trailing_ones();
const ONE: u32 = 1 << COUNT_SHIFT;
/// From this word on the count is saturated: it never changes again.
const SATURATED: u32 = u32::MAX - (ONE - 1);

/// Whether a decrement took the last count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Last {
    Yes,
    No,
}

/// A strong count and [`Flags`] in one word.
///
/// A count that reaches its limit saturates: the object is immortal from then on.
pub(crate) struct CountWord(Cell<u32>);

impl CountWord {
    fn one() -> Self {
        Self(Cell::new(ONE))
    }

    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.0.get() >> COUNT_SHIFT
    }

    #[inline]
    pub(crate) fn is_immortal(&self) -> bool {
        self.0.get() >= SATURATED
    }

    #[inline]
    pub(crate) fn increment(&self) {
        let word = self.0.get();
        if word < SATURATED {
            self.0.set(word + ONE);
        }
    }

    #[inline]
    pub(crate) fn decrement(&self) -> Last {
        let word = self.0.get();
        if word >= SATURATED {
            return Last::No;
        }
        debug_assert!(word >= ONE, "a handle was dropped that was never counted");
        let word = word - ONE;
        self.0.set(word);
        if word < ONE { Last::Yes } else { Last::No }
    }

    #[inline]
    pub(crate) fn has(&self, flags: Flags) -> bool {
        self.0.get() & flags.bits() != 0
    }

    pub(crate) fn insert(&self, flags: Flags) {
        self.0.set(self.0.get() | flags.bits());
    }

    pub(crate) fn remove(&self, flags: Flags) {
        self.0.set(self.0.get() & !flags.bits());
    }

    #[cfg(test)]
    pub(crate) fn set_count_near_limit(&self) {
        self.0.set((SATURATED - ONE) | (self.0.get() & Flags::all().bits()));
    }
}

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

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Header>() == 16);

/// A header and the value after it.
#[repr(C)]
pub(crate) struct Object<T: ?Sized> {
    pub(crate) header: Header,
    pub(crate) value: T,
}

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

    /// The type's info: a copy, for the weak box that it may come from can go at any time.
    #[inline]
    pub(crate) fn info(self) -> TypeInfo {
        // SAFETY: a header leads to the info in its collector's table of types, or to that in its own weak box, which
        // is put back before the box goes.
        unsafe { self.header().info.get().read() }
    }

    /// Reports the value's edges to `tracer`.
    #[inline]
    pub(crate) fn trace(self, tracer: &mut Tracer<'_>) {
        // SAFETY: the function is that of this object's type; by the type's invariant the value is intact.
        unsafe { (self.info().vtable.trace)(self, tracer) }
    }

    /// The handle's pointer for introspection, by way of [`Trace`]'s vtable.
    pub(crate) fn as_dyn(self) -> NonNull<Object<dyn Trace>> {
        // SAFETY: the vtable is that of this object's type.
        unsafe { (self.info().vtable.as_dyn)(self) }
    }

    /// Drops the value; the memory stays.
    ///
    /// # Safety
    ///
    /// The value has not been dropped, and no handle and no generation leads to the object, or it is condemned. Of an
    /// [`ObjectRef`] to it only the header is used from now on, and [`free`](Self::free).
    pub(crate) unsafe fn drop_value(self) {
        // SAFETY: by this function's contract.
        unsafe { (self.info().vtable.drop_value)(self) }
    }

    /// Gives the object's memory back.
    ///
    /// # Safety
    ///
    /// The value has been dropped, and no [`ObjectRef`] to the object is used again.
    pub(crate) unsafe fn free(self) {
        // SAFETY: the function is that of this object's type; for the rest by this function's contract.
        unsafe { (self.info().vtable.free)(self) }
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
        write!(f, "{} at {:p}", (self.info().vtable.type_name)(), self.0)
    }
}

/// Memory for an object with a strong count of one and `value` in it, or the value back when there is none.
pub(crate) fn allocate<T: Trace + 'static>(value: T, info: NonNull<TypeInfo>) -> Result<NonNull<Object<T>>, T> {
    let layout = Layout::new::<Object<T>>();
    // SAFETY: an object is never of size zero, it has a header.
    let memory = unsafe { alloc(layout) };
    let Some(object) = NonNull::new(memory.cast::<Object<T>>()) else {
        return Err(value);
    };
    let header = Header { word: CountWord::one(), slot: Cell::new(NO_SLOT), info: Cell::new(info) };
    // SAFETY: the memory is fresh and has the object's layout.
    unsafe { object.write(Object { header, value }) };
    Ok(object)
}

/// What the collector can do with a value of some type, without knowing it.
pub(crate) struct VTable {
    /// The bytes that an object takes.
    pub(crate) size: usize,
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) type_id: fn() -> TypeId,
    trace: unsafe fn(ObjectRef, &mut Tracer<'_>),
    drop_value: unsafe fn(ObjectRef),
    free: unsafe fn(ObjectRef),
    as_dyn: unsafe fn(ObjectRef) -> NonNull<Object<dyn Trace>>,
}

/// A type's [`VTable`], and what its collector needs to know besides: reached from every object's header, so that no
/// slow path has to look for its collector.
#[derive(Clone, Copy)]
pub(crate) struct TypeInfo {
    pub(crate) vtable: &'static VTable,
    /// Objects of this type may hold handles, so they are in a generation.
    pub(crate) tracked: bool,
    /// Runs the finalizer that the type declares.
    pub(crate) finalize: Option<unsafe fn(ObjectRef)>,
    pub(crate) state: NonNull<State>,
}

impl TypeInfo {
    pub(crate) fn of<T: Trace + 'static>(state: NonNull<State>) -> Self {
        Self {
            vtable: vtable::<T>(),
            tracked: T::needs_trace(TRACE_DEPTH),
            finalize: T::finalizer().map(|_| finalize_value::<T> as unsafe fn(ObjectRef)),
            state,
        }
    }
}

/// How many indirections [`Trace::needs_trace`] looks through before it says yes.
const TRACE_DEPTH: u32 = 8;

/// A vtable of `T`. Two types never share one, since each names its type; but a type may have several.
pub(crate) fn vtable<T: Trace + 'static>() -> &'static VTable {
    struct Of<T>(T);
    impl<T: Trace + 'static> Of<T> {
        const VTABLE: &'static VTable = &VTable {
            size: size_of::<Object<T>>(),
            type_name: type_name::<T>,
            type_id: TypeId::of::<T>,
            trace: trace_value::<T>,
            drop_value: drop_value::<T>,
            free: free::<T>,
            as_dyn: as_dyn::<T>,
        };
    }
    Of::<T>::VTABLE
}

/// # Safety
///
/// The object's type is `T`, and its value has not been dropped.
unsafe fn trace_value<T: Trace>(object: ObjectRef, tracer: &mut Tracer<'_>) {
    // SAFETY: by this function's contract.
    let object = unsafe { object.typed::<T>() };
    // SAFETY: the value is intact, and values in objects are only ever shared.
    T::trace(unsafe { &(*object.as_ptr()).value }, tracer);
}

/// # Safety
///
/// The object's type is `T`, its value has not been dropped, and the caller holds a strong count.
unsafe fn finalize_value<T: Trace + 'static>(object: ObjectRef) {
    if let Some(finalize) = T::finalizer() {
        // SAFETY: by this function's contract.
        let object = unsafe { object.typed::<T>() };
        // SAFETY: the caller's strong count is lent to this handle, which is not dropped.
        let handle = ManuallyDrop::new(unsafe { Gc::from_counted(object) });
        finalize(&handle);
    }
}

/// # Safety
///
/// The object's type is `T`; its value has not been dropped, and nothing reaches it any more.
unsafe fn drop_value<T>(object: ObjectRef) {
    // SAFETY: by this function's contract.
    let object = unsafe { object.typed::<T>() };
    // SAFETY: the pointer is that of a live allocation.
    let value = unsafe { &raw mut (*object.as_ptr()).value };
    // SAFETY: the value is intact, and this is the last that is done with it.
    unsafe { ptr::drop_in_place(value) };
}

/// # Safety
///
/// The object's type is `T`; its value was dropped, and nothing leads to the object any more.
unsafe fn free<T>(object: ObjectRef) {
    // SAFETY: the memory came from `allocate`, with this layout.
    unsafe { dealloc(object.0.as_ptr().cast(), Layout::new::<Object<T>>()) };
}

/// # Safety
///
/// The object's type is `T`.
unsafe fn as_dyn<T: Trace + 'static>(object: ObjectRef) -> NonNull<Object<dyn Trace>> {
    // SAFETY: by this function's contract.
    let object: NonNull<Object<T>> = unsafe { object.typed::<T>() };
    let object: *mut Object<dyn Trace> = object.as_ptr();
    // SAFETY: it was not null before the coercion.
    unsafe { NonNull::new_unchecked(object) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_at_its_limit_never_changes_again() {
        let word = CountWord::one();
        word.insert(Flags::FINALIZED);
        word.set_count_near_limit();
        assert!(!word.is_immortal());
        word.increment();
        assert!(word.is_immortal());
        for _ in 0..3 {
            assert_eq!(word.decrement(), Last::No);
        }
        word.increment();
        assert!(word.is_immortal() && word.has(Flags::FINALIZED));
    }

    #[test]
    fn flags_and_count_do_not_touch_each_other() {
        let word = CountWord::one();
        word.insert(Flags::all());
        word.increment();
        assert_eq!(word.count(), 2);
        assert_eq!(word.decrement(), Last::No);
        word.remove(Flags::WEAK);
        assert!(!word.has(Flags::WEAK) && word.has(Flags::PRINTING));
        assert_eq!(word.decrement(), Last::Yes);
        assert_eq!(word.count(), 0);
    }
}
