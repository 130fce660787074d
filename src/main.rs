//! The `parvis` command: arguments in, exit code out.

use std::process::ExitCode;

/// Many threads ask for little pieces at once; the C library's heaps keep them waiting for one
/// another, and keep most of what they ever held.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    parvis::cli::main()
}
