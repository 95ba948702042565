//! The examples about memory, run as their readers run them.

mod advice;
mod lists;
mod run;
mod snapshots;
