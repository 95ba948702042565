//! Which nest of drops is mine, without `std`: the program says.
//!
//! What is put off must be dropped in the context that has put it off, since most values must not leave theirs; so a drop has
//! to find out what is being dropped further up *its own* stack. The stack pointer does not tell: an interrupt handler runs on
//! the stack of what it interrupts, and its outermost drop looks like one inside the drops of that. Nor does the value, which
//! does not know who drops it; and a lock does not help, since it is no matter of time but of place. Only the program knows
//! its contexts.

use core::fmt;

use crate::deferred_drop::Nest;

/// What one context is dropping: room for a [`DropContext`] to hand out. One for each context, in a static.
pub struct DropNest(#[cfg_attr(feature = "std", expect(dead_code, reason = "each thread has its own"))] Nest);

// SAFETY: it is used by way of a `DropContext` only, which gives it to one context.
unsafe impl Sync for DropNest {}

impl DropNest {
    /// Nothing is being dropped.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it is of use only in a static, where Default cannot be called")]
    pub const fn new() -> Self {
        Self(Nest::new())
    }
}

impl fmt::Debug for DropNest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropNest").finish_non_exhaustive()
    }
}

/// Tells the contexts of a program without `std` apart, so that [deep drops](crate#deep-drops) take constant stack there.
/// [`set_drop_context!`](crate::set_drop_context) makes it the program's.
///
/// A *context* is whatever has a course of its own: a thread of an operating system, a processor's main loop, an interrupt
/// handler.
///
/// For firmware on one processor this will do, where `active_exception` is what the processor has in a register (on a Cortex-M
/// `IPSR`), or else what the handlers' entry keeps in a static:
///
/// ```
/// use mudlark_rc::{DropContext, DropNest, set_drop_context};
///
/// # fn active_exception() -> u8 { 0 }
/// struct MainLoop;
///
/// // SAFETY: there is one main loop, and handlers get none.
/// unsafe impl DropContext for MainLoop {
///     fn nest() -> Option<&'static DropNest> {
///         static NEST: DropNest = DropNest::new();
///         (active_exception() == 0).then_some(&NEST)
///     }
/// }
///
/// set_drop_context!(MainLoop);
/// # fn main() {}
/// ```
///
/// On several processors without threads that move between them, there is an array of nests, with one for each. Where threads
/// do, each thread has its own, as each has its stack.
///
/// # Safety
///
/// No two contexts get the same nest, unless one has ended before the other begins, and that is seen there.
pub unsafe trait DropContext {
    /// The nest of the context that calls; `None` for one that has none, where values are dropped inside each other.
    fn nest() -> Option<&'static DropNest>;
}

/// Makes a type the program's [`DropContext`]. To be used once in a program.
///
/// A program that uses the feature `drop-context`, and not `std`, does not link without it.
#[macro_export]
macro_rules! set_drop_context {
    ($context:ty) => {
        #[unsafe(no_mangle)]
        fn _mudlark_rc_drop_nest() -> Option<&'static $crate::DropNest> {
            <$context as $crate::DropContext>::nest()
        }
    };
}

#[cfg(not(feature = "std"))]
unsafe extern "Rust" {
    /// By [`set_drop_context!`](crate::set_drop_context).
    safe fn _mudlark_rc_drop_nest() -> Option<&'static DropNest>;
}

/// Calls `act` with this context's nest.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn with_nest<R>(act: impl FnOnce(Option<&Nest>) -> R) -> R {
    act(_mudlark_rc_drop_nest().map(|nest| &nest.0))
}
