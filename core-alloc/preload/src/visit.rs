//! What is in the heap, size class by size class and page by page (`mudlark.h`).

use core::ffi::c_void;

use mudlark_core_alloc::Mudlark;

/// `struct mudlark_class` of `mudlark.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct MudlarkClass {
    block_size: usize,
    pages: usize,
    blocks: usize,
    cached_blocks: usize,
    requested_bytes: usize,
}

/// `struct mudlark_page` of `mudlark.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct MudlarkPage {
    address: *const c_void,
    size: usize,
    block_size: usize,
    blocks: usize,
    capacity: usize,
}

/// Calls `visit` for each size class that has pages or blocks, the smallest first.
///
/// # Safety
///
/// `visit` may be called with `context`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mudlark_visit_classes(
    visit: unsafe extern "C" fn(*const MudlarkClass, *mut c_void),
    context: *mut c_void,
) {
    for class in Mudlark::stats().classes().filter(|class| class.pages > 0 || class.blocks > 0) {
        let told = MudlarkClass {
            block_size: class.class.block_size(),
            pages: class.pages,
            blocks: class.blocks,
            cached_blocks: class.cached_blocks,
            requested_bytes: class.requested_bytes,
        };
        // SAFETY: by the caller's promise.
        unsafe { visit(&raw const told, context) };
    }
}

/// Calls `visit` for each page that is cut into blocks, in the order of their addresses. It may allocate and free.
///
/// # Safety
///
/// `visit` may be called with `context`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mudlark_visit_pages(
    visit: unsafe extern "C" fn(*const MudlarkPage, *mut c_void),
    context: *mut c_void,
) {
    Mudlark::visit_pages(|page| {
        let told = MudlarkPage {
            address: core::ptr::without_provenance(page.address),
            size: page.size,
            block_size: page.class.block_size(),
            blocks: page.out,
            capacity: page.capacity,
        };
        // SAFETY: by the caller's promise.
        unsafe { visit(&raw const told, context) };
    });
}
