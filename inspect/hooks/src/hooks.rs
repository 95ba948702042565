//! What an allocator or a collector tells of: a function for each thing that happens.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::event::Step;
use crate::field::Address;

/// Defines the trait, and passes each call on where hooks are made of others.
macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        /// What happens to memory, told as it happens.
        ///
        /// All functions do nothing unless they are written out, and calls are static: who is not interested costs no
        /// instruction. `()` is interested in nothing, a pair in what either of its hooks is, and a
        /// [`Recorder`](crate::Recorder) writes it all to a log.
        ///
        /// A hook is called in the midst of an allocator. It must not ask this allocator for memory, and it must not panic
        /// ([`Hooked`](crate::Hooked) ends the program then). It may be called by an interrupt or signal handler while it is at work for
        /// what was interrupted.
        ///
        /// ```
        /// use core::alloc::{GlobalAlloc, Layout};
        /// use core::cell::Cell;
        /// use core::ptr::NonNull;
        /// use mudlark_hooks::{Hooked, Hooks};
        ///
        /// #[derive(Default)]
        /// struct Largest(Cell<usize>);
        ///
        /// impl Hooks for Largest {
        ///     fn allocated(&self, _block: NonNull<u8>, layout: Layout) {
        ///         self.0.set(self.0.get().max(layout.size()));
        ///     }
        /// }
        ///
        /// let heap = Hooked::new(std::alloc::System, Largest::default());
        /// let layout = Layout::new::<[u64; 4]>();
        /// // SAFETY: the size is not zero.
        /// let block = unsafe { heap.alloc(layout) };
        /// // SAFETY: just allocated, for this layout.
        /// unsafe { heap.dealloc(block, layout) };
        /// assert_eq!(heap.hooks().0.get(), 32);
        /// ```
        pub trait Hooks {
            $($(#[$doc])*
            #[inline]
            fn $name(&self, $($argument: $type),*) {
                let _ = ($($argument,)*);
            })*
        }

        impl<H: Hooks + ?Sized> Hooks for &H {
            $(#[inline]
            fn $name(&self, $($argument: $type),*) {
                (**self).$name($($argument),*);
            })*
        }

        impl<H: Hooks, I: Hooks> Hooks for (H, I) {
            $(#[inline]
            fn $name(&self, $($argument: $type),*) {
                self.0.$name($($argument),*);
                self.1.$name($($argument),*);
            })*
        }
    };
}

hooks! {
    /// A block was handed out.
    allocated(block: NonNull<u8>, layout: Layout);
    /// A block is given back; it is not free yet.
    freed(block: NonNull<u8>, layout: Layout);
    /// A block got a new size, and may have moved. By now somebody else may have been given the place where it was.
    reallocated(from: Address, old: Layout, block: NonNull<u8>, new: Layout);
    /// A request was not served: out of memory.
    refused(layout: Layout);
    /// The heap has a further region.
    region_taken(start: Address, size: usize);
    /// A region is the heap's no more.
    region_given_back(start: Address, size: usize);
    /// A collection begins, of objects up to this generation (0 is the young one), and considers so many.
    collection_started(collector: u32, generation: u8, candidates: u64);
    /// A collection goes over to its next step.
    collection_step(collector: u32, step: Step);
    /// A collection has ended, and destroyed so many objects.
    collection_stopped(collector: u32, collected: u64);
    /// What happens from here on is done for this purpose, within the one before.
    scope_entered(name: &'static str);
    /// The scope entered last is left.
    scope_left();
}

impl Hooks for () {}
