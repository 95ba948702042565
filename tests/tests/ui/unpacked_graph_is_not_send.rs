//! Only a parcel that was packed, and so checked, may be sent.

use mudlark_gc::{Collector, Gc};

fn main() {
    let collector = Collector::new();
    let root = Gc::new_in(1, &collector);
    std::thread::spawn(move || drop((collector, root)));
}
