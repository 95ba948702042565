use mudlark_gc::WeakGc;

fn needs_send<T: Send>(_: T) {}

fn main() {
    needs_send(WeakGc::<u8>::new());
}
