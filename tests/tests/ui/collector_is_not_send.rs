use mudlark_gc::Collector;

fn needs_send<T: Send>(_: T) {}

fn main() {
    needs_send(Collector::new());
}
