//! What must not compile, and what the compiler says.

/// The expected messages are those of one compiler; the documentation of `mudlark-gc` has the most important cases as
/// examples that must not compile with any.
#[test]
#[rustversion::attr(not(stable(1.95)), ignore = "the expected messages are those of Rust 1.95")]
fn unsound_programs_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
