//! Every interleaving of processors that push batches of free blocks and take them: each block comes back once, and who has
//! it sees what was done with it before. Run by
//! `RUSTFLAGS="--cfg loom" cargo test --release -p mudlark-core-alloc --test loom_batch_stack`.

#![cfg(loom)]

mod sync {
    pub(crate) use loom::cell::Cell;
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
}

#[path = "../src/fixed/batch_stack.rs"]
mod batch_stack;

use core::ptr::{self, NonNull};

use batch_stack::{Batch, BatchStack, Batches, FreeBlock};
use loom::sync::Arc;
use loom::thread;

const LEN: usize = 2;

/// A stack, and all blocks.
struct Model {
    stack: BatchStack,
    blocks: Vec<NonNull<FreeBlock>>,
}

// SAFETY: that no two threads use a block at a time is what the model is to show; loom's cells tell if they do.
unsafe impl Send for Model {}
// SAFETY: as above.
unsafe impl Sync for Model {}

impl Model {
    fn new(batches: usize) -> Arc<Self> {
        let stack = BatchStack { top: sync::AtomicPtr::new(ptr::null_mut()), count: sync::AtomicUsize::new(0) };
        let block = |_| NonNull::from(Box::leak(Box::new(FreeBlock::new())));
        Arc::new(Self { stack, blocks: (0..batches * LEN).map(block).collect() })
    }

    fn push(&self, batch: usize) {
        let mut blocks = Batch::EMPTY;
        for block in &self.blocks[batch * LEN..][..LEN] {
            // SAFETY: each block is pushed by one thread.
            unsafe { blocks.push(*block) };
        }
        assert_eq!(blocks.len(), LEN);
        self.stack.push(blocks);
    }

    /// The blocks, taken out one by one.
    fn take(&self) -> Vec<NonNull<FreeBlock>> {
        let mut batches = self.stack.take_all();
        let mut taken = Vec::new();
        while let Some(mut batch) = batches.pop(LEN) {
            taken.extend(core::iter::from_fn(|| batch.pop()));
            assert_eq!(batch.len(), 0);
        }
        assert!(batches.is_empty());
        taken
    }

    /// All blocks were taken, when nobody is at the stack any more.
    fn assert_all(&self, mut taken: Vec<NonNull<FreeBlock>>) {
        assert_eq!(self.stack.count(), 0);
        taken.sort();
        let mut blocks = self.blocks.clone();
        blocks.sort();
        assert_eq!(taken, blocks);
        for block in blocks {
            // SAFETY: it was leaked above, and nobody uses it any more.
            drop(unsafe { Box::from_raw(block.as_ptr()) });
        }
    }
}

#[test]
fn each_block_comes_back_once() {
    loom::model(|| {
        let model = Model::new(3);
        model.push(0);
        let others = [1, 2].map(|batch| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.push(batch))
        });
        let mut taken = model.take();
        for other in others {
            other.join().expect("no panics");
        }
        taken.extend(model.take());
        model.assert_all(taken);
    });
}

#[test]
fn what_was_taken_may_be_pushed_again() {
    loom::model(|| {
        let model = Model::new(2);
        model.push(0);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let mut batches = model.stack.take_all();
                let mut mine = Batches::EMPTY;
                while let Some(batch) = batches.pop(LEN) {
                    mine.push(batch);
                }
                if let Some(batch) = mine.pop(LEN) {
                    model.stack.push(batch);
                }
                let mut rest = Vec::new();
                while let Some(mut batch) = mine.pop(LEN) {
                    rest.extend(core::iter::from_fn(|| batch.pop()).map(|block| block.addr().get()));
                }
                rest
            })
        };
        model.push(1);
        let mut taken = model.take();
        let rest = other.join().expect("no panics");
        taken.extend(model.blocks.iter().filter(|block| rest.contains(&block.addr().get())));
        taken.extend(model.take());
        model.assert_all(taken);
    });
}
