//! Who asks: the return addresses of the calling thread's stack.
//!
//! By the tables that tell how to unwind, as exceptions are. On the way nothing is allocated, but for the first time in a
//! thread, and no lock is taken that a program's thread could hold while it allocates, but for the dynamic loader's: where
//! the C library has no way around it (glibc before 2.35).

/// No more frames than this are ever looked at.
pub(crate) const MOST_FRAMES: usize = 256;

/// The frames from some point on, innermost first.
pub(crate) struct Walk {
    frames: [usize; MOST_FRAMES],
    len: usize,
}

impl Walk {
    /// Up to `most` frames of this thread, without those inside of the one that `from` is in.
    #[inline(never)]
    pub(crate) fn new(from: *const u8, most: usize) -> Self {
        let mut walk = Self { frames: [0; MOST_FRAMES], len: 0 };
        if most > 0 {
            walk.unwind(from.addr(), most.min(MOST_FRAMES));
        }
        walk
    }

    /// Return addresses, innermost first.
    pub(crate) fn frames(&self) -> &[usize] {
        &self.frames[..self.len]
    }

    fn unwind(&mut self, from: usize, most: usize) {
        let visit = |frame: &backtrace::Frame| {
            // The stack grows downwards, so inner frames are below.
            let is_inner = self.len == 0 && (1..from).contains(&frame.sp().addr());
            if !is_inner {
                self.frames[self.len] = frame.ip().addr();
                self.len += 1;
            }
            self.len < most
        };
        // SAFETY: what has to be kept from running at the same time is what looks up symbols, and nobody does here.
        unsafe { backtrace::trace_unsynchronized(visit) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "there are no return addresses")]
    fn the_caller_comes_first() {
        #[inline(never)]
        fn caller() -> Walk {
            let here = 0;
            Walk::new(&raw const here, 10)
        }
        let walk = caller();
        let mut name = String::new();
        backtrace::resolve((walk.frames()[0] - 1) as *mut _, |symbol| name = format!("{:?}", symbol.name()));
        assert!(name.contains("the_caller_comes_first") || name.contains("caller"), "{name}");
        assert!(walk.frames().len() > 2);
    }

    #[test]
    #[cfg_attr(miri, ignore = "there are no return addresses")]
    fn no_more_frames_than_wanted() {
        let here = 0;
        assert_eq!(Walk::new(&raw const here, 3).frames().len(), 3);
        assert!(Walk::new(&raw const here, 0).frames().is_empty());
    }
}
