//! What has grown between two logs, and what only seems so.

use crate::common::{Log, file_in, mudlark, small_program, text};

/// What `mudlark diff` prints for two logs.
fn diff(before: &[u8], after: &[u8], options: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("there is room for files");
    let [before, after] =
        [("before.mmt", before), ("after.mmt", after)].map(|(name, log)| file_in(directory.path(), name, log));
    let mut arguments = vec!["diff".as_ref(), before.as_os_str(), after.as_os_str()];
    arguments.extend(options.iter().map(std::ffi::OsStr::new));
    let output = mudlark(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A sample of a program that asks for little blocks at twenty places, and at another one for as many as are said.
fn sampled_program(chance: &mut impl FnMut() -> f64, leaks: u64) -> Vec<u8> {
    const INTERVAL: u64 = 64 << 10;
    let mut log = Log::sampled(INTERVAL);
    let mut address = 0x10_0000;
    let places = (1..=20).map(|place| (place, 20_000)).chain([(21, leaks)]);
    for (place, blocks) in places {
        log.stack(place, &[0x1001 * u64::from(place)]);
        for size in (0..blocks).map(|block| 32 + block % 64) {
            address += 0x100;
            if chance() < -(-(size as f64) / INTERVAL as f64).exp_m1() {
                log.allocate(address, size, place);
            }
        }
    }
    log.finish()
}

/// Numbers between zero and one.
fn chance() -> impl FnMut() -> f64 {
    let mut state = 7_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn two_samples_of_the_same_have_grown_nowhere() {
    let mut chance = chance();
    let [before, after] = [(); 2].map(|()| sampled_program(&mut chance, 0));
    let table = diff(&before, &after, &[]);
    let rows: Vec<&str> = table.lines().skip(1).collect();
    assert!(rows.len() <= 4, "of twenty places, one may stick out by chance: {table}");
    assert!(rows.iter().any(|row| row.ends_with("that may differ by chance alone)")), "{table}");
    assert!(rows.iter().all(|row| row.matches('±').count() == 3), "each figure says how sure it is: {table}");
    let all = diff(&before, &after, &["--top", "0"]);
    assert_eq!(all.lines().count(), 22, "each place, a head, and the sum: {all}");
}

#[test]
fn what_has_grown_by_more_than_a_samples_error_comes_first() {
    let mut chance = chance();
    let before = sampled_program(&mut chance, 0);
    let table = diff(&before, &sampled_program(&mut chance, 40_000), &[]);
    let first = table.lines().nth(1).expect("there is a row");
    assert!(first.starts_with("+") && first.contains("2.") && first.contains(" MiB ±"), "{table}");
    assert!(first.ends_with("0x15014"), "{table}");
}

#[test]
fn logs_of_several_programs_may_be_compared_by_any_two_of_them() {
    let mut log = Log::new();
    log.allocate(0x1000, 7, 0);
    let both = [log.finish(), small_program()].concat();
    let growth = |options: &[&str]| {
        let table = diff(&both, &both, options);
        table.lines().last().expect("there is a sum").trim_start().split("  ").next().map(str::to_owned)
    };
    let growth =
        [&["--before-program", "1"][..], &["--program", "1"], &["--program", "1", "--before-program", "2"], &[]]
            .map(growth)
            .map(|growth| growth.expect("it is the first column"));
    assert_eq!(growth, ["+5.9 KiB", "+0 B", "-5.9 KiB", "+0 B"]);
}
