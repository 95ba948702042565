//! Which blocks of a snapshot are looked at.

use super::Block;
use super::frame::Frame;
use super::pattern::Pattern;

/// A condition that the blocks of a snapshot have to meet, or must not meet.
///
/// Patterns have the wildcards of a shell: `*` for anything, `?` for a character, `[a-z]` and `[!a-z]` for one of a set. They stand for
/// the whole text. What is not said does not matter. Python's `Filter` and `DomainFilter`; a tag is what a domain is there.
///
/// ```
/// use mudlark_inspect::Filter;
///
/// let ours = Filter::include().file("*/src/*");
/// let no_parser = Filter::exclude().file("*/src/parser.rs").line(17);
/// let while_loading = Filter::include().tag("load*");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "`Snapshot::filter` applies it"]
pub struct Filter {
    pub(super) is_inclusive: bool,
    file: Option<Pattern>,
    line: Option<u32>,
    function: Option<Pattern>,
    tag: Option<Pattern>,
    all_frames: bool,
}

impl Filter {
    /// Only blocks that meet the condition. Of several such filters, one has to let a block through.
    pub const fn include() -> Self {
        Self::of(true)
    }

    /// No blocks that meet the condition. Of several such filters, all have to let a block through.
    pub const fn exclude() -> Self {
        Self::of(false)
    }

    const fn of(is_inclusive: bool) -> Self {
        Self { is_inclusive, file: None, line: None, function: None, tag: None, all_frames: false }
    }

    /// The function that asked is in such a file.
    pub fn file(mut self, pattern: &str) -> Self {
        self.file = Some(Pattern::new(pattern));
        self
    }

    /// It asked in this line.
    pub const fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// It has such a name, with its path.
    pub fn function(mut self, pattern: &str) -> Self {
        self.function = Some(Pattern::new(pattern));
        self
    }

    /// It asked in such a scope, by the whole path: `load/parse`. What is in no scope has an empty one.
    pub fn tag(mut self, pattern: &str) -> Self {
        self.tag = Some(Pattern::new(pattern));
        self
    }

    /// What is said of the function that asked may hold for any one of the traceback.
    pub const fn all_frames(mut self) -> Self {
        self.all_frames = true;
        self
    }

    /// Whether the filter lets this block through.
    pub(super) fn lets_through(&self, block: &Block<'_>) -> bool {
        self.is_met_by(block) == self.is_inclusive
    }

    fn is_met_by(&self, block: &Block<'_>) -> bool {
        self.tag.as_ref().is_none_or(|tag| tag.matches(block.tag())) && self.is_met_by_traceback(block)
    }

    fn is_met_by_traceback(&self, block: &Block<'_>) -> bool {
        if self.file.is_none() && self.line.is_none() && self.function.is_none() {
            return true;
        }
        let traceback = block.traceback();
        if self.all_frames {
            traceback.frames().iter().any(|frame| self.is_met_by_frame(frame))
        } else {
            self.is_met_by_frame(traceback.innermost())
        }
    }

    fn is_met_by_frame(&self, frame: &Frame) -> bool {
        self.file.as_ref().is_none_or(|file| file.matches(&frame.file))
            && self.line.is_none_or(|line| line == frame.line)
            && self.function.as_ref().is_none_or(|function| function.matches(&frame.function))
    }
}
