//! mimalloc, built from its C by its crate.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

pub(crate) const GIVE_BACK: Option<fn()> = Some(|| mi_collect(true));

// SAFETY: mimalloc's declaration; it may be called at any time.
unsafe extern "C" {
    safe fn mi_collect(force: bool);
}
