//! A program that records itself starts another one that does, too: each has a log of its own, or the second has none.
//!
//! There is no harness, whose threads would be in the way: whoever starts a recording tells those that it will start, by its
//! environment, and does so while it is alone.

use std::env;
use std::path::Path;
use std::process::Command;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::hooks::{Event, Reader};
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

const GENERATION: &str = "FAMILY_GENERATION";

fn main() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    match env::var(GENERATION).as_deref() {
        Ok("parent") => parent(),
        Ok("child") => child(),
        _ => {
            the_program_that_it_starts_leaves_the_file_alone("", false);
            the_program_that_it_starts_leaves_the_file_alone(",children=1", true);
            println!("test the_program_that_it_starts_leaves_the_file_alone ... ok");
        }
    }
}

fn this_program(generation: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("it has a path"));
    command.env(GENERATION, generation);
    command
}

fn request(size: usize, times: usize) {
    (0..times).for_each(|_| drop(core::hint::black_box(vec![0_u8; size])));
}

fn parent() {
    let _profile = Profiler::from_env().expect("it can be recorded").expect("it is the first");
    request(1111, 10);
    let elsewhere = env::temp_dir();
    assert!(this_program("child").current_dir(elsewhere).status().expect("it runs").success());
    request(1111, 10);
}

fn child() {
    let profile = Profiler::from_env().expect("it can be recorded");
    let wants = env::var("MUDLARK_PROFILE").is_ok_and(|value| value.contains("children=1"));
    assert_eq!(profile.is_some(), wants);
    request(2222, 10);
}

fn the_program_that_it_starts_leaves_the_file_alone(settings: &str, has_own: bool) {
    let folder = env::temp_dir().join(format!("mudlark-family-{}-{has_own}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder can be made");
    let mut parent = this_program("parent");
    parent.env("MUDLARK_PROFILE", format!("out.mmt,interval=1{settings}")).env_remove("MUDLARK_PROFILE_PROCESS");
    assert!(parent.current_dir(&folder).status().expect("it runs").success());
    let logs: Vec<_> =
        std::fs::read_dir(&folder).expect("it is there").map(|file| file.expect("a file").path()).collect();
    assert_eq!(logs.len(), 1 + usize::from(has_own), "{logs:?}");
    for log in logs {
        let is_first = log.file_name().is_some_and(|name| name == "out.mmt");
        let expected = if is_first { (20, 0) } else { (0, 10) };
        assert_eq!((requests(&log, 1111), requests(&log, 2222)), expected, "{}", log.display());
    }
    std::fs::remove_dir_all(folder).expect("it is ours");
}

fn requests(log: &Path, of_size: u64) -> usize {
    let bytes = std::fs::read(log).expect("there is a log");
    Reader::new(&bytes)
        .filter(|record| matches!(record.event, Event::Allocated { size, .. } if size == of_size))
        .count()
}
