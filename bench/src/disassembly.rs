//! A function's machine code, as `objdump` shows it, and the shortest way through it.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;

/// One instruction of x86-64, in the words of `objdump`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    address: u64,
    /// What it does, and with what.
    pub(crate) text: String,
}

/// Where the processor goes after an instruction.
enum Next {
    /// To the next one.
    On,
    /// To the next one, or to the address.
    Branch(u64),
    /// To the address.
    Jump(u64),
    /// Back to the caller.
    Return,
    /// Somewhere else.
    Away,
}

impl Instruction {
    /// Reads a line such as `1b2c: mov %fs:0x0,%rax`; what is no instruction is none.
    fn parse(line: &str) -> Option<Self> {
        let (address, text) = line.split_once(':')?;
        let address = u64::from_str_radix(address.trim(), 16).ok()?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(Self { address, text })
    }

    /// Whether it is there because the code is a function: it returns, or keeps the stack in order for calls on other ways.
    pub(crate) fn is_of_the_frame(&self) -> bool {
        let adjusts_stack = matches!(self.name(), "sub" | "add") && self.text.ends_with(",%rsp");
        matches!(self.name(), "ret" | "push" | "pop") || adjusts_stack
    }

    /// The name of the operation.
    fn name(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    fn next(&self) -> Next {
        match (self.name(), self.target()) {
            ("ret", _) => Next::Return,
            ("jmp", Some(target)) => Next::Jump(target),
            (name, Some(target)) if name.starts_with('j') => Next::Branch(target),
            (name, _) if name.starts_with("call") || name.starts_with('j') || name.starts_with("ud") => Next::Away,
            _ => Next::On,
        }
    }

    /// The address that is jumped to.
    fn target(&self) -> Option<u64> {
        u64::from_str_radix(self.text.split(' ').nth(1)?, 16).ok()
    }
}

/// The instructions of a function of a program.
pub(crate) fn of(program: &Path, function: &str) -> Result<Vec<Instruction>, String> {
    let mut objdump = Command::new("objdump");
    objdump.arg(format!("--disassemble={function}")).arg("--no-show-raw-insn").arg(program);
    let output = objdump.output().map_err(|error| {
        format!("objdump cannot be started: {error}; install binutils (Debian and Ubuntu: apt install binutils)")
    })?;
    let listing = String::from_utf8_lossy(&output.stdout);
    let code: Vec<Instruction> = listing.lines().filter_map(Instruction::parse).collect();
    if code.is_empty() { Err(format!("objdump finds no code of {function}")) } else { Ok(code) }
}

/// The shortest way from a function's first instruction to a return that neither calls nor leaves for anything: the
/// places of its instructions, in their order. `None` when every way does.
pub(crate) fn shortest_way(code: &[Instruction]) -> Option<Vec<usize>> {
    let place = |address: u64| code.iter().position(|instruction| instruction.address == address);
    let mut reached_from: Vec<Option<usize>> = vec![None; code.len()];
    let mut reached = VecDeque::from([0]);
    while let Some(here) = reached.pop_front() {
        let ways = match code.get(here)?.next() {
            Next::Return => return Some(way_back(&reached_from, here)),
            Next::On => [Some(here + 1), None],
            Next::Branch(target) => [Some(here + 1), place(target)],
            Next::Jump(target) => [place(target), None],
            Next::Away => [None, None],
        };
        for next in ways.into_iter().flatten().filter(|&next| 0 < next && next < code.len()) {
            if reached_from[next].is_none() {
                reached_from[next] = Some(here);
                reached.push_back(next);
            }
        }
    }
    None
}

/// The places from the first one to the last.
fn way_back(reached_from: &[Option<usize>], last: usize) -> Vec<usize> {
    let mut way: Vec<usize> = core::iter::successors(Some(last), |&place| reached_from[place]).collect();
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::{Instruction, shortest_way};

    fn code(listing: &str) -> Vec<Instruction> {
        listing.lines().filter_map(Instruction::parse).collect()
    }

    #[test]
    fn headings_are_no_instructions() {
        let listing =
            "\n/a/program:     file format elf64-x86-64\n\n0000000000001000 <f>:\n    1000:\tret\n    1001:\n";
        assert_eq!(code(listing), [Instruction { address: 0x1000, text: "ret".into() }]);
    }

    #[test]
    fn what_is_of_the_frame_is_told_from_the_rest() {
        let listing = "1000: push %rbx\n1001: sub $0x10,%rsp\n1005: sub $0x10,%rax\n1009: add $0x10,%rsp\n\
                       100d: pop %rbx\n100e: popcnt %rax,%rax\n1012: ret\n";
        let of_the_frame: Vec<bool> = code(listing).iter().map(Instruction::is_of_the_frame).collect();
        assert_eq!(of_the_frame, [true, true, false, true, true, false, true]);
    }

    #[test]
    fn the_way_goes_around_calls() {
        let listing = "1000: test %rax,%rax\n1003: je 100c <f+0xc>\n1005: call 2000 <slow>\n100a: jmp 100e <f+0xe>\n\
                       100c: mov %rax,%rbx\n100e: ret\n";
        let way = shortest_way(&code(listing)).expect("there is a way");
        assert_eq!(way, [0, 1, 4, 5]);
    }

    #[test]
    fn a_function_that_ends_elsewhere_has_no_way() {
        assert_eq!(shortest_way(&code("1000: mov %rax,%rbx\n1003: jmp 2000 <slow>\n")), None);
        assert_eq!(shortest_way(&code("1000: jmp *%rax\n1002: ret\n")), None);
        assert_eq!(shortest_way(&code("1000: call 2000 <slow>\n1005: ret\n")), None);
    }

    #[test]
    fn a_loop_has_an_end() {
        let way = shortest_way(&code("1000: dec %rax\n1003: jne 1000 <f>\n1005: ret\n"));
        assert_eq!(way, Some(vec![0, 1, 2]));
    }
}
