//! How calls end, and calls inside of calls.

use core::panic::AssertUnwindSafe;
use std::{panic, thread};

use mudlark_inspect::mem_profile;
use mudlark_inspect::mem_profile::Ending;

use crate::support::{block, figures, keep, kept, row, sum, table_of};

#[mem_profile(thread, with = keep)]
fn panics(when: u32) {
    let _first = block(100);
    for round in 0..10 {
        let _second = block(10);
        assert!(round != when, "on purpose");
    }
}

#[test]
fn a_panic_is_told_of_with_its_line_and_what_was_dropped_for_it() {
    let ignored = || drop(panic::catch_unwind(|| panics(2)));
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let table = {
        ignored();
        kept().remove(0)
    };
    panic::set_hook(hook);
    let line = row(&table, "assert!").line;
    assert_eq!(table.ending, Ending::Panicked { line });
    assert_eq!(figures(&table, "assert!").1, 3);
    assert!(table.to_string().contains(&format!("  it panicked on line {line}, ")));
    // The thread's next call is again an outermost one.
    let table = table_of(|| panics(10));
    assert_eq!((table.ending, sum(&table), figures(&table, "assert!")), (Ending::Returned, 0, (0, 10)));
}

#[mem_profile(thread, with = keep)]
fn tree(depth: u32) -> Vec<Vec<u8>> {
    if depth == 0 {
        return vec![block(100)];
    }
    let mut left = tree(depth - 1);
    let right = tree(depth - 1);
    left.extend(right);
    left
}

#[test]
fn calls_of_itself_are_part_of_the_line_that_makes_them() {
    let table = table_of(|| assert_eq!(tree(3).len(), 8));
    assert_eq!(table.inner_calls, 14);
    let of_four = 4 * 100 + isize::try_from(4 * size_of::<Vec<u8>>()).expect("it is small");
    assert_eq!(figures(&table, "let mut left"), (of_four, 1));
    assert_eq!(figures(&table, "let right"), (of_four, 1));
    assert_eq!(figures(&table, "return vec!"), (0, 0));
    assert!(table.to_string().contains("  it called itself 14 times;"));
}

#[mem_profile(thread, with = keep)]
fn callee() -> Vec<u8> {
    block(64)
}

#[mem_profile(thread, with = keep)]
fn caller() {
    let _block = callee();
}

#[test]
fn a_profiled_function_that_another_one_calls_has_its_own_table() {
    caller();
    let tables = kept();
    assert_eq!(tables.iter().map(|table| table.name).collect::<Vec<_>>(), ["callee", "caller"]);
    assert_eq!(
        (sum(&tables[0]), sum(&tables[1]) > 0),
        (64, true),
        "the caller's has the callee's, and that it was kept"
    );
}

#[test]
fn each_thread_has_its_own_call() {
    let threads: Vec<_> = (1..5)
        .map(|depth| {
            thread::spawn(move || {
                tree(depth);
                kept()
            })
        })
        .collect();
    for (depth, thread) in (1..).zip(threads) {
        let tables = thread.join().expect("no thread panics");
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].inner_calls, (2 << depth) - 2);
    }
}

#[mem_profile(with = keep)]
fn with_help() {
    let blocks = thread::scope(|scope| scope.spawn(|| block(50_000_000)).join());
    drop(blocks);
}

#[test]
fn other_threads_count_unless_it_is_said_that_they_do_not() {
    with_help();
    let table = kept().remove(0);
    let (increment, _) = figures(&table, "let blocks");
    // What other tests ask for and free meanwhile is in it, too: some megabytes.
    assert!((40_000_000..60_000_000).contains(&increment), "{table}");
    assert!(!table.is_of_thread);
}

#[mem_profile(thread, with = keep)]
fn drops_a_profiled_one() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            drop(callee());
        }
    }
    let _bomb = Bomb;
    panic::resume_unwind(Box::new("on purpose"));
}

#[test]
fn a_call_while_a_panic_is_under_way_is_seen_too() {
    assert!(panic::catch_unwind(AssertUnwindSafe(drops_a_profiled_one)).is_err());
    let tables = kept();
    assert_eq!(tables.len(), 2);
    assert_eq!(figures(&tables[0], "block(64)"), (64, 1));
    assert_eq!(tables[0].ending, Ending::Returned, "the panic is not its own");
    assert!(matches!(tables[1].ending, Ending::Panicked { .. }));
}
