//! Counted handles.

use alloc::vec::Vec;

use mudlark_rc::{Counted, Interner, SyncCounted};

/// Handles to text, slices and values, for one thread and for several; the last one drops the value.
pub fn handles() {
    let word: Counted<str> = Counted::from("flotsam");
    let weak = Counted::downgrade(&word);
    assert_eq!(weak.upgrade().as_deref(), Some("flotsam"));
    drop(word);
    assert!(weak.upgrade().is_none());

    let shared = SyncCounted::new([1_u64, 2, 3]);
    let others: Vec<_> = (0..10).map(|_| shared.clone()).collect();
    assert_eq!(SyncCounted::strong_count(&shared), 11);
    assert_eq!(others.iter().map(|other| other[2]).sum::<u64>(), 30);
}

/// Equal words are one.
pub fn interned() {
    let interner: Interner<str> = Interner::new();
    let (first, second) = (interner.intern("coin"), interner.intern("coin"));
    assert!(Counted::ptr_eq(&first, &second));
    assert!(!Counted::ptr_eq(&first, &interner.intern("pin")));
}
