//! Where there is no memory that is shared with a file, a log has no tail: what is collected when the process is killed is lost.

use mudlark_hooks::Chunk;

use super::LogFile;

/// There is none.
pub(super) struct Tail;

impl Tail {
    pub(super) const fn new() -> Self {
        Self
    }

    pub(super) const fn follow(&mut self, _chunk: Chunk<'_>, _process: u32, _file: &LogFile) {}

    #[cfg(unix)]
    pub(super) const fn leave_to_parent(&mut self) {}

    pub(super) const fn remove(&mut self) {}
}
