//! The text of this repository, as input: real Rust and real Markdown.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the repository that hold its libraries and this program's own neighbours.
const FOLDERS: [&str; 4] = ["core-alloc", "rc", "gc", "bench/src"];

/// All files whose names end with `ending`, by path.
pub(crate) fn texts(ending: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in FOLDERS {
        find(&root.join(folder), ending, &mut files);
    }
    files.sort();
    let texts: Vec<String> = files.into_iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    assert!(!texts.is_empty(), "there is no {ending} in {}", root.display());
    texts
}

fn find(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, ending, files);
        } else if path.to_string_lossy().ends_with(ending) {
            files.push(path);
        }
    }
}
