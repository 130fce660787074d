//! The log of a server: on stderr, one line an event, whatever strangers put into it.
//!
//! What peers say, call themselves and write into headers ends up here. It must not begin a line of
//! its own, nor speak to the terminal of whoever reads the log.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use super::show::on_one_line;

/// The longest line, in characters: strangers choose how long some of it is.
const LINE_CHARS_MAX: usize = 4_000;

/// Log lines that stand alone, on stderr; `RUST_LOG` is not looked at, so that what is logged does
/// not depend on where Parvis is started from.
pub(super) fn to_stderr(level: &str) {
    let filter = EnvFilter::new(level);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    let lines = lines.with_writer(|| OneLine(io::stderr().lock()));
    // A second call, as in tests, changes nothing.
    let _ = lines.with_ansi(false).try_init();
}

/// Makes a line of each event, which arrives in one piece.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = on_one_line(text.trim_end_matches('\n'));
        if let Some((cut, _)) = line.char_indices().nth(LINE_CHARS_MAX) {
            line.truncate(cut);
            line.push('…');
        }
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let long = "x".repeat(2 * LINE_CHARS_MAX);
        let cut = format!("{}…\n", "x".repeat(LINE_CHARS_MAX));
        for (event, line) in [
            ("a post was decided on post=1\n", "a post was decided on post=1\n"),
            ("said=250 ok\r\n2026-11-23 INFO forged\u{1b}[2J\n", "said=250 ok  2026-11-23 INFO forged [2J\n"),
            ("a\u{9b}2J\u{2028}b\n", "a 2J b\n"),
            (long.as_str(), cut.as_str()),
        ] {
            let mut log = Vec::new();
            OneLine(&mut log).write_all(event.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(log).unwrap(), line);
        }
    }
}
