use mudlark_gc::Gc;

struct Opaque;

fn main() {
    let _ = Gc::new(Opaque);
}
