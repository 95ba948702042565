//! What the tests of the hosted allocator share: random numbers, a model of the live blocks, and child processes.

#![expect(dead_code, reason = "no test file uses all of it")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use core::slice;
use std::collections::BTreeMap;
use std::env;
use std::process::{Command, Output};

/// SplitMix64: small, seeded, good enough to choose what to do next.
pub(crate) struct Random(u64);

impl Random {
    /// Starts from `MUDLARK_SEED` if that is set, else from `seed`, and prints which, for tests that fail.
    pub(crate) fn announced(seed: u64) -> Self {
        let seed = env::var("MUDLARK_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(seed);
        println!("MUDLARK_SEED={seed}");
        Self(seed)
    }

    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// A size below `2^log2_end`, all magnitudes alike.
    pub(crate) fn size(&mut self, log2_end: usize) -> usize {
        let magnitude = self.below(log2_end + 1);
        self.below(1 << magnitude)
    }

    /// An alignment up to `2^log2_max`, mostly a small one.
    pub(crate) fn align(&mut self, log2_max: usize) -> usize {
        let log2 = if self.below(8) == 0 { self.below(log2_max + 1) } else { self.below(5) };
        1 << log2
    }

    pub(crate) fn layout(&mut self, log2_size: usize, log2_align: usize) -> Layout {
        Layout::from_size_align(self.size(log2_size), self.align(log2_align)).expect("a valid layout")
    }
}

/// A live block, filled with one byte.
///
/// # Invariants
///
/// The block came from an allocator for `layout`, and this value is the only one to use it.
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    pub(crate) layout: Layout,
    fill: u8,
}

// SAFETY: by the invariant, a block goes where this value goes.
unsafe impl Send for Block {}

impl Block {
    /// Allocates a block, zeroed or not, checks it, and fills it.
    pub(crate) fn new(allocator: &impl GlobalAlloc, layout: Layout, zeroed: bool, fill: u8) -> Self {
        let start = if zeroed {
            // SAFETY: the allocator serves a size of zero, too.
            unsafe { allocator.alloc_zeroed(layout) }
        } else {
            // SAFETY: as above.
            unsafe { allocator.alloc(layout) }
        };
        let start = NonNull::new(start).expect("memory");
        // INVARIANT: just allocated.
        let mut block = Self { start, layout, fill: 0 };
        assert!(start.addr().get().is_multiple_of(layout.align()), "{layout:?} at {start:?}");
        if zeroed {
            block.check(layout.size());
        }
        block.fill(fill);
        block
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: by the invariant; `new` wrote every byte before they are read, or the allocator did.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.layout.size()) }
    }

    pub(crate) fn fill(&mut self, fill: u8) {
        self.fill = fill;
        // SAFETY: by the invariant.
        unsafe { self.start.write_bytes(fill, self.layout.size()) };
    }

    /// Checks that the first `len` bytes are as they were filled.
    pub(crate) fn check(&mut self, len: usize) {
        let (layout, fill) = (self.layout, self.fill);
        let bytes = &self.bytes()[..len];
        if let [first, rest @ ..] = bytes {
            // Each byte is the one before it: a comparison as fast as `memcmp`.
            assert!(*first == fill && *rest == bytes[..len - 1], "{layout:?} does not hold its {fill:#x}");
        }
    }

    /// Gives the block another size, and checks that it keeps its contents.
    pub(crate) fn resize(&mut self, allocator: &impl GlobalAlloc, size: usize, fill: u8) {
        self.check(self.layout.size());
        let kept = size.min(self.layout.size());
        // SAFETY: by the invariant.
        let start = unsafe { allocator.realloc(self.start.as_ptr(), self.layout, size) };
        self.start = NonNull::new(start).expect("memory");
        assert!(start.addr().is_multiple_of(self.layout.align()), "{:?} at {start:?}", self.layout);
        self.layout = Layout::from_size_align(size, self.layout.align()).expect("a valid layout");
        self.check(kept);
        self.fill(fill);
    }

    pub(crate) fn free(mut self, allocator: &impl GlobalAlloc) {
        self.check(self.layout.size());
        // SAFETY: by the invariant.
        unsafe { allocator.dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// The live blocks by their addresses: none may lie in another.
#[derive(Default)]
pub(crate) struct Disjoint(BTreeMap<usize, usize>);

impl Disjoint {
    pub(crate) fn add(&mut self, block: &Block) {
        let start = block.start.addr().get();
        let end = start + block.layout.size().max(1);
        if let Some((_, &before)) = self.0.range(..=start).next_back() {
            assert!(before <= start, "{:?} at {start:#x} begins in another block", block.layout);
        }
        if let Some((&after, _)) = self.0.range(start..).next() {
            assert!(end <= after, "{:?} at {start:#x} ends in another block", block.layout);
        }
        self.0.insert(start, end);
    }

    pub(crate) fn remove(&mut self, block: &Block) {
        self.0.remove(&block.start.addr().get()).expect("a live block");
    }
}

/// Calls `inside` in a child process, which is this test program running the test `name` alone, and returns how the
/// child ended; in the child, does not return.
pub(crate) fn in_child(name: &str, inside: impl FnOnce()) -> Output {
    const IN_CHILD: &str = "MUDLARK_TEST_IN_CHILD";
    if env::var(IN_CHILD).is_ok_and(|child| child == name) {
        inside();
        std::process::exit(0);
    }
    let program = env::current_exe().expect("this program's path");
    let mut child = Command::new(program);
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(IN_CHILD, name);
    child.output().expect("a child process")
}
