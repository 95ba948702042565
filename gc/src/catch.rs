//! Panics of the code that a collector runs for others: finalizers, destructors and callbacks.

#[cfg(feature = "std")]
pub(crate) use caught::Panics;
#[cfg(not(feature = "std"))]
pub(crate) use fatal::Panics;

#[cfg(feature = "std")]
mod caught {
    use core::any::Any;
    use core::cell::Cell;
    use core::mem;
    use core::panic::AssertUnwindSafe;

    use std::boxed::Box;
    use std::panic::{catch_unwind, resume_unwind};
    use std::thread;

    /// The first panic since the last [`resume`](Panics::resume), kept until the collector's work is done.
    #[derive(Default)]
    pub(crate) struct Panics {
        first: Cell<Option<Box<dyn Any + Send>>>,
        /// Whether there is one.
        any: Cell<bool>,
    }

    impl Panics {
        /// Runs `code`; if it panics, remembers the first time and goes on.
        pub(crate) fn catch(&self, code: impl FnOnce()) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(code)) {
                match self.first.take() {
                    None => {
                        self.first.set(Some(panic));
                        self.any.set(true);
                    }
                    first => {
                        self.first.set(first);
                        discard(panic);
                    }
                }
            }
        }

        /// Whether one is remembered.
        #[inline]
        pub(crate) fn any(&self) -> bool {
            self.any.get()
        }

        fn take(&self) -> Option<Box<dyn Any + Send>> {
            self.any.set(false);
            self.first.take()
        }

        /// Forgets what was remembered.
        pub(crate) fn forget(&self) {
            self.take().into_iter().for_each(discard);
        }

        /// Goes on with the panic that was remembered, if any, unless another is already on its way.
        pub(crate) fn resume(&self) {
            if thread::panicking() {
                self.forget();
            } else if let Some(panic) = self.take() {
                resume_unwind(panic);
            }
        }
    }

    /// Drops what was thrown, which may itself panic when it is dropped.
    fn discard(panic: Box<dyn Any + Send>) {
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            mem::forget(again);
        }
    }
}

#[cfg(not(feature = "std"))]
mod fatal {
    use core::mem;

    /// Nothing can catch a panic here, so one ends the program.
    #[derive(Default)]
    pub(crate) struct Panics {}

    /// Dropped during unwinding, it panics a second time.
    struct EndProgram;

    impl Drop for EndProgram {
        fn drop(&mut self) {
            panic!("a panic reached the collector, which cannot catch it without the feature `std`");
        }
    }

    impl Panics {
        /// Runs `code`; if it panics, the program ends.
        pub(crate) fn catch(&self, code: impl FnOnce()) {
            let end_program = EndProgram;
            code();
            mem::forget(end_program);
        }

        /// There never is one to remember.
        #[inline]
        pub(crate) fn any(&self) -> bool {
            false
        }

        /// There is never a panic to forget.
        pub(crate) fn forget(&self) {}

        /// There is never a panic to go on with.
        pub(crate) fn resume(&self) {}
    }
}
