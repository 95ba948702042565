//! Questions about types, asked where the answer may be no.
//!
//! `__Ask::<T>::IS_SEND`, with [`__No`] in scope, is true if `T: Send`: the type's own constant, which is only there then, goes
//! before the trait's. Where `T` has a parameter of which it depends, and nothing is known, the answer is no. The derive asks
//! so about the types of fields.

use core::cell::{Cell, OnceCell, RefCell};
use core::marker::PhantomData;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::gc::Gc;

/// See the module.
#[doc(hidden)]
#[derive(Debug)]
pub struct __Ask<T: ?Sized>(PhantomData<T>);

/// The answer to all questions that [`__Ask`] has no other for.
#[doc(hidden)]
pub trait __No {
    #[doc(hidden)]
    const IS_SEND: bool = false;
    #[doc(hidden)]
    const HOLDS_HANDLES: bool = false;
}

impl<T: ?Sized> __No for __Ask<T> {}

impl<T: ?Sized + Send> __Ask<T> {
    #[doc(hidden)]
    pub const IS_SEND: bool = true;
}

impl<T: ?Sized + __HoldsHandles> __Ask<T> {
    #[doc(hidden)]
    pub const HOLDS_HANDLES: bool = true;
}

/// A type of field that `#[trace(skip)]` must not be written on: a handle, a type that derives `Trace`, or what holds such.
#[doc(hidden)]
pub trait __HoldsHandles {}

impl<T: ?Sized> __HoldsHandles for Gc<T> {}

macro_rules! holders {
    ($([$($generics:tt)*] $type:ty),+ $(,)?) => {$(
        impl<$($generics)*> __HoldsHandles for $type {}
    )+};
}

holders! {
    [T: __HoldsHandles] Option<T>,
    [T: __HoldsHandles] Cell<T>,
    [T: __HoldsHandles] RefCell<T>,
    [T: __HoldsHandles] OnceCell<T>,
    [T: __HoldsHandles + ?Sized] Box<T>,
    [T: __HoldsHandles] [T],
    [T: __HoldsHandles, const N: usize] [T; N],
    [T: __HoldsHandles] Vec<T>,
    [T: __HoldsHandles] VecDeque<T>,
    [K, V: __HoldsHandles] BTreeMap<K, V>,
}

#[cfg(feature = "std")]
holders! { [K, V: __HoldsHandles, S] std::collections::HashMap<K, V, S> }

#[cfg(test)]
mod tests {
    use super::{__Ask, __No as _};
    use crate::gc::Gc;
    use alloc::boxed::Box;
    use alloc::rc::Rc;
    use alloc::string::String;
    use alloc::vec::Vec;

    #[test]
    fn what_is_not_known_is_denied() {
        fn of_vec<T>() -> bool {
            __Ask::<Vec<T>>::IS_SEND
        }
        const { assert!(__Ask::<Vec<String>>::IS_SEND) };
        const { assert!(!__Ask::<Vec<Rc<String>>>::IS_SEND) };
        assert!(!of_vec::<u8>());
    }

    #[test]
    fn handles_are_found_inside_of_what_holds_them() {
        const { assert!(__Ask::<Option<Box<[Gc<u8>]>>>::HOLDS_HANDLES) };
        const { assert!(!__Ask::<Option<Box<[Rc<Gc<u8>>]>>>::HOLDS_HANDLES) };
        const { assert!(!__Ask::<Vec<u8>>::HOLDS_HANDLES) };
    }
}
