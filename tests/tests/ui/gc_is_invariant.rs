//! A collector knows a value as what it was made: nothing that lives shorter may be put there.

use mudlark_gc::{Gc, WeakGc, WeakMap};

type ForAny = &'static dyn for<'a> Fn(&'a str);
type ForStatic = &'static dyn Fn(&'static str);

fn shortened(long: Gc<ForAny>) -> Gc<ForStatic> {
    long
}

fn shortened_weak(long: WeakGc<ForAny>) -> WeakGc<ForStatic> {
    long
}

fn other_values(map: &WeakMap<u8, ForAny>) -> &WeakMap<u8, ForStatic> {
    map
}

fn main() {}
