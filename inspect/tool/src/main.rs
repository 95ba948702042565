//! The program `mudlark`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mudlark_tool::cli::run()
}
