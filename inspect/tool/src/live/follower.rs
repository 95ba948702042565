//! Reads what a log has anew, again and again.

use core::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::log_file::LogFile;
use crate::model::Model;
use crate::recording::is_running;

/// A log that is being written, and what it has told up to now.
pub(crate) struct Follower {
    path: PathBuf,
    log: Option<LogFile<File>>,
    model: Model,
}

impl Follower {
    /// Follows this file, which need not be there yet.
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), log: None, model: Model::default() }
    }

    /// What the log has told up to now.
    pub(crate) const fn model(&self) -> &Model {
        &self.model
    }

    /// Reads what is new. A file that is shorter than before is another program's, and begins anew.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub(crate) fn read_on(&mut self) -> Result<(), Error> {
        let failed = |cause| Error::Read { path: self.path.clone(), cause };
        let Ok(metadata) = std::fs::metadata(&self.path) else { return Ok(()) };
        if self.log.as_ref().is_none_or(|log| metadata.len() < log.bytes()) {
            self.log = Some(LogFile::new(File::open(&self.path).map_err(failed)?));
            self.model = Model::default();
        }
        match &mut self.log {
            Some(log) => read_available(log, &mut self.model).map_err(failed),
            None => Ok(()),
        }
    }

    /// Whether no more will come: the program has said so, or it is there no more.
    pub(crate) fn is_over(&self) -> bool {
        let program = &self.model.program;
        program.has_stop || program.has_start && !is_running(program.process)
    }
}

fn read_available<R: Read>(log: &mut LogFile<R>, model: &mut Model) -> std::io::Result<()> {
    log.read_available(|chunk| {
        // What a newer version wrote is passed over, here as elsewhere.
        let _ = model.read_chunk(chunk);
    })
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mudlark_hooks::{Address, Event, Writer};

    use super::*;

    fn log(sizes: &[u64], is_over: bool) -> Vec<u8> {
        let mut log = Vec::new();
        let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
        for (number, &size) in sizes.iter().enumerate() {
            let address = Address(64 * number as u64);
            writer.write(number as u64, &Event::Allocated { address, size, align: 8, stack: 0 });
        }
        if is_over {
            writer.write(sizes.len() as u64, &Event::Stopped {});
        }
        writer.flush();
        log
    }

    #[test]
    fn what_is_written_is_seen_and_a_torn_chunk_waits_for_its_end() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = directory.path().join("log.mmt");
        let mut follower = Follower::of(&path);
        follower.read_on().expect("a file that is not there yet is no error");
        let whole = log(&[10; 100], true);
        let mut seen = 0;
        for end in (0..whole.len()).step_by(50).chain([whole.len()]) {
            fs::write(&path, &whole[..end]).expect("it can be written to");
            follower.read_on().expect("it can be read");
            let total = follower.model().all().total.bytes;
            assert!(total >= seen && total <= 1000);
            seen = total;
        }
        assert_eq!((seen, follower.is_over()), (1000, true));
    }

    #[test]
    fn a_file_that_was_written_anew_is_read_anew() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = directory.path().join("log.mmt");
        let mut follower = Follower::of(&path);
        for (sizes, total) in [(&[10; 50][..], 500), (&[7], 7)] {
            fs::write(&path, log(sizes, false)).expect("it can be written to");
            follower.read_on().expect("it can be read");
            assert_eq!(follower.model().all().total.bytes, total);
            assert!(!follower.is_over());
        }
    }
}
