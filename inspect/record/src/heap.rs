//! What libmudlark.so says of its heap, if it is the next allocator, in the words of `mudlark.h`.

use core::ffi::{CStr, c_void};
use core::mem;
use core::ptr::NonNull;

use mudlark_inspect::hooks::{Address, Event};

use crate::next;

/// Whether it says anything.
pub(crate) fn tells() -> bool {
    next::find(c"mudlark_stats").is_some()
}

/// The whole, and each size class.
pub(crate) fn state() -> Vec<Event<'static>> {
    let Some(function) = next::find(c"mudlark_stats") else { return Vec::new() };
    // SAFETY: libmudlark.so has a function of this type by this name.
    let function = unsafe { mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(*mut Stats)>(function) };
    let mut stats = Stats::default();
    // SAFETY: it is written to.
    unsafe { function(&raw mut stats) };
    let mut events = vec![stats.event()];
    visit(c"mudlark_visit_classes", |class: &Class| events.push(class.event()));
    events
}

/// Each page.
pub(crate) fn pages() -> Vec<Event<'static>> {
    let mut events = Vec::new();
    visit(c"mudlark_visit_pages", |page: &Page| events.push(page.event()));
    events
}

/// Calls `each` for whatever the function of that name visits, if there is such a function.
fn visit<T, F: FnMut(&T)>(name: &CStr, mut each: F) {
    type Visit = unsafe extern "C" fn(*const c_void, *mut c_void);

    unsafe extern "C" fn call<T, F: FnMut(&T)>(told: *const c_void, each: *mut c_void) {
        // SAFETY: it is what `visit` was called with.
        let each = unsafe { &mut *each.cast::<F>() };
        // SAFETY: libmudlark.so says so for the time of the call.
        each(unsafe { &*told.cast::<T>() });
    }

    let Some(function) = next::find(name) else { return };
    // SAFETY: libmudlark.so has functions of this type by both names.
    let function = unsafe { mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(Visit, *mut c_void)>(function) };
    // SAFETY: `call` gets what it expects: a `T` of that function, and `each`.
    unsafe { function(call::<T, F>, (&raw mut each).cast()) };
}

/// `struct mudlark_stats`.
#[repr(C)]
#[derive(Default)]
struct Stats {
    reserved_bytes: usize,
    committed_bytes: usize,
    page_bytes: usize,
    blocks: usize,
    block_bytes: usize,
    cached_blocks: usize,
    cached_bytes: usize,
    large_blocks: usize,
    large_bytes: usize,
    mapped_blocks: usize,
    mapped_bytes: usize,
    requested_bytes: usize,
    peak_bytes: usize,
    heaps: usize,
}

impl Stats {
    const fn event(&self) -> Event<'static> {
        Event::Heap {
            requested: self.requested_bytes as u64,
            used: (self.block_bytes + self.large_bytes) as u64,
            cached: self.cached_bytes as u64,
            large: self.large_bytes as u64,
            committed: self.committed_bytes as u64,
            reserved: self.reserved_bytes as u64,
        }
    }
}

/// `struct mudlark_class`.
#[repr(C)]
struct Class {
    block_size: usize,
    pages: usize,
    blocks: usize,
    cached_blocks: usize,
    requested_bytes: usize,
}

impl Class {
    const fn event(&self) -> Event<'static> {
        Event::Class {
            block_size: self.block_size as u64,
            pages: self.pages as u64,
            used: self.blocks as u64,
            cached: self.cached_blocks as u64,
            requested: self.requested_bytes as u64,
        }
    }
}

/// `struct mudlark_page`.
#[repr(C)]
struct Page {
    address: *const c_void,
    size: usize,
    block_size: usize,
    blocks: usize,
    capacity: usize,
}

impl Page {
    fn event(&self) -> Event<'static> {
        Event::Page {
            address: Address(self.address.addr() as u64),
            size: self.size as u64,
            block_size: self.block_size as u64,
            used: u32::try_from(self.blocks).unwrap_or(u32::MAX),
            capacity: u32::try_from(self.capacity).unwrap_or(u32::MAX),
        }
    }
}
