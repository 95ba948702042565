//! What can be told of a program that frees or resizes a block that it does not have: a message, and the end.

use core::ptr::NonNull;

use super::block::is_in_a_list;
use super::fatal::{already_free, fatal};
use super::holder::HeapId;
use super::owner::Owner;
use super::page::PageRef;
use super::page_map;
use crate::SizeClass;

/// The page of the block at `address`.
///
/// # Safety
///
/// As for [`page_map::page_of`].
pub(crate) unsafe fn page_of(address: usize) -> PageRef {
    // SAFETY: the caller's promise is the same.
    let page = unsafe { page_map::page_of(address) };
    page.unwrap_or_else(|| not_a_block(address))
}

/// The owner of `page`, where somebody says that `address` is a block of an owner's.
pub(crate) fn owner_of(page: PageRef, address: usize) -> &'static Owner {
    page.owner().unwrap_or_else(|| {
        check_not_private(page, address);
        not_a_block(address)
    })
}

/// Ends the process if `page`, of which somebody says to have the block at `address`, is a private heap's.
pub(crate) fn check_not_private(page: PageRef, address: usize) {
    if page.private_heap().is_some() {
        fatal(format_args!("free of {address:#x}: it is a block of a private heap"));
    }
}

/// Ends the process unless `page`, where the private heap `heap` is told that it has the block at `address`, is its own.
pub(crate) fn check_private(page: PageRef, heap: Option<HeapId>, address: usize) {
    if heap.is_none() || page.private_heap() != heap {
        fatal(format_args!("free of {address:#x}: it is no block of this private heap"));
    }
}

/// Ends the process unless `block` is a block of `class` of an owner's that is in use. One call, so that programs have
/// little of it beside each free.
///
/// # Safety
///
/// The caller has the block; see [`check_in_use`].
#[inline(never)]
pub(crate) unsafe fn check_owned(class: SizeClass, block: NonNull<u8>) {
    let address = block.addr().get();
    // SAFETY: the caller has a block of the page.
    let page = unsafe { page_of(address) };
    owner_of(page, address);
    // SAFETY: the caller's promise is the same.
    unsafe { check_in_use(page, class, block) };
}

/// Ends the process unless `block`, which lies in `page`, is a block of `class` in use. Who has such a block needs no lock
/// for this.
///
/// # Safety
///
/// The caller has the block. (Where that is a lie, this finds it out, as long as the memory is there to be read and the
/// block has not been handed out again.)
#[inline]
pub(crate) unsafe fn check_in_use(page: PageRef, class: SizeClass, block: NonNull<u8>) {
    let address = block.addr().get();
    if page.class() != class || !page.is_cut() || !page.has_block_at(address) {
        wrong_layout(page, class, address);
    }
    // SAFETY: a block of a class begins there.
    if page.is_home(address) || unsafe { is_in_a_list(block) } {
        already_free(address);
    }
}

#[cold]
fn wrong_layout(page: PageRef, class: SizeClass, address: usize) -> ! {
    if page.is_cut() && page.class() != class {
        wrong_class(address, class, page.class());
    }
    not_a_block(address)
}

fn wrong_class(address: usize, wrong: SizeClass, right: SizeClass) -> ! {
    let (wrong, right) = (wrong.block_size(), right.block_size());
    fatal(format_args!("free of {address:#x}: its Layout is one of {wrong} B blocks, but its page has {right} B ones"))
}

/// Ends the process: no block begins at `address`, where one was freed or resized.
pub(crate) fn not_a_block(address: usize) -> ! {
    fatal(format_args!("free of {address:#x}: no block begins there"))
}
