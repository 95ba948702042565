//! Fields of a struct need no names at run time, and a type's spare values can say «nothing»: Python's `__slots__`, and more.
//!
//! Run with `cargo run --release --example field_layout`.

use core::num::NonZero;
use std::collections::HashMap;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

const COUNT: usize = 10_000;

#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
    z: f64,
}

/// Most shapes are small; every one takes as much as the largest.
#[expect(clippy::large_enum_variant, reason = "what that costs is shown")]
enum Shape {
    Circle { centre: Point, radius: f64 },
    Chart([Point; 16]),
}

/// The seldom and large one is elsewhere.
enum SmallShape {
    Circle { centre: Point, radius: f64 },
    Chart(Box<[Point; 16]>),
}

fn main() {
    let mut costs = Costs::of("points");
    let fields =
        |number: usize| [("x", number), ("y", 0), ("z", 1)].map(|(name, value)| (name.to_string(), value as f64));
    let (_, maps) =
        costs.measure("a HashMap of fields each", || (0..COUNT).map(|n| HashMap::from(fields(n))).collect::<Vec<_>>());
    let (points, structs) = costs
        .measure("a struct each", || (0..COUNT).map(|n| Point { x: n as f64, y: 0.0, z: 1.0 }).collect::<Vec<_>>());
    println!("{costs}");
    assert!(maps.held > 5 * structs.held);
    assert_eq!(structs.held, 240_000);
    assert!(points.iter().all(|point| point.y + point.z == 1.0));

    let mut costs = Costs::of("numbers that may be missing");
    let (_, options) = costs.measure("Option<u32>", || vec![Some(7_u32); COUNT]);
    let (_, niches) = costs.measure("Option<NonZero<u32>>", || vec![NonZero::new(7_u32); COUNT]);
    println!("{costs}");
    assert_eq!((options.held, niches.held), (80_000, 40_000));

    let mut costs = Costs::of("shapes, one in a hundred of them a chart");
    let is_chart = |number: &usize| number.is_multiple_of(100);
    let (shapes, large) = costs.measure("charts inside", || {
        let shape = |n| {
            if is_chart(&n) { Shape::Chart([points[n]; 16]) } else { Shape::Circle { centre: points[n], radius: 1.0 } }
        };
        (0..COUNT).map(shape).collect::<Vec<_>>()
    });
    let (small_shapes, small) = costs.measure("charts in boxes", || {
        let shape = |n| {
            if is_chart(&n) {
                SmallShape::Chart(Box::new([points[n]; 16]))
            } else {
                SmallShape::Circle { centre: points[n], radius: 1.0 }
            }
        };
        (0..COUNT).map(shape).collect::<Vec<_>>()
    });
    println!("{costs}");
    assert_eq!((large.held, small.held), (COUNT.cast_signed() * 392, COUNT.cast_signed() * 40 + 100 * 384));
    assert_eq!(shapes.iter().map(left).sum::<f64>(), small_shapes.iter().map(left_of_small).sum::<f64>());
}

/// Where a shape begins.
fn left(shape: &Shape) -> f64 {
    match shape {
        Shape::Circle { centre, radius } => centre.x - radius,
        Shape::Chart(points) => points[0].x,
    }
}

fn left_of_small(shape: &SmallShape) -> f64 {
    match shape {
        SmallShape::Circle { centre, radius } => centre.x - radius,
        SmallShape::Chart(points) => points[0].x,
    }
}
