//! Random scripts print what a running CPython prints.
//!
//! Needs a `python3` of version 3.11 to 3.13, whose collectors behave alike; without one the test says so and passes.

use core::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, process, thread};

/// `MUDLARK_SCRIPTS` makes it another number.
const SCRIPTS: u64 = 200;
const OPERATIONS: usize = 400;
/// Scripts of one seed in so many run at the same time.
const WORKERS: u64 = 2;

#[test]
fn random_scripts_print_what_cpython_prints() {
    if let Err(reason) = check_python() {
        println!("\n=== SKIPPED: {reason}; random scripts were NOT held against CPython ===\n");
        return;
    }
    let scripts = env::var("MUDLARK_SCRIPTS").ok().and_then(|number| number.parse().ok()).unwrap_or(SCRIPTS);
    let workers = (0..WORKERS).map(|worker| {
        thread::spawn(move || (worker..scripts).step_by(usize::try_from(WORKERS).expect("few")).for_each(check))
    });
    let workers: Vec<_> = workers.collect();
    for worker in workers {
        worker.join().expect("the same lines; the seed is above");
    }
}

fn check_python() -> Result<(), String> {
    let script = "import sys; print(sys.implementation.name, *sys.version_info[:2])";
    let output = Command::new("python3").args(["-c", script]).output();
    let output = output.map_err(|error| format!("no python3 can be run ({error})"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_string();
    match version.as_str() {
        "cpython 3 11" | "cpython 3 12" | "cpython 3 13" => Ok(()),
        _ => Err(format!("python3 is `{version}`, whose collector may behave differently")),
    }
}

fn check(seed: u64) {
    let script = Generator::new(seed).script();
    let expected = run_on_cpython(seed, &script);
    let printed = mudlark_tests::oracle::run(&script).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let expected: Vec<&str> = expected.lines().collect();
    let same = printed.iter().zip(&expected).take_while(|(printed, expected)| printed == expected).count();
    assert!(
        printed.len() == expected.len() && same == printed.len(),
        "seed {seed}, line {}: printed {:?}, but CPython {:?}, for\n{script}",
        same + 1,
        printed.get(same),
        expected.get(same),
    );
}

fn run_on_cpython(seed: u64, script: &str) -> String {
    let path: PathBuf = env::temp_dir().join(format!("mudlark-{}-{seed}.ops", process::id()));
    fs::write(&path, script).expect("a temporary file");
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/oracle.py");
    let output = Command::new("python3").arg(driver).arg(&path).output().expect("python3 runs");
    fs::remove_file(&path).expect("it was written");
    assert!(output.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("names are plain")
}

/// Makes random scripts that are valid: every name is one of a handle that is there.
struct Generator {
    random: u64,
    handles: Vec<String>,
    weak: Vec<String>,
    script: String,
}

/// Operations and how often they come, of 100.
const MIX: &[(&str, u64)] = &[
    ("new", 13),
    ("fin", 7),
    ("dup", 4),
    ("link", 25),
    ("unlink", 6),
    ("drop", 12),
    ("collect", 4),
    ("weak", 4),
    ("weakcb", 3),
    ("dropweak", 1),
    ("up", 3),
    ("rc", 3),
    ("wc", 1),
    ("gen", 3),
    ("live", 2),
    ("ring", 2),
    ("chain", 1),
    ("finalized", 1),
    ("referrers", 1),
    ("stats", 2),
    ("freeze", 1),
    ("forget", 1),
];

impl Generator {
    fn new(seed: u64) -> Self {
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
        Self { random, handles: Vec::new(), weak: Vec::new(), script: String::new() }
    }

    /// A number below `limit` (xorshift64).
    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 16) % limit
    }

    fn pick(&mut self, of_weak: bool) -> Option<usize> {
        let length = if of_weak { self.weak.len() } else { self.handles.len() } as u64;
        (length > 0).then(|| usize::try_from(self.below(length)).expect("an index"))
    }

    fn line(&mut self, line: core::fmt::Arguments<'_>) {
        writeln!(self.script, "{line}").expect("a string takes all");
    }

    fn script(mut self) -> String {
        for number in 0..OPERATIONS {
            self.operation(number);
        }
        self.line(format_args!("forget"));
        for handle in core::mem::take(&mut self.handles) {
            self.line(format_args!("drop {handle}"));
        }
        self.line(format_args!("collect 2\nforget\ncollect 2\nlive"));
        self.script
    }

    fn operation(&mut self, number: usize) {
        let mut choice = self.below(100);
        let (operation, _) = MIX
            .iter()
            .find(|(_, share)| choice.checked_sub(*share).map(|rest| choice = rest).is_none())
            .expect("shares sum to 100");
        match *operation {
            "new" => self.add(number, "new", ""),
            "fin" => {
                const KINDS: [&str; 8] = ["log", "log", "log", "resurrect", "alloc", "raise", "peer", "collect"];
                let kind = KINDS[usize::try_from(self.below(8)).expect("an index")];
                self.add(number, "fin", kind);
            }
            "ring" => {
                let length = self.below(6) + 1;
                self.line(format_args!("ring r{number} {length}"));
            }
            "collect" => {
                let generation = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2][usize::try_from(self.below(10)).expect("an index")];
                self.line(format_args!("collect {generation}"));
            }
            "chain" => {
                let length = self.below(80) + 1;
                self.line(format_args!("chain n{number} {length}"));
                self.handles.push(format!("n{number}"));
            }
            "stats" => {
                let generation = self.below(3);
                self.line(format_args!("stats {generation}"));
            }
            "live" | "forget" => self.line(format_args!("{operation}")),
            // One script in four: what is frozen is not collected any more. To unfreeze would let CPython's own objects in,
            // and with them the table of the script's names, whose place decides the order of finalizers.
            "freeze" if self.below(16) > 0 => {}
            "freeze" => self.line(format_args!("freeze")),
            "up" | "dropweak" => self.with_weak(operation),
            _ => self.with_handle(number, operation),
        }
    }

    fn add(&mut self, number: usize, operation: &str, kind: &str) {
        self.line(format_args!("{operation} n{number} {kind}"));
        self.handles.push(format!("n{number}"));
    }

    fn with_weak(&mut self, operation: &str) {
        if let Some(index) = self.pick(true) {
            let weak = self.weak[index].clone();
            self.line(format_args!("{operation} {weak}"));
            if operation == "dropweak" {
                self.weak.swap_remove(index);
            }
        }
    }

    fn with_handle(&mut self, number: usize, operation: &str) {
        let Some(index) = self.pick(false) else { return };
        let handle = self.handles[index].clone();
        let slot = self.below(4);
        match operation {
            "dup" => {
                self.line(format_args!("dup n{number} {handle}"));
                self.handles.push(format!("n{number}"));
            }
            "link" => {
                let target = self.pick(false).map_or_else(|| handle.clone(), |index| self.handles[index].clone());
                self.line(format_args!("link {handle} {slot} {target}"));
            }
            "unlink" => self.line(format_args!("unlink {handle} {slot}")),
            "drop" => {
                self.line(format_args!("drop {handle}"));
                self.handles.swap_remove(index);
            }
            "weak" | "weakcb" => {
                self.line(format_args!("{operation} w{number} {handle}"));
                self.weak.push(format!("w{number}"));
            }
            _ => self.line(format_args!("{operation} {handle}")),
        }
    }
}
