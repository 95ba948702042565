//! [`Trace`] for types of core, alloc, std and this crate that own no handles, or only such as must count as held from outside.
//!
//! To these belong shared pointers: what they lead to would be reported once for each of them, and therefore is not at all.

use core::marker::PhantomData;

use alloc::rc::{Rc, Weak};
use alloc::string::String;

use crate::ask::{__Ask, __No as _};
use crate::collector::Collector;
use crate::sendable::Within;
use crate::trace::{NamedTracer, Trace, Tracer};
use crate::weak::WeakGc;
use crate::weak_map::WeakMap;

/// Types that report nothing.
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
