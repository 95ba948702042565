//! A heap over fixed regions against a model of it: what is live, where, and with which contents. `super::Heap` is the
//! heap; what holds for all is tested here.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;
use std::collections::BTreeMap;

use mudlark_core_alloc::RegionTooSmall;

use super::Heap;

/// Steps of a random walk, few where each is slow.
pub(crate) const STEPS: usize = if cfg!(miri) { 60 } else { 20_000 };
pub(crate) const SEEDS: u64 = if cfg!(miri) { 1 } else { 4 };
/// The region of tests that fill it.
pub(crate) const FILLED: usize = if cfg!(miri) { 2 << 10 } else { 64 << 10 };

/// Marsaglia's xorshift, so that a seed repeats a walk exactly.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % bound as u64).expect("below a usize")
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Mostly small sizes and alignments, and some of every order of magnitude.
    pub(crate) fn layout(&mut self, max_size: usize) -> Layout {
        let size = match self.below(20) {
            0 => self.below(max_size + 1),
            1 => self.below(4),
            2..=4 => self.below(max_size.min(4096)),
            _ => self.below(max_size.min(512)),
        };
        let align = match self.below(20) {
            0 => 1 << self.below(21),
            1..=3 => 1 << self.below(10),
            _ => 1 << self.below(5),
        };
        Layout::from_size_align(size, align).expect("a valid layout")
    }
}

/// Memory for one region, `offset` bytes away from any alignment.
pub(crate) struct Memory {
    bytes: Vec<MaybeUninit<u8>>,
    offset: usize,
}

impl Memory {
    pub(crate) fn new(size: usize, offset: usize) -> Self {
        Self { bytes: vec![MaybeUninit::uninit(); size + offset], offset }
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub(crate) fn start(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().cast::<u8>().wrapping_add(self.offset)
    }
}

/// A live block, all of whose bytes have the value `stamp`.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    pub(crate) layout: Layout,
    stamp: u8,
}

impl Block {
    pub(crate) fn is_intact(self, len: usize) -> bool {
        // SAFETY: the block is live, has at least so many bytes, and all were written when it was made.
        let bytes = unsafe { slice::from_raw_parts(self.start.as_ptr(), len) };
        // Each byte is the one before it: a comparison as fast as `memcmp`.
        bytes.first().is_none_or(|&first| first == self.stamp && bytes[1..] == bytes[..len - 1])
    }

    pub(crate) fn fill(self) {
        // SAFETY: the block is live and has this size.
        unsafe { self.start.write_bytes(self.stamp, self.layout.size()) };
    }
}

/// A heap beside a record of what it should hold.
pub(crate) struct Model {
    pub(crate) heap: Heap,
    /// Each region's bounds.
    regions: Vec<(usize, usize)>,
    pub(crate) live: Vec<Block>,
    /// The end of each live block, by its start.
    ends: BTreeMap<usize, usize>,
    stamp: u8,
    // Last, so that it outlives the heap.
    _memory: Vec<Memory>,
}

impl Model {
    pub(crate) fn new(mut memory: Vec<Memory>) -> Self {
        let mut heap = Heap::new();
        let mut regions = Vec::new();
        for region in &mut memory {
            let (start, size) = (region.start(), region.size());
            // SAFETY: the model keeps the memory for as long as the heap.
            unsafe { heap.add_region(start, size) }.expect("a region of sufficient size");
            regions.push((start.addr(), start.addr() + size));
        }
        Self { heap, regions, live: Vec::new(), ends: BTreeMap::new(), stamp: 0, _memory: memory }
    }

    pub(crate) fn of_one(size: usize) -> Self {
        Self::new(vec![Memory::new(size, 0)])
    }

    /// Checks a new block against all the others, and records it.
    pub(crate) fn record(&mut self, start: NonNull<u8>, layout: Layout) {
        let (address, end) = (start.addr().get(), start.addr().get() + layout.size().max(1));
        assert_eq!(address % layout.align(), 0, "{layout:?} is misaligned at {start:p}");
        assert!(self.regions.iter().any(|r| r.0 <= address && end <= r.1), "{layout:?} at {start:p} is in no region");
        let below = self.ends.range(..end).next_back();
        assert!(below.is_none_or(|(_, &below_end)| below_end <= address), "{layout:?} at {start:p} overlaps a block");

        self.stamp = self.stamp.wrapping_add(1);
        let block = Block { start, layout, stamp: self.stamp };
        block.fill();
        self.ends.insert(address, end);
        self.live.push(block);
    }

    pub(crate) fn forget(&mut self, index: usize) -> Block {
        let block = self.live.swap_remove(index);
        self.ends.remove(&block.start.addr().get()).expect("a recorded block");
        block
    }

    pub(crate) fn allocate(&mut self, layout: Layout) -> bool {
        let block = self.heap.allocate(layout);
        block.inspect(|&start| self.record(start, layout)).is_some()
    }

    pub(crate) fn allocate_zeroed(&mut self, layout: Layout) -> bool {
        let Some(start) = self.heap.allocate_zeroed(layout) else { return false };
        assert!(Block { start, layout, stamp: 0 }.is_intact(layout.size()), "{layout:?} is not zeroed");
        self.record(start, layout);
        true
    }

    pub(crate) fn deallocate(&mut self, index: usize) {
        let block = self.forget(index);
        assert!(block.is_intact(block.layout.size()), "{:?} lost its contents", block.layout);
        // SAFETY: the block is live, and was just forgotten.
        unsafe { self.heap.deallocate(block.start, block.layout) };
    }

    pub(crate) fn deallocate_all(&mut self) {
        while !self.live.is_empty() {
            self.deallocate(self.live.len() - 1);
        }
    }

    pub(crate) fn reallocate(&mut self, index: usize, new_size: usize) -> bool {
        let old = self.live[index];
        assert!(old.is_intact(old.layout.size()), "{:?} lost its contents", old.layout);
        // SAFETY: the block is live, and forgotten below unless it stays so.
        let Some(start) = (unsafe { self.heap.reallocate(old.start, old.layout, new_size) }) else {
            assert!(old.is_intact(old.layout.size()), "a refusal touched the block");
            return false;
        };
        self.forget(index);
        assert!(Block { start, ..old }.is_intact(old.layout.size().min(new_size)), "contents were lost on the way");
        let layout = Layout::from_size_align(new_size, old.layout.align()).expect("the heap served it");
        self.record(start, layout);
        true
    }

    /// The size of the largest block to be had, to 16 bytes. What holds a size holds any smaller one.
    pub(crate) fn largest(&mut self) -> usize {
        let (mut fitting, mut refused) = (0, self.heap.stats().total / 16 + 1);
        while refused - fitting > 1 {
            let middle = fitting.midpoint(refused);
            if self.fits(bytes(16 * middle)) {
                fitting = middle;
            } else {
                refused = middle;
            }
        }
        16 * fitting
    }

    pub(crate) fn fits(&mut self, layout: Layout) -> bool {
        let Some(start) = self.heap.allocate(layout) else { return false };
        // SAFETY: just allocated for this.
        unsafe { self.heap.deallocate(start, layout) };
        true
    }

    pub(crate) fn check_stats(&self) {
        let stats = self.heap.stats();
        assert_eq!(stats.used + stats.free + stats.overhead, stats.total, "{stats:?}");
        assert_eq!(stats.total, self.regions.iter().map(|r| r.1 - r.0).sum::<usize>());
        assert_eq!(stats.blocks, self.live.len());
        let asked: usize = self.live.iter().map(|block| block.layout.size()).sum();
        assert!(
            stats.used >= asked && stats.peak.is_none_or(|peak| peak >= stats.used),
            "{stats:?}, {asked} B asked for"
        );
    }
}

pub(crate) fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a valid layout")
}

/// A random walk over all operations, with sizes up to `max_size`.
pub(crate) fn walk(model: &mut Model, max_size: usize, random: &mut Random) {
    for _ in 0..STEPS {
        let some = random.below(model.live.len().max(1));
        match random.below(10) {
            0..=3 => _ = model.allocate(random.layout(max_size)),
            4 => _ = model.allocate_zeroed(random.layout(max_size)),
            _ if model.live.is_empty() => {}
            5..=6 => _ = model.reallocate(some, random.layout(max_size).size()),
            _ => model.deallocate(some),
        }
        if random.one_in(64) {
            model.check_stats();
        }
        if random.one_in(2000) {
            model.deallocate_all();
        }
    }
}

pub(crate) fn agrees_with_the_model(make_memory: impl Fn() -> Vec<Memory>) {
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut model = Model::new(make_memory());
        let total = model.heap.stats().total;
        let largest = model.largest();
        walk(&mut model, total, &mut Random::new(seed));
        model.deallocate_all();
        model.check_stats();
        assert_eq!(model.heap.stats().used, 0);
        assert_eq!(model.largest(), largest, "memory did not come back");
    }
}

#[test]
fn blocks_in_2_kib_are_aligned_disjoint_and_keep_their_contents() {
    agrees_with_the_model(|| vec![Memory::new(2048, 0)]);
}

#[test]
fn blocks_in_8_kib_are_aligned_disjoint_and_keep_their_contents() {
    agrees_with_the_model(|| vec![Memory::new(8 << 10, 0)]);
}

#[test]
#[cfg_attr(miri, ignore = "a region that large takes Miri minutes")]
fn blocks_in_64_kib_are_aligned_disjoint_and_keep_their_contents() {
    agrees_with_the_model(|| vec![Memory::new(64 << 10, 0)]);
}

#[test]
#[cfg_attr(miri, ignore = "a region that large takes Miri minutes")]
fn blocks_in_1_mib_are_aligned_disjoint_and_keep_their_contents() {
    agrees_with_the_model(|| vec![Memory::new(1 << 20, 0)]);
}

#[test]
fn blocks_in_several_unaligned_regions_are_aligned_disjoint_and_keep_their_contents() {
    let sizes = [(1001, 1), (8191, 3), (40_000, 13), (300_001, 7)];
    let sizes = if cfg!(miri) { &sizes[..2] } else { &sizes };
    agrees_with_the_model(|| sizes.iter().map(|&(size, offset)| Memory::new(size, offset)).collect());
}

#[test]
fn regions_of_any_size_and_alignment_work_or_are_refused_whole() {
    let sizes = if cfg!(miri) { 330..400 } else { 0..700 };
    let mut accepted = 0;
    for size in sizes {
        for offset in [0, 1, 7, 8, 15] {
            let mut memory = Memory::new(size, offset);
            let mut heap = Heap::new();
            // SAFETY: the memory outlives the heap.
            let answer = unsafe { heap.add_region(memory.start(), memory.size()) };
            let block = heap.allocate(bytes(1));
            assert_eq!(block.is_some(), answer.is_ok(), "{size} B at offset {offset}");
            match answer {
                Ok(()) => accepted += 1,
                Err(RegionTooSmall) => assert_eq!(heap.stats().total, 0),
            }
            assert!(answer.is_ok() || size < 400, "{size} B are too small");
        }
    }
    assert!(accepted > 0);
}

#[test]
fn a_region_too_small_is_refused_wherever_it_lies() {
    for start in [0, 1, 8, 16, 4096, 4097, usize::MAX / 2 + 1, usize::MAX - 40, usize::MAX] {
        for size in 0..40.min(usize::MAX - start) {
            let mut heap = Heap::new();
            // SAFETY: a region too small is not touched, so that there need not be any memory.
            let answer = unsafe { heap.add_region(core::ptr::without_provenance_mut(start), size) };
            assert_eq!(answer, Err(RegionTooSmall), "{size} B at {start:#x}");
        }
    }
}

#[test]
fn a_heap_without_memory_refuses_and_stays_usable() {
    let mut heap = Heap::new();
    assert_eq!(heap.allocate(bytes(1)), None);
    let mut memory = Memory::new(1024, 0);
    // SAFETY: the memory outlives the heap.
    unsafe { heap.add_region(memory.start(), memory.size()) }.expect("1 KiB is enough");
    assert!(heap.allocate(bytes(1)).is_some());
}

#[test]
#[cfg_attr(miri, ignore = "a region that large takes Miri minutes")]
fn every_layout_is_served_or_refused() {
    let mut model = Model::of_one(4 << 20);
    let largest = model.largest();
    let max = isize::MAX.unsigned_abs();
    for align in (0..usize::BITS).map(|log2| 1_usize << log2) {
        for size in [0, 1, 15, 16, 17, 500, 513, 4096, 5000, 1 << 20, 1 << 30, max - 31, max - 1, max] {
            let Ok(layout) = Layout::from_size_align(size, align) else { continue };
            let served = model.allocate(layout);
            let must = size <= 1 << 20 && align <= 1 << 20;
            assert!(served || !must, "{layout:?} was refused");
            assert!(!served || size < 4 << 20);
            model.deallocate_all();
        }
    }
    assert_eq!(model.largest(), largest);
}

#[test]
fn after_exhaustion_and_free_everything_comes_back() {
    let cases = [(2048, 16), (8 << 10, 16), (8 << 10, 48), (64 << 10, 100), (1 << 20, 512), (1 << 20, 5000)];
    for (size, request) in cases.into_iter().filter(|&(size, request)| !cfg!(miri) || size / request <= 128) {
        let mut model = Model::of_one(size);
        let largest = model.largest();
        let mut served = None;
        for round in 0..if cfg!(miri) { 2 } else { 4 } {
            while model.allocate(bytes(request)) {}
            assert_eq!(*served.get_or_insert(model.live.len()), model.live.len(), "round {round} was served less");
            model.check_stats();
            let mut random = Random::new(round);
            while !model.live.is_empty() {
                model.deallocate(random.below(model.live.len()));
            }
            assert_eq!(model.heap.stats().used, 0);
            assert_eq!(model.largest(), largest, "round {round}, {request} B in {size} B");
        }
    }
}

#[test]
fn a_block_grows_until_it_is_refused_and_is_then_untouched() {
    let mut model = Model::of_one(8 << 10);
    assert!(model.allocate(bytes(1)));
    let mut size = 1;
    while model.reallocate(0, size + size / 2 + 1) {
        size = size + size / 2 + 1;
    }
    assert!(size > 2000, "grew to {size} B only");
    assert!(!model.reallocate(0, isize::MAX.unsigned_abs()));
    assert!(!model.reallocate(0, usize::MAX));
    assert_eq!(model.live[0].layout.size(), size);
    model.deallocate_all();
}

#[test]
fn what_a_shrinking_run_gives_up_can_be_had() {
    let mut model = Model::of_one(8 << 10);
    let all = model.largest();
    assert!(model.allocate(bytes(all)));
    assert!(!model.allocate(bytes(512)));
    assert!(model.reallocate(0, all - 1024));
    assert!(model.allocate(bytes(1000)), "the surplus is gone");
    model.deallocate_all();
    assert_eq!(model.largest(), all);
}

#[test]
fn a_heap_moves_while_its_blocks_stay() {
    let mut model = Model::of_one(8 << 10);
    for size in 1..40 {
        assert!(model.allocate(bytes(size)));
    }
    let mut elsewhere = Box::new(core::mem::take(&mut model.heap));
    core::mem::swap(&mut model.heap, &mut elsewhere);
    std::thread::scope(|scope| {
        let heap = &mut model.heap;
        scope.spawn(move || assert_eq!(heap.stats().blocks, 39)).join().expect("the thread ends well");
    });
    model.deallocate_all();
    assert_eq!(model.heap.stats().used, 0);
}
