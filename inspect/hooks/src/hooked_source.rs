//! A source of memory that tells hooks of the regions that come from it.

use core::marker::PhantomData;
use core::ptr::NonNull;

use mudlark_core_alloc::PageSource;

use crate::field::Address;
use crate::hooks::Hooks;

/// A [`PageSource`] that tells hooks of each region that it supplies.
///
/// A heap makes its source itself, so `P` says where the hooks are. Of regions that a heap is given otherwise, as by `claim` or
/// `add_region`, whoever gives them tells the hooks: [`Hooks::region_taken`].
///
/// ```
/// use core::ptr::NonNull;
/// use mudlark_core_alloc::{DefaultLock, GrowingHeap, LockedHeap, PageSource};
/// use mudlark_hooks::{Event, Hooked, HookedSource, HooksPlace, Reader, Recorder, Ring};
///
/// struct Leaked;
///
/// // SAFETY: what is leaked is nobody else's.
/// unsafe impl PageSource for Leaked {
///     const INIT: Self = Self;
///
///     fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
///         Some(NonNull::from(vec![0_u8; bytes.max(16 << 10)].leak()))
///     }
/// }
///
/// type Log = Recorder<Ring<4096>, fn() -> u64, DefaultLock>;
/// type Heap = LockedHeap<DefaultLock, GrowingHeap<HookedSource<Leaked, Here>>>;
///
/// static HEAP: Hooked<Heap, Log> = Hooked::new(LockedHeap::new(), Recorder::new(Ring::new(), || 0));
///
/// struct Here;
///
/// impl HooksPlace for Here {
///     type Hooks = Log;
///
///     fn hooks() -> &'static Log {
///         HEAP.hooks()
///     }
/// }
///
/// # use core::alloc::{GlobalAlloc, Layout};
/// # // SAFETY: the size is not zero.
/// # let block = unsafe { HEAP.alloc(Layout::new::<u64>()) };
/// # // SAFETY: just allocated, for this layout.
/// # unsafe { HEAP.dealloc(block, Layout::new::<u64>()) };
/// let log = HEAP.hooks().with_sink(|ring| ring.parts().concat()).expect("nobody else is at it");
/// assert!(Reader::new(&log).any(|record| matches!(record.event, Event::RegionTaken { size: 16_384, .. })));
/// ```
#[derive(Debug)]
pub struct HookedSource<S, P> {
    source: S,
    place: PhantomData<fn() -> P>,
}

/// Where a program's hooks are.
pub trait HooksPlace {
    /// What they are.
    type Hooks: Hooks + 'static;

    /// The hooks.
    fn hooks() -> &'static Self::Hooks;
}

// SAFETY: what it supplies is the source's.
unsafe impl<S: PageSource, P: HooksPlace> PageSource for HookedSource<S, P> {
    const INIT: Self = Self { source: S::INIT, place: PhantomData };

    fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
        let region = self.source.acquire(bytes)?;
        P::hooks().region_taken(Address::of(region.as_ptr().cast::<u8>()), region.len());
        Some(region)
    }
}
