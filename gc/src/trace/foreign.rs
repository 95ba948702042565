//! [`Trace`] for the types of core, alloc and std.
//!
//! Four kinds: types without handles; types that hold others in place; types that hold others behind a pointer; and
//! shared pointers, whose edges would be reported once for each owner and therefore are not reported at all.

use core::cell::{Cell, OnceCell, RefCell};
use core::cmp::Reverse;
use core::marker::PhantomData;
use core::num::{Saturating, Wrapping};
use core::ops::Range;

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap, LinkedList, VecDeque};
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;

use crate::ask::{__Ask, __No as _};
use crate::collector::Collector;
use crate::gc::Gc;
#[cfg(feature = "std")]
use crate::sendable;
use crate::sendable::Within;
use crate::trace::{NamedTracer, Trace, Tracer};
use crate::weak::WeakGc;
use crate::weak_map::WeakMap;

// SAFETY: the one handle that a handle owns is itself.
unsafe impl<T: ?Sized> Trace for Gc<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.edge(self);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        tracer.edge(self);
    }

    fn is_bare() -> bool {
        true
    }

    /// What it leads to is looked at by itself.
    fn is_sendable(_: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        true
    }
}

/// Types that own no handles, or only such as must count as held from outside.
macro_rules! no_edges {
    ($($(#[$meta:meta])* [$($generics:tt)*] $type:ty),+ $(,)?) => {$(
        $(#[$meta])*
        // SAFETY: reports nothing.
        unsafe impl<$($generics)*> Trace for $type {
            #[inline]
            fn trace(&self, _: &mut Tracer<'_>) {}

            #[inline]
            fn trace_named(&self, _: &mut NamedTracer<'_>) {}

            fn needs_trace(_: u32) -> bool {
                false
            }

            fn is_bare() -> bool {
                !core::mem::needs_drop::<Self>()
            }

            fn is_sendable(_: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                __Ask::<Self>::IS_SEND
            }
        }
    )+};
}

no_edges! {
    [] (), [] bool, [] char,
    [] u8, [] u16, [] u32, [] u64, [] u128, [] usize,
    [] i8, [] i16, [] i32, [] i64, [] i128, [] isize,
    [] f32, [] f64,
    [] core::num::NonZeroU8, [] core::num::NonZeroU16, [] core::num::NonZeroU32, [] core::num::NonZeroU64,
    [] core::num::NonZeroU128, [] core::num::NonZeroUsize,
    [] core::num::NonZeroI8, [] core::num::NonZeroI16, [] core::num::NonZeroI32, [] core::num::NonZeroI64,
    [] core::num::NonZeroI128, [] core::num::NonZeroIsize,
    [] core::convert::Infallible, [] core::any::TypeId, [] core::cmp::Ordering, [] core::time::Duration, [] core::alloc::Layout,
    [] core::net::IpAddr, [] core::net::Ipv4Addr, [] core::net::Ipv6Addr, [] core::net::SocketAddr,
    [] core::sync::atomic::AtomicBool,
    #[cfg(target_has_atomic = "8")] [] core::sync::atomic::AtomicU8,
    #[cfg(target_has_atomic = "16")] [] core::sync::atomic::AtomicU16,
    #[cfg(target_has_atomic = "32")] [] core::sync::atomic::AtomicU32,
    #[cfg(target_has_atomic = "64")] [] core::sync::atomic::AtomicU64,
    #[cfg(target_has_atomic = "ptr")] [] core::sync::atomic::AtomicUsize,
    #[cfg(target_has_atomic = "8")] [] core::sync::atomic::AtomicI8,
    #[cfg(target_has_atomic = "16")] [] core::sync::atomic::AtomicI16,
    #[cfg(target_has_atomic = "32")] [] core::sync::atomic::AtomicI32,
    #[cfg(target_has_atomic = "64")] [] core::sync::atomic::AtomicI64,
    #[cfg(target_has_atomic = "ptr")] [] core::sync::atomic::AtomicIsize,
    [] String, [] alloc::ffi::CString,
    #[cfg(feature = "std")] [] std::ffi::OsString,
    #[cfg(feature = "std")] [] std::path::PathBuf,
    #[cfg(feature = "std")] [] std::time::Instant,
    #[cfg(feature = "std")] [] std::time::SystemTime,
    [T: ?Sized] PhantomData<T>,
    [T: ?Sized] &'static T,
    [T: ?Sized] Rc<T>, [T: ?Sized] Weak<T>,
    #[cfg(target_has_atomic = "ptr")] [T: ?Sized] alloc::sync::Arc<T>,
    #[cfg(target_has_atomic = "ptr")] [T: ?Sized] alloc::sync::Weak<T>,
    [T: ?Sized] WeakGc<T>, [] Collector,
    // It reports nothing: its values are their keys'.
    [K: ?Sized + 'static, V: Trace + 'static] WeakMap<K, V>,
}

// SAFETY: a string owns no handles.
unsafe impl Trace for str {
    fn trace(&self, _: &mut Tracer<'_>) {}

    fn trace_named(&self, _: &mut NamedTracer<'_>) {}
}

/// Function pointers own nothing. Those that take references of any lifetime, `fn(&T)`, have no such impl: skip them.
macro_rules! functions {
    ($($argument:ident)*) => {
        no_edges! { [R, $($argument),*] fn($($argument),*) -> R }
    };
}

functions! {}
functions! { A }
functions! { A B }
functions! { A B C }
functions! { A B C D }
functions! { A B C D E }
functions! { A B C D E F }

/// Tuples hold their members in place.
macro_rules! tuples {
    ($($member:ident $index:tt)+) => {
        // SAFETY: reports what each member reports, once.
        unsafe impl<$($member: Trace),+> Trace for ($($member,)+) {
            #[inline]
            fn trace(&self, tracer: &mut Tracer<'_>) {
                $(self.$index.trace(tracer);)+
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                $(tracer.field(stringify!($index), &self.$index);)+
            }

            fn needs_trace(depth: u32) -> bool {
                $($member::needs_trace(depth))||+
            }

            fn is_bare() -> bool {
                $($member::is_bare())&&+
            }

            fn is_sendable(within: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                $($member::is_sendable(within))&&+
            }
        }
    };
}

tuples! { A 0 }
tuples! { A 0 B 1 }
tuples! { A 0 B 1 C 2 }
tuples! { A 0 B 1 C 2 D 3 }
tuples! { A 0 B 1 C 2 D 3 E 4 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 }

/// Wrappers with one public field.
macro_rules! wrappers {
    ($($type:ident),+) => {$(
        // SAFETY: reports what the one field reports.
        unsafe impl<T: Trace> Trace for $type<T> {
            #[inline]
            fn trace(&self, tracer: &mut Tracer<'_>) {
                self.0.trace(tracer);
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                self.0.trace_named(tracer);
            }

            fn needs_trace(depth: u32) -> bool {
                T::needs_trace(depth)
            }

            fn is_bare() -> bool {
                T::is_bare()
            }

            fn is_sendable(within: &Within<'_>) -> bool
            where
                Self: 'static,
            {
                T::is_sendable(within)
            }
        }
    )+};
}

wrappers! { Wrapping, Saturating, Reverse }

// SAFETY: reports what both ends report.
unsafe impl<T: Trace> Trace for Range<T> {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.start.trace(tracer);
        self.end.trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        tracer.field("start", &self.start);
        tracer.field("end", &self.end);
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within)
    }
}

// SAFETY: reports what the member reports, if there is one.
unsafe impl<T: Trace> Trace for Option<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(value) = self {
            value.trace(tracer);
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        if let Some(value) = self {
            value.trace_named(tracer);
        }
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within)
    }
}

// SAFETY: reports what the one member reports.
unsafe impl<T: Trace, E: Trace> Trace for Result<T, E> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        match self {
            Ok(value) => value.trace(tracer),
            Err(error) => error.trace(tracer),
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        match self {
            Ok(value) => tracer.field("Ok", value),
            Err(error) => tracer.field("Err", error),
        }
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth) || E::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare() && E::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within) && E::is_sendable(within)
    }
}

// SAFETY: reports what each element reports, once.
unsafe impl<T: Trace> Trace for [T] {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iter().for_each(|element| element.trace(tracer));
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        self.iter().enumerate().for_each(|(index, element)| tracer.element(index, element));
    }
}

// SAFETY: reports what each element reports, once.
unsafe impl<T: Trace, const N: usize> Trace for [T; N] {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.as_slice().trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        self.as_slice().trace_named(tracer);
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within)
    }
}

// SAFETY: reports what the value inside reports.
unsafe impl<T: Trace> Trace for Cell<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        // SAFETY: the cell is not shared between threads, and a trace, by its contract, runs nothing that could write
        // to it meanwhile.
        unsafe { &*self.as_ptr() }.trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        // SAFETY: as above.
        unsafe { &*self.as_ptr() }.trace_named(tracer);
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within)
    }
}

// SAFETY: reports what the value inside reports; nothing while it is mutably borrowed, so that what it holds then
// counts as held from outside.
unsafe impl<T: Trace> Trace for RefCell<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        // SAFETY: a trace, by its contract, borrows nothing mutably meanwhile.
        match unsafe { self.try_borrow_unguarded() } {
            Ok(value) => value.trace(tracer),
            Err(_) => tracer.opaque(),
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        // SAFETY: as above.
        if let Ok(value) = unsafe { self.try_borrow_unguarded() } {
            value.trace_named(tracer);
        }
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within)
    }
}

// SAFETY: reports what the value inside reports, if there is one.
unsafe impl<T: Trace> Trace for OnceCell<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(value) = self.get() {
            value.trace(tracer);
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        if let Some(value) = self.get() {
            value.trace_named(tracer);
        }
    }

    fn needs_trace(depth: u32) -> bool {
        T::needs_trace(depth)
    }

    fn is_bare() -> bool {
        T::is_bare()
    }

    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        T::is_sendable(within)
    }
}

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

/// Collections that own the elements that they iterate over.
macro_rules! sequences {
    ($($type:ident),+) => {$(
        // SAFETY: reports what each element reports, once.
        unsafe impl<T: Trace> Trace for $type<T> {
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
                T::is_sendable(within)
            }
        }
    )+};
}

sequences! { Vec, VecDeque, LinkedList, BinaryHeap, BTreeSet }

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

#[cfg(feature = "std")]
// SAFETY: reports what each element reports, once.
unsafe impl<T: Trace, S> Trace for std::collections::HashSet<T, S> {
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
        T::is_sendable(within) && sendable::is_hasher::<S>()
    }
}
