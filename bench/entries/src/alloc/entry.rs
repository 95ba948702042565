//! The allocator under test: the global allocator of this program, chosen by a feature.

#[cfg(feature = "alloc-system")]
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

#[cfg(feature = "alloc-mudlark")]
#[global_allocator]
static ALLOCATOR: mudlark_core_alloc::Mudlark = mudlark_core_alloc::Mudlark::new();

#[cfg(feature = "alloc-mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "alloc-snmalloc")]
#[global_allocator]
static ALLOCATOR: snmalloc_rs::SnMalloc = snmalloc_rs::SnMalloc;

#[cfg(feature = "alloc-jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(feature = "alloc-rusty-alloc")]
#[global_allocator]
static ALLOCATOR: rusty_alloc_api::RustyAlloc = rusty_alloc_api::RustyAlloc;

/// Talc has no threads of its own to think of: a lock makes it a global allocator, and it takes its regions from the
/// system's malloc, 1 MiB or more at a time.
#[cfg(feature = "alloc-talc")]
#[global_allocator]
static ALLOCATOR: talc::TalcLock<spin::Mutex<()>, talc::source::GlobalAllocSource<std::alloc::System>> =
    talc::TalcLock::new(talc::source::GlobalAllocSource::new(std::alloc::System));
