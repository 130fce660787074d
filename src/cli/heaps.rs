//! How many heaps a server has.
//!
//! The C library makes one for each thread that asks at a busy moment, up to eight for each
//! processor, and gives little of them back: of the memory a busy server had, nearly half was that.
//! As many as there are processors do as well. The library reads that from the environment, once,
//! so a process that will live long begins again with it.

#![allow(clippy::disallowed_methods, reason = "this is about the environment")]

/// What the C library reads (mallopt(3)).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS_MAX: &str = "MALLOC_ARENA_MAX";

/// Begins this process anew with as many heaps as there are processors, unless somebody has said
/// how many. Comes back where that was done, or cannot be: then it has the heaps it has.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn share() {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(HEAPS_MAX).is_some() {
        return;
    }
    let mut words = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), words.next()) else { return };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // It returns only if it did not work.
    let _ = std::process::Command::new(program)
        .arg0(name)
        .args(words)
        .env(HEAPS_MAX, processors.max(2).to_string())
        .exec();
}

/// Others have other ways.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn share() {}
