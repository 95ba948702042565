use mudlark_rc::{Counted, Weak};

fn shared(handle: &Counted<u8>, weak: &Weak<u8>) {
    std::thread::scope(|scope| {
        scope.spawn(|| handle.clone());
        scope.spawn(|| weak.clone());
    });
}

fn main() {}
