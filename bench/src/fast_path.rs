//! The fast path, to be looked at: what a request and a free of constant size come to in a program whose global allocator
//! is Mudlark. A small program, `entries/src/fast_path.rs`, is built like the entries of the race, and the machine code of
//! its two functions shown. So are those of the same program with hooks that do nothing, which has to be the same code; and of one
//! that is ready to be recorded.
//!
//! The *hit path* of a function is its shortest way to a return that calls nothing: whatever is to be done when a cache is
//! empty or full is a call. Its length is the number of instructions on it, but for the return and for what pushes to and
//! pops from the stack, which would not be there if the code were inlined, as it is in programs.

use std::path::Path;
use std::process::ExitCode;

use crate::builder::{self, Profile};
use crate::disassembly::{self, Instruction};
use crate::package::Package;

/// The programs, each of which is a feature, and how long a hit path may be there.
const PROGRAMS: [(&str, usize); 3] = [("fast-path", 6), ("fast-path-hooked", 6), ("fast-path-profiled", 12)];
/// Their functions.
const FUNCTIONS: [&str; 2] = ["request_of_32_bytes", "free_of_32_bytes"];

/// Shows the functions of all programs; fails when a hit path is too long.
pub(crate) fn run() -> Result<ExitCode, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("fast-path knows the instructions of x86-64 only".to_owned());
    }
    let mut code = ExitCode::SUCCESS;
    for (program, limit) in PROGRAMS {
        let compiled = builder::compile(Package::Entries, program, Profile::Release)?;
        for function in FUNCTIONS {
            let length = show(&compiled, program, function)?;
            if length > limit {
                println!("  {length} instructions are more than {limit}\n");
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// Shows a function, and returns the length of its hit path.
fn show(compiled: &Path, program: &str, function: &str) -> Result<usize, String> {
    let instructions = disassembly::of(compiled, function)?;
    let way = disassembly::shortest_way(&instructions).ok_or(format!("{function} has no way without a call"))?;
    let hit_path: Vec<usize> = way.into_iter().filter(|&place| !instructions[place].is_of_the_frame()).collect();
    println!("{program}, {function}: {} instructions on the hit path\n", hit_path.len());
    println!("{}", listing(&instructions, &hit_path));
    Ok(hit_path.len())
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
