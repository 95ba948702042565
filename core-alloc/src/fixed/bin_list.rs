//! A list of free blocks: from a head by the links of each to the next, and back to where the pointer to it is.
//!
//! ```text
//!   head ──▶ block ──next──▶ block ──next──▶ nothing
//!    ▲──place──┘ ▲───place───┘
//! ```
//!
//! So a block can be taken out without a look at which list it is in.

use core::ptr::NonNull;

use super::block::{Block, Links};

/// Where a list begins.
pub(super) type Head = Option<Block>;

/// Puts a block at the front of a list.
#[inline(always)]
pub(super) fn push(place: NonNull<Head>, block: Block) -> First {
    // SAFETY: a head.
    let next = unsafe { place.read() };
    block.set_links(Links { next, place });
    // SAFETY: likewise.
    unsafe { place.write(Some(block)) };
    match next {
        Some(next) => {
            next.set_place(block.next_place());
            First::No
        }
        None => First::Yes,
    }
}

/// Takes `block` out of a list, to which the pointer is at `place`: in the head, or the `next` of the block before.
#[inline(always)]
pub(super) fn unlink_next(place: NonNull<Head>, block: Block) -> Last {
    let next = block.links().next;
    // SAFETY: a head, or in a listed block.
    unsafe { place.write(next) };
    match next {
        Some(next) => {
            next.set_place(place);
            Last::No
        }
        None => Last::Yes,
    }
}

/// Whether a block is the first of its list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Yes,
    No,
}

/// Whether a block was the last of its list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Yes,
    No,
}
