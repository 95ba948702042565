//! The program has no `std` to ask for the C library, which only starts and ends it.

fn main() {
    println!("cargo::rustc-link-lib=c");
}
