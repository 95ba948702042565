//! A cache that forgets nothing is a leak with a name. One may be bounded, as `functools.lru_cache(maxsize=…)` is, or keep
//! what it knows only as long as what that is about: `WeakMap`, `weakref.WeakKeyDictionary`.
//!
//! Run with `cargo run --release --example bounded_cache`.

use std::collections::HashMap;

use mudlark_rc::{Counted, WeakMap};

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

/// Steps of the Collatz sequence down to one: something that takes a while.
fn steps(mut number: u64) -> u32 {
    let mut steps = 0;
    while number != 1 {
        number = if number.is_multiple_of(2) { number / 2 } else { 3 * number + 1 };
        steps += 1;
    }
    steps
}

/// Knows the last answer for each of so many places; what comes to a place sends away what was there.
struct Bounded {
    places: Box<[Option<(u64, u32)>]>,
    hits: u32,
}

impl Bounded {
    fn new(places: usize) -> Self {
        Self { places: vec![None; places].into_boxed_slice(), hits: 0 }
    }

    fn steps(&mut self, number: u64) -> u32 {
        let at = usize::try_from(number % self.places.len() as u64).expect("less than their number");
        match self.places[at] {
            Some((known, answer)) if known == number => {
                self.hits += 1;
                answer
            }
            _ => {
                let answer = steps(number);
                self.places[at] = Some((number, answer));
                answer
            }
        }
    }
}

/// Questions, most of them about few numbers: every fourth is new.
fn questions() -> impl Iterator<Item = u64> {
    (1..100_000).map(|number| if number % 4 == 0 { number } else { 1 + number % 100 })
}

fn main() {
    let mut costs = Costs::of("answers to a hundred thousand questions");
    let ((_, sum), unbounded) = costs.measure("all kept, in a HashMap", || {
        let mut known = HashMap::new();
        let sum = questions().map(|number| *known.entry(number).or_insert_with(|| steps(number))).sum::<u32>();
        (known, sum)
    });
    let ((cache, same_sum), bounded) = costs.measure("256 kept", || {
        let mut cache = Bounded::new(256);
        let sum = questions().map(|number| cache.steps(number)).sum::<u32>();
        (cache, sum)
    });
    println!("{costs}");
    println!("the small one knew {} % of the answers\n", cache.hits / 1000);
    assert_eq!(sum, same_sum);
    assert!(bounded.held == 256 * 24 && bounded.held * 50 < unbounded.held);
    assert!(cache.hits > 50_000);

    let summaries: WeakMap<str, String> = WeakMap::new();
    let mut costs = Costs::of("summaries of texts");
    let (texts, with_texts) = costs.measure("while the texts are there", || {
        let texts: Vec<Counted<str>> = (0..100).map(|n| Counted::from("text ".repeat(n + 1))).collect();
        for text in &texts {
            summaries.insert(text, text.chars().take(20).collect());
        }
        texts
    });
    let (_, without) = costs.measure("what changes when they go", || drop(texts));
    println!("{costs}");
    assert!(summaries.is_empty());
    assert!(with_texts.held > 27_000 && with_texts.held + without.held < 5_000, "a small table stays");
}
