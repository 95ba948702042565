//! The pointer under test, chosen by a feature. All of them have std's names for what the workloads do.

#[cfg(feature = "counted-mudlark")]
pub(crate) use mudlark_rc::Counted as Pointer;
#[cfg(feature = "counted-rclite")]
pub(crate) use rclite::Rc as Pointer;
#[cfg(feature = "counted-std-rc")]
pub(crate) use std::rc::Rc as Pointer;
#[cfg(feature = "counted-std-arc")]
pub(crate) use std::sync::Arc as Pointer;
#[cfg(feature = "counted-triomphe")]
pub(crate) use triomphe::Arc as Pointer;

/// A new object of a structure that may be as deep as it likes, as far as the pointer has a way of its own to make it.
#[cfg(feature = "counted-mudlark")]
pub(crate) fn new_deep<T: 'static>(value: T) -> Pointer<T> {
    Pointer::new_deep(value)
}

/// A new object of a structure that may be as deep as it likes, as far as the pointer has a way of its own to make it.
#[cfg(not(feature = "counted-mudlark"))]
pub(crate) fn new_deep<T: 'static>(value: T) -> Pointer<T> {
    Pointer::new(value)
}
