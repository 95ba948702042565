//! Looks at a log while it is written.
//!
//! ```text
//!   out.mmt ──▸ Follower: what is new ──▸ Status: figures of now ──▸ screen, on a terminal
//!   (grows)                                                    └──▸ a line a second, elsewhere
//! ```

pub(crate) mod follower;
pub(crate) mod lines;
pub(crate) mod places;
pub(crate) mod screen;
pub(crate) mod status;
pub(crate) mod terminal;

pub(crate) use follower::Follower;
pub(crate) use status::{Sort, Status};
