//! How soon freed memory goes back to the system.
//!
//! The allocator keeps what is freed for a second, should somebody ask for it again: while posts
//! come in quickly, a third more memory than is in use. It reads how long from the environment,
//! once, so a process that will live long begins again with it.

#![allow(clippy::disallowed_methods, reason = "this is about the environment")]

/// What the allocator reads, and what it is told: milliseconds.
#[cfg(unix)]
const KEPT_FOR: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "10");

/// Begins this process anew with that, unless somebody has said otherwise. Comes back where that
/// was done, or cannot be: then memory goes back a little later.
#[cfg(unix)]
pub(super) fn give_back_soon() {
    use std::os::unix::process::CommandExt;
    let (name, milliseconds) = KEPT_FOR;
    if std::env::var_os(name).is_some() {
        return;
    }
    let mut words = std::env::args_os();
    let (Ok(program), Some(called)) = (std::env::current_exe(), words.next()) else { return };
    // It returns only if it did not work.
    let _ = std::process::Command::new(program).arg0(called).args(words).env(name, milliseconds).exec();
}

/// Others have other ways.
#[cfg(not(unix))]
pub(super) fn give_back_soon() {}
