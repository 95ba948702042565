//! What the heap has done, in a few numbers.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use critical_section::Mutex;
use mudlark_hooks::{Address, Hooks};

/// Hooks that count. A request that resizes a block counts as one.
pub struct Counts(Mutex<Cell<Sums>>);

/// Numbers of requests and of bytes that were asked for.
#[derive(Clone, Copy, Default)]
pub struct Sums {
    requests: usize,
    bytes: usize,
    most_live_bytes: usize,
    pub live_bytes: usize,
}

impl Counts {
    pub const fn new() -> Self {
        Self(Mutex::new(Cell::new(Sums { requests: 0, bytes: 0, most_live_bytes: 0, live_bytes: 0 })))
    }

    /// The sums at this moment.
    pub fn now(&self) -> Sums {
        critical_section::with(|section| self.0.borrow(section).get())
    }

    fn count(&self, freed: usize, requested: Option<usize>) {
        critical_section::with(|section| {
            let place = self.0.borrow(section);
            let mut sums = place.get();
            sums.requests += usize::from(requested.is_some());
            sums.bytes += requested.unwrap_or(0);
            sums.live_bytes = sums.live_bytes - freed + requested.unwrap_or(0);
            sums.most_live_bytes = sums.most_live_bytes.max(sums.live_bytes);
            place.set(sums);
        });
    }
}

impl Hooks for Counts {
    fn allocated(&self, _block: NonNull<u8>, layout: Layout) {
        self.count(0, Some(layout.size()));
    }

    fn freed(&self, _block: NonNull<u8>, layout: Layout) {
        self.count(layout.size(), None);
    }

    fn reallocated(&self, _from: Address, old: Layout, _block: NonNull<u8>, new: Layout) {
        self.count(old.size(), Some(new.size()));
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, bytes, most_live_bytes, live_bytes } = self;
        write!(f, "{requests} requests for {bytes} bytes, at most {most_live_bytes} live, {live_bytes} left")
    }
}
