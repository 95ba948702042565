//! Static values: handles like others, and memory that is never written.

#[cfg(feature = "drop-context")]
mod contexts;

use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use mudlark_rc::{Counted, StaticCounted, SyncCounted, SyncWeak, Weak, static_counted, unsize};
use std::sync::OnceLock;

#[derive(Debug, PartialEq)]
#[repr(align(64))]
struct Line(u8);

static_counted! {
    static TEXT: str = "static text";
    static EMPTY: str = "";
    static NUMBERS: [u16] = [1, 2, 3];
    static LINES: [Line] = [Line(1), Line(2)];
    static BYTE: u8 = 7;
    static LINE: Line = Line(64);
    static WIDE: u128 = 1 << 100;
    pub(crate) static NOTHING: () = ();
}

static IN_A_STATIC: SyncCounted<str> = TEXT.sync_counted();

fn check<T: ?Sized + PartialEq + core::fmt::Debug>(value: &'static StaticCounted<T>) {
    let one = value.counted();
    let mut two = one.clone();
    assert_eq!((&*one, &**value), (&*two, &*one));
    assert!(Counted::ptr_eq(&one, &value.counted()));
    assert_eq!((Counted::strong_count(&one), Counted::weak_count(&one)), (usize::MAX, usize::MAX));
    assert!(Counted::get_mut(&mut two).is_none());

    let weak = Counted::downgrade(&one);
    let same = weak.clone();
    drop((one, two));
    assert!(weak.ptr_eq(&same) && weak.ptr_eq(&Counted::downgrade(&value.counted())));
    assert_eq!((weak.strong_count(), weak.weak_count()), (usize::MAX, usize::MAX));
    assert_eq!(weak.upgrade().as_deref(), Some(&**value));
    let pointer = weak.into_raw();
    // SAFETY: the pointer was a handle just now.
    let weak = unsafe { Weak::from_raw(pointer) };
    assert_eq!(weak.upgrade().as_deref(), Some(&**value));

    let elsewhere = value.sync_counted();
    assert_eq!(&*elsewhere.clone(), &**value);
}

#[test]
fn static_values_have_handles_of_all_kinds() {
    check(&TEXT);
    check(&EMPTY);
    check(&NUMBERS);
    check(&LINES);
    check(&BYTE);
    check(&LINE);
    check(&WIDE);
    check(&NOTHING);
    assert!(Counted::as_ptr(&LINE.counted()).is_aligned());
    assert!(Counted::as_ptr(&WIDE.counted()).is_aligned());
    assert_eq!(&*IN_A_STATIC, "static text");
}

#[test]
fn a_static_value_can_be_seen_as_another_type_and_cloned_out() {
    let any = unsize!(WIDE.counted() => dyn Any);
    assert_eq!(*any.downcast::<u128>().unwrap(), 1 << 100);
    assert_eq!(Counted::unwrap_or_clone(BYTE.counted()), 7);
    assert!(Counted::try_unwrap(BYTE.counted()).is_err());
    assert_eq!(Counted::into_inner(BYTE.counted()), None);
    let mut text = TEXT.counted();
    Counted::make_mut(&mut text).make_ascii_uppercase();
    assert_eq!((&*text, &*TEXT), ("STATIC TEXT", "static text"));
}

#[test]
fn threads_may_clone_it_at_the_same_time_as_plain_handles() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let handles = Vec::from_iter((0..100).map(|_| TEXT.counted()));
                assert!(handles.iter().all(|text| text.len() == 11));
            });
        }
    });
}

#[test]
fn an_immortal_value_is_never_dropped() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    /// It has a size, so that its address lies in its block.
    struct Bomb(#[expect(dead_code, reason = "it takes room")] u64);
    impl Drop for Bomb {
        fn drop(&mut self) {
            DROPPED.store(true, Relaxed);
        }
    }
    /// Where leak detectors see it.
    static KEPT: OnceLock<(SyncCounted<Bomb>, SyncWeak<Bomb>)> = OnceLock::new();

    let value = SyncCounted::new(Bomb(1));
    let early = SyncCounted::downgrade(&value);
    SyncCounted::make_immortal(&value);
    let (value, early) = KEPT.get_or_init(|| (value, early));
    let late = SyncCounted::downgrade(value);
    for _ in 0..3 {
        drop(SyncCounted::clone(value));
    }
    // SAFETY: an immortal value never goes, so the count does not matter.
    drop(unsafe { SyncCounted::from_raw(SyncCounted::as_ptr(value)) });
    assert!(early.upgrade().is_some() && late.upgrade().is_some() && early.ptr_eq(&late));
    assert!(!DROPPED.load(Relaxed));
}

/// Cloning, dropping, downgrading and upgrading handles writes nothing: here the memory cannot be written.
#[cfg(all(unix, not(miri)))]
#[test]
fn the_memory_of_a_static_value_is_never_written() {
    use core::ptr;

    const OS_PAGE: usize = 4096;

    /// A static that fills OS pages of its own.
    #[repr(align(4096))]
    #[derive(Debug, PartialEq)]
    struct Pages([u8; 2 * OS_PAGE]);
    static_counted! { static PAGES: Pages = Pages([3; 2 * OS_PAGE]); }

    let value = ptr::from_ref(&*PAGES).cast::<u8>();
    // SAFETY: with this alignment, the word before the value has an OS page of its own, in the same static.
    let first = unsafe { value.sub(OS_PAGE) };
    // SAFETY: these are the pages of the static and no others. It is not written, which is what this is to prove.
    let outcome = unsafe { libc::mprotect(first.cast_mut().cast(), 3 * OS_PAGE, libc::PROT_READ) };
    assert_eq!(outcome, 0);
    check(&PAGES);
}

#[test]
fn names_in_the_value_are_the_callers() {
    const WORDS: usize = 7;
    const LEN: usize = 3;
    const TEXT: &str = "hello";
    static_counted! {
        static NUMBER: usize = WORDS;
        static SLICE: [u8] = [1; LEN];
        static STRING: str = TEXT;
    }
    assert_eq!((*NUMBER.counted(), SLICE.counted().len(), &*STRING.counted()), (7, 3, "hello"));
}

#[test]
fn elements_may_have_destructors_and_cells() {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static_counted! {
        static NAMES: [Vec<String>] = [Vec::new(), Vec::new()];
        static CELLS: [AtomicU32] = [AtomicU32::new(1), const { AtomicU32::new(2) }];
        static NOTHING: [String] = [];
    }
    assert_eq!((&*NAMES.counted(), NOTHING.counted().len()), (&[Vec::<String>::new(), Vec::new()][..], 0));
    assert_eq!(CELLS.counted()[1].fetch_add(1, Relaxed), 2);
    assert_eq!(CELLS.sync_counted()[1].load(Relaxed), 3);
}
