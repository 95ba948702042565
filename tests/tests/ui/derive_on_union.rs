use mudlark_gc::Trace;

#[derive(Trace)]
union Bits {
    integer: u32,
    float: f32,
}

fn main() {}
