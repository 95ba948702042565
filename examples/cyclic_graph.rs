//! A graph full of cycles that collects itself: prints what each generation did.
//!
//! Run with `cargo run --release --example cyclic_graph`.

use core::cell::RefCell;
use std::time::Instant;

use mudlark_gc::{Collector, Gc, Generation, Phase, Trace};

#[derive(Trace)]
struct Station {
    name: String,
    lines: RefCell<Vec<Gc<Station>>>,
}

impl Station {
    fn new(name: String) -> Gc<Self> {
        Gc::new(Self { name, lines: RefCell::default() })
    }
}

/// Connects in both directions: each pair of neighbours is a cycle.
fn connect(one: &Gc<Station>, other: &Gc<Station>) {
    one.lines.borrow_mut().push(other.clone());
    other.lines.borrow_mut().push(one.clone());
}

/// A circle line.
fn circle(number: usize, stations: usize) -> Gc<Station> {
    let stations: Vec<_> = (0..stations).map(|index| Station::new(format!("{number}.{index}"))).collect();
    for (index, station) in stations.iter().enumerate() {
        connect(station, &stations[(index + 1) % stations.len()]);
    }
    stations[0].clone()
}

fn main() {
    let collector = Collector::current();
    let started = RefCell::new(Instant::now());
    collector.observe(move |event| match event.phase {
        Phase::Start => *started.borrow_mut() = Instant::now(),
        Phase::Stop if event.generation >= Generation::Middle => println!(
            "{:>6} collection: {:>5} stations of closed lines, in {:?}",
            event.generation,
            event.collected,
            started.borrow().elapsed()
        ),
        Phase::Stop => {}
    });

    // One line in a hundred stays open; the others are closed at once and have to be found.
    let hub = Station::new("hub".to_string());
    for number in 0..20_000 {
        let line = circle(number, 5);
        if number % 100 == 0 {
            connect(&hub, &line);
        }
    }
    println!("\n{}", collector.stats());

    let stops = hub.lines.borrow().len();
    drop(hub);
    let found = collector.collect(Generation::Old);
    println!(
        "\nthe hub had {stops} lines; without it {found} more stations went, {} are left",
        collector.stats().objects
    );
    assert_eq!(collector.stats().objects, 0);
}
