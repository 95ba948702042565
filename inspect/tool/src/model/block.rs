//! The blocks that are live.

use crate::model::hash::NumberMap;

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
pub(crate) type Blocks = NumberMap<u64, Block>;
