//! Whether a type is `Send`, asked where that need not be so.

use core::any::TypeId;
use core::marker::PhantomData;

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

/// Asks whether a type is `Send`: `__IsSend::<T>::IS_SEND`, with [`__NotKnownToBeSend`] in scope.
///
/// The type's own constant, which is there if `T: Send`, goes before the trait's. Where `T` is a type parameter that is not
/// bound by `Send`, the answer is no.
#[doc(hidden)]
#[derive(Debug)]
pub struct __IsSend<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized + Send> __IsSend<T> {
    #[doc(hidden)]
    pub const IS_SEND: bool = true;
}

/// The answer for types that are not, or of which that is not known.
#[doc(hidden)]
pub trait __NotKnownToBeSend {
    #[doc(hidden)]
    const IS_SEND: bool = false;
}

impl<T: ?Sized> __NotKnownToBeSend for __IsSend<T> {}

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

#[cfg(test)]
mod tests {
    use super::{__IsSend, __NotKnownToBeSend as _};
    use alloc::rc::Rc;
    use alloc::string::String;
    use alloc::vec::Vec;

    #[test]
    fn what_is_not_known_is_denied() {
        fn of_vec<T>() -> bool {
            __IsSend::<Vec<T>>::IS_SEND
        }
        const { assert!(__IsSend::<Vec<String>>::IS_SEND) };
        const { assert!(!__IsSend::<Vec<Rc<String>>>::IS_SEND) };
        assert!(!of_vec::<u8>());
    }
}
