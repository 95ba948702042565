//! The fast path, to be looked at: what a request and a free of constant size come to in a program whose global allocator
//! is Mudlark. A small program, `entries/src/fast_path.rs`, is built like the entries of the race, and the machine code of
//! its two functions shown.
//!
//! The *hit path* of a function is its shortest way to a return that calls nothing: whatever is to be done when a cache is
//! empty or full is a call. Its length is the number of instructions on it, but for the return and for what pushes to and
//! pops from the stack, which would not be there if the code were inlined, as it is in programs.

use std::process::ExitCode;

use crate::builder::{self, Profile};
use crate::disassembly::{self, Instruction};
use crate::package::Package;

/// The program and its feature.
const PROGRAM: &str = "fast-path";
/// Its functions.
const FUNCTIONS: [&str; 2] = ["request_of_32_bytes", "free_of_32_bytes"];
/// A hit path's length at most.
const LIMIT: usize = 6;

/// Shows both functions; fails when a hit path is too long.
pub(crate) fn run() -> Result<ExitCode, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("fast-path knows the instructions of x86-64 only".to_owned());
    }
    let program = builder::compile(Package::Entries, PROGRAM, Profile::Release)?;
    let mut code = ExitCode::SUCCESS;
    for function in FUNCTIONS {
        let instructions = disassembly::of(&program, function)?;
        let way = disassembly::shortest_way(&instructions).ok_or(format!("{function} has no way without a call"))?;
        let hit_path: Vec<usize> = way.into_iter().filter(|&place| !instructions[place].is_of_the_frame()).collect();
        let length = hit_path.len();
        println!("{function}: {length} instructions on the hit path\n");
        println!("{}", listing(&instructions, &hit_path));
        if length > LIMIT {
            println!("  {length} instructions are more than {LIMIT}\n");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The instructions, those on the hit path with their number.
fn listing(instructions: &[Instruction], hit_path: &[usize]) -> String {
    let line = |(place, instruction): (usize, &Instruction)| {
        let number = hit_path.iter().position(|&on_path| on_path == place);
        let number = number.map_or_else(String::new, |number| (number + 1).to_string());
        format!("  {number:>2}  {}\n", instruction.text)
    };
    instructions.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_has_the_functions() {
        let source = include_str!("../entries/src/fast_path.rs");
        for function in super::FUNCTIONS {
            assert!(source.contains(&format!("fn {function}(")), "{function}");
        }
    }
}
