//! No map: every free comes with its Layout.

use crate::SizeClass;

pub(crate) enum Mark {
    Nothing,
    Blocks(#[expect(dead_code, reason = "nobody asks for it")] SizeClass),
}

pub(crate) const fn set(_address: usize, _mark: Mark) {}

#[expect(clippy::unnecessary_wraps, reason = "as where there is a map")]
pub(crate) const fn reserve(_start: usize, _size: usize) -> Option<()> {
    Some(())
}
