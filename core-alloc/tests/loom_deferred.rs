//! Interleavings of interrupt handlers, played by threads, with the holder of a heap's lock: no freed block is lost, none
//! is had twice, and each was left by its user before. Run by
//! `RUSTFLAGS="--cfg loom" cargo test --release -p mudlark-core-alloc --test loom_deferred`.

#![cfg(loom)]

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicPtr, Ordering};
}

#[path = "../src/fixed/deferred_frees.rs"]
mod deferred_frees;
#[path = "../src/fixed/reserve.rs"]
mod reserve;

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use deferred_frees::DeferredFrees;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicPtr;
use loom::thread;
use reserve::Reserve;

/// A block: the words that a stack needs, and one of the user's, whose uses loom watches.
#[repr(C)]
struct Block {
    words: [usize; 3],
    used: UnsafeCell<u32>,
}

/// The address of a block that nobody else has; as a number, to be sent to other threads.
#[derive(Clone, Copy)]
struct Address(*mut Block);

// SAFETY: that is what is tested.
unsafe impl Send for Address {}

impl Address {
    fn new() -> Self {
        Self(Box::into_raw(Box::new(Block { words: [0; 3], used: UnsafeCell::new(0) })))
    }

    /// The user's last look, or the first of the next one.
    fn use_it(self) {
        // SAFETY: blocks are boxes until `free`.
        let used = unsafe { &(*self.0).used };
        // SAFETY: loom looks whether anybody else does that at the same time.
        used.with_mut(|used| unsafe { *used += 1 });
    }

    fn start(self) -> NonNull<u8> {
        NonNull::new(self.0.cast()).expect("a box")
    }

    fn free(self) {
        // SAFETY: it came from a box, and is used no more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// Runs a test with up to three switches between threads that do not wait: all of them would take hours.
fn model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}

const LAYOUT: Layout = Layout::new::<Block>();

fn free_in_a_handler(frees: &DeferredFrees, block: Address) {
    block.use_it();
    // SAFETY: used no more here; blocks have three words.
    unsafe { frees.push(block.start(), LAYOUT) };
}

/// Takes back what is there.
fn catch_up(frees: &DeferredFrees, freed: &mut Vec<Address>) {
    // SAFETY: the callers do so one after the other.
    while let Some((block, layout)) = unsafe { frees.pop() } {
        assert_eq!(layout, LAYOUT);
        let block = Address(block.cast().as_ptr());
        block.use_it();
        freed.push(block);
    }
}

#[test]
fn a_block_freed_in_a_handler_comes_back_once() {
    model(|| {
        let frees = Arc::new(DeferredFrees { newest: AtomicPtr::new(ptr::null_mut()) });
        let blocks = [Address::new(), Address::new(), Address::new()];
        let handler = |blocks: Vec<Address>| {
            let frees = Arc::clone(&frees);
            thread::spawn(move || blocks.into_iter().for_each(|block| free_in_a_handler(&frees, block)))
        };
        let handlers = [handler(vec![blocks[0], blocks[1]]), handler(vec![blocks[2]])];
        let holder = {
            let frees = Arc::clone(&frees);
            thread::spawn(move || {
                let mut freed = Vec::new();
                catch_up(&frees, &mut freed);
                freed
            })
        };
        handlers.into_iter().for_each(|handler| handler.join().expect("no panics"));
        let mut freed = holder.join().expect("no panics");
        catch_up(&frees, &mut freed);
        let mut starts = freed.iter().map(|block| block.0).collect::<Vec<_>>();
        starts.sort_unstable();
        let mut expected = blocks.map(|block| block.0);
        expected.sort_unstable();
        assert_eq!(starts, expected);
        assert!(frees.is_empty());
        blocks.into_iter().for_each(Address::free);
    });
}

#[test]
fn a_block_of_the_reserve_is_had_once() {
    model(|| {
        let reserve = Arc::new(Reserve { places: [(); 2].map(|()| AtomicPtr::new(ptr::null_mut())) });
        let blocks = [Address::new(), Address::new()];
        assert!(reserve.put(blocks[0].start()));
        let handler = || {
            let reserve = Arc::clone(&reserve);
            thread::spawn(move || {
                let block = reserve.take().map(|block| Address(block.cast().as_ptr()));
                block.inspect(|block| block.use_it())
            })
        };
        let handlers = [handler(), handler()];
        let holder = {
            let (reserve, block) = (Arc::clone(&reserve), blocks[1]);
            thread::spawn(move || {
                block.use_it();
                assert!(reserve.put(block.start()));
            })
        };
        holder.join().expect("no panics");
        let mut had: Vec<_> = handlers.into_iter().filter_map(|handler| handler.join().expect("no panics")).collect();
        had.extend(core::iter::from_fn(|| reserve.take()).map(|block| Address(block.cast().as_ptr())));
        had.sort_unstable_by_key(|block| block.0);
        let mut expected = blocks;
        expected.sort_unstable_by_key(|block| block.0);
        assert!(had.iter().map(|block| block.0).eq(expected.iter().map(|block| block.0)));
        assert!(reserve.is_short() && !reserve.is_full());
        blocks.into_iter().for_each(Address::free);
    });
}
