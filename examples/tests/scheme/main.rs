//! The Scheme example, run as its users run it: as a program with arguments, input, output and an exit status.

mod data;
mod errors;
mod language;
mod limits;
mod programs;
mod prompt;
mod run;
