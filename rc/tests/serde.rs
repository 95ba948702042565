//! Handles written and read as their values.

#![cfg(feature = "serde")]

#[cfg(feature = "drop-context")]
mod contexts;

use mudlark_rc::{Counted, SyncCounted};

#[test]
fn a_handle_is_written_as_its_value_and_read_again() {
    let text: Counted<str> = Counted::from("text");
    assert_eq!(serde_json::to_string(&text).unwrap(), "\"text\"");
    assert_eq!(serde_json::from_str::<Counted<str>>("\"text\"").unwrap(), text);
    let nested: Vec<SyncCounted<[u32]>> = serde_json::from_str("[[1, 2], []]").unwrap();
    assert_eq!((&*nested[0], &*nested[1]), (&[1, 2][..], &[][..]));
    assert_eq!(serde_json::to_string(&nested).unwrap(), "[[1,2],[]]");
    assert_eq!(*serde_json::from_str::<Counted<u8>>("5").unwrap(), 5);
    assert!(serde_json::from_str::<Counted<u8>>("500").is_err());
}
