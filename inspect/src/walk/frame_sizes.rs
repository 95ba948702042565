//! The way up a stack by the sizes of its frames, as far as these are known from walks by the unwinder's tables.
//!
//! ```text
//!   stack pointer ──▶ | a frame that has called at `place` … | return address | the next frame … | return address |
//!                     └────── as large as is known of the place ─────────────┘└──────── and of that address ─────┘
//! ```
//!
//! A function has a frame of one size wherever it calls another one. (But for frames that are aligned to more than the stack is,
//! and those that have arrays of a length that is known only then: once a walk by the tables has found that their sizes vary, the slow
//! way is taken.) So what the tables say about a place has to be found out once; an entry of a small table is what remains of it.
//!
//! A walk by sizes reads the thread's own stack alone, whatever the sizes are. If one of them is wrong, it comes to something that is no
//! known place, or to another end of the stack than the thread's: then the slow way is taken, which learns.

mod trail;

use core::arch::asm;
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{Lost, own_stack};
use trail::Trail;

/// Where in the program a frame has called from, and its stack pointer there.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    place: usize,
    top: usize,
}

/// What is known of the frames that call at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// So many bytes lie between the stack pointers of such a frame and of the next, a multiple of eight.
    Size(usize),
    /// Their sizes vary, or they are none that can be walked so.
    Varies,
    /// There is no next one.
    Outermost,
}

/// The known places: each has 48 bits of its address, and then 16 that say what is known.
static PLACES: [Group; 1 << BITS] = [const { Group([const { AtomicU64::new(0) }; WAYS]) }; 1 << BITS];
const BITS: u32 = 12;
/// A place is in one of so many entries.
const WAYS: usize = 4;

/// The entries in which a place may be. They lie in one cache line.
#[repr(align(32))]
struct Group([AtomicU64; WAYS]);

const VARIES: u64 = 0xFFFF;
const OUTERMOST: u64 = 0xFFFE;
const WORD: usize = size_of::<usize>();

thread_local! {
    /// The stack pointer of this thread's outermost frame, or zero.
    static BOTTOM: Cell<usize> = const { Cell::new(0) };
}

/// The caller's frame, which is known by a place of its own: that is where this is inlined.
#[inline(always)]
pub(super) fn here() -> Frame {
    let (place, top);
    // SAFETY: it copies two registers.
    unsafe {
        asm!("lea {}, [rip]", "mov {}, rsp", out(reg) place, out(reg) top, options(nomem, nostack, preserves_flags))
    };
    Frame { place, top }
}

/// Calls `visit` with the return addresses of the frames that are further out than `here` and than the address `from`, until it
/// answers `false`, the stack ends, or a frame is not known. `here` is a frame of the stack that the calling thread is on.
pub(super) fn follow(here: Frame, from: usize, mut visit: impl FnMut(usize) -> bool) -> Result<(), Lost> {
    let trail = Trail::of_thread();
    trail.ask_ahead();
    let mut note = trail.notes();
    go(here, |frame| {
        note(frame);
        frame.top < from || visit(frame.place)
    })
}

/// Calls `visit` with the frames that are further out than `here`, as [`follow`] does.
fn go(here: Frame, mut visit: impl FnMut(Frame) -> bool) -> Result<(), Lost> {
    let end = own_stack::end();
    let Frame { mut place, mut top } = here;
    loop {
        let lost = Lost { top };
        match known(place) {
            Some(Known::Size(size)) => top += size,
            Some(Known::Outermost) if is_bottom(top) => return Ok(()),
            Some(Known::Outermost | Known::Varies) | None => return Err(lost),
        }
        if top > end {
            return Err(lost);
        }
        // SAFETY: further out than `here`, by whole words, and not beyond the end.
        place = unsafe { word_below(top) };
        if !visit(Frame { place, top }) {
            return Ok(());
        }
    }
}

/// Whether this thread's stack ends with a frame that has this stack pointer, as far as is known.
fn is_bottom(top: usize) -> bool {
    let bottom = BOTTOM.get();
    if bottom == 0 {
        BOTTOM.set(top);
    }
    bottom == 0 || bottom == top
}

/// The word right below a place of the stack: there the processor puts a return address.
///
/// # Safety
///
/// The word is in the calling thread's stack, and in use.
unsafe fn word_below(top: usize) -> usize {
    let word;
    // SAFETY: by the caller's promise it may be read. (Not by a pointer: there is none that this address was made of.)
    unsafe { asm!("mov {}, [{} - 8]", out(reg) word, in(reg) top, options(nostack, preserves_flags, readonly)) };
    word
}

/// Learns the sizes of frames from a walk by other means, frame by frame.
pub(super) struct Learner {
    /// The stack pointer of the frame that the walk comes by first.
    start: usize,
    last: Frame,
    end: usize,
    has_begun: bool,
}

impl Learner {
    /// For a walk that comes by the frame `here`. On another stack than the thread's, nothing is learned.
    pub(super) fn new(here: Frame) -> Self {
        Self { start: here.top, last: here, end: own_stack::end(), has_begun: false }
    }

    /// The walk has come to a frame that has called from `place`, where its stack pointer was `top`.
    pub(super) fn saw(&mut self, place: usize, top: usize) {
        let is_further_in = !self.has_begun && top <= self.last.top;
        if self.end == 0 || is_further_in {
            return;
        }
        self.has_begun = true;
        let size = top.wrapping_sub(self.last.top);
        // What is not in this stack cannot be looked at.
        let is_here = self.last.top < top && top <= self.end;
        // SAFETY: further out than `last`, which is in the stack.
        let is_usual = is_here && size.is_multiple_of(WORD) && unsafe { word_below(top) } == place;
        learn(self.last.place, if is_usual { Known::Size(size) } else { Known::Varies });
        self.last = Frame { place, top };
    }

    /// Goes on by sizes from the frame that was seen last, as [`follow`] does.
    pub(super) fn go_on(&self, from: usize, mut visit: impl FnMut(usize) -> bool) -> Result<(), Lost> {
        let is_here = (self.start..=self.end).contains(&self.last.top);
        if is_here {
            go(self.last, |frame| frame.top < from || visit(frame.place))
        } else {
            Err(Lost { top: self.last.top })
        }
    }

    /// There is no further frame.
    pub(super) fn has_ended(self) {
        if self.has_begun && self.last.top <= self.end {
            learn(self.last.place, Known::Outermost);
            BOTTOM.set(self.last.top);
        }
    }
}

impl Known {
    fn of(entry: u64) -> Self {
        match entry & 0xFFFF {
            VARIES => Self::Varies,
            OUTERMOST => Self::Outermost,
            words => usize::try_from(words).map_or(Self::Varies, |words| Self::Size(words * WORD)),
        }
    }

    /// Frames that are too large vary.
    fn to_entry(self, place: usize) -> u64 {
        let low = match self {
            Self::Size(size) => Some((size / WORD) as u64).filter(|&words| words < OUTERMOST).unwrap_or(VARIES),
            Self::Varies => VARIES,
            Self::Outermost => OUTERMOST,
        };
        (place as u64) << 16 | low
    }
}

/// The group of a place.
fn group(place: usize) -> &'static [AtomicU64] {
    let spread = (place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - BITS);
    &PLACES[spread as usize].0
}

fn known(place: usize) -> Option<Known> {
    if place == 0 {
        // What an entry that nobody has says is about no place.
        return None;
    }
    // Relaxed: an entry says all in one word.
    let mut entries = group(place).iter().map(|entry| entry.load(Ordering::Relaxed));
    entries.find(|&entry| entry >> 16 == place as u64).map(Known::of)
}

/// Notes what was found out about a place. If it was something else before, it varies.
fn learn(place: usize, found: Known) {
    let group = group(place);
    let old = known(place);
    let new = if old.is_none_or(|old| old == found) { found } else { Known::Varies };
    let is_free = |entry: &&AtomicU64| [0, place as u64].contains(&(entry.load(Ordering::Relaxed) >> 16));
    // If all are taken by others, one of these has to be found out anew: any one, since it may be hot.
    let entry = group.iter().find(is_free).unwrap_or(&group[place / WAYS % WAYS]);
    entry.store(new.to_entry(place), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_is_known_and_what_differs_varies() {
        let places: Vec<usize> = (1..3000).map(|n| 0x5555_0000_0000 + n * 7).collect();
        for &place in &places {
            learn(place, Known::Size(place % 1000 * WORD + WORD));
        }
        let known_of = |place| known(place).is_some_and(|known| known == Known::Size(place % 1000 * WORD + WORD));
        let remembered = places.iter().filter(|&&place| known_of(place)).count();
        assert!(remembered > 2900, "{remembered}");
        assert!(places.iter().all(|&place| known_of(place) || known(place).is_none()), "but nothing wrong");
        let place = places[places.len() - 1];
        learn(place, Known::Size(WORD));
        assert_eq!(known(place), Some(Known::Varies));
        learn(place, Known::Size(WORD));
        assert_eq!(known(place), Some(Known::Varies), "for good");
        assert_eq!(known(0), None, "no function is there");
    }

    #[test]
    fn a_frame_that_is_too_large_is_walked_in_another_way() {
        learn(0x5000, Known::Size(1 << 20));
        assert_eq!(known(0x5000), Some(Known::Varies));
        learn(0x6000, Known::Outermost);
        assert_eq!(known(0x6000), Some(Known::Outermost));
    }
}
