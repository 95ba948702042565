//! What commands print for a small program, whole: the files in `golden` beside this one. `UPDATE_GOLDEN=1 cargo test` writes
//! them anew, to be read before they are kept.

use std::path::Path;

use mudlark_hooks::{Address, Event, NameOf};

use crate::common::{Log, file_in, mudlark, mudlark_on, small_program, text};

/// Compares with the file of this name.
#[track_caller]
fn check(name: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tool/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, printed).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("there is such a file");
    assert_eq!(printed, expected, "see {}", path.display());
}

#[test]
fn stats_tell_what_happened_in_a_few_lines() {
    check("stats.txt", &mudlark_on(&small_program(), &["stats"]));
}

#[test]
fn stats_of_a_sample_say_how_far_they_may_be_off() {
    let mut log = Log::sampled(4096);
    for n in 0..100 {
        log.allocate(n * 4096, 16, 0);
    }
    check("stats_of_a_sample.txt", &mudlark_on(&log.finish(), &["stats"]));
}

#[test]
fn stats_show_what_the_heap_and_the_collector_say() {
    let mut log = Log::new();
    for used in [4096, 1024] {
        log.write(&Event::Heap { requested: used / 2, used, cached: 64, large: 0, committed: 8192, reserved: 1 << 20 });
        log.write(&Event::Resident { bytes: used * 4 });
    }
    log.name(NameOf::Collector, 1, "graph");
    for (generation, collected) in [(0, 5), (0, 7), (2, 1000)] {
        log.write(&Event::CollectionStarted { collector: 1, generation, candidates: collected });
        log.write(&Event::CollectionStopped { collector: 1, collected });
    }
    check("stats_of_a_heap.txt", &mudlark_on(&log.finish(), &["stats"]));
}

#[test]
fn a_table_has_a_row_for_each_function() {
    check("table.txt", &mudlark_on(&small_program(), &["table"]));
}

#[test]
fn a_table_is_sorted_by_what_is_asked_for_and_sums_up_what_it_cuts_off() {
    let arguments = ["table", "--by", "class", "--top", "1", "--sort", "count"];
    check("table_by_class.txt", &mudlark_on(&small_program(), &arguments));
}

#[test]
fn leaks_and_temporary_blocks_are_listed_with_their_stacks() {
    check("leaks.txt", &mudlark_on(&small_program(), &["leaks"]));
    check("temporary.txt", &mudlark_on(&small_program(), &["temporary", "--top", "1"]));
}

#[test]
fn a_difference_has_the_largest_growth_first() {
    let directory = tempfile::tempdir().expect("there is room for files");
    let mut log = Log::new();
    log.stack(1, &[0x3001]);
    log.stack(2, &[0x7001]);
    log.allocate(0x1000, 9000, 1);
    log.allocate(0x8000, 10, 2);
    let before = file_in(directory.path(), "before.mmt", &small_program());
    let after = file_in(directory.path(), "after.mmt", &log.finish());
    let diff = mudlark(&["diff".as_ref(), before.as_os_str(), after.as_os_str()]);
    check("diff.txt", &text(&diff.stdout));
}

#[test]
fn stacks_that_look_the_same_are_one_place() {
    let mut log = Log::new();
    for stack in 1..=5 {
        // A loop that is unrolled calls from as many addresses.
        let address = 0x1000 + 0x10 * u64::from(stack);
        log.write(&Event::Symbol { address: Address(address), file: 0, line: 7, function: "app::fill" });
        log.stack(stack, &[address]);
        log.allocate(0x10_0000 * u64::from(stack), 100, stack);
        log.allocate(0x1000, 100, stack);
        log.free(0x1000);
    }
    let log = log.finish();
    let leaks = mudlark_on(&log, &["leaks"]);
    assert_eq!(leaks, "500 B in 5 blocks leaked, from 1 place\n\n500 B in 5 blocks (100.0 %)\n    app::fill\n");
    let temporary = mudlark_on(&log, &["temporary"]);
    assert_eq!(temporary.matches("app::fill").count(), 1, "{temporary}");
}
