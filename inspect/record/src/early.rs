//! Memory for what is asked for while the next allocator is looked for: the dynamic loader itself may ask.

use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};

/// As much as there is, in bytes.
const SIZE: usize = 64 * 1024;

/// What every block is aligned to; before each is its size, in as many bytes.
const ALIGN: usize = 16;

/// Blocks one after the other, of which none is ever handed out twice.
#[repr(align(16))]
struct Arena(UnsafeCell<[u8; SIZE]>);

// SAFETY: each byte is handed out once, by the counter below.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(UnsafeCell::new([0; SIZE]));
static USED: AtomicUsize = AtomicUsize::new(0);

/// A zeroed block, or null.
pub(crate) fn allocate(size: usize) -> *mut u8 {
    let Some(bytes) = size.checked_next_multiple_of(ALIGN).and_then(|size| size.checked_add(ALIGN)) else {
        return ptr::null_mut();
    };
    // Relaxed: it is the counter alone that tells who has what.
    let taken = USED
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| used.checked_add(bytes).filter(|&end| end <= SIZE));
    let Ok(start) = taken else { return ptr::null_mut() };
    // SAFETY: so many bytes there are.
    let header = unsafe { ARENA.0.get().cast::<u8>().add(start) };
    // SAFETY: there is room for it, aligned, and nobody else has it.
    unsafe { header.cast::<usize>().write(size) };
    // SAFETY: there is more than the header.
    unsafe { header.add(ALIGN) }
}

/// Whether a block is one of these: they are never freed.
pub(crate) fn has(block: NonNull<u8>) -> bool {
    let start = ARENA.0.get().addr();
    (start..start + SIZE).contains(&block.addr().get())
}

/// The size of a block.
///
/// # Safety
///
/// It is one of these.
pub(crate) unsafe fn size_of(block: NonNull<u8>) -> usize {
    // SAFETY: its size is before it.
    let header = unsafe { block.sub(ALIGN) };
    // SAFETY: as above.
    unsafe { header.cast().read() }
}
