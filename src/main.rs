//! The `parvis` command: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    parvis::cli::main()
}
