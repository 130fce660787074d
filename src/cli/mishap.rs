//! How it is said that something was not done: one sentence on stderr, whatever went wrong.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use anyhow::anyhow;

use super::show::on_one_line;

/// Says what could not be done, to what, and why. A closed stderr is no further mishap.
pub(super) fn say(error: &anyhow::Error) {
    let _ = writeln!(io::stderr(), "parvis: {}", on_one_line(&sentence(error)));
}

/// A fault of ours is told like any other: a sentence, no trace. The message that caused one is
/// put aside by whoever handled it; this only keeps the report short.
pub(super) fn say_faults_plainly() {
    set_hook(Box::new(|panic| {
        let what = panic.payload_as_str().unwrap_or("no words for it");
        let what = on_one_line(what);
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
        let place = place.unwrap_or_default();
        let _ = writeln!(io::stderr(), "parvis: a fault in parvis itself, please report it: {what}{place}");
    }));
}

/// Runs a command; a fault of ours that nobody caught is an error, and was told of already.
pub(super) fn caught<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(_) => Err(anyhow!("this was not done because of that fault")),
    }
}

/// Whoever read our answer has read enough.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}

/// The chain of causes as one sentence on one line. Some errors quote their cause in their own
/// words already; it is not said twice.
pub(super) fn sentence(error: &anyhow::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = plain(&cause.to_string());
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}

/// Without line ends and the system's numbers: `No such file or directory (os error 2)`.
fn plain(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(at) = text.find(" (os error ") {
        let Some(end) = text[at..].find(')') else { break };
        text.replace_range(at..=at + end, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_chain_is_one_sentence() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open the folder: {0}")]
        struct Quoting(#[from] io::Error);

        let cause = || io::Error::from_raw_os_error(2);
        let quoting = anyhow::Error::from(Quoting(cause())).context("cannot serve");
        assert_eq!(sentence(&quoting), "cannot serve: cannot open the folder: No such file or directory");
        let plain = Err::<(), _>(cause()).context("cannot read\nx").unwrap_err();
        assert_eq!(sentence(&plain), "cannot read x: No such file or directory");
    }

    #[test]
    fn broken_pipes_are_found_below() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot print");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow!("no")));
    }
}
