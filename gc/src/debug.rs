//! For those who look for leaks: what collections print, and garbage that is kept to be looked at.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::mem;

use crate::catch::Panics;
use crate::collector::Collector;
use crate::gc::Gc;
use crate::object::ObjectRef;
use crate::observe::{CollectionEvent, Phase};
use crate::segment::Home;
use crate::state::State;
use crate::trace::Trace;

bitflags::bitflags! {
    /// What is done for those who look for leaks: the flags of CPython's `gc.set_debug`.
    ///
    /// What is printed goes to [`set_debug_output`](Collector::set_debug_output), or else to the standard error output;
    /// without the feature `std` it goes nowhere else.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DebugFlags: u8 {
        /// Prints what each collection begins with and comes to: CPython's `gc.DEBUG_STATS`.
        const STATS = 1 << 0;
        /// Prints the type and address of each object that a collection has found to be garbage: CPython's
        /// `gc.DEBUG_COLLECTABLE`.
        const COLLECTABLE = 1 << 1;
        /// Would print garbage that cannot be destroyed, of which there is none: CPython's `gc.DEBUG_UNCOLLECTABLE`.
        const UNCOLLECTABLE = 1 << 2;
        /// Garbage is not destroyed, but goes to [`Collector::take_garbage`]: CPython's `gc.DEBUG_SAVEALL`.
        const SAVE_ALL = 1 << 5;
        /// Everything to find a leak in a program: CPython's `gc.DEBUG_LEAK`.
        const LEAK = Self::COLLECTABLE.bits() | Self::UNCOLLECTABLE.bits() | Self::SAVE_ALL.bits();
    }
}

type Output = dyn Fn(fmt::Arguments<'_>);

/// Where debug lines go.
#[derive(Default)]
pub(crate) struct DebugOutput(RefCell<Option<Rc<Output>>>);

impl DebugOutput {
    pub(crate) fn is_set(&self) -> bool {
        self.0.borrow().is_some()
    }

    fn print(&self, line: fmt::Arguments<'_>, panics: &Panics) {
        let output = self.0.borrow().clone();
        match output {
            Some(output) => {
                panics.catch(|| output(line));
                // It may have been replaced by itself: what it captured may panic when it is dropped.
                panics.catch(|| drop(output));
            }
            // Where the error output cannot be written to, that panics.
            None => panics.catch(|| print_to_standard_error(line)),
        }
    }
}

#[cfg(feature = "std")]
fn print_to_standard_error(line: fmt::Arguments<'_>) {
    std::eprintln!("{line}");
}

#[cfg(not(feature = "std"))]
fn print_to_standard_error(_: fmt::Arguments<'_>) {}

impl State {
    fn print(&self, line: fmt::Arguments<'_>) {
        self.debug_output.print(line, &self.work.panics);
    }

    /// [`DebugFlags::STATS`].
    pub(crate) fn print_event(&self, event: &CollectionEvent) {
        let CollectionEvent { generation, collected, uncollectable, .. } = event;
        match event.phase {
            Phase::Start => {
                let [young, middle, old, frozen] =
                    [Home::Young, Home::Middle, Home::Old, Home::Frozen].map(|home| self.generations.live(home));
                self.print(format_args!(
                    "gc: collecting {generation}: {young} young, {middle} middle, {old} old objects, {frozen} frozen"
                ));
            }
            Phase::Stop => match event.duration {
                Some(duration) => self
                    .print(format_args!("gc: collected {collected}, {uncollectable} uncollectable, in {duration:?}")),
                None => self.print(format_args!("gc: collected {collected}, {uncollectable} uncollectable")),
            },
        }
    }

    /// [`DebugFlags::COLLECTABLE`].
    pub(crate) fn print_collectable(&self, object: ObjectRef) {
        self.print(format_args!("gc: collectable {object:?}"));
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

    /// Has `output` print debug lines from now on, each without an end of line. Collections that it asks for do not run.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc};
    /// use mudlark_gc::{Collector, DebugFlags, Generation};
    ///
    /// let (collector, lines) = (Collector::new(), Rc::new(RefCell::new(Vec::new())));
    /// let log = Rc::clone(&lines);
    /// collector.set_debug_output(move |line| log.borrow_mut().push(line.to_string()));
    /// collector.set_debug(DebugFlags::STATS);
    /// collector.collect(Generation::Young);
    /// assert_eq!(lines.borrow()[0], "gc: collecting young: 0 young, 0 middle, 0 old objects, 0 frozen");
    /// ```
    pub fn set_debug_output(&self, output: impl Fn(fmt::Arguments<'_>) + 'static) {
        let old = self.state().debug_output.0.borrow_mut().replace(Rc::new(output));
        // Nothing is borrowed: what it captured may run anything when it is dropped.
        drop(old);
    }

    /// Has debug lines go where they went at first.
    pub fn reset_debug_output(&self) {
        let old = self.state().debug_output.0.borrow_mut().take();
        drop(old);
    }

    /// The garbage that was not destroyed, oldest first: CPython's `gc.garbage`. Whoever takes it may look at it, change
    /// it, and drop it.
    ///
    /// What is not taken keeps its collector for ever.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, DebugFlags, Gc, Generation};
    /// # use core::cell::RefCell;
    /// # let collector = Collector::new();
    /// collector.set_debug(DebugFlags::SAVE_ALL);
    /// let list = Gc::new_in(RefCell::new(Vec::new()), &collector);
    /// list.borrow_mut().push(Gc::into_dyn(list.clone()));
    /// drop(list);
    /// collector.collect(Generation::Old);
    /// assert_eq!(collector.take_garbage().len(), 1);
    /// # collector.set_debug(DebugFlags::empty());
    /// ```
    #[must_use]
    pub fn take_garbage(&self) -> Vec<Gc<dyn Trace>> {
        mem::take(&mut *self.state().garbage.borrow_mut())
    }
}
