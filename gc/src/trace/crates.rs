//! [`Trace`] for collections of other crates, each with its feature. All of them own what they hold.

#[cfg(any(feature = "hashbrown", feature = "indexmap"))]
use crate::sendable;
use crate::sendable::Within;
use crate::trace::{NamedTracer, Trace, Tracer};

/// Collections that own the elements that they iterate over.
#[cfg(any(feature = "hashbrown", feature = "indexmap"))]
macro_rules! sets {
    ($($set:ty),+) => {$(
        // SAFETY: reports what each element reports, once.
        unsafe impl<T: Trace, S> Trace for $set {
            fn trace(&self, tracer: &mut Tracer<'_>) {
                self.iter().for_each(|element| element.trace(tracer));
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                self.iter().enumerate().for_each(|(index, element)| tracer.element(index, element));
            }

            fn needs_trace(depth: u32) -> bool {
                depth.checked_sub(1).is_none_or(T::needs_trace)
            }

            fn is_sendable(within: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                T::is_sendable(within) && sendable::is_hasher::<S>()
            }
        }
    )+};
}

/// Maps own their keys and values.
#[cfg(any(feature = "hashbrown", feature = "indexmap"))]
macro_rules! maps {
    ($($map:ty),+) => {$(
        // SAFETY: reports what each key and value reports, once.
        unsafe impl<K: Trace, V: Trace, S> Trace for $map {
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
                depth.checked_sub(1).is_none_or(|depth| K::needs_trace(depth) || V::needs_trace(depth))
            }

            fn is_sendable(within: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                K::is_sendable(within) && V::is_sendable(within) && sendable::is_hasher::<S>()
            }
        }
    )+};
}

#[cfg(feature = "hashbrown")]
sets! { hashbrown::HashSet<T, S> }
#[cfg(feature = "hashbrown")]
maps! { hashbrown::HashMap<K, V, S> }
#[cfg(feature = "indexmap")]
sets! { indexmap::IndexSet<T, S> }
#[cfg(feature = "indexmap")]
maps! { indexmap::IndexMap<K, V, S> }

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
        depth.checked_sub(1).is_none_or(A::Item::needs_trace)
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        A::Item::is_sendable(within)
    }
}
