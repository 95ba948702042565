//! A leak is found by what has grown between two snapshots: Python's `tracemalloc`.
//!
//! Run with `cargo run --release --example snapshots`.

use std::collections::HashMap;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{By, Filter, Profiled, Profiler, Snapshot, scope};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

/// Answers requests, and remembers more than it should.
#[derive(Default)]
struct Server {
    /// By visitor. Nobody ever takes anything out.
    visits: HashMap<u32, Vec<String>>,
    last: String,
}

impl Server {
    fn answer(&mut self, visitor: u32, page: &str) -> usize {
        scope!("answer");
        self.last = format!("{page} for {visitor}");
        self.remember(visitor, page);
        self.last.len()
    }

    fn remember(&mut self, visitor: u32, page: &str) {
        scope!("remember");
        let visits = self.visits.entry(visitor).or_default();
        visits.push(format!("{page:>100}"));
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let profile = Profiler::in_memory(10)?;
    let mut server = Server::default();
    let answer_all =
        |server: &mut Server| (0..1000).map(|visitor| server.answer(visitor % 100, "index")).sum::<usize>();

    // The first requests fill what has to be filled.
    answer_all(&mut server);
    let before = Snapshot::take()?;
    answer_all(&mut server);
    let after = Snapshot::take()?;

    println!("what has grown, by scope:");
    let by_scope = after.compare(&before, By::Tag);
    by_scope.iter().take(2).for_each(|difference| println!("  {difference}"));
    assert_eq!(by_scope[0].group.to_string(), "answer/remember");
    assert!(by_scope[0].size_diff >= 100_000);
    assert!(by_scope[1..].iter().all(|difference| difference.size_diff < 1000), "all else is as it was");

    println!("\nand by line, in that scope:");
    let remembered = [Filter::include().tag("*/remember")];
    let by_line = after.filter(&remembered).compare(&before.filter(&remembered), By::Line);
    by_line.iter().take(2).for_each(|difference| println!("  {difference}"));
    assert!(by_line[0].count_diff == 1000, "a text for each request");

    let oldest = &server.visits[&0][0];
    let traceback = Snapshot::traceback_of(oldest.as_ptr()).ok_or("it is recorded")?;
    println!("\nwho asked for the oldest text:\n{traceback}");
    assert!(traceback.frames().iter().any(|frame| frame.function.ends_with("remember")));

    println!("{} bytes are in use, {} were at the peak", profile.traced().current, profile.traced().peak);
    Ok(())
}
