//! rusty_alloc, a remake of mimalloc in Rust.

use rusty_alloc_api::RustyAlloc;

#[global_allocator]
static ALLOCATOR: RustyAlloc = RustyAlloc;

pub(crate) const GIVE_BACK: Option<fn()> = Some(|| rusty_alloc::alloc::collect(true));
