//! The blocks that are live.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What was asked for.
    pub size: u64,
    /// When.
    pub born: u64,
    /// By whom: an index of [`Model::places`](crate::Model::places).
    pub place: u32,
}

/// Blocks by their addresses.
pub(crate) type Blocks = HashMap<u64, Block, BuildHasherDefault<AddressHasher>>;

/// Spreads addresses and small numbers over a hash table; there is no need to withstand an attacker here, whose log could
/// make us slow and no more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    /// Folds a product with an odd constant (the golden ratio's fraction), so that both ends of the hash depend on all bits.
    fn write_u64(&mut self, number: u64) {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let product = u128::from(self.0 ^ number) * u128::from(GOLDEN);
        const LOW: u128 = u64::MAX as u128;
        self.0 = (product >> 64) as u64 ^ (product & LOW) as u64 ^ GOLDEN;
    }
}
