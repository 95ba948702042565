//! [`Costs`]: what several ways to do the same cost, side by side.

use core::fmt;

use crate::meter::{self, Cost};

/// A small table: ways to do something, and the memory that each takes.
///
/// ```
/// use mudlark_inspect::{Costs, Metered};
/// use std::alloc::System;
///
/// # #[cfg(not(miri))]
/// #[global_allocator]
/// static ALLOCATOR: Metered<System> = Metered::new(System);
/// # if cfg!(miri) { return }
///
/// let mut costs = Costs::of("a hundred numbers");
/// let (_numbers, of_words) = costs.measure("in words", || (0..100).collect::<Vec<u64>>());
/// let (_numbers, of_bytes) = costs.measure("in bytes", || (0..100).collect::<Vec<u8>>());
/// assert_eq!((of_words.held, of_bytes.held), (800, 100));
/// assert_eq!(
///     costs.to_string(),
///     "a hundred numbers      bytes held     at the peak    requests\n  \
///        in words                    800             800           1\n  \
///        in bytes                    100             100           1\n",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Costs {
    title: String,
    rows: Vec<(String, Cost)>,
}

impl Costs {
    /// A table without rows yet.
    #[must_use]
    pub fn of(title: &str) -> Self {
        Self { title: title.to_string(), rows: Vec::new() }
    }

    /// Does the work in one way, and adds a row of what it cost. What it returns is held.
    pub fn measure<T>(&mut self, way: &str, work: impl FnOnce() -> T) -> (T, Cost) {
        let (result, cost) = meter::measure(work);
        self.rows.push((way.to_string(), cost));
        (result, cost)
    }

    /// The ways and their costs, in the order in which they were measured.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&str, Cost)> {
        self.rows.iter().map(|(way, cost)| (way.as_str(), *cost))
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.rows().map(|(way, _)| 2 + way.chars().count()).max().unwrap_or(0);
        let width = widest.max(self.title.chars().count());
        writeln!(f, "{:width$}  {:>14}  {:>14}  {:>10}", self.title, "bytes held", "at the peak", "requests")?;
        for (way, cost) in self.rows() {
            let way = format!("  {way}");
            writeln!(f, "{way:width$}  {:>14}  {:>14}  {:>10}", cost.held, cost.peak, cost.requests)?;
        }
        Ok(())
    }
}
