//! snmalloc, built from its C++ by its crate, which has no call to give memory back.

use snmalloc_rs::SnMalloc;

#[global_allocator]
static ALLOCATOR: SnMalloc = SnMalloc;

pub(crate) const GIVE_BACK: Option<fn()> = None;
