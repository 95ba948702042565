//! What the heap says of itself.

/// The heap's own figures at one moment. What it does not know is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// What was asked for and not freed.
    pub requested: u64,
    /// Blocks in use, as large as they really are.
    pub used: u64,
    /// Free blocks that wait in caches.
    pub cached: u64,
    /// Of what is in use, large blocks.
    pub large: u64,
    /// What may be backed by memory.
    pub committed: u64,
    /// What is held from the source.
    pub reserved: u64,
}

/// One size class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// The size of its blocks.
    pub block_size: u64,
    /// Its pages.
    pub pages: u64,
    /// Its blocks in use.
    pub used: u64,
    /// Its blocks that wait in caches.
    pub cached: u64,
    /// What was asked for with the blocks in use.
    pub requested: u64,
}

/// One page, or one stretch of a fixed region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Where it begins.
    pub address: u64,
    /// Its length.
    pub size: u64,
    /// The size of its blocks.
    pub block_size: u64,
    /// Its blocks in use.
    pub used: u32,
    /// As many blocks as fit.
    pub capacity: u32,
}

/// All that the heap said of itself at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub time: u64,
    /// As a whole.
    pub heap: Heap,
    /// Class by class; nothing if only the whole was told.
    pub classes: Vec<Class>,
    /// Page by page.
    pub pages: Vec<Page>,
}

/// The series of moments. Classes and pages are kept of two of them alone, the fullest one and the last.
///
/// Of moments that have pages and such that have none, the fullest is one with pages: there is more to see.
#[derive(Clone, Debug, Default)]
pub struct HeapSeries {
    /// The figures of the whole, with their times.
    pub whole: Vec<(u64, Heap)>,
    /// How much memory of the machine the process occupied, with the times.
    pub resident: Vec<(u64, u64)>,
    /// The fullest of the moments before the last.
    fullest: Option<Moment>,
    /// The last that told of classes or pages.
    last: Option<Moment>,
}

impl HeapSeries {
    /// The moment with the most in use, of those that told of pages, or of classes if none did.
    #[must_use]
    pub fn fullest(&self) -> Option<&Moment> {
        let both = self.fullest.iter().chain(&self.last);
        both.max_by_key(|moment| (!moment.pages.is_empty(), moment.heap.used))
    }

    /// The last moment that told of classes or pages.
    #[must_use]
    pub const fn last(&self) -> Option<&Moment> {
        self.last.as_ref()
    }

    pub(crate) fn heap(&mut self, time: u64, heap: Heap) {
        self.whole.push((time, heap));
    }

    pub(crate) fn class(&mut self, class: Class) {
        self.moment().classes.push(class);
    }

    pub(crate) fn page(&mut self, page: Page) {
        self.moment().pages.push(page);
    }

    /// The moment of the last heap's figures.
    fn moment(&mut self) -> &mut Moment {
        let (time, heap) = self.whole.last().copied().unwrap_or_default();
        if self.last.as_ref().is_some_and(|last| last.time != time) {
            self.fullest = self.fullest().cloned();
        }
        let last = self.last.take().filter(|last| last.time == time);
        self.last.insert(last.unwrap_or_else(|| Moment { time, heap, ..Moment::default() }))
    }
}
