use mudlark_rc::{Counted, Weak};
use std::cell::Cell;

fn shorten<'short>(long: Counted<Cell<&'static str>>) -> Counted<Cell<&'short str>> {
    long
}

fn shorten_weak<'short>(long: Weak<Cell<&'static str>>) -> Weak<Cell<&'short str>> {
    long
}

fn lengthen<'short>(short: Counted<&'short str>) -> Counted<&'static str> {
    short
}

fn main() {}
