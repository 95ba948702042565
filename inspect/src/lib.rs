//! See where a program's memory goes: profiles, snapshots, line by line.

mod costs;
pub mod meter;
mod metered;

pub use costs::Costs;
pub use metered::Metered;
