//! Programs over object graphs made up by a fuzzer (`tests/programs`): each byte is a choice. They are held against a model,
//! and the address sanitizer watches the memory. `fuzz/run` runs it.

#![no_main]

#[path = "../../tests/programs/mod.rs"]
mod programs;

use std::panic;

use libfuzzer_sys::fuzz_target;
use programs::{Choose, World};

/// The bytes that are left.
struct Bytes(Vec<u8>);

impl Choose for Bytes {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.pop().unwrap_or_default()) % limit
    }
}

const MOST_STEPS: usize = 400;

fuzz_target!(
    init: {
        // The fuzzer takes every panic for its end; finalizers may.
        let end = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"a finalizer") {
                end(info);
            }
        }));
    },
    |bytes: &[u8]| {
        let Some((&first, rest)) = bytes.split_first() else { return };
        let steps = MOST_STEPS.min(rest.len() / 2);
        let mut world = World::new("the input".into(), first % 2 == 1, Box::new(Bytes(rest.to_vec())));
        for _ in 0..2 {
            (0..steps / 2).for_each(|_| world.guard(World::step));
            world.collect_everything();
        }
        world.end();
    }
);
