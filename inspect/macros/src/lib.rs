//! `#[mem_profile]`.
