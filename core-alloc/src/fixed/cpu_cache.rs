//! What one processor of a [`PerCpuHeap`](super::PerCpuHeap) keeps: a bin of free blocks for each size class.
//!
//! ```text
//!   bin    loaded: [ block ─▶ block ]           allocates from here, frees to here
//!          full:   [ block ─▶ block ─▶ … ]      a batch at most; and all that was in the depot, when it takes from there
//! ```

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem;
use core::ptr::NonNull;

use super::batch_stack::{Batch, BatchStack, Batches, FreeBlock};
use super::block::GRANULE;
use super::per_cpu::Cpus;
use crate::size_class::SizeClass;

/// So many classes are cached.
pub(super) const CLASSES: usize = match SizeClass::of_small(largest_cached()) {
    Some(class) => class.index() + 1,
    None => unreachable!(),
};

// A block has room for what a free one begins with, and is aligned for it.
const _: () = assert!(size_of::<FreeBlock>() <= SizeClass::MIN_SIZE && align_of::<FreeBlock>() <= GRANULE);

const fn largest_cached() -> Layout {
    match Layout::from_size_align(SizeClass::SMALL_LIMIT, 1) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}

/// The class whose cached blocks serve `layout`, if they are cached.
#[inline]
pub(super) const fn cached_class(layout: Layout) -> Option<SizeClass> {
    if layout.align() <= GRANULE { SizeClass::of_small(layout) } else { None }
}

/// What a block of a class is allocated for.
#[inline]
pub(super) const fn block_layout(class: SizeClass) -> Layout {
    // SAFETY: the alignment is a power of two, and no class is as large as to overflow.
    unsafe { Layout::from_size_align_unchecked(class.block_size(), GRANULE) }
}

/// Makes a free block of one that its user has parted with.
///
/// # Safety
///
/// `block` is one of a class, may be used for all of it, and is nobody else's.
#[inline]
pub(super) unsafe fn make_free(block: NonNull<u8>) -> NonNull<FreeBlock> {
    let block = block.cast::<FreeBlock>();
    // SAFETY: by the contract; blocks of all classes have room for it, and are aligned for it.
    unsafe { block.write(FreeBlock::new()) };
    block
}

/// How many blocks are a batch.
#[inline]
pub(super) const fn batch_len<C: Cpus>(class: SizeClass) -> usize {
    at_most(32, C::BATCH_BYTES / class.block_size())
}

/// How many blocks a processor takes from the shared heap at a time, at most.
const fn most_filled<C: Cpus>(class: SizeClass) -> usize {
    at_most(8, C::FILL_BYTES / class.block_size())
}

/// The number, but at least one.
const fn at_most(most: usize, number: usize) -> usize {
    match number {
        0 => 1,
        _ if number > most => most,
        _ => number,
    }
}

/// A processor's bins, in cache lines of their own.
///
/// # Invariants
///
/// They are used by code that has a guard on their processor only, or else when that processor is at rest. Blocks in the bin of
/// a class are of its `block_layout`, from the shared heap.
#[repr(align(128))]
pub(super) struct CpuCache(pub(super) UnsafeCell<[Bin; CLASSES]>);

// SAFETY: by the type's invariant, no two use it at a time.
unsafe impl Sync for CpuCache {}

impl CpuCache {
    pub(super) const fn new() -> Self {
        Self(UnsafeCell::new([const { Bin::EMPTY }; CLASSES]))
    }
}

/// What a processor has of a class.
pub(super) struct Bin {
    pub(super) loaded: Batch,
    pub(super) full: Batches,
    /// How many blocks the last request took from the shared heap that found none here, as long as there is no surplus.
    filled: usize,
}

/// There is no free block: so many may be taken from the shared heap.
pub(super) struct Missing {
    pub(super) fill: usize,
}

impl Bin {
    pub(super) const EMPTY: Self = Self { loaded: Batch::EMPTY, full: Batches::EMPTY, filled: 0 };

    #[inline]
    pub(super) fn pop<C: Cpus>(&mut self, class: SizeClass, depot: &BatchStack) -> Result<NonNull<FreeBlock>, Missing> {
        match self.loaded.pop() {
            Some(block) => Ok(block),
            None => self.load::<C>(class, depot),
        }
    }

    #[cold]
    fn load<C: Cpus>(&mut self, class: SizeClass, depot: &BatchStack) -> Result<NonNull<FreeBlock>, Missing> {
        if self.full.is_empty() {
            self.full = depot.take_all();
        }
        if let Some(batch) = self.full.pop(batch_len::<C>(class)) {
            self.loaded = batch;
        }
        self.loaded.pop().ok_or_else(|| self.miss::<C>(class))
    }

    /// Twice as many each time, so that what is asked for rarely is not laid by.
    fn miss<C: Cpus>(&mut self, class: SizeClass) -> Missing {
        self.filled = (2 * self.filled).clamp(1, most_filled::<C>(class));
        Missing { fill: self.filled }
    }

    /// Adds a block; returns a batch for which there is no room.
    ///
    /// # Safety
    ///
    /// As for [`Batch::push`].
    #[inline]
    pub(super) unsafe fn push<C: Cpus>(
        &mut self,
        block: NonNull<FreeBlock>,
        class: SizeClass,
        depot: &BatchStack,
    ) -> Option<Batch> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.loaded.push(block) };
        if self.loaded.len() < batch_len::<C>(class) { None } else { self.unload::<C>(depot) }
    }

    #[cold]
    fn unload<C: Cpus>(&mut self, depot: &BatchStack) -> Option<Batch> {
        self.filled = 0;
        let batch = mem::replace(&mut self.loaded, Batch::EMPTY);
        if self.full.is_empty() {
            self.full.push(batch);
        } else if depot.count() < C::DEPOT {
            depot.push(batch);
        } else {
            return Some(batch);
        }
        None
    }
}
