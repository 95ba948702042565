//! [`Trace`] for types that own others behind a pointer: boxes and collections of alloc and std, and those of other crates, each
//! with its feature.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap, LinkedList, VecDeque};
use alloc::vec::Vec;

#[cfg(any(feature = "std", feature = "hashbrown", feature = "indexmap"))]
use crate::sendable;
use crate::sendable::Within;
use crate::trace::{NamedTracer, Trace, Tracer};

// SAFETY: a box owns its value. Whether that may be unsized, where nothing says if it needs tracing, is not known here:
// so every box does.
unsafe impl<T: Trace + ?Sized> Trace for Box<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        (**self).trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        (**self).trace_named(tracer);
    }
}

// SAFETY: what is owned is reported; what is borrowed for ever is not owned.
unsafe impl<T: ?Sized + ToOwned<Owned: Trace>> Trace for Cow<'static, T> {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Cow::Owned(value) = self {
            value.trace(tracer);
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        if let Cow::Owned(value) = self {
            value.trace_named(tracer);
        }
    }

    fn needs_trace(depth: u32) -> bool {
        T::Owned::needs_trace(depth)
    }
}

/// Whether a member behind a pointer needs tracing: yes beyond the last level that may be looked through.
fn behind_pointer(depth: u32, needs_trace: fn(u32) -> bool) -> bool {
    depth.checked_sub(1).is_none_or(needs_trace)
}

/// Collections that own the elements that they iterate over, and perhaps a hasher.
macro_rules! collections {
    ($([$($hasher:ident)?] $type:ty),+) => {$(
        // SAFETY: reports what each element reports, once.
        unsafe impl<T: Trace $(, $hasher)?> Trace for $type {
            #[inline]
            fn trace(&self, tracer: &mut Tracer<'_>) {
                self.iter().for_each(|element| element.trace(tracer));
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                self.iter().enumerate().for_each(|(index, element)| tracer.element(index, element));
            }

            fn needs_trace(depth: u32) -> bool {
                behind_pointer(depth, T::needs_trace)
            }

            fn is_sendable(within: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                T::is_sendable(within) $(&& sendable::is_hasher::<$hasher>())?
            }
        }
    )+};
}

collections! { [] Vec<T>, [] VecDeque<T>, [] LinkedList<T>, [] BinaryHeap<T>, [] BTreeSet<T> }

#[cfg(feature = "std")]
collections! { [S] std::collections::HashSet<T, S> }
#[cfg(feature = "hashbrown")]
collections! { [S] hashbrown::HashSet<T, S> }
#[cfg(feature = "indexmap")]
collections! { [S] indexmap::IndexSet<T, S> }

/// Maps own their keys and values.
macro_rules! maps {
    ($([$($hasher:ident)?] $type:ty),+) => {$(
        // SAFETY: reports what each key and value reports, once.
        unsafe impl<K: Trace, V: Trace $(, $hasher)?> Trace for $type {
            fn trace(&self, tracer: &mut Tracer<'_>) {
                for (key, value) in self {
                    key.trace(tracer);
                    value.trace(tracer);
                }
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                for (index, (key, value)) in self.iter().enumerate() {
                    tracer.key(index, key);
                    tracer.element(index, value);
                }
            }

            fn needs_trace(depth: u32) -> bool {
                behind_pointer(depth, K::needs_trace) || behind_pointer(depth, V::needs_trace)
            }

            fn is_sendable(within: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                K::is_sendable(within) && V::is_sendable(within) $(&& sendable::is_hasher::<$hasher>())?
            }
        }
    )+};
}

maps! { [] BTreeMap<K, V> }
#[cfg(feature = "std")]
maps! { [S] std::collections::HashMap<K, V, S> }
#[cfg(feature = "hashbrown")]
maps! { [S] hashbrown::HashMap<K, V, S> }
#[cfg(feature = "indexmap")]
maps! { [S] indexmap::IndexMap<K, V, S> }

#[cfg(feature = "smallvec")]
// SAFETY: reports what each element reports, once.
unsafe impl<A: smallvec::Array<Item: Trace>> Trace for smallvec::SmallVec<A> {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iter().for_each(|element| element.trace(tracer));
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        self.iter().enumerate().for_each(|(index, element)| tracer.element(index, element));
    }

    fn needs_trace(depth: u32) -> bool {
        behind_pointer(depth, A::Item::needs_trace)
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        A::Item::is_sendable(within)
    }
}
