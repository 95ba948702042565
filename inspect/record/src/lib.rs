//! Records the memory of any program.
