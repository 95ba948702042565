//! The memory limit: a program that asks for too much is told so, before the system is.
//!
//! What is in use is asked of the allocator, so everything counts: objects, what they hold, the machine's own stack.

use core::cell::Cell;

use mudlark_core_alloc::Mudlark;
use mudlark_gc::{Collector, Generation};

use super::error::{Fault, Outcome};

/// How much memory the program may use.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    /// What may be asked for before the allocator is asked again.
    allowance: Cell<usize>,
}

impl Memory {
    /// The most that is allowed without looking: asking the allocator takes longer than making a short string.
    const MAX_ALLOWANCE: usize = 1 << 20;

    /// A limit in bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, allowance: Cell::new(0) }
    }

    /// The bytes in use.
    fn in_use() -> usize {
        let stats = Mudlark::stats();
        stats.block_bytes + stats.large_bytes
    }

    /// The bytes that are left.
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(Self::in_use())
    }

    /// Fails if `bytes` more are more than are left, even after garbage was collected.
    ///
    /// Whatever makes something in proportion to a number or to other data asks here first.
    pub fn reserve(&self, bytes: usize) -> Outcome<()> {
        match self.allowance.get().checked_sub(bytes) {
            Some(rest) => {
                self.allowance.set(rest);
                Ok(())
            }
            None => self.check(bytes),
        }
    }

    /// As [`reserve`](Self::reserve), for `count` things of `each` bytes.
    pub fn reserve_many(&self, count: usize, each: usize) -> Outcome<()> {
        self.reserve(count.saturating_mul(each))
    }

    /// Fails if `bytes` more are more than are left, by what the allocator says.
    pub fn check(&self, bytes: usize) -> Outcome<()> {
        let mut left = self.left();
        if bytes >= left {
            let collector = Collector::current();
            if collector.is_enabled() {
                collector.collect(Generation::Old);
                left = self.left();
            }
        }
        if bytes >= left {
            return self.exhausted(bytes);
        }
        self.allowance.set((left - bytes).min(Self::MAX_ALLOWANCE));
        Ok(())
    }

    /// The fault for a request of `bytes` that cannot be had.
    pub fn exhausted<T>(&self, bytes: usize) -> Outcome<T> {
        let [limit, in_use] = [self.limit, Self::in_use()].map(|bytes| bytes.div_ceil(1 << 20));
        let more = if bytes >= 1 << 20 { format!(", {} MiB more asked for", bytes >> 20) } else { String::new() };
        Err(Box::new(Fault::Limit(format!("out of memory: {in_use} MiB in use{more}, the limit is {limit} MiB"))))
    }
}
