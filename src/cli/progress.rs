//! How far long work is: a bar on a terminal, a line now and then elsewhere, nothing with `--json`.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Voice;

/// Where nobody looks at a bar, a line is written no more often than this.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How far something is, said on stderr: it is no part of the answer.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    said_at: Cell<Duration>,
}

impl Progress {
    /// Work whose size in bytes is known; `None`: it is not.
    pub(super) fn new(voice: &Voice, bytes: Option<u64>) -> Progress {
        let bar = (!voice.json).then(|| {
            let (bar, template) = match bytes {
                Some(bytes) => (ProgressBar::new(bytes), "{bar:30} {percent:>3} %  {msg}  {eta} left"),
                None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
            };
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Progress { bar, said_at: Cell::new(Duration::ZERO) }
    }

    /// So many bytes are done, in words `said`.
    pub(super) fn show(&self, bytes: Option<u64>, said: impl FnOnce() -> String) {
        let Some(bar) = &self.bar else { return };
        if io::stderr().is_terminal() {
            if let Some(bytes) = bytes {
                bar.set_position(bytes);
            }
            bar.set_message(said());
            bar.tick();
        } else if bar.elapsed() >= self.said_at.get() + LINE_EVERY {
            self.said_at.set(bar.elapsed());
            let _ = writeln!(io::stderr(), "{}", said());
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
