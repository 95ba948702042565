//! A place for a new object: its memory and its entry in the young generation, before there is a value.
//!
//! Everything that can fail, or run somebody else's code, happens while the place is made. To fill it is a few stores. All
//! of it is inlined where the value is made, so that the value goes right there.

use core::cell::Cell;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use crate::count_word::CountWord;
use crate::gc::Gc;
use crate::object::{Header, NO_SLOT, Object, ObjectRef};
use crate::segment::SegmentRef;
use crate::state::State;
use crate::trace::Trace;
use crate::type_info::{TRACE_DEPTH, TypeInfo};

/// # Invariants
///
/// `memory` is fresh and has the layout of `Object<T>`; `info` is that of `T` and lives as long as the object;
/// `segment`, for a tracked type, is the last young one and has room.
pub(crate) struct Place<T> {
    memory: NonNull<Object<T>>,
    info: NonNull<TypeInfo>,
    segment: Option<SegmentRef>,
}

impl<T: Trace + 'static> Place<T> {
    /// A place in `state`, after a collection that may be due; `None` when there is no memory.
    ///
    /// # Safety
    ///
    /// `state` is in being.
    #[inline(always)]
    pub(crate) unsafe fn find(state: NonNull<State>) -> Option<Self> {
        let pointer = state;
        // SAFETY: by this function's contract.
        let state = unsafe { pointer.as_ref() };
        let info = state.types.info_of::<T>(pointer)?;
        let tracked = T::needs_trace(TRACE_DEPTH);
        let segment = if tracked {
            state.count_allocation();
            match state.generations.reserve() {
                Some(segment) => Some(segment),
                None => return state.forget_allocation(),
            }
        } else {
            None
        };
        // SAFETY: the info lives as long as the state.
        match unsafe { info.as_ref() }.allocate::<T>() {
            // INVARIANT: as just found.
            Some(memory) => Some(Self { memory, info, segment }),
            None if tracked => state.forget_allocation(),
            None => None,
        }
    }

    /// Makes an object with a strong count of zero and no value, which is in no generation.
    pub(crate) fn fill_header(self) -> NonNull<Object<T>> {
        let header = Header { word: CountWord::zero(), slot: Cell::new(NO_SLOT), info: Cell::new(self.info) };
        // SAFETY: by the type's invariant.
        let place = unsafe { &raw mut (*self.memory.as_ptr()).header };
        // SAFETY: the memory is fresh.
        unsafe { place.write(header) };
        // SAFETY: by the type's invariant.
        let live = unsafe { &self.info.as_ref().live };
        live.set(live.get() + 1);
        self.memory
    }

    /// Makes the object.
    #[inline(always)]
    pub(crate) fn fill(self, value: T) -> Gc<T> {
        let Self { memory, info, segment } = self;
        let header = Header { word: CountWord::one(), slot: Cell::new(NO_SLOT), info: Cell::new(info) };
        // SAFETY: by the type's invariant.
        let place = unsafe { &raw mut (*memory.as_ptr()).header };
        // SAFETY: the memory is fresh.
        unsafe { place.write(header) };
        // SAFETY: by the type's invariant.
        let place = unsafe { &raw mut (*memory.as_ptr()).value };
        // SAFETY: the memory is fresh.
        unsafe { write_fresh(value, place) };
        // SAFETY: by the type's invariant.
        let live = unsafe { &info.as_ref().live };
        live.set(live.get() + 1);
        if let Some(segment) = segment {
            // SAFETY: just written.
            segment.push(unsafe { ObjectRef::new(memory) });
        }
        // SAFETY: it was made with a count of one, which is this handle's.
        unsafe { Gc::from_counted(memory) }
    }
}

/// Writes a value that has just been made, word by word.
///
/// What the compiler has in registers goes right to its place then. The usual way collects it on the stack, where words are
/// stored one at a time, and loads two of them at once: many processors wait then until both stores have reached the cache,
/// which takes longer than all the rest of making an object.
///
/// # Safety
///
/// `place` is valid for writes.
#[inline(always)]
unsafe fn write_fresh<T>(value: T, place: *mut T) {
    const MOST_WORDS: usize = 8;
    type Word = MaybeUninit<usize>;
    let words = size_of::<T>() / size_of::<Word>();
    if !size_of::<T>().is_multiple_of(size_of::<Word>()) || align_of::<T>() < align_of::<Word>() || words > MOST_WORDS {
        // SAFETY: by this function's contract.
        return unsafe { place.write(value) };
    }
    let value = ManuallyDrop::new(value);
    let (from, to) = ((&raw const value).cast::<Word>(), place.cast::<Word>());
    for index in 0..words {
        // SAFETY: the value has so many words.
        let from = unsafe { from.add(index) };
        // SAFETY: the word is the value's.
        let word = unsafe { from.read() };
        // SAFETY: so has the place.
        let to = unsafe { to.add(index) };
        // Volatile, so that the compiler leaves it a word.
        // SAFETY: by this function's contract.
        unsafe { to.write_volatile(word) };
    }
}
