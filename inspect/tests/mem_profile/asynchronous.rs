//! Async functions are counted while they run, and not while they wait.

use core::future::{self, Future};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use mudlark_inspect::mem_profile;
use mudlark_inspect::mem_profile::Ending;

use crate::support::{block, figures, keep, kept, row, sum};

/// Waits once.
async fn pause() {
    let mut has_waited = false;
    future::poll_fn(|_| if core::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn parse(text: &str) -> Result<u8, core::num::ParseIntError> {
    pause().await;
    text.parse()
}

#[mem_profile(thread, with = keep)]
async fn load(texts: &[&str]) -> Result<Vec<u8>, core::num::ParseIntError> {
    let mut all = block(100);
    for text in texts {
        let padding = block(10);
        pause().await;
        let number = parse(text).await?;
        all.push(number);
        drop(padding);
    }
    Ok(all)
}

#[test]
fn what_others_do_while_it_waits_is_not_its_own() {
    let mut others = Vec::with_capacity(10);
    let mut loading = pin!(load(&["1", "2"]));
    for _ in 0..4 {
        assert!(poll(loading.as_mut()).is_pending());
        others.push(block(1_000_000));
    }
    assert!(poll(loading.as_mut()).is_ready());
    let table = kept().remove(0);
    assert_eq!(table.ending, Ending::Returned);
    assert_eq!(figures(&table, "for text"), (0, 3));
    assert_eq!(figures(&table, "let padding"), (20, 2));
    assert_eq!(figures(&table, "pause().await"), (0, 2));
    assert_eq!(figures(&table, "drop(padding)"), (-20, 2));
    assert_eq!(sum(&table), 100);
}

#[test]
fn a_question_mark_after_an_await_returns() {
    let mut loading = pin!(load(&["x"]));
    while poll(loading.as_mut()).is_pending() {}
    let table = kept().remove(0);
    assert_eq!(figures(&table, "let number"), (-110, 1));
}

#[test]
fn a_future_that_is_dropped_halfway_says_so() {
    let mut loading = Box::pin(load(&["1", "2"]));
    assert!(poll(loading.as_mut()).is_pending());
    drop(loading);
    let table = kept().remove(0);
    let line = row(&table, "pause().await").line;
    assert_eq!(table.ending, Ending::Dropped { line });
    assert!(table.to_string().contains(&format!("  it was dropped while it waited on line {line}\n")));
}

#[test]
fn it_may_go_to_another_thread() {
    let mut loading = Box::pin(load(&["7"]));
    assert!(poll(loading.as_mut()).is_pending());
    let tables = std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            while poll(loading.as_mut()).is_pending() {}
            kept()
        });
        there.join().expect("it does not panic")
    });
    assert_eq!(figures(&tables[0], "let padding"), (10, 1));
}
