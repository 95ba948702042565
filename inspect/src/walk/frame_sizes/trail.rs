//! The trail: where the last walk has come by, so that the next one has it at hand.
//!
//! A walk by sizes is a chain of loads, each of which needs what the one before has found. From one walk to the next, the program
//! has had the caches for itself, and so each load may have to wait for memory. But most of a thread's stack stays as it is for long.
//! So what the last walk has loaded is asked for all at once, before the first load of this one:
//!
//! ```text
//!   without   load ···· load ···· load ···· load ····             · waiting for memory
//!   with      ask ask ask ask ···· load load load load
//! ```
//!
//! These are hints. What they say may be wrong, and of another thread: then they are of no use.

use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{Frame, WORD, group};
use crate::thread;

/// Frames of a trail.
const LEN: usize = 64;

/// Threads share so many trails.
const TRAILS: usize = 8;

/// Where a walk has come by, and behind that what a longer one has left; where no walk has come to, there are zeroes.
pub(super) struct Trail([Step; LEN]);

/// A frame. Relaxed throughout: one that is half another thread's is as good as any that is wrong.
struct Step {
    place: AtomicUsize,
    top: AtomicUsize,
}

impl Trail {
    /// This thread's.
    pub(super) fn of_thread() -> &'static Self {
        static ALL: [Trail; TRAILS] = [const { Trail::new() }; TRAILS];
        &ALL[thread::number() as usize % TRAILS]
    }

    const fn new() -> Self {
        Self([const { Step { place: AtomicUsize::new(0), top: AtomicUsize::new(0) } }; LEN])
    }

    /// Has the processor load what a walk that is like the last one will look at.
    pub(super) fn ask_ahead(&self) {
        for Frame { place, top } in self.frames() {
            load_ahead(group(place).as_ptr().cast());
            // Where the return address is.
            load_ahead(ptr::without_provenance(top.wrapping_sub(WORD)));
        }
    }

    fn frames(&self) -> impl Iterator<Item = Frame> {
        let frames = self.0.iter().map(|Step { place, top }| Frame {
            place: place.load(Ordering::Relaxed),
            top: top.load(Ordering::Relaxed),
        });
        frames.take_while(|frame| frame.place != 0)
    }

    /// Notes the frames that a walk comes by, one after the other.
    pub(super) fn notes(&self) -> impl FnMut(Frame) {
        let mut steps = self.0.iter();
        move |frame| {
            if let Some(step) = steps.next() {
                step.place.store(frame.place, Ordering::Relaxed);
                step.top.store(frame.top, Ordering::Relaxed);
            }
        }
    }
}

/// Has the processor load what is at an address, if there is anything.
fn load_ahead(address: *const i8) {
    // SAFETY: that is a hint, which does nothing wherever the address leads.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_is_where_the_last_walks_came_by_whatever_that_is() {
        let trail = Trail::new();
        let walk = |len: usize, top: usize| (1..=len).map(move |place| Frame { place, top: top.wrapping_mul(place) });
        let leads_by = |frames: &mut dyn Iterator<Item = Frame>| {
            let pairs = |frame: Frame| (frame.place, frame.top);
            let expected: Vec<(usize, usize)> = frames.map(pairs).collect();
            trail.ask_ahead();
            trail.frames().map(pairs).eq(expected)
        };
        assert!(leads_by(&mut walk(0, 0)));
        walk(LEN + 9, usize::MAX / 3).for_each(trail.notes());
        assert!(leads_by(&mut walk(LEN, usize::MAX / 3)), "no more than there is room for");
        walk(5, 0).for_each(trail.notes());
        assert!(leads_by(&mut walk(5, 0).chain(walk(LEN, usize::MAX / 3).skip(5))));
    }
}
