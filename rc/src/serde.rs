//! Handles written and read as their values. What shared a value before has one of its own each after.

use alloc::boxed::Box;

use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use crate::allocate::Allocate;
use crate::counted::Handle;
use crate::counts::Counts;

impl<T: Serialize + ?Sized, C: Counts, A: Allocate> Serialize for Handle<T, C, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: ?Sized, C: Counts> Deserialize<'de> for Handle<T, C>
where
    Box<T>: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(Self::from)
    }
}
