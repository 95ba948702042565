//! An object may live until its collector's end.

use mudlark_gc::{Gc, Trace};

#[derive(Trace)]
struct Holder<'a>(#[trace(skip)] &'a u8);

fn make(byte: &u8) -> Gc<Holder<'_>> {
    Gc::new(Holder(byte))
}

fn main() {}
