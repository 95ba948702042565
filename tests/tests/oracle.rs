//! The collector prints what CPython prints.

use std::fs;
use std::path::Path;

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let script = read(&folder.join("scripts").join(name).with_extension("ops"));
    let expected = read(&folder.join("expected").join(name).with_extension("out"));
    let printed = mudlark_tests::oracle::run(&script).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(printed.join("\n"), expected.trim_end_matches('\n'), "{name}");
}

/// One test a script.
macro_rules! scripts {
    ($($test:ident $name:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                check($name);
            }
        )+

        #[test]
        fn every_script_has_a_test() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/scripts");
            let scripts = fs::read_dir(folder).expect("the folder of scripts").count();
            assert_eq!(scripts, [$($name),+].len());
        }
    };
}

scripts! {
    counts_follow_handles "01_refcount",
    an_object_that_holds_itself_is_found "02_self_cycle",
    rings_of_every_size_are_found "03_ring_sizes",
    a_list_needs_no_collection "04_chain_is_rc",
    what_a_handle_leads_to_stays "05_head_and_tail",
    survivors_move_on "06_generations",
    old_garbage_waits_for_an_old_collection "07_drop_after_promotion",
    a_cycle_may_span_generations "08_span_old_young",
    old_objects_keep_young_ones "09_old_keeps_young",
    finalizers_run_in_order_of_age "10_fin_order_ring",
    a_finalizer_sees_its_peers_intact "11_fin_sees_peer",
    a_finalizer_runs_once "12_resurrect_once",
    resurrection_takes_along_what_it_leads_to "13_resurrect_transitive",
    resurrection_does_not_save_other_garbage "14_resurrect_does_not_block",
    a_raising_finalizer_stops_nothing "15_fin_raises",
    collections_do_not_nest "16_nested_collect",
    finalizers_may_allocate "17_fin_allocates",
    weak_handles_die_with_the_last_strong_one "18_weak_cleared_rc",
    callbacks_run_for_garbage "19_weakcb_cycle",
    a_dropped_weak_handle_calls_nobody "20_weakcb_dropped",
    finalizers_of_garbage_find_weak_handles_dead "21_weak_in_fin",
    frozen_objects_are_not_collected "22_freeze",
    small_thresholds_trigger_as_modelled "23_threshold_small",
    default_thresholds_trigger_as_modelled "24_threshold_default",
    there_is_no_fourth_generation "25_badgen",
    depth_takes_no_stack "26_deep",
}

#[test]
fn a_bad_script_is_refused_with_its_line() {
    for (script, line) in [("new a\nlink a 7 a", 2), ("collect 3", 1), ("# nothing\nfly", 2), ("drop a", 1)] {
        let error = mudlark_tests::oracle::run(script).expect_err(script);
        assert_eq!(error.line, line, "{error}");
    }
}
