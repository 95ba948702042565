use mudlark_gc::Trace;

#[derive(Trace)]
struct Node {
    #[trace(ignore)]
    field: u8,
}

fn main() {}
