//! Objects that are made and dropped all the time can be used again, with the buffers that they own: `ObjectPool`.
//!
//! Run with `cargo run --release --example object_pooling`.

use mudlark_rc::ObjectPool;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

/// What a server has for each request that it works on.
#[derive(Default)]
struct Scratch {
    fields: Vec<usize>,
    answer: String,
}

impl Scratch {
    fn clear(&mut self) {
        self.fields.clear();
        self.answer.clear();
    }

    /// Answers with the request's words, in reverse.
    fn answer(&mut self, request: &str) -> &str {
        self.fields.extend(request.match_indices(' ').map(|(at, _)| at));
        let mut end = request.len();
        for &at in self.fields.iter().rev() {
            self.answer.push_str(&request[at..end]);
            end = at;
        }
        &self.answer
    }
}

fn main() {
    let request = "a word and another and so on ".repeat(100);
    let mut costs = Costs::of("a thousand requests");
    let (lengths, afresh) = costs.measure("each with a Scratch of its own", || {
        (0..1000).map(|_| Scratch::default().answer(&request).len()).sum::<usize>()
    });
    let ((pool, same_lengths), pooled) = costs.measure("with those of a pool", || {
        let pool = ObjectPool::new(4, Scratch::default, Scratch::clear);
        let lengths = (0..1000)
            .map(|_| {
                let mut scratch = pool.take();
                scratch.get_mut().map_or(0, |scratch| scratch.answer(&request).len())
            })
            .sum::<usize>();
        (pool, lengths)
    });
    let (_, given_back) = costs.measure("the pool, cleared", || pool.clear());
    println!("{costs}");
    println!("{:.1} % of the requests found a Scratch in the pool", 100.0 * pool.hit_rate().unwrap_or_default());

    assert_eq!(lengths, same_lengths);
    // Nothing is held where each has its own, but a thousand times as much is asked for.
    assert_eq!(afresh.held, 0);
    assert!(afresh.requests > 900 * (pooled.requests - 3));
    // What the pool holds is the price: its objects and their buffers, as large as they have become.
    assert!(pooled.held > 4000 && given_back.held < -4000);
}
