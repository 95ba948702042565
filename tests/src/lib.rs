//! Tests that need more than one layer live beside this file.
