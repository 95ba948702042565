use mudlark_rc::Counted;

fn main() {
    let handle;
    let text = String::from("dropped first");
    handle = Counted::new(text.as_str());
}
