//! The program that the log tells of, and what its numbers are called.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use mudlark_hooks::NameOf;

use super::EndedEarly;

/// A file whose code was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Where its first byte would be.
    pub base: u64,
    /// The length of the range.
    pub size: u64,
    /// The file.
    pub path: String,
}

/// What a log says of its program, apart from what happened in it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The process's number; zero where it is unknown.
    pub process: u32,
    /// Units of time in a second; zero if it is unknown.
    pub ticks_per_second: u64,
    /// Nanoseconds since 1970 at time zero, or zero.
    pub unix_nanoseconds: u64,
    /// The time at which the log begins.
    pub started: u64,
    /// Bytes of a pointer.
    pub pointer_bytes: u8,
    /// The mean number of bytes from one request in the log to the next, at first and at least; one if each is there.
    pub sample_interval: u64,
    /// The least and the most that it has been, where requests are sampled.
    pub intervals: Option<(u64, u64)>,
    /// Whether the log has its own beginning. If not, all of the above is unknown.
    pub has_start: bool,
    /// Whether the program ended its log.
    pub has_stop: bool,
    /// Where it ends before its program did, if so.
    pub ended_early: Option<EndedEarly>,
    /// What code was loaded, in the log's order. Those that were unloaded, and had others come in their place, are somewhere else.
    pub modules: Vec<Module>,
    /// Those that are where they are said to be, by their bases; no two have an address in common.
    pub(crate) present: BTreeMap<u64, usize>,
    /// How many are somewhere else.
    pub(crate) moved: u64,
    /// Return addresses by a stack's number, innermost first.
    pub stacks: HashMap<u32, Box<[u64]>>,
    pub(crate) names: HashMap<(NameOf, u32), String>,
    /// What code return addresses are of, innermost first, where the log knows it of itself, as a snapshot does.
    pub(crate) symbols: HashMap<u64, Vec<Symbol>>,
}

/// A function, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// The source file's number.
    pub(crate) file: u32,
    /// The line in it, or zero.
    pub(crate) line: u32,
    pub(crate) function: String,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            process: 0,
            ticks_per_second: 0,
            unix_nanoseconds: 0,
            started: 0,
            pointer_bytes: 8,
            sample_interval: 1,
            intervals: None,
            has_start: false,
            has_stop: false,
            ended_early: None,
            modules: Vec::new(),
            present: BTreeMap::new(),
            moved: 0,
            stacks: HashMap::new(),
            names: HashMap::new(),
            symbols: HashMap::new(),
        }
    }
}

/// Where files are put that were unloaded: no program's code is there, and each has as much room as this.
const ELSEWHERE: u64 = 0xF000_0000_0000_0000;
const ROOM: u64 = 1 << 40;

/// To move one takes a look at all stacks.
const MOST_MOVED: u64 = 100;

impl Module {
    fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.base) < self.size
    }
}

impl Program {
    /// A file is loaded from here on. What was in its place has been unloaded: stacks of before are in that.
    pub(crate) fn load(&mut self, module: Module) {
        let end = module.base.saturating_add(module.size);
        while let Some((&base, &index)) = self.present.range(..end).next_back() {
            let before = &self.modules[index];
            if *before == module {
                return;
            }
            if base.saturating_add(before.size) <= module.base {
                break;
            }
            self.present.remove(&base);
            self.move_away(index);
        }
        self.present.insert(module.base, self.modules.len());
        self.modules.push(module);
    }

    /// Moves a file, and what stacks have of it up to now, to where nothing is: so an address stands for one thing.
    fn move_away(&mut self, index: usize) {
        let module = &mut self.modules[index];
        if self.moved >= MOST_MOVED || module.size >= ROOM {
            return;
        }
        let base = ELSEWHERE + self.moved * ROOM;
        for address in self.stacks.values_mut().flat_map(|stack| stack.iter_mut()) {
            // A return address is behind its call, which may be the last of the file.
            if module.contains(address.wrapping_sub(1)) {
                *address = address.wrapping_sub(module.base).wrapping_add(base);
            }
        }
        module.base = base;
        self.moved += 1;
    }

    /// What the thing of that number is called, if the log says so.
    #[must_use]
    pub fn name(&self, of: NameOf, id: u32) -> Option<&str> {
        self.names.get(&(of, id)).map(String::as_str)
    }

    /// What the program is called.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name(NameOf::Program, 0).unwrap_or("unknown program")
    }

    /// A thread's name, or else its number.
    #[must_use]
    pub fn thread(&self, thread: u32) -> String {
        match self.name(NameOf::Thread, thread) {
            Some(name) => name.to_owned(),
            None if thread == 0 => "unknown thread".to_owned(),
            None => format!("thread {thread}"),
        }
    }

    /// A tag's whole path, or else its number.
    #[must_use]
    pub fn tag(&self, tag: u32) -> String {
        match self.name(NameOf::Tag, tag) {
            Some(name) => name.to_owned(),
            None if tag == 0 => "no tag".to_owned(),
            None => format!("tag {tag}"),
        }
    }

    /// Whether each request is in the log.
    #[must_use]
    pub const fn has_every_request(&self) -> bool {
        self.intervals.is_none()
    }

    /// Requests are sampled by this interval; one is none.
    pub(crate) fn note_interval(&mut self, interval: u64) {
        if interval > 1 {
            let (least, most) = self.intervals.unwrap_or((interval, interval));
            self.intervals = Some((least.min(interval), most.max(interval)));
        }
    }

    /// When the log begins, if it knows the date.
    #[must_use]
    pub fn started_at(&self) -> Option<SystemTime> {
        if self.unix_nanoseconds == 0 || self.ticks_per_second == 0 {
            return None;
        }
        let since_zero = u128::from(self.started) * 1_000_000_000 / u128::from(self.ticks_per_second);
        let since_1970 = self.unix_nanoseconds.saturating_add(since_zero.try_into().unwrap_or(u64::MAX));
        Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(since_1970))
    }

    /// Seconds of a span of time. Where the log does not say how long a tick is, it is a second.
    #[must_use]
    pub fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks_per_second.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(base: u64, size: u64, path: &str) -> Module {
        Module { base, size, path: path.to_owned() }
    }

    /// The file of a return address, by the last that has it.
    fn file(program: &Program, address: u64) -> &str {
        let found = program.modules.iter().rev().find(|module| module.contains(address.wrapping_sub(1)));
        found.map_or("", |module| &module.path)
    }

    #[test]
    fn stacks_are_in_the_files_that_were_there_when_they_were_met() {
        let mut program = Program::default();
        program.load(module(0x1000, 0x1000, "program"));
        for (number, path) in (1..).zip(["one.so", "other.so", "other.so", "one.so"]) {
            program.load(module(0x5000, 0x100, path));
            program.stacks.insert(number, Box::new([0x5010, 0x5100, 0x1800]));
        }
        program.load(module(0x4000, 0x4000, "large.so"));
        let files =
            |number: u32| program.stacks[&number].iter().map(|&address| file(&program, address)).collect::<Vec<_>>();
        for (number, path) in (1..).zip(["one.so", "other.so", "other.so", "one.so"]) {
            assert_eq!(files(number), [path, path, "program"], "stack {number}");
        }
        assert_eq!(program.modules.len(), 5, "who is told of twice is there once");
    }

    #[test]
    fn files_without_end_and_without_number_cost_little() {
        let mut program = Program::default();
        for number in 0..100_000_u32 {
            let size = if number % 3 == 0 { u64::MAX } else { 8 };
            program.load(module((number % 7).into(), size, &number.to_string()));
            program.stacks.insert(number % 1000, Box::new([number.into(), 5, u64::MAX]));
        }
        assert!(program.present.len() <= 7 && program.moved == MOST_MOVED);
    }
}
