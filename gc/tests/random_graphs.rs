//! Random programs over object graphs; see `programs`.
//!
//! `MUDLARK_PROGRAMS=20000 cargo test --release --test random_graphs` runs so many; `MUDLARK_SEED` is the first one's. Every
//! other program is a wild one.

mod programs;

use std::panic;

use programs::{Choose, World};

struct Random(fastrand::Rng);

impl Choose for Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit)
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

#[test]
fn what_is_reachable_lives_and_everything_else_is_collected() {
    let (programs, steps) = if cfg!(miri) { (2, 60) } else { (150, 600) };
    let first = from_environment("MUDLARK_SEED", 0);
    let print_others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&"a finalizer") {
            print_others(info);
        }
    }));
    for seed in first..first + from_environment("MUDLARK_PROGRAMS", programs) {
        let choices = Box::new(Random(fastrand::Rng::with_seed(seed)));
        let mut world = World::new(format!("seed {seed}"), seed % 2 == 1, choices);
        for _ in 0..4 {
            (0..steps / 4).for_each(|_| world.guard(World::step));
            world.collect_everything();
        }
        world.end();
    }
}
