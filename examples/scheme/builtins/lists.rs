//! Pairs and lists.

use mudlark_gc::Gc;

use crate::{
    context::Context,
    equality::{equal, eqv},
    error::{Outcome, failed},
    value::{Pair, Value},
};

use super::{
    Primitive,
    arguments::{count, int, items, pair},
    at_least, between, exactly,
};

/// What a pair takes, roughly.
pub(super) const PAIR_BYTES: usize = size_of::<Pair>() + 16;

pub(super) const PRIMITIVES: &[Primitive] = &[
    exactly(2, "cons", |_, a| Ok(Value::cons(a[0].clone(), a[1].clone()))),
    exactly(1, "car", |_, a| Ok(pair(&a[0])?.car.get())),
    exactly(1, "cdr", |_, a| Ok(pair(&a[0])?.cdr.get())),
    exactly(1, "caar", |_, a| path(&a[0], "aa")),
    exactly(1, "cadr", |_, a| path(&a[0], "ad")),
    exactly(1, "cdar", |_, a| path(&a[0], "da")),
    exactly(1, "cddr", |_, a| path(&a[0], "dd")),
    exactly(1, "caddr", |_, a| path(&a[0], "add")),
    exactly(1, "cdddr", |_, a| path(&a[0], "ddd")),
    exactly(1, "cadddr", |_, a| path(&a[0], "addd")),
    exactly(1, "caadr", |_, a| path(&a[0], "aad")),
    exactly(1, "cdadr", |_, a| path(&a[0], "dad")),
    exactly(1, "cddar", |_, a| path(&a[0], "dda")),
    exactly(1, "cadar", |_, a| path(&a[0], "ada")),
    exactly(2, "set-car!", |_, a| {
        pair(&a[0])?.car.set(a[1].clone());
        Ok(Value::Unspecified)
    }),
    exactly(2, "set-cdr!", |_, a| {
        pair(&a[0])?.cdr.set(a[1].clone());
        Ok(Value::Unspecified)
    }),
    at_least(0, "list", |_, a| Ok(Value::list(a.iter().cloned()))),
    at_least(1, "cons*", |_, a| {
        let [others @ .., last] = a else { unreachable!("there is at least one argument") };
        Ok(Value::list_before(others.iter().cloned(), last.clone()))
    }),
    between(1, 2, "make-list", |context, a| {
        let count = count(&a[0])?;
        context.memory.reserve_many(count, PAIR_BYTES)?;
        Ok(Value::list(core::iter::repeat_n(a.get(1).cloned().unwrap_or_default(), count)))
    }),
    between(1, 3, "iota", iota),
    exactly(1, "length", |_, a| match a[0].list_length() {
        Some(length) => Ok(Value::Int(i64::try_from(length).expect("a length fits"))),
        None => failed(format!("expected a list, got {:?}", a[0])),
    }),
    at_least(0, "append", append),
    exactly(1, "reverse", |context, a| {
        let items = copied_items(context, &a[0])?;
        Ok(Value::list(items.into_iter().rev()))
    }),
    exactly(1, "list-copy", |context, a| {
        let items = copied_items(context, &a[0])?;
        Ok(Value::list(items))
    }),
    exactly(2, "list-tail", |_, a| tail(&a[0], &a[1])),
    exactly(2, "list-ref", |_, a| Ok(pair(&tail(&a[0], &a[1])?)?.car.get())),
    exactly(1, "last-pair", |_, a| {
        let first = pair(&a[0])?;
        let mut walk = a[0].walk();
        let last = walk.by_ref().last();
        match walk.rest() {
            Some(_) => Ok(Value::Pair(last.unwrap_or_else(|| first.clone()))),
            None => failed(format!("expected a list that ends, got {:?}", a[0])),
        }
    }),
    exactly(2, "memq", |_, a| member(&a[0], &a[1], eqv)),
    exactly(2, "memv", |_, a| member(&a[0], &a[1], eqv)),
    exactly(2, "member", |_, a| member(&a[0], &a[1], equal)),
    exactly(2, "assq", |_, a| associate(&a[0], &a[1], eqv)),
    exactly(2, "assv", |_, a| associate(&a[0], &a[1], eqv)),
    exactly(2, "assoc", |_, a| associate(&a[0], &a[1], equal)),
];

/// Follows the letters between `c` and `r`, the last one first.
fn path(value: &Value, letters: &str) -> Outcome {
    letters.bytes().rev().try_fold(value.clone(), |value, letter| {
        let Value::Pair(pair) = &value else { return failed(format!("expected a pair, got {value:?}")) };
        Ok(if letter == b'a' { pair.car.get() } else { pair.cdr.get() })
    })
}

/// The items of a list that is to be copied.
fn copied_items(context: &Context, list: &Value) -> Outcome<Vec<Value>> {
    context.memory.reserve_many(list.list_length().unwrap_or(0), PAIR_BYTES + size_of::<Value>())?;
    items(list)
}

fn append(context: &mut Context, lists: &[Value]) -> Outcome {
    let [others @ .., last] = lists else { return Ok(Value::Nil) };
    others.iter().rev().try_fold(last.clone(), |rest, list| {
        let items = copied_items(context, list)?;
        Ok(Value::list_before(items, rest))
    })
}

/// `(iota count start step)`: so many numbers.
fn iota(context: &mut Context, a: &[Value]) -> Outcome {
    let count = count(&a[0])?;
    let start = a.get(1).map_or(Ok(0), int)?;
    let step = a.get(2).map_or(Ok(1), int)?;
    context.memory.reserve_many(count, PAIR_BYTES)?;
    let last = i64::try_from(count).ok().and_then(|count| count.checked_mul(step)?.checked_add(start));
    if last.is_none() {
        return crate::number::overflow();
    }
    let mut list = Value::Nil;
    for index in (0..count).rev() {
        let index = i64::try_from(index).expect("the count fits");
        list = Value::cons(Value::Int(start + index * step), list);
    }
    Ok(list)
}

fn tail(list: &Value, count_value: &Value) -> Outcome {
    let count = count(count_value)?;
    let mut links = list.links();
    for index in 0..count {
        if links.next().is_none() {
            return failed(format!("the index {count} is out of range: there are {index} pairs"));
        }
    }
    Ok(links.rest)
}

/// The first part of a list that begins with the item, or `#f`. The list may be circular.
fn member(item: &Value, list: &Value, same: fn(&Value, &Value) -> bool) -> Outcome {
    search(list, |candidate| same(item, candidate)).map(|found| found.map_or(Value::Bool(false), Value::Pair))
}

/// The first pair of a list that has the key, or `#f`.
fn associate(key: &Value, list: &Value, same: fn(&Value, &Value) -> bool) -> Outcome {
    let mut wrong = None;
    let found = search(list, |entry| match entry {
        Value::Pair(entry) => same(key, &entry.car.get()),
        other => {
            wrong = Some(other.clone());
            true
        }
    })?;
    match wrong {
        Some(other) => failed(format!("expected a list of pairs, but one item is {other:?}")),
        None => Ok(found.map_or(Value::Bool(false), |link| link.car.get())),
    }
}

/// The first link whose item is wanted. The list may be circular.
fn search(list: &Value, mut is_wanted: impl FnMut(&Value) -> bool) -> Outcome<Option<Gc<Pair>>> {
    let mut walk = list.walk();
    if let Some(link) = walk.by_ref().find(|link| is_wanted(&link.car.get())) {
        return Ok(Some(link));
    }
    match walk.rest() {
        None | Some(Value::Nil) => Ok(None),
        Some(other) => failed(format!("expected a list, but it ends in {other:?}")),
    }
}
