//! The command line tool that turns memory logs into pictures.
