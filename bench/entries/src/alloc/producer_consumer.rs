//! One thread allocates, another frees: every free is remote. What a pipeline of threads does with its messages. They
//! come in batches, so that the channel's own cost is small beside the blocks'. One operation is a block, made by the one
//! and freed by the other.

use core::hint::black_box;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// Blocks a message.
const BATCH: usize = 256;
/// Messages under way at most, so that the consumer cannot fall behind without end.
const UNDER_WAY: usize = 16;

type Batch = Vec<Block>;

/// Passes at least `blocks` blocks of 16–512 bytes from one thread to another.
pub(crate) fn run(blocks: usize) -> Outcome {
    let batches = blocks.div_ceil(BATCH);
    timed(batches * BATCH, || {
        let (sender, receiver) = sync_channel(UNDER_WAY);
        let consumer = thread::spawn(move || consume(&receiver));
        let mut random = Random::new(7);
        for _ in 0..batches {
            sender.send(batch(&mut random)).expect("the consumer takes all");
        }
        drop(sender);
        consumer.join().expect("the consumer does not panic")
    })
}

fn batch(random: &mut Random) -> Batch {
    let mut batch = Vec::with_capacity(BATCH);
    for _ in 0..BATCH {
        batch.push(black_box(Block::new(random.between(16, 512))));
    }
    batch
}

fn consume(receiver: &Receiver<Batch>) -> u64 {
    let mut checksum = 0;
    for block in receiver.iter().flatten() {
        checksum = mix(checksum, block.mark());
    }
    checksum
}
