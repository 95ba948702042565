//! Where a process cannot fork, none is a child.

pub(super) const fn prepare() {}

pub(super) const fn is_under_way() -> bool {
    false
}

pub(super) const fn is_child() -> bool {
    false
}

pub(crate) const fn is_astray() -> bool {
    false
}

pub(super) const fn forgets_parent() -> bool {
    false
}
