//! See where a program's memory goes: profiles, snapshots, line by line.

mod costs;
pub mod mem_profile;
pub mod meter;
mod metered;

pub use costs::Costs;
pub use metered::Metered;
pub use mudlark_inspect_macros::mem_profile;
