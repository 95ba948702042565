//! `oracle SCRIPT`: runs a script of operations on an object graph and prints what CPython prints.

use std::env;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [path] = arguments.as_slice() else {
        eprintln!("usage: oracle SCRIPT\nscripts are in tests/oracle/scripts");
        return ExitCode::from(2);
    };
    let lines = fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|script| mudlark_tests::oracle::run(&script).map_err(|error| error.to_string()));
    match lines {
        Ok(lines) => {
            println!("{}", lines.join("\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("oracle: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}
