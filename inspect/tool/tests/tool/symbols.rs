//! Addresses are looked up in the right file, at the right place in it. The file is this test's own.
#![cfg(all(target_os = "linux", not(miri)))]

use std::path::{Path, PathBuf};

use mudlark_hooks::{Address, Event, NameOf};
use mudlark_tool::{SymbolOptions, Symbols};

use crate::common::{Log, model_of};

#[inline(never)]
fn a_function_to_be_found() -> usize {
    core::hint::black_box(7)
}

const NAME: &str = "tool::symbols::a_function_to_be_found";

/// Where this program's file is in memory.
fn base() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells");
    let exe = exe();
    let first = maps.lines().find(|line| line.ends_with(exe.to_str().expect("it is text"))).expect("it is loaded");
    u64::from_str_radix(first.split_once('-').expect("it is a range").0, 16).expect("it is a number")
}

fn exe() -> PathBuf {
    std::env::current_exe().expect("Linux tells")
}

/// An address that a call inside of the function returns to.
fn return_address() -> u64 {
    let function: fn() -> usize = a_function_to_be_found;
    assert_eq!(function(), 7);
    (function as *const ()).addr() as u64 + 1
}

fn log(modules: &[(u64, &Path)], stack: &[u64]) -> Vec<u8> {
    let mut log = Log::new();
    for &(base, path) in modules {
        let path = path.to_str().expect("it is text");
        log.write(&Event::Module { base: Address(base), size: 1 << 30, path });
    }
    log.stack(1, stack);
    log.allocate(0x1000, 10, 1);
    log.finish()
}

/// The functions of the only stack, and the files that could not be read.
fn functions(log: &[u8], options: SymbolOptions) -> (Vec<String>, Vec<String>) {
    let model = model_of(log);
    let mut symbols = Symbols::new(&model.program, options);
    let stack = symbols.stack(1);
    let functions = stack.frames.iter().map(|&frame| symbols.frame(frame).function.clone()).collect();
    (functions, symbols.unreadable().map(str::to_owned).collect())
}

#[test]
fn the_addresses_of_a_firmware_are_its_files_own() {
    let log = log(&[], &[return_address() - base()]);
    let (found, unreadable) = functions(&log, SymbolOptions { exe: Some(exe()), ..SymbolOptions::default() });
    assert_eq!((found, unreadable.len()), (vec![NAME.to_owned()], 0));
    let (unknown, _) = functions(&log, SymbolOptions::default());
    assert_eq!(unknown, [format!("{:#x}", return_address() - base() - 1)]);
}

#[test]
fn of_two_files_at_one_place_the_later_one_has_taken_it() {
    let gone = Path::new("/nowhere/gone.so");
    let log = log(&[(base(), gone), (base(), &exe())], &[return_address(), 0]);
    assert_eq!(functions(&log, SymbolOptions::default()), (vec![NAME.to_owned()], vec![]));
}

#[test]
fn a_file_that_is_not_there_leaves_its_name_and_the_address_unless_a_sysroot_has_it() {
    let path = Path::new("/nowhere/app");
    let log = log(&[(base(), path)], &[return_address()]);
    let (functions_without, unreadable) = functions(&log, SymbolOptions::default());
    assert_eq!(functions_without, [format!("app+{:#x}", return_address() - base() - 1)]);
    assert_eq!(unreadable, ["/nowhere/app"]);

    let sysroot = tempfile::tempdir().expect("there is room for files");
    std::fs::create_dir(sysroot.path().join("nowhere")).expect("there is room for files");
    std::os::unix::fs::symlink(exe(), sysroot.path().join("nowhere/app")).expect("links can be made");
    let options = SymbolOptions { sysroot: Some(sysroot.path().to_owned()), ..SymbolOptions::default() };
    assert_eq!(functions(&log, options), (vec![NAME.to_owned()], vec![]));
}

/// The log says that it is of 2023, and this program is younger.
#[test]
fn a_file_that_changed_after_the_log_was_begun_is_told_of() {
    let log = log(&[(base(), &exe())], &[return_address()]);
    let model = model_of(&log);
    let changed = |options| {
        let mut symbols = Symbols::new(&model.program, options);
        symbols.stack(1);
        symbols.changed().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(changed(SymbolOptions::default()), [exe().to_string_lossy()]);
    let named = SymbolOptions { exe: Some(exe()), ..SymbolOptions::default() };
    assert_eq!(changed(named), [""; 0], "who names a file knows it");
}

/// A stack of two addresses, of which the first is told by the log itself to be of two functions, and the second of none.
fn log_with_symbols(path: &Path) -> Vec<u8> {
    let mut log = Log::new();
    let address = Address(return_address());
    log.write(&Event::Module { base: Address(base()), size: 1 << 30, path: path.to_str().expect("it is text") });
    log.name(NameOf::File, 1, "/home/me/app/src/shapes.rs");
    log.name(NameOf::File, 2, "<unknown>");
    log.write(&Event::Symbol { address, file: 1, line: 7, function: "app::shapes::inlined" });
    log.write(&Event::Symbol { address, file: 2, line: 0, function: "app::outer" });
    let nobody_knows = Address(address.0 + 1);
    log.write(&Event::Symbol { address: nobody_knows, file: 2, line: 0, function: "0x1234" });
    log.stack(1, &[address.0, nobody_knows.0]);
    log.allocate(0x1000, 10, 1);
    log.finish()
}

#[test]
fn a_snapshot_has_names_where_its_programs_file_is_not_there() {
    let log = log_with_symbols(Path::new("/nowhere/app"));
    let model = model_of(&log);
    let mut symbols = Symbols::new(&model.program, SymbolOptions::default());
    let stack = symbols.stack(1);
    let frames: Vec<String> = stack.frames.iter().map(|&frame| symbols.frame(frame).to_string()).collect();
    let unknown = format!("app+{:#x} (in /nowhere/app)", return_address() - base());
    let told = ["app::shapes::inlined (/home/me/app/src/shapes.rs:7)", "app::outer (in /nowhere/app)", &unknown];
    assert_eq!(frames, told);
}

#[test]
fn what_a_snapshot_says_goes_before_what_files_say() {
    let (found, _) = functions(&log_with_symbols(&exe()), SymbolOptions::default());
    assert_eq!(found, ["app::shapes::inlined", "app::outer", NAME], "only what the log does not know is looked up");
}
