//! Whether values of a type always equal themselves, so that two handles to one value are equal at once.
//!
//! They do if the type is `Eq`. A program cannot ask that of a type it knows only to be `PartialEq`; but the standard library
//! can, and `Rc` documents that it does: two `Rc`s to one value are equal whatever the value says, if it is `Eq`. So an `Rc` is
//! asked, of a value that says that it equals nothing, and is `Eq` as the type is.

use alloc::rc::Rc;
use core::marker::PhantomData;

/// Equals nothing, not even itself, and is all the same `Eq` if `T` is.
struct EqualsNothing<T: ?Sized>(PhantomData<T>);

impl<T: PartialEq + ?Sized> PartialEq for EqualsNothing<T> {
    #[inline(always)]
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl<T: Eq + ?Sized> Eq for EqualsNothing<T> {}

/// Whether `T` is `Eq`. Optimised, it is a constant; else it takes an allocation.
#[inline(always)]
pub(crate) fn is_reflexive<T: PartialEq + ?Sized>() -> bool {
    let nothing = Rc::new(EqualsNothing(PhantomData::<T>));
    #[expect(clippy::eq_op, reason = "whether it looks at the value is the question")]
    let is_equal = nothing == nothing;
    // So that the allocation can be optimised away: the drop of an `Rc` is not inlined.
    let _ = Rc::into_inner(nothing);
    is_equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::RefCell;

    #[test]
    fn types_are_reflexive_if_they_are_eq() {
        assert!(is_reflexive::<u8>() && is_reflexive::<str>() && is_reflexive::<RefCell<&[char]>>());
        assert!(!is_reflexive::<f64>() && !is_reflexive::<[f32]>() && !is_reflexive::<(u8, RefCell<f64>)>());
    }
}
