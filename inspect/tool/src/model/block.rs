//! The blocks that are live.

use crate::model::amount::{Amount, Scale};
use crate::model::hash::NumberMap;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// What was asked for.
    pub size: u64,
    /// When.
    pub born: u64,
    /// By whom: an index of [`Model::places`](crate::Model::places).
    pub place: u32,
    /// For how much it stands.
    pub scale: Scale,
}

impl Block {
    /// What it stands for.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.scale.amount(self.size)
    }
}

/// Blocks by their addresses.
pub(crate) type Blocks = NumberMap<u64, Block>;
