//! Vectors.

use crate::value::Value;

use super::{
    Primitive,
    arguments::{count, index, items, range, vector},
    at_least, between, exactly,
    lists::PAIR_BYTES,
};

pub(super) const PRIMITIVES: &[Primitive] = &[
    between(1, 2, "make-vector", |context, a| {
        let count = count(&a[0])?;
        context.memory.reserve_many(count, size_of::<Value>())?;
        Ok(Value::vector(core::iter::repeat_n(a.get(1).cloned().unwrap_or_default(), count)))
    }),
    at_least(0, "vector", |_, a| Ok(Value::vector(a.iter().cloned()))),
    exactly(1, "vector-length", |_, a| {
        Ok(Value::Int(i64::try_from(vector(&a[0])?.items.len()).expect("a length fits")))
    }),
    exactly(2, "vector-ref", |_, a| {
        let items = &vector(&a[0])?.items;
        Ok(items[index(&a[1], items.len())?].get())
    }),
    exactly(3, "vector-set!", |_, a| {
        let items = &vector(&a[0])?.items;
        items[index(&a[1], items.len())?].set(a[2].clone());
        Ok(Value::Unspecified)
    }),
    exactly(2, "vector-fill!", |_, a| {
        vector(&a[0])?.items.iter().for_each(|item| item.set(a[1].clone()));
        Ok(Value::Unspecified)
    }),
    between(1, 3, "vector->list", |context, a| {
        let items = &vector(&a[0])?.items;
        let range = range(a.get(1), a.get(2), items.len())?;
        context.memory.reserve_many(range.len(), PAIR_BYTES)?;
        Ok(Value::list(items[range].iter().map(|item| item.get())))
    }),
    exactly(1, "list->vector", |context, a| {
        context.memory.reserve_many(a[0].list_length().unwrap_or(0), 2 * size_of::<Value>())?;
        Ok(Value::vector(items(&a[0])?))
    }),
    between(1, 3, "vector-copy", |context, a| {
        let items = &vector(&a[0])?.items;
        let range = range(a.get(1), a.get(2), items.len())?;
        context.memory.reserve_many(range.len(), size_of::<Value>())?;
        Ok(Value::vector(items[range].iter().map(|item| item.get())))
    }),
];
