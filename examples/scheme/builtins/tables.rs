//! Hash tables.

use mudlark_gc::Gc;

use crate::{context::Context, error::Outcome, table::Table, value::Value};

use super::{Primitive, arguments::table, between, exactly, lists::PAIR_BYTES};

pub(super) const PRIMITIVES: &[Primitive] = &[
    between(0, 1, "make-hash-table", |_, _| Ok(Value::Table(Gc::new(Table::default())))),
    between(2, 3, "hash-table-ref/default", |_, a| {
        Ok(table(&a[0])?.get(&a[1]).or_else(|| a.get(2).cloned()).unwrap_or_default())
    }),
    exactly(3, "hash-table-set!", |context, a| {
        let table = table(&a[0])?;
        context.memory.reserve(table.growth())?;
        table.set(a[1].clone(), a[2].clone());
        Ok(Value::Unspecified)
    }),
    exactly(2, "hash-table-delete!", |_, a| {
        table(&a[0])?.delete(&a[1]);
        Ok(Value::Unspecified)
    }),
    exactly(2, "hash-table-contains?", |_, a| Ok(Value::Bool(table(&a[0])?.get(&a[1]).is_some()))),
    exactly(1, "hash-table-count", |_, a| Ok(Value::Int(i64::try_from(table(&a[0])?.count()).expect("a count fits")))),
    exactly(1, "hash-table-clear!", |_, a| {
        table(&a[0])?.clear();
        Ok(Value::Unspecified)
    }),
    exactly(1, "hash-table->alist", |context, a| list(context, &a[0], |(key, value)| Value::cons(key, value))),
    exactly(1, "hash-table-keys", |context, a| list(context, &a[0], |(key, _)| key)),
    exactly(1, "hash-table-values", |context, a| list(context, &a[0], |(_, value)| value)),
];

/// A list of what `take` takes from each entry.
fn list(context: &Context, value: &Value, take: fn((Value, Value)) -> Value) -> Outcome {
    let table = table(value)?;
    context.memory.reserve_many(table.count(), 2 * PAIR_BYTES + 2 * size_of::<Value>())?;
    Ok(Value::list(table.entries().into_iter().map(take)))
}
