//! The logs of processes that a recorded program has started, beside its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::log_file::LogFile;
use crate::model::Model;
use crate::recording::own_log::writer_of;
use crate::tail;

/// The log of another process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChildLog {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// What the process was last.
    pub(crate) program: String,
    /// Whether it runs, and writes on.
    pub(crate) is_running: bool,
}

/// Those beside this log that were written since then, the largest first. What their processes had collected when they were killed
/// is in them.
pub(crate) fn since(begin: SystemTime, log: &Path) -> Vec<ChildLog> {
    let directory = log.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| log.with_file_name(entry.file_name()));
    let mut children: Vec<ChildLog> =
        paths.filter(|path| is_childs(path, log)).filter_map(|path| read(path, begin)).collect();
    children.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    children
}

/// Whether a path is «out.1234.mmt» where the log is «out.mmt».
fn is_childs(path: &Path, log: &Path) -> bool {
    let stem = path.file_stem().map(Path::new);
    let number = stem.and_then(Path::extension).and_then(|number| number.to_str());
    path.extension() == log.extension()
        && stem.and_then(Path::file_stem) == log.file_stem()
        && number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn read(path: PathBuf, begin: SystemTime) -> Option<ChildLog> {
    let metadata = fs::metadata(&path).ok()?;
    if metadata.modified().ok()? < begin {
        return None;
    }
    let is_running = writer_of(&path).is_some();
    tail::join(&path, &path);
    let mut model = Model::default();
    let mut file = LogFile::new(File::open(&path).ok()?);
    file.read_to_end(|chunk| {
        let _ = model.read_chunk(chunk);
    })
    .ok()?;
    let program = model.program.title().to_owned();
    Some(ChildLog { path, bytes: file.bytes(), program, is_running })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_between_the_logs_name_and_its_ending_is_a_childs() {
        let log = Path::new("runs/out.mmt");
        assert!(is_childs(Path::new("runs/out.1234.mmt"), log));
        for other in ["out.mmt", "out.12x.mmt", "out..mmt", "other.12.mmt", "out.12.mmt.tail", "out.12", "out.1.2.mmt"]
        {
            assert!(!is_childs(&Path::new("runs").join(other), log), "{other}");
        }
    }
}
