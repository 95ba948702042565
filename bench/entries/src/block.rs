//! Blocks of memory as the workloads hold them: safe, marked, and no larger than asked for.

use core::mem::MaybeUninit;

/// A value of `8 + REST` bytes, of which only the first eight are written: `Box<Fixed<56>>` is a block of 64 bytes, and
/// its size is known where it is freed.
pub(crate) struct Fixed<const REST: usize> {
    /// What was written; to be read back.
    pub(crate) mark: u64,
    _rest: MaybeUninit<[u8; REST]>,
}

impl<const REST: usize> Fixed<REST> {
    /// A block that holds `mark`.
    pub(crate) fn boxed(mark: u64) -> Box<Self> {
        Box::new(Self { mark, _rest: MaybeUninit::uninit() })
    }
}

/// A block of `size` bytes, at least one, whose size is known only when the program runs. Its first byte is `mark`.
pub(crate) fn sized(size: usize, mark: u8) -> Vec<u8> {
    let mut block = Vec::with_capacity(size);
    block.push(mark);
    block
}
