use mudlark_rc::SyncCounted;

fn main() {
    let handle = SyncCounted::new(std::cell::Cell::new(1));
    std::thread::spawn(move || handle.set(2));
}
