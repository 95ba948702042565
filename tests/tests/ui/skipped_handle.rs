//! What a skipped handle leads to would never be collected.

use std::cell::RefCell;

use mudlark_gc::{Gc, Trace};

#[derive(Trace)]
struct Node {
    #[trace(skip)]
    next: RefCell<Option<Gc<Node>>>,
}

fn main() {}
