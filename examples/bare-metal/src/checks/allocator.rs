//! The allocator alone.

use alloc::vec::Vec;

use super::Random;
use crate::heap;

/// Blocks of many sizes come and go; each is full of its own number.
pub fn churn() {
    let mut random = Random(1);
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for step in 0..4000_u32 {
        let number = step.to_le_bytes()[0];
        if blocks.len() > 60 {
            let block = blocks.swap_remove(random.below(60));
            assert!(block.iter().all(|byte| Some(byte) == block.first()));
        }
        let mut block = alloc::vec![number; 1 + random.below(512)];
        if random.below(4) == 0 {
            block.resize(1 + random.below(1024), number);
        }
        blocks.push(block);
    }
}

/// All memory is taken, one more request is refused, and all is there again afterwards.
pub fn exhaustion() {
    heap::collect();
    let free = heap::shared().stats().largest_free;
    let mut blocks: Vec<Vec<u8>> = Vec::with_capacity(200);
    loop {
        let mut block = Vec::new();
        if block.try_reserve_exact(1000).is_err() {
            break;
        }
        blocks.push(block);
    }
    assert!(blocks.len() > 50);
    blocks.pop();
    assert!(Vec::<u8>::new().try_reserve_exact(1000).is_ok());
    drop(blocks);
    heap::collect();
    assert_eq!(heap::shared().stats().largest_free, free);
}
