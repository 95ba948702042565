//! talc. It has no threads of its own to think of: a lock makes it a global allocator, and it takes its regions from the
//! system's malloc, 1 MiB or more at a time. It has no call to give memory back.

use std::alloc::System;

use talc::TalcLock;
use talc::source::GlobalAllocSource;

#[global_allocator]
static ALLOCATOR: TalcLock<spin::Mutex<()>, GlobalAllocSource<System>> = TalcLock::new(GlobalAllocSource::new(System));

pub(crate) const GIVE_BACK: Option<fn()> = None;
