use mudlark_rc::Counted;

fn main() {
    let handle = Counted::new(1);
    std::thread::spawn(move || drop(handle));
}
