//! The large blocks of a private heap: how it gets them, and the list of them by which it gives them all back.
//!
//! ```text
//!   runs      ─▶ page descriptor ◀─▶ page descriptor          of each run's first page
//!   mappings  ─▶ note ◀─▶ note                                in small blocks of the heap
//! ```
//!
//! A run of pages needs no more memory for that: the descriptor of its first page has nothing else to describe. Only a
//! block with a mapping of its own has no descriptor. It gets a note, which is looked for from the newest on when the
//! block is freed or resized: such blocks are few, since each is larger than half a region.

use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;

use super::PrivateHeap;
use crate::SizeClass;
use crate::hosted::fatal::fatal;
use crate::hosted::holder::HeapId;
use crate::hosted::janitor;
use crate::hosted::large;
use crate::hosted::list::{Linked, Links, List};
use crate::hosted::misuse;
use crate::hosted::page::PageRef;

impl PrivateHeap {
    /// A large block, which `allocate` gets.
    #[cold]
    #[inline(never)]
    pub(super) fn allocate_large(
        &self,
        layout: Layout,
        allocate: fn(Layout) -> Option<NonNull<u8>>,
    ) -> Option<NonNull<u8>> {
        let id = self.id();
        if large::is_run(layout) {
            let block = allocate(layout)?;
            // SAFETY: it is a run that was just allocated for this Layout.
            unsafe { self.large.borrow_mut().add_run(block, layout, id) };
            return Some(block);
        }
        let place = self.allocate(Note::LAYOUT)?;
        let Some(block) = allocate(layout) else {
            // SAFETY: just allocated, and not used.
            unsafe { self.deallocate(place, Note::LAYOUT) };
            return None;
        };
        // SAFETY: the place is a new block for a note, which is the note's until `remove_mapping` returns it.
        unsafe { self.large.borrow_mut().add_mapping(place, block, layout) };
        Some(block)
    }

    /// Takes a large block back.
    ///
    /// # Safety
    ///
    /// As for [`deallocate`](Self::deallocate); the Layout is a large block's.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn free_large(&self, block: NonNull<u8>, layout: Layout) {
        if large::is_run(layout) {
            // SAFETY: the caller's promise is the same.
            unsafe { self.large.borrow_mut().remove_run(block, layout, self.id.get()) };
        } else {
            let place = self.large.borrow_mut().remove_mapping(block, layout);
            // SAFETY: `allocate_large` got it for a note, which is gone.
            unsafe { self.deallocate(place, Note::LAYOUT) };
        }
        // SAFETY: by the caller's promise, it came from `large` with this Layout.
        unsafe { large::free(block, layout) };
        janitor::catch_up();
    }

    /// Gives a large block another size without copying it, if that can be done; otherwise nothing has changed.
    ///
    /// # Safety
    ///
    /// As for [`reallocate`](Self::reallocate); the Layouts are large blocks', with the same alignment.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn resize_large(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
        let mut large = self.large.borrow_mut();
        match (large::is_run(old), large::is_run(new)) {
            // SAFETY: the caller's promise is the same.
            (true, true) => unsafe { large.resize_run(block, old, new, self.id()) },
            // SAFETY: the caller's promise is the same.
            (false, false) => unsafe { large.resize_mapping(block, old, new) },
            _ => None,
        }
    }
}

/// The large blocks in use of one private heap.
///
/// # Invariants
///
/// `runs` has the first page of every run of the heap, each opened as such, and `mappings` a note about every other large
/// block. `blocks` and `bytes` are the number of both, and the bytes that were asked for.
pub(super) struct LargeList {
    runs: List<PageRef>,
    mappings: List<NoteRef>,
    blocks: usize,
    bytes: usize,
}

/// What there is to know about a block that has a mapping of its own.
struct Note {
    block: Cell<NonNull<u8>>,
    layout: Cell<Layout>,
    links: Links<NoteRef>,
}

impl Note {
    /// The place that a note needs, which a size class serves.
    const LAYOUT: Layout = Layout::new::<Self>();
}

/// A handle to a note.
///
/// # Invariants
///
/// The pointer is to a note that is only ever shared, and lasts for as long as it is in the list of mappings.
#[derive(Clone, Copy, PartialEq)]
struct NoteRef(NonNull<Note>);

// SAFETY: a note is only touched by who has the heap, and goes where that goes.
unsafe impl Send for NoteRef {}

impl Deref for NoteRef {
    type Target = Note;

    fn deref(&self) -> &Note {
        // SAFETY: by the type's invariant; a handle is used only while it is in the list.
        unsafe { self.0.as_ref() }
    }
}

impl Linked for NoteRef {
    fn links(&self) -> &Links<Self> {
        &self.deref().links
    }
}

impl LargeList {
    pub(super) const fn new() -> Self {
        Self { runs: List::new(), mappings: List::new(), blocks: 0, bytes: 0 }
    }

    /// The number of large blocks.
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The bytes that were asked for.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of notes, and the bytes of the blocks that they lie in.
    pub(super) fn notes(&self) -> (usize, usize) {
        let count = self.mappings.iter().count();
        (count, count * SizeClass::of(Note::LAYOUT).map_or(0, SizeClass::block_size))
    }

    /// Adds a run, which is the heap `heap`'s.
    ///
    /// # Safety
    ///
    /// `block` came from [`large`] with this `layout`, as a run, and is in no list.
    unsafe fn add_run(&mut self, block: NonNull<u8>, layout: Layout, heap: HeapId) {
        // SAFETY: the run's pages are in use.
        let page = unsafe { misuse::page_of(block.addr().get()) };
        // SAFETY: by the caller's promise, and what comes from `large` may be used for all of the run.
        unsafe { page.open_run(block, layout.size(), heap) };
        self.runs.push(page);
        self.count(layout);
    }

    /// Takes out a run. Ends the process if it is none of `heap`'s, or not of this size.
    ///
    /// # Safety
    ///
    /// The caller has the block. (Where that is a lie, this finds it out, as long as the memory is there to be read.)
    unsafe fn remove_run(&mut self, block: NonNull<u8>, layout: Layout, heap: Option<HeapId>) {
        let address = block.addr().get();
        // SAFETY: by the caller's promise, the run's pages are in use.
        let page = unsafe { misuse::page_of(address) };
        misuse::check_private(page, heap, address);
        match page.run() {
            Some((start, bytes)) if start.addr() == block.addr() => check_size(address, layout, bytes),
            _ => misuse::not_a_block(address),
        }
        self.runs.remove(page);
        page.close();
        self.uncount(layout);
    }

    /// Gives a run another size where it is, if there is room.
    ///
    /// # Safety
    ///
    /// As for [`large::resize`]; the block is a run of `heap`'s.
    unsafe fn resize_run(&mut self, block: NonNull<u8>, old: Layout, new: Layout, heap: HeapId) -> Option<NonNull<u8>> {
        // SAFETY: by the caller's promise.
        unsafe { self.remove_run(block, old, Some(heap)) };
        // SAFETY: the caller's promise is the same.
        let resized = unsafe { large::resize(block, old, new) };
        let (block, layout) = resized.map_or((block, old), |resized| (resized, new));
        // SAFETY: just resized to this Layout, or left as it was, and taken out above.
        unsafe { self.add_run(block, layout, heap) };
        resized
    }

    /// Adds a block that has a mapping of its own.
    ///
    /// # Safety
    ///
    /// `place` is a block for [`Note::LAYOUT`], which becomes the note's until [`remove_mapping`](Self::remove_mapping)
    /// returns it.
    unsafe fn add_mapping(&mut self, place: NonNull<u8>, block: NonNull<u8>, layout: Layout) {
        let note = Note { block: Cell::new(block), layout: Cell::new(layout), links: Links::new() };
        let place = place.cast::<Note>();
        // SAFETY: by the caller's promise.
        unsafe { place.write(note) };
        // INVARIANT: just written, and it lasts by the caller's promise.
        self.mappings.push(NoteRef(place));
        self.count(layout);
    }

    /// Takes out a block that has a mapping of its own, and returns the place of the note about it. Ends the process if
    /// there is none.
    fn remove_mapping(&mut self, block: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        let note = self.note_about(block, layout);
        self.mappings.remove(note);
        self.uncount(layout);
        note.0.cast()
    }

    /// Gives a block that has a mapping of its own another size, perhaps elsewhere, if the system can do that.
    ///
    /// # Safety
    ///
    /// As for [`large::resize`]; the block has a mapping of its own.
    unsafe fn resize_mapping(&mut self, block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
        let note = self.note_about(block, old);
        // SAFETY: the caller's promise is the same.
        let resized = unsafe { large::resize(block, old, new) }?;
        note.block.set(resized);
        note.layout.set(new);
        self.uncount(old);
        self.count(new);
        Some(resized)
    }

    /// Gives all blocks back, whoever uses them. The notes' places are of no more use then.
    pub(super) fn free_all(&mut self) {
        while let Some(page) = self.runs.first() {
            self.runs.remove(page);
            if let Some((block, bytes)) = page.run() {
                page.close();
                // SAFETY: it is no larger than the Layout it was allocated for.
                let layout = unsafe { Layout::from_size_align_unchecked(bytes, 1) };
                // SAFETY: a run of that size, whose alignment does not matter any more; it belongs to the heap.
                unsafe { large::free(block, layout) };
            }
        }
        while let Some(note) = self.mappings.first() {
            self.mappings.remove(note);
            // SAFETY: by the type's invariant, this is a block of the heap with that Layout.
            unsafe { large::free(note.block.get(), note.layout.get()) };
        }
        self.blocks = 0;
        self.bytes = 0;
    }

    fn note_about(&self, block: NonNull<u8>, layout: Layout) -> NoteRef {
        let address = block.addr().get();
        let note = self.mappings.iter().find(|note| note.block.get() == block);
        let note = note.unwrap_or_else(|| misuse::not_a_block(address));
        check_size(address, layout, note.layout.get().size());
        note
    }

    fn count(&mut self, layout: Layout) {
        self.blocks += 1;
        self.bytes += layout.size();
    }

    fn uncount(&mut self, layout: Layout) {
        self.blocks -= 1;
        self.bytes -= layout.size();
    }
}

/// Ends the process if a large block is freed or resized with another size than it has.
fn check_size(address: usize, layout: Layout, right: usize) {
    let wrong = layout.size();
    if wrong != right {
        fatal(format_args!("free of {address:#x}: its Layout is one of {wrong} B, but the block has {right} B"));
    }
}
