use mudlark_gc::Trace;

#[derive(Trace)]
struct Holder<T>(T);

impl<T> Drop for Holder<T> {
    fn drop(&mut self) {}
}

fn main() {}
