//! No map: every free comes with its Layout.

use super::mark::Mark;

pub(crate) const fn set(_address: usize, _mark: Mark) {}

#[expect(clippy::unnecessary_wraps, reason = "as where there is a map")]
pub(crate) const fn reserve(_start: usize, _size: usize) -> Option<()> {
    Some(())
}
