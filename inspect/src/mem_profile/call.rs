//! One call of a function that is profiled.
//!
//! Its probes tell which line begins; what has changed since the probe before is then the line's that ends.

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};
use core::task::{Context, Poll};
use std::thread;

use super::function::Function;
use super::table::{Ending, Table};
use crate::meter::{self, uncounted};

/// A call that is under way. When it is dropped, its table is made.
///
/// It is only ever in one thread at a time; its figures are atomic so that a future that has a reference to it may go to
/// another thread.
#[doc(hidden)]
#[derive(Debug)]
pub struct Call {
    function: &'static Function,
    /// `None` inside of another call of the function.
    tally: Option<Tally>,
    /// Whether a panic was under way when it began: a destructor may call the function then.
    is_amid_panic: bool,
}

/// What the lines of a call have come to.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) lines: Box<[LineTally]>,
    /// The line that runs now.
    line: AtomicUsize,
    /// What was in use when it began.
    bytes: AtomicIsize,
    /// It waits for a future, so nothing is its own for now.
    is_suspended: AtomicBool,
    /// Whether there is anything to see. It is asked before the first line, since the first answer takes a request.
    pub(super) is_metered: bool,
}

/// What a line has come to.
#[derive(Debug)]
pub(super) struct LineTally {
    pub(super) times: AtomicUsize,
    pub(super) increment: AtomicIsize,
    /// The most that was in use after it.
    pub(super) most: AtomicIsize,
}

impl Call {
    pub(super) fn begin(function: &'static Function) -> Self {
        let is_outermost = function.depth.is_none_or(|depth| depth.with(super::Depth::enter));
        let tally = is_outermost.then(|| Tally::of(function));
        let call = Self { function, tally, is_amid_panic: thread::panicking() };
        if let Some(tally) = &call.tally {
            tally.resume(function);
            tally.begin_line(0);
        }
        call
    }

    /// Another line begins.
    #[inline]
    pub fn at(&self, line: usize) {
        if let Some(tally) = &self.tally {
            tally.end_line(self.function);
            tally.begin_line(line);
        }
    }

    /// The line begins when the answer is dropped.
    #[inline]
    pub fn closing(&self, line: usize) -> Closing<'_> {
        Closing { call: self, line }
    }

    /// Goes round a loop whose head is this line, where it is already.
    #[inline]
    pub fn each<I: IntoIterator>(&self, line: usize, iterable: I) -> Each<'_, I::IntoIter> {
        Each { call: self, line, items: iterable.into_iter(), is_begun: false }
    }

    /// Polls a future that this call waits for.
    pub fn poll<F: Future>(&self, future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        if let Some(tally) = self.tally.as_ref().filter(|tally| tally.is_suspended.load(Relaxed)) {
            tally.resume(self.function);
        }
        let poll = future.poll(context);
        if let (Some(tally), Poll::Pending) = (&self.tally, &poll) {
            tally.end_line(self.function);
            tally.is_suspended.store(true, Relaxed);
        }
        poll
    }

    /// Whether this call panics.
    fn is_panicking(&self) -> bool {
        !self.is_amid_panic && thread::panicking()
    }

    fn ending(&self, tally: &Tally) -> Ending {
        let line = self.function.first_line + tally.line.load(Relaxed);
        if self.is_panicking() {
            Ending::Panicked { line }
        } else if tally.is_suspended.load(Relaxed) {
            Ending::Dropped { line }
        } else {
            Ending::Returned
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(tally) = self.tally.take() else { return };
        let ending = self.ending(&tally);
        if !matches!(ending, Ending::Dropped { .. }) {
            tally.end_line(self.function);
        }
        let inner_calls = self.function.depth.map_or(0, |depth| depth.with(super::Depth::leave));
        let table = uncounted(|| {
            let table = Table::of(self.function, &tally, ending, inner_calls);
            drop(tally);
            table
        });
        self.function.output.take(&table);
        uncounted(|| drop(table));
    }
}

impl LineTally {
    fn new() -> Self {
        // A thread may have less than nothing: it has freed what others had asked for.
        Self { times: AtomicUsize::new(0), increment: AtomicIsize::new(0), most: AtomicIsize::new(isize::MIN) }
    }
}

impl Tally {
    fn of(function: &Function) -> Self {
        Self {
            is_metered: meter::is_installed(),
            lines: uncounted(|| function.lines().map(|_| LineTally::new()).collect()),
            line: AtomicUsize::new(0),
            bytes: AtomicIsize::new(0),
            is_suspended: AtomicBool::new(false),
        }
    }

    /// What happened up to now was no line's.
    fn resume(&self, function: &Function) {
        self.bytes.store(function.whose.bytes(), Relaxed);
        self.is_suspended.store(false, Relaxed);
    }

    #[inline]
    fn end_line(&self, function: &Function) {
        let now = function.whose.bytes();
        let increment = now - self.bytes.load(Relaxed);
        self.bytes.store(now, Relaxed);
        if let Some(line) = self.lines.get(self.line.load(Relaxed)) {
            line.increment.store(line.increment.load(Relaxed) + increment, Relaxed);
            line.most.store(line.most.load(Relaxed).max(now), Relaxed);
        }
    }

    #[inline]
    fn begin_line(&self, line: usize) {
        self.line.store(line, Relaxed);
        if let Some(line) = self.lines.get(line) {
            line.times.store(line.times.load(Relaxed) + 1, Relaxed);
        }
    }
}

/// Says that a block ends, before its variables are dropped.
#[doc(hidden)]
#[derive(Debug)]
#[must_use = "it is the drop that says so"]
pub struct Closing<'a> {
    call: &'a Call,
    line: usize,
}

impl Drop for Closing<'_> {
    #[inline]
    fn drop(&mut self) {
        // While a panic takes everything down, the line where it began stays the current one.
        if !self.call.is_panicking() {
            self.call.at(self.line);
        }
    }
}

/// The items of a loop, whose head runs before each but the first.
#[doc(hidden)]
#[derive(Debug)]
pub struct Each<'a, I> {
    call: &'a Call,
    line: usize,
    items: I,
    is_begun: bool,
}

impl<I: Iterator> Iterator for Each<'_, I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        if self.is_begun {
            self.call.at(self.line);
        }
        self.is_begun = true;
        self.items.next()
    }
}
