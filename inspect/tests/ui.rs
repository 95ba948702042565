//! What `#[mem_profile]` refuses, and what it says.

/// The expected messages are those of one compiler.
#[test]
#[rustversion::attr(not(stable(1.95)), ignore = "the expected messages are those of Rust 1.95")]
#[cfg_attr(miri, ignore = "it runs the compiler")]
fn wrong_uses_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
