//! The heap under test, chosen by a feature.

#[cfg(feature = "region-buddy-system-allocator")]
#[path = "buddy_system_allocator.rs"]
mod chosen;
#[cfg(feature = "region-linked-list-allocator")]
#[path = "linked_list_allocator.rs"]
mod chosen;
#[cfg(feature = "region-mudlark")]
#[path = "mudlark.rs"]
mod chosen;
#[cfg(feature = "region-rlsf")]
#[path = "rlsf.rs"]
mod chosen;
#[cfg(feature = "region-talc")]
#[path = "talc.rs"]
mod chosen;

pub(crate) use chosen::Entry;
