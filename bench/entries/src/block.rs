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

/// A block whose size is known only when the program runs. Its first byte is written, and nothing else.
///
/// # Invariants
///
/// There is a first byte, and it is written.
pub(crate) struct Block(Box<[MaybeUninit<u8>]>);

impl Block {
    /// A block of `size` bytes.
    ///
    /// # Panics
    ///
    /// When `size` is zero.
    #[inline(always)]
    pub(crate) fn new(size: usize) -> Self {
        let mut bytes = Box::new_uninit_slice(size);
        // INVARIANT: the first byte.
        bytes[0].write(size.to_le_bytes()[0]);
        Self(bytes)
    }

    /// The first byte: the last eight bits of the size.
    pub(crate) fn mark(&self) -> u64 {
        // SAFETY: by the type's invariant.
        u64::from(unsafe { self.0[0].assume_init() })
    }

    /// The number of bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }
}
