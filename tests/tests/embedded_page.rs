//! The page for microcontrollers shows the program that is booted.

use std::fs;
use std::path::Path;

/// A file of the repository.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_page_has_the_files_of_the_program() {
    let page = read("core-alloc/src/embedded.md");
    for (language, file) in [("text", "memory.x"), ("toml", ".cargo/config.toml"), ("ignore", "src/main.rs")] {
        let block = format!("\n```{language}\n{}```\n", read(&format!("examples/cortex-m/{file}")));
        assert!(page.contains(&block), "{file} is not as it stands in examples/cortex-m");
    }
}

/// The dependencies that the page's commands add.
#[test]
fn the_page_adds_the_dependencies_of_the_program() {
    let page = read("core-alloc/src/embedded.md");
    let mut added: Vec<&str> = Vec::new();
    for command in page.lines().filter_map(|line| line.strip_prefix("cargo add ")) {
        let crates = command.split(" --").next().expect("the first part is always there");
        added.extend(crates.split(' '));
    }
    let manifest = read("examples/cortex-m/Cargo.toml");
    let dependencies = manifest.split("[dependencies]\n").nth(1).expect("it has some").lines();
    let mut needed: Vec<&str> =
        dependencies.take_while(|line| !line.is_empty()).filter_map(|line| line.split(' ').next()).collect();
    added.sort_unstable();
    needed.sort_unstable();
    assert_eq!(added, needed);
}
