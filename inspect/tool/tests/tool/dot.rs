//! `mudlark dot` and `mudlark census`: what collectors had.

use std::fs;
use std::process::{Command, Output, Stdio};

use crate::server;

fn mudlark(arguments: &[&str], graph: &str) -> (tempfile::TempDir, Output) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("graph.dot"), graph).expect("it can be written to");
    fs::write(directory.path().join("log.mmt"), server::server().log).expect("it can be written to");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark"));
    let done = command.args(arguments).current_dir(directory.path()).stdin(Stdio::null()).output().expect("it runs");
    (directory, done)
}

fn has_graphviz() -> bool {
    let found = Command::new("dot").arg("-V").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: no Graphviz here: no graph was drawn");
    }
    found
}

const GRAPH: &str =
    "digraph gc { a [label=\"shop::Page ×3\"]; b [label=\"Link\"]; a -> b [label=\"next[0]\"]; b -> a; }";

#[test]
fn a_graph_becomes_a_picture_in_the_format_of_its_name() {
    if !has_graphviz() {
        return;
    }
    let (directory, done) = mudlark(&["dot", "graph.dot", "-o", "graph.svg"], GRAPH);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let svg = fs::read_to_string(directory.path().join("graph.svg")).expect("it was written");
    for text in ["<svg", "shop::Page ×3", "next[0]"] {
        assert!(svg.contains(text), "{text} is missing");
    }
    let (directory, done) = mudlark(&["dot", "graph.dot", "-o", "graph.png"], GRAPH);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(fs::read(directory.path().join("graph.png")).expect("it was written").starts_with(b"\x89PNG"));
}

#[test]
fn what_is_no_graph_is_told_so() {
    if !has_graphviz() {
        return;
    }
    let (directory, done) = mudlark(&["dot", "graph.dot", "-o", "graph.svg"], "no graph at all");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(said.contains("graph.dot is no graph") && said.contains("to_dot()"), "{said}");
    assert!(!directory.path().join("graph.svg").exists());
}

#[test]
fn without_graphviz_one_is_told_how_to_get_it() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let graph = directory.path().join("graph.dot");
    fs::write(&graph, GRAPH).expect("it can be written to");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark"));
    let done = command.arg("dot").arg(&graph).env("PATH", directory.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(5), "{said}");
    assert!(said.contains("apt-get install graphviz"), "{said}");
}

#[test]
fn a_census_is_a_table_of_what_was_told_last() {
    let (_directory, done) = mudlark(&["census", "log.mmt"], "");
    let table = String::from_utf8_lossy(&done.stdout).into_owned();
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["objects", "bytes"]);
    assert_eq!(words[1][..3], ["480", "22.5", "KiB"]);
    assert!(
        table.contains("bookshop::Link<alloc::string::String>, old") && table.contains("bookshop::Page, young"),
        "{table}"
    );
    assert_eq!(words.last().expect("it is the sum")[..4], ["1", "200", "67.5", "KiB"], "{table}");
}
