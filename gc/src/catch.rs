//! Panics of the code that a collector runs for others: finalizers, destructors and callbacks.

use core::cell::Cell;

use alloc::boxed::Box;

/// The first panic since the last [`resume`](Panics::resume), kept until the collector's work is done.
#[derive(Default)]
pub(crate) struct Panics {
    first: Cell<Option<Box<dyn core::any::Any + Send>>>,
}

impl Panics {
    /// Runs `code`; if it panics, remembers the first time and goes on.
    #[cfg(feature = "std")]
    pub(crate) fn catch(&self, code: impl FnOnce()) {
        if let Err(panic) = std::panic::catch_unwind(core::panic::AssertUnwindSafe(code)) {
            match self.first.take() {
                None => self.first.set(Some(panic)),
                Some(first) => {
                    self.first.set(Some(first));
                    // What was thrown may panic again when it is dropped.
                    core::mem::forget(panic);
                }
            }
        }
    }

    /// Runs `code`; if it panics, the program ends: there is nothing to catch it with.
    #[cfg(not(feature = "std"))]
    pub(crate) fn catch(&self, code: impl FnOnce()) {
        struct EndProgram;
        impl Drop for EndProgram {
            fn drop(&mut self) {
                panic!("a panic reached the collector, which cannot catch it without the feature `std`");
            }
        }
        let end_program = EndProgram;
        code();
        core::mem::forget(end_program);
    }

    /// Goes on with the panic that was remembered, if any, unless another is already on its way.
    pub(crate) fn resume(&self) {
        #[cfg(feature = "std")]
        if let Some(panic) = self.first.take() {
            if std::thread::panicking() {
                core::mem::forget(panic);
            } else {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
