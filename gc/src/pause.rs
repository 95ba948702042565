//! No automatic collections for a while.

use crate::collector::Collector;

/// Keeps a collector's automatic collections from running until it is dropped: [`Collector::pause`].
#[derive(Debug)]
#[must_use = "automatic collections run again when this is dropped"]
pub struct Pause {
    collector: Collector,
    was_enabled: bool,
}

impl Collector {
    /// Keeps automatic collections from running until the guard is dropped, which puts back what was before.
    ///
    /// ```
    /// # use mudlark_gc::Collector;
    /// let collector = Collector::new();
    /// {
    ///     let _pause = collector.pause();
    ///     assert!(!collector.is_enabled());
    /// }
    /// assert!(collector.is_enabled());
    /// ```
    pub fn pause(&self) -> Pause {
        let was_enabled = self.is_enabled();
        self.disable();
        Pause { collector: self.clone(), was_enabled }
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if self.was_enabled {
            self.collector.enable();
        }
    }
}
