//! Whether a type is sendable: whether its values may go to another thread with all that they lead to.

use core::any::TypeId;

/// The types that a type is part of, while it is asked whether it is [sendable](crate::Trace::is_sendable).
#[derive(Debug)]
pub struct Within<'a> {
    /// The innermost type, and what that is part of.
    innermost: Option<(TypeId, &'a Self)>,
}

impl Within<'_> {
    /// No types.
    pub(crate) const NOTHING: Self = Self { innermost: None };

    /// The answer of a type that may hold values of its own type: that of `fields`, which are within it. Where it is asked
    /// within itself it is in nobody's way.
    pub fn enter<T: 'static>(&self, fields: impl FnOnce(&Within<'_>) -> bool) -> bool {
        self.contains(TypeId::of::<T>()) || fields(&Within { innermost: Some((TypeId::of::<T>(), self)) })
    }

    fn contains(&self, id: TypeId) -> bool {
        self.innermost.is_some_and(|(innermost, outer)| innermost == id || outer.contains(id))
    }
}

/// Whether it is one of the hashers that are known to be `Send`.
#[cfg_attr(
    not(any(feature = "std", feature = "hashbrown", feature = "indexmap")),
    expect(dead_code, reason = "only maps that hash ask")
)]
pub(crate) fn is_hasher<S: 'static>() -> bool {
    #[cfg(feature = "std")]
    {
        use core::hash::BuildHasherDefault;
        use std::hash::{DefaultHasher, RandomState};

        let hashers = [TypeId::of::<RandomState>(), TypeId::of::<BuildHasherDefault<DefaultHasher>>()];
        hashers.contains(&TypeId::of::<S>())
    }
    #[cfg(not(feature = "std"))]
    {
        // None comes with the language.
        let _ = TypeId::of::<S>();
        false
    }
}
