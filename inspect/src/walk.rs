//! Who asks: the return addresses of the calling thread's stack.
//!
//! There are two ways up a stack. Where the program is built with frame pointers (`-C force-frame-pointers=yes`), each
//! frame says where the next one is, and a walk takes a few instructions a frame ([`frame_pointers`]). Any other program has
//! tables that tell how to unwind, as exceptions are, which take about a hundred times as long. When a recording starts, both ways are tried
//! on the stack of who starts it; if they agree, the fast one is taken.
//!
//! On neither way anything is allocated, but for a thread's first time, and no lock is taken that a program's thread could hold while it
//! allocates, but for the dynamic loader's: where the C library has no way around it (glibc before 2.35).

mod frame_pointers;

use core::sync::atomic::{AtomicBool, Ordering};

/// No more frames than this are ever looked at.
pub(crate) const MOST_FRAMES: usize = 256;

/// Whether the fast way is taken.
static BY_FRAME_POINTERS: AtomicBool = AtomicBool::new(false);

/// Chooses the way for the program, by this thread's stack.
pub(crate) fn choose() {
    let here = 0_u8;
    let followed = Walk::by(Walk::follow, &raw const here, MOST_FRAMES);
    let unwound = Walk::by(Walk::unwind, &raw const here, MOST_FRAMES);
    BY_FRAME_POINTERS.store(agree(followed.frames(), unwound.frames()), Ordering::Relaxed);
}

/// Whether frame pointers lead where the tables do: all the way but for a few of the innermost frames, and of the C
/// library's at the program's or a thread's beginning.
fn agree(followed: &[usize], unwound: &[usize]) -> bool {
    const FEW: usize = 3;
    let starts = 0..=FEW.min(unwound.len());
    followed.len() >= 2
        && starts.into_iter().any(|start| {
            let rest = &unwound[start..];
            rest.starts_with(followed) && rest.len() - followed.len() <= FEW
        })
}

/// The frames from some point on, innermost first.
pub(crate) struct Walk {
    frames: [usize; MOST_FRAMES],
    len: usize,
}

impl Walk {
    /// Up to `most` frames of this thread, without those inside of the one that `from` is in.
    #[inline(never)]
    pub(crate) fn new(from: *const u8, most: usize) -> Self {
        if BY_FRAME_POINTERS.load(Ordering::Relaxed) {
            let walk = Self::by(Self::follow, from, most);
            if walk.len > 0 {
                return walk;
            }
        }
        Self::by(Self::unwind, from, most)
    }

    fn by(way: fn(&mut Self, *const u8, usize), from: *const u8, most: usize) -> Self {
        let mut walk = Self { frames: [0; MOST_FRAMES], len: 0 };
        if most > 0 {
            way(&mut walk, from, most.min(MOST_FRAMES));
        }
        walk
    }

    /// Return addresses, innermost first.
    pub(crate) fn frames(&self) -> &[usize] {
        &self.frames[..self.len]
    }

    fn push(&mut self, frame: usize) {
        self.frames[self.len] = frame;
        self.len += 1;
    }

    fn follow(&mut self, from: *const u8, most: usize) {
        frame_pointers::follow(from.addr(), |return_address| {
            self.push(return_address);
            self.len < most
        });
    }

    fn unwind(&mut self, from: *const u8, most: usize) {
        let visit = |frame: &backtrace::Frame| {
            // The stack grows downwards, so inner frames are below.
            let is_inner = self.len == 0 && (1..from.addr()).contains(&frame.sp().addr());
            if !is_inner {
                self.push(frame.ip().addr());
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

    #[test]
    fn ways_that_lead_elsewhere_do_not_agree() {
        let unwound = [1, 2, 3, 4, 5, 6, 7, 8];
        assert!(agree(&[1, 2, 3, 4, 5, 6, 7, 8], &unwound));
        assert!(agree(&[3, 4, 5, 6], &unwound), "a few at either end are missing");
        assert!(!agree(&[3, 5, 6, 7, 8], &unwound), "a frame is left out");
        assert!(!agree(&[1, 2, 3, 4], &unwound), "too short");
        assert!(!agree(&[5, 6, 7, 8], &unwound), "too late");
        assert!(!agree(&[], &[]) && !agree(&[1, 2, 3], &[]));
    }
}
