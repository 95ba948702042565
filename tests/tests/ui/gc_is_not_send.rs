//! A handle's count is not atomic: handles stay in their thread.

use mudlark_gc::Gc;

fn main() {
    let handle = Gc::new(1);
    std::thread::spawn(move || drop(handle));
}
