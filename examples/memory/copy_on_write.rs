//! Who only reads can share; who writes makes a copy first, and only if somebody else is there: `Counted::make_mut`.
//!
//! Run with `cargo run --release --example copy_on_write`.

use mudlark_rc::Counted;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

const ROWS: usize = 1000;
const COLUMNS: usize = 1000;

/// A map of the river: heights, by rows. A copy of it shares all rows, until they are changed.
#[derive(Clone)]
struct Map {
    rows: Vec<Counted<[u8]>>,
}

impl Map {
    fn flat() -> Self {
        Self { rows: (0..ROWS).map(|_| Counted::from([0; COLUMNS])).collect() }
    }

    fn set(&mut self, row: usize, column: usize, height: u8) {
        Counted::make_mut(&mut self.rows[row])[column] = height;
    }
}

fn main() {
    let mut costs = Costs::of("ten versions of a map of a megabyte, to go back to");
    let (_, copies) = costs.measure("copied", || {
        let mut versions = vec![vec![[0_u8; COLUMNS]; ROWS]];
        for version in 0..9 {
            let mut map = versions[version].clone();
            map[version][3] = 7;
            versions.push(map);
        }
        versions
    });
    let (versions, shared) = costs.measure("shared, but for what changed", || {
        let mut versions = vec![Map::flat()];
        for version in 0..9 {
            let mut map = versions[version].clone();
            map.set(version, 3, 7);
            versions.push(map);
        }
        versions
    });
    let (_, alone) = costs.measure("changed where nobody shares", || {
        let mut map = versions.into_iter().next_back().expect("there are versions");
        (0..ROWS).for_each(|row| map.set(row, 5, 9));
        assert_eq!((map.rows[0][3], map.rows[8][3], map.rows[9][3], map.rows[999][5]), (7, 7, 0, 9));
        map
    });
    println!("{costs}");

    assert!(copies.held > 10_000_000);
    // One map, nine rows that differ, and ten lists of rows.
    assert!((1_009_000..1_200_000).contains(&shared.held));
    // The other versions are gone, so the rows are changed in place.
    assert_eq!((alone.requests, alone.peak), (0, 0));
}
