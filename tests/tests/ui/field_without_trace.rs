use mudlark_gc::{Gc, Trace};

struct Opaque;

#[derive(Trace)]
struct Node {
    opaque: Opaque,
    next: Option<Gc<Node>>,
}

fn main() {}
