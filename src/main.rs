//! The `parvis` command: arguments in, exit code out.

fn main() {}
