//! Who asks: the return addresses of the calling thread's stack.
//!
//! There are three ways up a stack. Where the program is built with frame pointers (`-C force-frame-pointers=yes`), each
//! frame says where the next one is, and a walk takes a few instructions a frame ([`frame_pointers`]). Any other program has
//! tables that tell how to unwind, as exceptions are, which take about a hundred times as long; but what they say about a place in the
//! code can be remembered, so that most walks do without them ([`frame_sizes`]). When a recording starts, frame pointers and tables are
//! tried on the stack of who starts it; if they agree, frame pointers are taken.
//!
//! On no way anything is allocated, but for a thread's first time, and no lock is taken that a program's thread could hold while it
//! allocates, but for the dynamic loader's: where the C library has no way around it (glibc before 2.35).

mod frame_pointers;
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod frame_sizes;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
mod own_stack;

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

/// Where the sizes of frames are not remembered, none are known.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(miri))))]
mod frame_sizes {
    use super::Lost;

    #[derive(Clone, Copy)]
    pub(super) struct Frame;

    pub(super) struct Learner;

    pub(super) fn here() -> Frame {
        Frame
    }

    pub(super) fn follow(_here: Frame, _from: usize, _visit: impl FnMut(usize) -> bool) -> Result<(), Lost> {
        Err(Lost::FOR_GOOD)
    }

    impl Learner {
        pub(super) fn new(_here: Frame) -> Self {
            Self
        }

        pub(super) fn saw(&mut self, _place: usize, _top: usize) {}

        pub(super) fn go_on(&self, _from: usize, _visit: impl FnMut(usize) -> bool) -> Result<(), Lost> {
            Err(Lost::FOR_GOOD)
        }

        pub(super) fn has_ended(self) {}
    }
}

/// No more frames than this are ever looked at.
pub(crate) const MOST_FRAMES: usize = 256;

/// Whether frame pointers are followed.
static BY_FRAME_POINTERS: AtomicBool = AtomicBool::new(false);

/// Chooses the way for the program, by this thread's stack.
pub(crate) fn choose() {
    let here = 0_u8;
    let from = (&raw const here).addr();
    let (mut followed, mut unwound) = (Walk::empty(MOST_FRAMES), Walk::empty(MOST_FRAMES));
    followed.follow(from);
    unwound.unwind(frame_sizes::here(), from, Lost::FOR_GOOD);
    BY_FRAME_POINTERS.store(agree(followed.frames(), unwound.frames()), Ordering::Relaxed);
}

/// Whether the tables are asked although sizes of frames may be known: once in a while, since a frame that has been met in one size
/// may turn out to vary.
fn is_time_to_learn() -> bool {
    thread_local! {
        static WALKS: Cell<u8> = const { Cell::new(0) };
    }
    const ONE_IN: u8 = 64;
    let walks = WALKS.replace(WALKS.get().wrapping_add(1));
    walks.is_multiple_of(ONE_IN)
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

/// A walk by the sizes of frames does not know on.
#[derive(Clone, Copy, Debug)]
struct Lost {
    /// The stack pointer of the frame whose size is not known; it may be a wrong one if another size was.
    top: usize,
}

impl Lost {
    /// No frame is further out.
    const FOR_GOOD: Self = Self { top: usize::MAX };
}

/// The frames from some point on, innermost first.
///
/// # Invariants
///
/// The first `len` of the `frames` are written.
pub(crate) struct Walk {
    frames: [MaybeUninit<usize>; MOST_FRAMES],
    len: usize,
    /// No more are wanted.
    most: usize,
}

impl Walk {
    /// Up to `most` frames of this thread, without those inside of the one that `from` is in.
    #[inline(never)]
    pub(crate) fn new(from: *const u8, most: usize) -> Self {
        let (from, mut walk) = (from.addr(), Self::empty(most));
        if most == 0 {
            return walk;
        }
        if BY_FRAME_POINTERS.load(Ordering::Relaxed) {
            walk.follow(from);
            if walk.len > 0 {
                return walk;
            }
        }
        let here = frame_sizes::here();
        let stepped = if is_time_to_learn() { Err(Lost::FOR_GOOD) } else { walk.step(here, from) };
        if let Err(lost) = stepped {
            walk.len = 0;
            walk.unwind(here, from, lost);
        }
        walk
    }

    const fn empty(most: usize) -> Self {
        let frames = [const { MaybeUninit::uninit() }; MOST_FRAMES];
        Self { frames, len: 0, most: if most < MOST_FRAMES { most } else { MOST_FRAMES } }
    }

    /// Return addresses, innermost first.
    pub(crate) fn frames(&self) -> &[usize] {
        let written: *const [MaybeUninit<usize>] = &raw const self.frames[..self.len];
        // SAFETY: by the type's invariant.
        unsafe { &*(written as *const [usize]) }
    }

    /// Adds a frame. The answer is whether there may be another one.
    fn push(&mut self, frame: usize) -> bool {
        // INVARIANT: the one behind the last is written.
        self.frames[self.len].write(frame);
        self.len += 1;
        self.len < self.most
    }

    /// By frame pointers.
    fn follow(&mut self, from: usize) {
        frame_pointers::follow(from, |return_address| self.push(return_address));
    }

    /// By the sizes of frames.
    fn step(&mut self, here: frame_sizes::Frame, from: usize) -> Result<(), Lost> {
        frame_sizes::follow(here, from, |return_address| self.push(return_address))
    }

    /// By the unwinder's tables; and by the sizes of frames again, if these lead on to the end from some frame that is further out
    /// than where they were `lost`. What the tables say about frames that are further out than `here` is remembered.
    fn unwind(&mut self, here: frame_sizes::Frame, from: usize, mut lost: Lost) {
        let mut learner = frame_sizes::Learner::new(here);
        let mut is_outermost = true;
        let visit = |frame: &backtrace::Frame| {
            let (place, top) = (frame.ip().addr(), frame.sp().addr());
            if place == 0 {
                // Behind the outermost frame.
                return false;
            }
            learner.saw(place, top);
            // The stack grows downwards, so inner frames are below.
            let is_inner = self.len == 0 && (1..from).contains(&top);
            if !is_inner && !self.push(place) {
                is_outermost = false;
                return false;
            }
            if top > lost.top {
                match self.go_on(&learner, from) {
                    Ok(()) => is_outermost = false,
                    Err(further) => lost = further,
                }
            }
            is_outermost
        };
        // SAFETY: what has to be kept from running at the same time is what looks up symbols, and nobody does here.
        unsafe { backtrace::trace_unsynchronized(visit) };
        if is_outermost {
            learner.has_ended();
        }
    }

    /// By sizes, from the last frame of a walk by the tables, or not at all.
    fn go_on(&mut self, learner: &frame_sizes::Learner, from: usize) -> Result<(), Lost> {
        let len = self.len;
        let gone_on = learner.go_on(from, |return_address| self.push(return_address));
        if gone_on.is_err() {
            self.len = len;
        }
        gone_on
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

    /// Walks from here, and counts if the sizes are known.
    #[inline(never)]
    fn both_ways(steps: &mut usize) {
        let local = 0_u8;
        let from = (&raw const local).addr();
        for most in [MOST_FRAMES, 5] {
            let [mut stepped, mut mixed, mut unwound] = core::array::from_fn(|_| Walk::empty(most));
            let here = frame_sizes::here();
            let way = stepped.step(here, from);
            if let Err(lost) = way {
                mixed.unwind(here, from, lost);
            }
            unwound.unwind(here, from, Lost::FOR_GOOD);
            let other = if way.is_ok() { stepped } else { mixed };
            *steps += usize::from(way.is_ok());
            assert_eq!(other.frames(), unwound.frames());
        }
    }

    /// A frame of more alignment than the stack's, so of a size that varies.
    #[repr(align(128))]
    struct Aligned;

    #[inline(never)]
    fn aligned(depth: usize, shape: usize, steps: &mut usize) {
        let aligned = core::hint::black_box(Aligned);
        deeper(depth, shape, steps);
        core::hint::black_box(&aligned);
    }

    /// Walks from so many frames further in, each of the kind that a digit of the shape says.
    #[inline(never)]
    fn deeper(depth: usize, shape: usize, steps: &mut usize) {
        let room = core::hint::black_box([depth; 13]);
        match (depth, shape % 3) {
            (0, _) => both_ways(steps),
            (_, 0) => deeper(depth - 1, shape / 3, steps),
            (_, 1) => aligned(depth - 1, shape / 3, steps),
            _ => core::hint::black_box(|| deeper(depth - 1, shape / 3, steps))(),
        }
        core::hint::black_box(&room);
    }

    /// Stacks of many shapes, each walked by sizes, by the tables, and where the sizes are lost by both.
    #[test]
    #[cfg_attr(miri, ignore = "there are no return addresses")]
    fn remembered_sizes_lead_where_the_tables_do() {
        let mut steps = 0;
        // From the stacks that have no such frame on.
        for shape in (0..243).rev() {
            deeper(5, shape, &mut steps);
            if shape % 50 == 0 {
                let there = std::thread::spawn(move || {
                    let mut steps = 0;
                    (0..3).for_each(|_| deeper(3, shape, &mut steps));
                    steps
                });
                there.join().expect("both ways agree");
            }
        }
        assert!(!cfg!(all(target_os = "linux", target_arch = "x86_64")) || steps > 60, "{steps} of 486");
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
