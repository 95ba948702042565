//! A C library that allocates by itself, or whose streams have no list with a lock: there is nothing to hold.

pub(in super::super) const fn hold_streams() {}

pub(in super::super) const fn let_go_streams() {}

pub(in super::super) const fn free_streams() {}
