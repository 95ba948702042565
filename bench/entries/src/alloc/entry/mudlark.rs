//! Mudlark, as it comes.

use mudlark_core_alloc::Mudlark;

#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

pub(crate) const GIVE_BACK: Option<fn()> = Some(Mudlark::collect);
