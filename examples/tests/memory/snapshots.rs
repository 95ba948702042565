//! A leak is found by two snapshots.

use crate::run::run;

#[test]
fn what_has_grown_is_told_with_its_scope_and_its_line() {
    let out = run("snapshots").out;
    let scope = out.lines().nth(1).expect("there is an answer");
    assert!(scope.starts_with("  answer/remember: size=") && scope.contains("count=2101 (+1000)"), "{out}");
    assert!(out.contains("snapshots.rs:"), "{out}");
    assert!(out.contains("\n    visits.push(format!(\"{page:>100}\"));\n"), "{out}");
}
