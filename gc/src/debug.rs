//! Keeping garbage to look at it.

use alloc::vec::Vec;
use core::mem;

use crate::collector::Collector;
use crate::gc::Gc;
use crate::trace::Trace;

bitflags::bitflags! {
    /// What is done for those who look for leaks: CPython's `gc.set_debug`.
    ///
    /// CPython's other flags print something; an [observer](Collector::observe) does that where it is wanted.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DebugFlags: u8 {
        /// Garbage is not destroyed, but goes to [`Collector::take_garbage`]: CPython's `gc.DEBUG_SAVEALL`.
        const SAVE_ALL = 1 << 0;
    }
}

impl Collector {
    /// Sets the debug flags: CPython's `gc.set_debug`.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] {
    /// # use core::cell::RefCell;
    /// # use mudlark_gc::{Collector, DebugFlags, Gc, Generation, Trace};
    /// #[derive(Trace)]
    /// struct Node(u8, RefCell<Option<Gc<Node>>>);
    ///
    /// let collector = Collector::new();
    /// let node = Gc::new_in(Node(7, RefCell::default()), &collector);
    /// *node.1.borrow_mut() = Some(node.clone());
    /// drop(node);
    ///
    /// collector.set_debug(DebugFlags::SAVE_ALL);
    /// assert_eq!(collector.collect(Generation::Old), 1);
    /// let leaked = collector.take_garbage().pop().unwrap().downcast::<Node>().unwrap();
    /// assert_eq!(leaked.0, 7);
    /// # }
    /// ```
    pub fn set_debug(&self, flags: DebugFlags) {
        self.state().debug.set(flags);
    }

    /// The debug flags: CPython's `gc.get_debug`.
    #[must_use]
    pub fn debug(&self) -> DebugFlags {
        self.state().debug.get()
    }

    /// The garbage that was not destroyed, oldest first: CPython's `gc.garbage`. Whoever takes it may look at it, change
    /// it, and drop it.
    ///
    /// What is not taken keeps its collector for ever.
    #[must_use]
    pub fn take_garbage(&self) -> Vec<Gc<dyn Trace>> {
        mem::take(&mut *self.state().garbage.borrow_mut())
    }
}
