//! What the heap says of itself, as events; and how much memory the process occupies.

use core::iter;
use core::ptr::NonNull;

use mudlark_core_alloc::{Mudlark, RegionChange};
use mudlark_hooks::{Address, Event};

use crate::engine;

/// What there is to say of Mudlark's heap: nothing if the program has not asked for anything there.
pub(crate) fn heap() -> Vec<Event<'static>> {
    let stats = Mudlark::stats();
    if stats.reserved_bytes == 0 {
        return Vec::new();
    }
    let heap = Event::Heap {
        requested: stats.requested_bytes as u64,
        used: (stats.block_bytes + stats.large_bytes) as u64,
        cached: stats.cached_bytes as u64,
        large: stats.large_bytes as u64,
        committed: stats.committed_bytes as u64,
        reserved: stats.reserved_bytes as u64,
    };
    let classes = stats.classes().filter(|class| class.pages > 0 || class.blocks > 0).map(|class| Event::Class {
        block_size: class.class.block_size() as u64,
        pages: class.pages as u64,
        used: class.blocks as u64,
        cached: class.cached_blocks as u64,
        requested: class.requested_bytes as u64,
    });
    iter::once(heap).chain(classes).collect()
}

/// All pages of Mudlark's heap, as it says.
pub(crate) fn pages() -> Vec<Event<'static>> {
    let mut pages = Vec::new();
    Mudlark::visit_pages(|page| {
        pages.push(Event::Page {
            address: Address(page.address as u64),
            size: page.size as u64,
            block_size: page.class.block_size() as u64,
            used: u32::try_from(page.out).unwrap_or(u32::MAX),
            capacity: u32::try_from(page.capacity).unwrap_or(u32::MAX),
        });
    });
    pages
}

/// Has the log told of Mudlark's regions from now on.
pub(crate) fn watch_regions() {
    fn watch(change: RegionChange) {
        let address = |start: NonNull<u8>| Address(start.addr().get() as u64);
        engine::write_promptly(&match change {
            RegionChange::Taken { start, size } => Event::RegionTaken { address: address(start), size: size as u64 },
            RegionChange::GivenBack { start, size } => {
                Event::RegionGivenBack { address: address(start), size: size as u64 }
            }
        });
    }
    // SAFETY: the engine neither allocates nor panics while it writes, nor waits for who may allocate: see `write_promptly`.
    // If there is a watcher, it is this one, or one of the program's own, which goes first.
    unsafe { Mudlark::watch_regions(watch) };
}

/// The memory of the machine that the process occupies, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn resident() -> Option<u64> {
    use std::fs::File;
    use std::io::Read;

    let mut text = [0; 128];
    let len = File::open("/proc/self/statm").and_then(|mut file| file.read(&mut text)).ok()?;
    let pages: u64 = core::str::from_utf8(&text[..len]).ok()?.split(' ').nth(1)?.parse().ok()?;
    // SAFETY: this may be asked at any time.
    let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * u64::try_from(page_size).ok()?)
}

/// Nobody is asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn resident() -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    #[test]
    fn what_is_touched_is_resident() {
        let before = super::resident().expect("Linux tells");
        let memory = vec![1_u8; 64 << 20];
        assert!(super::resident().expect("Linux tells") > before + (60 << 20));
        drop(core::hint::black_box(memory));
    }
}
