use mudlark_rc::Counted;

fn main() {
    let text = String::from("gone later");
    let handle = Counted::new(text.as_str());
    Counted::make_deep(&handle);
}
