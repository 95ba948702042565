use mudlark_inspect::mem_profile;

#[mem_profile(threads)]
fn one() {}

#[mem_profile(stdout, html = "page.html")]
fn two() {}

#[mem_profile(html)]
fn three() {}

#[mem_profile(html = 3)]
fn four() {}

#[mem_profile(with = print)]
fn five() {}

fn print(_: u8) {}

fn main() {
    one();
    two();
    three();
    four();
    five();
}
