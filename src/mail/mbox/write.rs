//! One message into an mboxrd file, so that it comes back byte by byte.
//!
//! mboxrd: one more `>` before every `From ` that has none or some, an empty line after each
//! message. Files we write have LF line ends: a message all of whose lines end in CRLF is written
//! with LF; one with mixed line ends is written as it is.

use std::io::{self, Write};

use crate::domain::time::Timestamp;

/// The sender of a message without one.
const NOBODY: &str = "MAILER-DAEMON";

/// Appends a message. `sender` is the envelope's (empty for none), `timestamp` when it came.
pub fn write_entry(out: &mut impl Write, sender: &str, timestamp: Timestamp, raw: &[u8]) -> io::Result<()> {
    let sender: String = sender.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let sender = if sender.is_empty() { NOBODY } else { &sender };
    writeln!(out, "From {sender} {}", timestamp.asctime_utc())?;
    let crlf = is_crlf(raw);
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let marks = line.iter().take_while(|b| **b == b'>').count();
        if line[marks..].starts_with(b"From ") {
            out.write_all(b">")?;
        }
        match line.strip_suffix(b"\r\n") {
            Some(content) if crlf => {
                out.write_all(content)?;
                out.write_all(b"\n")?;
            }
            Some(_) | None => out.write_all(line)?,
        }
    }
    if !raw.is_empty() && !raw.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")
}

/// Does every line end in CRLF?
fn is_crlf(raw: &[u8]) -> bool {
    let ends = raw.iter().filter(|b| **b == b'\n').count();
    ends > 0 && raw.windows(2).filter(|pair| pair == b"\r\n").count() == ends
}
