//! Memory between two symbols of a linker script.

/// Gives a [`LockedHeap`](crate::LockedHeap) the memory between two symbols that a linker script defines.
///
/// It is a call of [`LockedHeap::add_region`](crate::LockedHeap::add_region), and has its result and its contract.
///
/// ```no_run
/// use mudlark_core_alloc::{LockedHeap, RegionTooSmall, add_linker_region};
///
/// static HEAP: LockedHeap = LockedHeap::new();
///
/// fn start_heap() -> Result<(), RegionTooSmall> {
///     // SAFETY: the linker script sets this aside, for the heap alone; this is called once.
///     unsafe { add_linker_region!(HEAP, _heap_start, _heap_end) }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! add_linker_region {
    ($heap:expr, $start:ident, $end:ident) => {{
        unsafe extern "C" {
            static mut $start: u8;
            static mut $end: u8;
        }
        let start = &raw mut $start;
        $heap.add_region(start, (&raw mut $end).addr() - start.addr())
    }};
}
