//! Messages out of a mailbox, one at a time, never holding more than one.
//!
//! Dialects, and what is done with `>` before `From `:
//! - mboxrd (ours) and mboxo: one `>` is taken off. In mboxo a line that truly began with
//!   `>From ` loses its mark; nothing can tell.
//! - mboxcl2 (a right Content-Length and bare `From ` lines inside): nothing is taken off.
//! - mboxcl (a right Content-Length, quoted lines): as mboxo.
//!
//! A Content-Length is believed only where a `From ` line or the end of the file stands where it
//! says the message ends, and only about `From ` lines that may be text: one with a date and a
//! header below it always begins a message, so that a forged length cannot swallow the next ones.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::lines::Lines;
use super::{MESSAGE_BYTES_MAX, MboxEntry, Unreadable, Why, pipermail};

/// Wrong Content-Lengths in one file after which none is looked at any more.
const WRONG_LENGTHS_MAX: usize = 16;
/// Header fields a message may begin with, in lower case; `x-` and `list-` ones too.
const FIRST_FIELDS: [&str; 24] = [
    "received",
    "return-path",
    "from",
    "date",
    "to",
    "subject",
    "message-id",
    "mime-version",
    "content-type",
    "delivered-to",
    "status",
    "sender",
    "reply-to",
    "cc",
    "in-reply-to",
    "references",
    "dkim-signature",
    "path",
    "newsgroups",
    "authentication-results",
    "envelope-to",
    "organization",
    "resent-from",
    "content-length",
];

/// Reads the messages of a mailbox.
pub struct MboxReader<R> {
    lines: Lines<R>,
    next: VecDeque<Result<MboxEntry, Unreadable>>,
    /// The `From ` line the next message begins with.
    begun: Option<FromLine>,
    n: u64,
    wrong_lengths: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Reading,
    Done,
}

struct FromLine {
    n: u64,
    offset: u64,
    /// With its line end.
    line: Vec<u8>,
}

/// What stands below a `From ` line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// It has a date, and a header follows: whatever a Content-Length says.
    Message,
    /// Neither: people begin lines with this word.
    Text,
    /// One of the two; a right Content-Length tells.
    Either,
}

/// A message being read.
struct Message {
    begun: FromLine,
    raw: Vec<u8>,
    /// Bytes of it in the file, quote marks included.
    bytes: usize,
    header: HeaderState,
    /// Where the body begins in the file's bytes of this message, and its length as told.
    length: Option<(usize, usize)>,
    /// The `From ` lines inside, kept.
    inside: Vec<FromLine>,
    too_large: bool,
    quoting: Quoting,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HeaderState {
    Reading,
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    TakenOff,
    Kept,
}

impl<R: BufRead> MboxReader<R> {
    /// Reads from the start of a mailbox that is not compressed (see [`super::open_archive`]).
    pub fn new(input: R) -> MboxReader<R> {
        MboxReader {
            lines: Lines::new(input),
            next: VecDeque::new(),
            begun: None,
            n: 0,
            wrong_lengths: 0,
            state: State::Fresh,
        }
    }

    /// Skips what stands before the first `From ` line, as Python does.
    fn start(&mut self) -> io::Result<()> {
        self.state = State::Reading;
        let mut empty = true;
        while let Some(starts_line) = self.lines.read()? {
            empty = false;
            if starts_line && self.lines.line.starts_with(b"From ") {
                self.begun = Some(self.begin());
                return Ok(());
            }
        }
        let why = if empty { Why::EmptyFile } else { Why::NotAMailbox };
        self.next.push_back(Err(Unreadable { n: 0, offset: 0, why }));
        Ok(())
    }

    fn begin(&mut self) -> FromLine {
        self.n += 1;
        let line = self.lines.line.clone();
        FromLine { n: self.n, offset: self.lines.offset - line.len() as u64, line }
    }

    fn message(&mut self, begun: FromLine) -> io::Result<()> {
        let mut message = Message::new(begun);
        while let Some(starts_line) = self.lines.read()? {
            if !(starts_line && self.lines.line.starts_with(b"From ")) {
                message.push(&self.lines.line, starts_line);
                continue;
            }
            let begun = self.begin();
            match self.what_begins(&begun)? {
                Begins::Text if message.header == HeaderState::Over => message.keep_inside(begun),
                Begins::Either if self.wrong_lengths < WRONG_LENGTHS_MAX && message.promises_more() => {
                    if !self.read_promised(&mut message, begun)? {
                        break;
                    }
                }
                Begins::Text | Begins::Either | Begins::Message => {
                    self.begun = Some(begun);
                    break;
                }
            }
        }
        self.give(message);
        Ok(())
    }

    /// What a `From ` line begins, by its own look and by what stands below it.
    fn what_begins(&mut self, begun: &FromLine) -> io::Result<Begins> {
        let postmark = looks_like_postmark(&begun.line);
        let header_below = match self.lines.read()? {
            None => false,
            Some(starts_line) => {
                // Below a date any field will do; "Note: …" alone is how people write.
                let line = &self.lines.line;
                let is_header = looks_like_header(line) || (postmark && looks_like_field(line));
                self.lines.put_back(starts_line);
                is_header
            }
        };
        Ok(match (postmark, header_below) {
            (true, true) => Begins::Message,
            (false, false) => Begins::Text,
            (true, false) | (false, true) => Begins::Either,
        })
    }

    /// Reads on to where Content-Length says; puts everything back if it is wrong.
    fn read_promised(&mut self, message: &mut Message, begun: FromLine) -> io::Result<bool> {
        let Some((body, length)) = message.length else { return Ok(false) };
        let end = body + length;
        let (mut bytes, mut inside) = (message.bytes + begun.line.len(), vec![begun]);
        let mut held = inside[0].line.clone();
        while bytes < end {
            let Some(starts_line) = self.lines.read()? else { break };
            bytes += self.lines.line.len();
            held.extend_from_slice(&self.lines.line);
            if starts_line && self.lines.line.starts_with(b"From ") {
                inside.push(self.begin());
                let last = inside.len() - 1;
                if self.what_begins(&inside[last])? == Begins::Message {
                    break;
                }
            }
        }
        if bytes == end
            && !inside.last().is_some_and(|last| held.ends_with(&last.line))
            && self.ends_here()?
        {
            message.push_verbatim(&held);
            message.inside.extend(inside);
            message.quoting = Quoting::Kept;
            return Ok(true);
        }
        self.wrong_lengths += 1;
        // The first of the lines is the next message; the others are read again.
        let first = inside.swap_remove(0);
        self.n = first.n;
        self.lines.read_again(held[first.line.len()..].to_vec(), first.line.ends_with(b"\n"));
        self.begun = Some(first);
        Ok(false)
    }

    /// Does a `From ` line, after an empty one or not, or the end of the file come next?
    fn ends_here(&mut self) -> io::Result<bool> {
        let Some(starts_line) = self.lines.read()? else { return Ok(true) };
        if starts_line && self.lines.line.trim_ascii().is_empty() {
            let blank = self.lines.line.clone();
            let answer = match self.lines.read()? {
                None => true,
                Some(starts_line) => {
                    let begins = self.lines.line.starts_with(b"From ");
                    self.lines.put_back(starts_line);
                    begins
                }
            };
            self.lines.read_again(blank, true);
            return Ok(answer);
        }
        let begins = starts_line && self.lines.line.starts_with(b"From ");
        self.lines.put_back(starts_line);
        Ok(begins)
    }

    fn give(&mut self, message: Message) {
        let Message { begun, mut raw, inside, too_large, .. } = message;
        let FromLine { n, offset, line } = begun;
        let from_line = line[5..].trim_ascii_end().to_vec();
        // The empty line before the next message is the mailbox's.
        if raw.ends_with(b"\n\n") || raw == b"\n" {
            raw.truncate(raw.len() - 1);
        } else if raw.ends_with(b"\n\r\n") || raw == b"\r\n" {
            raw.truncate(raw.len() - 2);
        }
        self.next.push_back(if too_large {
            Err(Unreadable { n, offset, why: Why::TooLarge })
        } else if raw.is_empty() {
            Err(Unreadable { n, offset, why: Why::Empty })
        } else {
            if pipermail::is_obfuscated(&from_line)
                && let std::borrow::Cow::Owned(restored) = pipermail::restore_addresses(&raw)
            {
                raw = restored;
            }
            Ok(MboxEntry { n, raw, from_line, offset })
        });
        let why = Why::InsideMessage(n);
        self.next
            .extend(inside.into_iter().map(|line| Err(Unreadable { n: line.n, offset: line.offset, why })));
    }
}

impl<R: BufRead> Iterator for MboxReader<R> {
    type Item = Result<MboxEntry, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next.is_empty() && self.state != State::Done {
            let read = match (self.state, self.begun.take()) {
                (State::Fresh, _) => self.start(),
                (State::Reading, Some(begun)) => self.message(begun),
                (State::Reading | State::Done, _) => {
                    self.state = State::Done;
                    Ok(())
                }
            };
            if let Err(error) = read {
                self.state = State::Done;
                let why = Why::Broken(error.kind());
                self.next.push_back(Err(Unreadable { n: 0, offset: self.lines.offset, why }));
            }
        }
        self.next.pop_front()
    }
}

impl Message {
    fn new(begun: FromLine) -> Message {
        Message {
            begun,
            raw: Vec::new(),
            bytes: 0,
            header: HeaderState::Reading,
            length: None,
            inside: Vec::new(),
            too_large: false,
            quoting: Quoting::TakenOff,
        }
    }

    fn push(&mut self, line: &[u8], starts_line: bool) {
        self.bytes += line.len();
        let quoted = starts_line
            && line.starts_with(b">")
            && self.quoting == Quoting::TakenOff
            && is_quoted_from(line);
        self.push_bytes(if quoted { &line[1..] } else { line });
        if self.header == HeaderState::Reading && starts_line {
            if line == b"\n" || line == b"\r\n" {
                self.header = HeaderState::Over;
                self.length = self.length.map(|(_, length)| (self.bytes, length));
            } else if line.len() > 15 && line[..15].eq_ignore_ascii_case(b"content-length:") {
                let told = std::str::from_utf8(line[15..].trim_ascii()).ok().and_then(|t| t.parse().ok());
                self.length = told.filter(|length| *length <= MESSAGE_BYTES_MAX).map(|length| (0, length));
            }
        }
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        if self.raw.len() + bytes.len() > MESSAGE_BYTES_MAX {
            self.too_large = true;
            self.raw = Vec::new();
        }
        if !self.too_large {
            self.raw.extend_from_slice(bytes);
        }
    }

    fn push_verbatim(&mut self, held: &[u8]) {
        self.bytes += held.len();
        self.push_bytes(held);
    }

    fn keep_inside(&mut self, begun: FromLine) {
        self.push_verbatim(&begun.line);
        self.inside.push(begun);
    }

    /// Does Content-Length say that the body goes on?
    fn promises_more(&self) -> bool {
        self.header == HeaderState::Over
            && self.length.is_some_and(|(body, length)| body + length > self.bytes)
            && !self.too_large
    }
}

fn is_quoted_from(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|b| **b == b'>').count();
    line[marks..].starts_with(b"From ")
}

/// `From x Thu Jan  5 10:23:45 2026`: an hour and a year, somewhere after the sender.
fn looks_like_postmark(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split_ascii_whitespace().skip(1);
    let hour = |w: &str| w.split(':').count() >= 2 && w.split(':').all(|n| n.len() == 2 && is_number(n));
    let year = |w: &str| w.len() == 4 && (w.starts_with("19") || w.starts_with("20")) && is_number(w);
    words.clone().any(hour) && words.any(year)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn looks_like_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| b.is_ascii_graphic() && **b != b':').count();
    name > 0 && line.get(name) == Some(&b':')
}

fn looks_like_header(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|b| *b == b':') else { return false };
    let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
    let known = FIRST_FIELDS.contains(&name.as_str());
    known
        || ((name.starts_with("x-") || name.starts_with("list-") || name.starts_with("arc-"))
            && !name.contains(' '))
}
