//! What the line in front of a message in a mailbox says: who sent it, and when it came.
//!
//! RFC 4155 wants `From anne@x.example Thu Jan  5 10:23:45 2026` in UTC. Thirty years of programs
//! wrote zones in several places, no seconds, `x at y.example`, or a sender that is none.

use crate::domain::time::Timestamp;
use crate::mail::date;

/// The longest sender kept, in bytes: an address is at most 64 + 1 + 255 (RFC 5321 §4.5.3.1).
const SENDER_BYTES_MAX: usize = 320;
/// More words than this are not looked at.
const WORDS_MAX: usize = 32;
/// What programs write for a sender they do not know.
const NOBODY: [&str; 3] = ["MAILER-DAEMON", "-", "???@???"];

/// Who sent a message, and when it came, as far as a mailbox says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Postmark {
    /// The envelope's sender; empty for none.
    pub sender: String,
    /// When it came; the very first second of 1970 says nothing.
    pub at: Option<Timestamp>,
}

/// Reads what stands after `From `.
pub fn postmark(from_line: &[u8]) -> Postmark {
    let text = String::from_utf8_lossy(from_line);
    let words: Vec<&str> = text.split_ascii_whitespace().take(WORDS_MAX).collect();
    let date = (0..words.len()).find(|at| begins_date(&words[*at..])).unwrap_or(words.len());
    let sender = match &words[..date] {
        [local, "at", domain] => format!("{local}@{domain}"),
        other => other.concat(),
    };
    let sender: String = sender.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let known = sender.len() <= SENDER_BYTES_MAX && !NOBODY.contains(&sender.as_str());
    Postmark {
        sender: if known { sender } else { String::new() },
        // Archives made by programs begin all their messages with that moment.
        at: date::parse(&words[date..].join(" ")).filter(|at| at.seconds() != 0),
    }
}

/// `Thu Jan 5 …`, `Thu, 5 Jan …`, `Jan 5 …` or `2026-01-05 …`.
fn begins_date(words: &[&str]) -> bool {
    let named = |word: &str, names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    let weekday = |word: &str| named(word.trim_end_matches(','), &DAYS);
    let day = |word: &str| word.len() <= 2 && word.parse::<u8>().is_ok();
    match words {
        [first, second, ..] if weekday(first) => named(second, &MONTHS) || day(second),
        [first, second, ..] if named(first, &MONTHS) => day(second),
        [first, ..] => is_iso(first.as_bytes()),
        [] => false,
    }
}

fn is_iso(word: &[u8]) -> bool {
    word.len() >= 10 && word[..4].iter().all(u8::is_ascii_digit) && word[4] == b'-' && word[7] == b'-'
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_as_programs_write_them() {
        for (line, sender, at) in [
            ("anne@x.example Thu Jan  5 10:23:45 2026", "anne@x.example", "2026-01-05T10:23:45Z"),
            ("anne@x.example Thu Jan  5 10:23:45 CET 2026", "anne@x.example", "2026-01-05T09:23:45Z"),
            ("anne@x.example Thu Jan  5 10:23:45 2026 +0100", "anne@x.example", "2026-01-05T09:23:45Z"),
            ("anne@x.example  Thu, 5 Jan 2026 10:23:45 +0100", "anne@x.example", "2026-01-05T09:23:45Z"),
            ("anne@x.example Jan 5 10:23 2026", "anne@x.example", "2026-01-05T10:23:00Z"),
            ("anne@x.example 2026-01-05T10:23:45Z", "anne@x.example", "2026-01-05T10:23:45Z"),
            ("anne at x.example  Thu Jan  5 10:23:45 2026", "anne@x.example", "2026-01-05T10:23:45Z"),
            ("\"a b\"@x.example Thu Jan  5 10:23:45 2026", "\"ab\"@x.example", "2026-01-05T10:23:45Z"),
            ("MAILER-DAEMON Thu Jan  5 10:23:45 2026", "", "2026-01-05T10:23:45Z"),
            ("- Thu Jan  5 10:23:45 2026", "", "2026-01-05T10:23:45Z"),
            ("Thu Jan  5 10:23:45 2026", "", "2026-01-05T10:23:45Z"),
            ("jan thu jan 5 10:23:45 2026", "jan", "2026-01-05T10:23:45Z"),
            ("archive@z Thu Jan  1 00:00:00 1970", "archive@z", ""),
            ("anne@x.example", "anne@x.example", ""),
            ("anne@x.example Thu Jan", "anne@x.example", ""),
            ("", "", ""),
        ] {
            let read = postmark(line.as_bytes());
            assert_eq!(read.sender, sender, "{line:?}");
            assert_eq!(read.at.map(|at| at.to_string()).unwrap_or_default(), at, "{line:?}");
        }
        assert_eq!(postmark("a".repeat(400).as_bytes()).sender, "");
    }

    proptest! {
        #[test]
        fn garbage_is_read(line: Vec<u8>, text in "(é|[0-9-]|Thu |Jan | |:){0,40}") {
            let _ = (postmark(&line), postmark(text.as_bytes()));
        }
    }
}
