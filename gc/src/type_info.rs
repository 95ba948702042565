//! What the collector knows of a type: how to trace, finalize, drop and free its values.

use core::alloc::Layout;
use core::any::{TypeId, type_name};
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use alloc::alloc::{alloc, dealloc};

use crate::free_list::FreeList;
use crate::gc::Gc;
use crate::object::{Object, ObjectRef};
use crate::release::destroy_value;
use crate::sendable::Within;
use crate::state::State;
use crate::trace::{Trace, Tracer};

bitflags::bitflags! {
    /// What holds for all objects of a type.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Traits: u32 {
        /// May hold handles, so its objects are in a generation.
        const TRACKED = 1 << 0;
        /// Has a finalizer.
        const FINALIZER = 1 << 1;
        /// To drop a value is to give up the handles it reports, and nothing else.
        const BARE = 1 << 2;
    }
}

/// How many indirections [`Trace::needs_trace`] looks through before it says yes.
pub(crate) const TRACE_DEPTH: u32 = 8;

impl Traits {
    #[inline]
    pub(crate) fn of<T: Trace + 'static>() -> Self {
        let mut traits = Self::empty();
        traits.set(Self::TRACKED, T::needs_trace(TRACE_DEPTH));
        traits.set(Self::FINALIZER, T::finalizer().is_some());
        traits.set(Self::BARE, T::is_bare());
        traits
    }
}

/// What the collector can do with a value of some type, without knowing it.
pub(crate) struct VTable {
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) type_id: fn() -> TypeId,
    /// Runs the finalizer that the type declares, if it does.
    pub(crate) finalize: unsafe fn(ObjectRef),
    pub(crate) as_dyn: unsafe fn(ObjectRef) -> NonNull<Object<dyn Trace>>,
    /// Whether values may go to another thread together with all that they lead to.
    pub(crate) is_sendable: fn(&Within<'_>) -> bool,
}

/// What one collector knows of a type, reached from every object's header, so that no slow path has to look for its
/// collector.
pub(crate) struct TypeInfo {
    pub(crate) trace: unsafe fn(ObjectRef, &mut Tracer<'_>),
    pub(crate) drop_value: unsafe fn(ObjectRef),
    pub(crate) destroy: unsafe fn(ObjectRef, NonNull<State>),
    pub(crate) traits: Traits,
    pub(crate) state: NonNull<State>,
    /// Of an object.
    pub(crate) layout: Layout,
    /// How many objects there are.
    pub(crate) live: Cell<usize>,
    /// Memory of objects that are gone.
    pub(crate) free_list: FreeList,
    pub(crate) vtable: &'static VTable,
}

impl TypeInfo {
    pub(crate) fn of<T: Trace + 'static>(state: NonNull<State>) -> Self {
        Self {
            trace: trace_value::<T>,
            drop_value: drop_value::<T>,
            destroy: destroy_value::<T>,
            traits: Traits::of::<T>(),
            state,
            layout: Layout::new::<Object<T>>(),
            live: Cell::new(0),
            free_list: FreeList::new(size_of::<Object<T>>()),
            vtable: vtable::<T>(),
        }
    }

    /// The same but for the number of objects, which only the original counts, and their memory, which only it keeps.
    pub(crate) fn copy(&self) -> Self {
        Self { live: Cell::new(0), free_list: FreeList::new(self.layout.size()), ..*self }
    }

    /// Memory for an object: that of one which is gone, or new. `None` when there is none.
    #[inline]
    pub(crate) fn allocate<T>(&self) -> Option<NonNull<Object<T>>> {
        debug_assert_eq!(self.layout, Layout::new::<Object<T>>());
        let memory = self.free_list.take().or_else(|| {
            // SAFETY: an object is never of size zero, it has a header.
            NonNull::new(unsafe { alloc(Layout::new::<Object<T>>()) })
        });
        memory.map(NonNull::cast)
    }

    /// Gives an object's memory back, or keeps it for the next one.
    ///
    /// # Safety
    ///
    /// It is from [`allocate`](Self::allocate), has this layout, and nobody uses it any more.
    #[inline]
    pub(crate) unsafe fn free(&self, memory: NonNull<u8>, layout: Layout) {
        debug_assert_eq!(self.layout, layout);
        if self.free_list.room(self.live.get()) > 0 {
            // SAFETY: by this function's contract; an object begins with a header.
            unsafe { self.free_list.add(memory) };
        } else {
            // SAFETY: by this function's contract.
            unsafe { dealloc(memory.as_ptr(), layout) };
        }
    }

    /// Gives some of the memory back that is kept, if that is more than it should be: `blocks` at most.
    pub(crate) fn shorten_free_list(&self, blocks: usize) {
        for _ in 0..blocks {
            if self.free_list.room(self.live.get()) >= 0 {
                break;
            }
            self.free_first();
        }
    }

    /// Gives all memory back that is kept.
    pub(crate) fn clear_free_list(&self) {
        while self.free_first() {}
    }

    /// Gives the first block of the free list back; says no when there is none.
    fn free_first(&self) -> bool {
        let memory = self.free_list.take();
        memory.inspect(|memory| {
            // SAFETY: what is in the list came from the global allocator with this layout.
            unsafe { dealloc(memory.as_ptr(), self.layout) };
        });
        memory.is_some()
    }
}

/// A vtable of `T`. Two types never share one, since each names its type; but a type may have several.
#[inline]
pub(crate) fn vtable<T: Trace + 'static>() -> &'static VTable {
    struct Of<T>(T);
    impl<T: Trace + 'static> Of<T> {
        const VTABLE: &'static VTable = &VTable {
            type_name: type_name::<T>,
            type_id: TypeId::of::<T>,
            finalize: finalize_value::<T>,
            as_dyn: as_dyn::<T>,
            is_sendable: T::is_sendable,
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
pub(crate) unsafe fn drop_value<T>(object: ObjectRef) {
    // SAFETY: by this function's contract.
    let object = unsafe { object.typed::<T>() };
    // SAFETY: the pointer is that of a live allocation.
    let value = unsafe { &raw mut (*object.as_ptr()).value };
    // SAFETY: the value is intact, and this is the last that is done with it.
    unsafe { ptr::drop_in_place(value) };
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
