//! Threads stand in for processors: each has a number of its own, and frees what others have allocated.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::sync::Mutex;

use mudlark_core_alloc::{Cpus, DefaultLock, MeteredHeap, PagedHeap, PerCpuHeap, RegionHeap, RegionKind, StaticRegion};

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// The processors of one test: each thread is one.
struct Threads<Test>(PhantomData<Test>);

// SAFETY: nobody else runs in a thread; the tests give each thread that uses a heap another number.
unsafe impl<Test: 'static> Cpus for Threads<Test> {
    type Guard = ();

    fn stay() {}

    fn cpu_index() -> usize {
        NUMBER.get()
    }
}

/// A block, with what was written to each of its bytes.
struct Filled {
    block: NonNull<u8>,
    layout: Layout,
    byte: u8,
}

// SAFETY: it owns the block.
unsafe impl Send for Filled {}

impl Filled {
    fn new(heap: &impl GlobalAlloc, layout: Layout, byte: u8) -> Option<Self> {
        // SAFETY: the tests' layouts are not empty.
        let block = NonNull::new(unsafe { heap.alloc(layout) })?;
        assert_eq!(block.addr().get() % layout.align(), 0);
        // SAFETY: the block is ours, and so large.
        unsafe { block.write_bytes(byte, layout.size()) };
        Some(Self { block, layout, byte })
    }

    fn resized(mut self, heap: &impl GlobalAlloc, size: usize) -> Self {
        self.assert_intact();
        // SAFETY: it is a live block of this layout.
        let Some(block) = NonNull::new(unsafe { heap.realloc(self.block.as_ptr(), self.layout, size) }) else {
            return self;
        };
        let kept = self.layout.size().min(size);
        self.block = block;
        self.layout = Layout::from_size_align(kept, self.layout.align()).expect("a smaller one");
        self.assert_intact();
        self.layout = Layout::from_size_align(size, self.layout.align()).expect("a small one");
        // SAFETY: the block is ours, and so large.
        unsafe { block.write_bytes(self.byte, size) };
        self
    }

    /// Forgets it.
    fn leak(self) {
        self.assert_intact();
    }

    fn assert_intact(&self) {
        for offset in [0, self.layout.size() / 2, self.layout.size() - 1] {
            // SAFETY: it lies in the block.
            let place = unsafe { self.block.add(offset) };
            // SAFETY: all of the block is written.
            assert_eq!(unsafe { place.read() }, self.byte, "somebody else has written to the block");
        }
    }

    fn free(self, heap: &impl GlobalAlloc) {
        self.assert_intact();
        // SAFETY: it is a live block of this layout, and not used again.
        unsafe { heap.dealloc(self.block.as_ptr(), self.layout) };
    }
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn layout(&mut self) -> Layout {
        let size = if self.below(20) == 0 { 1 + self.below(5_000) } else { 1 + self.below(300) };
        Layout::from_size_align(size, 1 << self.below(7)).expect("a small one")
    }
}

#[test]
fn blocks_that_others_free_keep_their_contents_and_all_come_home() {
    enum This {}
    const CPUS: usize = 3;
    const STEPS: usize = if cfg!(miri) { 150 } else { 40_000 };
    static MEMORY: StaticRegion<{ 1 << 20 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Threads<This>, CPUS> = PerCpuHeap::with_region(&MEMORY);
    static MAIL: [Mutex<Vec<Filled>>; CPUS] = [const { Mutex::new(Vec::new()) }; CPUS];

    let run = |number: usize| {
        NUMBER.set(number);
        let mut random = Random(number as u64 + 7);
        for step in 0..STEPS {
            let byte = step.to_le_bytes()[0];
            if let Some(mut block) = Filled::new(&HEAP, random.layout(), byte) {
                if random.below(8) == 0 {
                    let size = random.layout().size();
                    block = block.resized(&HEAP, size);
                }
                MAIL[random.below(CPUS)].lock().expect("no panics").push(block);
            }
            let mine = MAIL[number].lock().expect("no panics").pop();
            if let Some(block) = mine {
                block.free(&HEAP);
            }
        }
    };
    // One number more than there are caches: that processor uses the shared heap.
    std::thread::scope(|scope| {
        for number in 0..CPUS {
            scope.spawn(move || run(number));
        }
        scope.spawn(|| {
            NUMBER.set(CPUS);
            for step in 0..STEPS {
                let block = Filled::new(&HEAP, Layout::new::<[u8; 40]>(), step.to_le_bytes()[0]);
                block.into_iter().for_each(|block| block.free(&HEAP));
            }
        });
    });
    for (number, mail) in MAIL.iter().enumerate() {
        NUMBER.set(number);
        let left: Vec<_> = mail.lock().expect("no panics").drain(..).collect();
        left.into_iter().for_each(|block| block.free(&HEAP));
        HEAP.collect();
    }
    assert_eq!(HEAP.shared().stats().used, 0);
    assert_eq!(HEAP.shared().verify(), Ok(()));
}

#[test]
fn what_one_allocates_and_the_other_frees_goes_round() {
    enum This {}
    static MEMORY: StaticRegion<{ 64 * 1024 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Threads<This>, 2> = PerCpuHeap::with_region(&MEMORY);

    let mut most = 0;
    for round in 0..if cfg!(miri) { 6 } else { 100_u8 } {
        NUMBER.set(0);
        let blocks: Vec<_> = (0..64).filter_map(|_| Filled::new(&HEAP, Layout::new::<[u8; 64]>(), round)).collect();
        assert_eq!(blocks.len(), 64);
        NUMBER.set(1);
        blocks.into_iter().for_each(|block| block.free(&HEAP));
        most = most.max(HEAP.shared().stats().used);
    }
    // 64 in use, and up to two batches and one to be loaded with the one who frees.
    assert!(most <= (64 + 3 * 32) * (64 + 16), "{most} bytes");
}

#[test]
fn caches_give_back_what_a_large_request_needs() {
    enum This {}
    static MEMORY: StaticRegion<{ 16 * 1024 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Threads<This>, 1> = PerCpuHeap::with_region(&MEMORY);

    NUMBER.set(0);
    let small = Layout::new::<[u64; 4]>();
    let blocks: Vec<_> = core::iter::from_fn(|| Filled::new(&HEAP, small, 1)).collect();
    assert!(blocks.len() > 200);
    blocks.into_iter().for_each(|block| block.free(&HEAP));
    assert!(HEAP.shared().stats().used > 0, "some blocks are cached");
    let large = Filled::new(&HEAP, Layout::new::<[u8; 14 * 1024]>(), 2).expect("there is room for it");
    large.free(&HEAP);
    assert_eq!(HEAP.shared().stats().used, 0);
}

#[test]
fn a_cached_block_is_handed_out_again_first() {
    enum This {}
    static MEMORY: StaticRegion<{ 16 * 1024 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Threads<This>, 1> = PerCpuHeap::with_region(&MEMORY);

    NUMBER.set(0);
    for size in (1..=1024).step_by(if cfg!(miri) { 93 } else { 1 }) {
        let layout = Layout::from_size_align(size, 1).expect("a small one");
        let first = Filled::new(&HEAP, layout, 1).expect("there is room");
        let address = first.block.addr();
        first.free(&HEAP);
        let second = Filled::new(&HEAP, layout, 2).expect("there is room");
        assert_eq!(second.block.addr(), address);
        second.free(&HEAP);
        // The classes above 512 bytes do not all fit at once.
        HEAP.collect();
    }
}

#[test]
fn who_asks_again_and_again_takes_more_at_a_time() {
    enum This {}
    static MEMORY: StaticRegion<{ 16 * 1024 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Threads<This>, 1> = PerCpuHeap::with_region(&MEMORY);

    NUMBER.set(0);
    let layout = Layout::new::<[u64; 4]>();
    let taken: Vec<usize> = (0..9)
        .map(|_| {
            Filled::new(&HEAP, layout, 1).expect("there is room").leak();
            HEAP.shared().stats().blocks
        })
        .collect();
    // One, then two at a time, then four, then eight.
    assert_eq!(taken, [1, 3, 3, 7, 7, 7, 7, 15, 15]);
    // Another class begins anew.
    Filled::new(&HEAP, Layout::new::<[u64; 8]>(), 1).expect("there is room").leak();
    assert_eq!(HEAP.shared().stats().blocks, 16);
}

/// A machine that keeps as little as can be.
enum Frugal {}

// SAFETY: as for `Threads`.
unsafe impl Cpus for Frugal {
    type Guard = ();

    fn stay() {}

    fn cpu_index() -> usize {
        NUMBER.get()
    }

    const BATCH_BYTES: usize = 0;
    const DEPOT: usize = 0;
    const FILL_BYTES: usize = 0;
}

#[test]
fn a_machine_may_keep_as_little_as_two_blocks_of_a_class() {
    static MEMORY: StaticRegion<{ 16 * 1024 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Frugal, 1> = PerCpuHeap::with_region(&MEMORY);

    NUMBER.set(0);
    let blocks: Vec<_> = (0..50).filter_map(|_| Filled::new(&HEAP, Layout::new::<[u64; 4]>(), 1)).collect();
    assert_eq!(HEAP.shared().stats().blocks, 50);
    blocks.into_iter().for_each(|block| block.free(&HEAP));
    assert!(HEAP.shared().stats().blocks <= 2, "{}", HEAP.shared().stats());
    HEAP.collect();
    assert_eq!(HEAP.shared().stats().blocks, 0);
}

#[test]
fn what_a_processor_left_that_is_offline_is_collected_by_another() {
    enum This {}
    static MEMORY: StaticRegion<{ 16 * 1024 }> = StaticRegion::new();
    static HEAP: PerCpuHeap<Threads<This>, 2> = PerCpuHeap::with_region(&MEMORY);

    let offline = std::thread::spawn(|| {
        NUMBER.set(1);
        let blocks: Vec<_> = (0..40).filter_map(|_| Filled::new(&HEAP, Layout::new::<[u64; 4]>(), 1)).collect();
        blocks.into_iter().for_each(|block| block.free(&HEAP));
    });
    offline.join().expect("no panics");
    NUMBER.set(0);
    let large = Layout::new::<[u8; 14 * 1024]>();
    assert!(Filled::new(&HEAP, large, 2).is_none(), "what others have in caches stays there");
    // SAFETY: the thread has ended.
    unsafe { HEAP.collect_of(1) };
    // SAFETY: there is no such processor.
    unsafe { HEAP.collect_of(2) };
    Filled::new(&HEAP, large, 2).expect("all is free").free(&HEAP);
    assert_eq!(HEAP.shared().stats().used, 0);
}

#[test]
fn requests_of_a_kind_are_served_and_freed_as_any_other() {
    enum This {}
    static HEAP: PerCpuHeap<Threads<This>, 1> = PerCpuHeap::new();
    static MEMORY: StaticRegion<4096> = StaticRegion::new();

    NUMBER.set(0);
    HEAP.shared().claim(&MEMORY).expect("nobody else has it");
    let buffers = vec![0_u8; 4096].leak();
    // SAFETY: it is leaked, and nobody else's.
    unsafe { HEAP.shared().add_region_of(RegionKind::DMA, buffers.as_mut_ptr(), 4096) }.expect("it is large enough");
    for size in [1, 100, 2000] {
        let layout = Layout::from_size_align(size, 1).expect("a small one");
        let blocks: Vec<_> = core::iter::from_fn(|| HEAP.allocate_in(RegionKind::DMA, layout)).collect();
        assert!(!blocks.is_empty());
        assert!(blocks.iter().all(|block| buffers.as_ptr_range().contains(&block.as_ptr().cast_const())));
        assert_eq!(HEAP.allocate_in(RegionKind::FAST, layout), None);
        for block in blocks {
            // SAFETY: allocated for it, and not used again.
            unsafe { HEAP.dealloc(block.as_ptr(), layout) };
        }
        HEAP.collect();
    }
    assert_eq!(HEAP.shared().stats().used, 0);
}

/// A pointer that has been narrowed to the one byte that was asked for, as that of a `Box<u8>` is.
fn narrowed(block: NonNull<u8>) -> *mut u8 {
    // SAFETY: the byte is ours; it need not be initialised for a reference to `MaybeUninit`.
    let byte: &mut core::mem::MaybeUninit<u8> = unsafe { block.cast().as_mut() };
    byte.as_mut_ptr()
}

fn is_freed_by_a_narrowed_pointer<Test: 'static, H: RegionHeap>(heap: &PerCpuHeap<Threads<Test>, 1, DefaultLock, H>) {
    NUMBER.set(0);
    let layout = Layout::new::<u8>();
    for _ in 0..3 {
        // SAFETY: the layout is not empty.
        let block = NonNull::new(unsafe { heap.alloc(layout) }).expect("there is room");
        // SAFETY: allocated for it, and not used again.
        unsafe { heap.dealloc(narrowed(block), layout) };
    }
    // The block is handed out again, for all of its size.
    let whole = Layout::from_size_align(16, 1).expect("a small one");
    Filled::new(heap, whole, 3).expect("it is cached").free(heap);
    heap.collect();
    assert_eq!(heap.shared().stats().used, 0);
}

#[test]
fn a_freed_pointer_may_be_narrowed_to_what_was_asked_for() {
    enum This {}
    static MEMORY: [StaticRegion<4096>; 3] = [const { StaticRegion::new() }; 3];
    static PLAIN: PerCpuHeap<Threads<This>, 1> = PerCpuHeap::with_region(&MEMORY[0]);
    static METERED: PerCpuHeap<Threads<This>, 1, DefaultLock, MeteredHeap> = PerCpuHeap::with_region(&MEMORY[1]);
    static PAGED: PerCpuHeap<Threads<This>, 1, DefaultLock, PagedHeap> = PerCpuHeap::with_region(&MEMORY[2]);
    is_freed_by_a_narrowed_pointer(&PLAIN);
    is_freed_by_a_narrowed_pointer(&METERED);
    is_freed_by_a_narrowed_pointer(&PAGED);
}
