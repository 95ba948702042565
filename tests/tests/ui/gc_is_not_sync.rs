//! Nor may another thread clone one by way of a reference.

use mudlark_gc::Gc;

fn main() {
    let handle = Gc::new(1);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(handle.clone()));
    });
}
