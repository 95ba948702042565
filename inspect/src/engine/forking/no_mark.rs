//! Where no page can be wiped in children, only forks that are seen are known.

pub(super) const fn set() {}

pub(super) const fn is_gone() -> bool {
    false
}
