//! `eqv?` and `equal?`, and the hash that agrees with `equal?`.

use core::{
    hash::{Hash, Hasher},
    ptr,
};
use std::collections::{HashSet, hash_map::DefaultHasher};

use mudlark_gc::Gc;

use super::value::Value;

/// Whether the two are the same: the same object, or equal numbers of the same kind, characters or symbols.
pub fn eqv(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Unspecified, Value::Unspecified) | (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        // By bits: a number that is not a number is the same as itself, and 0.0 is another number than -0.0.
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::Char(a), Value::Char(b)) => a == b,
        (Value::Symbol(a), Value::Symbol(b)) => a == b,
        (Value::Primitive(a), Value::Primitive(b)) => ptr::eq(*a, *b),
        _ => identity(a).is_some_and(|a| Some(a) == identity(b)),
    }
}

/// The address of the object that the value is a handle to.
pub fn identity(value: &Value) -> Option<usize> {
    Some(match value {
        Value::Text(object) => Gc::as_ptr(object).addr(),
        Value::Pair(object) => Gc::as_ptr(object).addr(),
        Value::Vector(object) => Gc::as_ptr(object).addr(),
        Value::Table(object) => Gc::as_ptr(object).addr(),
        Value::Closure(object) => Gc::as_ptr(object).addr(),
        Value::Condition(object) => Gc::as_ptr(object).addr(),
        _ => return None,
    })
}

/// Whether the two look the same: strings by their characters, pairs and vectors by what they hold.
///
/// Depth costs no stack: what is still to be compared waits in a list. Circular data come to an end because two objects
/// that are being compared already are taken to be equal (if they are not, the difference shows up elsewhere). They
/// are only remembered after a while, since most data are small.
pub fn equal(a: &Value, b: &Value) -> bool {
    const BEFORE_REMEMBERING: usize = 1000;
    let mut waiting = vec![(a.clone(), b.clone())];
    let mut met = HashSet::new();
    let mut steps = 0;
    while let Some((a, b)) = waiting.pop() {
        if eqv(&a, &b) {
            continue;
        }
        steps += 1;
        if steps > BEFORE_REMEMBERING && !met.insert((identity(&a), identity(&b))) {
            continue;
        }
        match (&a, &b) {
            (Value::Text(a), Value::Text(b)) if a.as_str() == b.as_str() => {}
            (Value::Pair(a), Value::Pair(b)) => {
                waiting.push((a.cdr.get(), b.cdr.get()));
                waiting.push((a.car.get(), b.car.get()));
            }
            (Value::Vector(a), Value::Vector(b)) if a.items.len() == b.items.len() => {
                waiting.extend(a.items.iter().zip(&b.items).map(|(a, b)| (a.get(), b.get())));
            }
            _ => return false,
        }
    }
    true
}

/// A hash that is the same for values that are [`equal`].
///
/// It looks at the first few parts only, so it is quick for large data and ends for circular ones.
pub fn hash(value: &Value) -> u64 {
    const PARTS: usize = 32;
    let mut hasher = DefaultHasher::new();
    let mut waiting = vec![value.clone()];
    for _ in 0..PARTS {
        let Some(part) = waiting.pop() else { break };
        core::mem::discriminant(&part).hash(&mut hasher);
        match &part {
            Value::Bool(bool) => bool.hash(&mut hasher),
            Value::Int(int) => int.hash(&mut hasher),
            Value::Float(float) => float.to_bits().hash(&mut hasher),
            Value::Char(char) => char.hash(&mut hasher),
            Value::Symbol(symbol) => symbol.hash(&mut hasher),
            Value::Text(text) => text.as_str().hash(&mut hasher),
            Value::Pair(pair) => waiting.extend([pair.cdr.get(), pair.car.get()]),
            Value::Vector(vector) => waiting.extend(vector.items.iter().take(PARTS).map(|item| item.get())),
            Value::Primitive(primitive) => primitive.name.hash(&mut hasher),
            other => identity(other).hash(&mut hasher),
        }
    }
    hasher.finish()
}
