//! What a peer answers, without I/O: bytes in, whole answers out, however hostile the peer.
//!
//! mail-send reads answers through smtp-proto, which lets an answer of empty lines grow without
//! end, takes the code of the first line where the next ones say another, and loses what comes
//! after the answer that was asked for. All three are decisions about mail, so answers are read here.

use std::fmt;

/// Longest line of an answer, bytes, line end included (RFC 5321 §4.5.3.1.5 asks for 512).
pub(super) const ANSWER_LINE_BYTES_MAX: usize = 2 * 1024;
/// Most lines of one answer.
pub(super) const ANSWER_LINES_MAX: usize = 100;
/// Longest answer, bytes.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// What is kept of an answer's words, bytes.
pub const REPLY_BYTES_MAX: usize = 500;

/// One reply of a peer (RFC 5321 §4.2), 200 to 599.
#[derive(PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    /// The words of its lines, LF between them; whatever bytes the peer sent.
    words: Vec<u8>,
}

/// What the first digit of a code says (RFC 5321 §4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Severity {
    Done,
    GoOn,
    Later,
    Never,
}

/// An enhanced status code (RFC 3463): `5.1.1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EnhancedCode {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about.
    pub subject: u16,
    /// Which case.
    pub detail: u16,
}

/// Bytes that are no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("answered a line that is no SMTP reply")]
    Syntax,
    #[error("answered a line of more than {ANSWER_LINE_BYTES_MAX} bytes")]
    LineTooLong,
    #[error("answered more than {ANSWER_LINES_MAX} lines")]
    TooManyLines,
    #[error("answered more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    #[error("answered with two different codes at once")]
    TwoCodes,
}

impl Answer {
    pub(super) fn severity(&self) -> Severity {
        match self.code {
            ..=299 => Severity::Done,
            300..=399 => Severity::GoOn,
            400..=499 => Severity::Later,
            500.. => Severity::Never,
        }
    }

    /// The words of each line, the code taken off.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.words.split(|b| *b == b'\n')
    }

    /// The enhanced code the answer starts with, if it agrees with the code (RFC 2034 §4).
    pub(super) fn enhanced(&self) -> Option<EnhancedCode> {
        let word = self.words.split(|b| b.is_ascii_whitespace()).next()?;
        let mut numbers = std::str::from_utf8(word).ok()?.split('.').map(|digits| {
            let digits = Some(digits).filter(|d| matches!(d.len(), 1..=3))?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
        });
        let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        if numbers.next().is_some() || class != self.code / 100 {
            return None;
        }
        Some(EnhancedCode { class: u8::try_from(class).ok()?, subject, detail })
    }

    /// Code and words as they may be kept and shown: one line of printable ASCII.
    pub(super) fn reply(&self) -> String {
        let mut reply = format!("{} ", self.code);
        let room = REPLY_BYTES_MAX - reply.len();
        reply.extend(self.words.iter().take(room).map(|byte| printable(*byte)));
        reply.truncate(reply.trim_end().len());
        reply
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({:?})", self.reply())
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EnhancedCode { class, subject, detail } = self;
        write!(f, "{class}.{subject}.{detail}")
    }
}

/// A text of ours or of the system, made fit to be kept like a reply.
pub(super) fn kept(text: &str) -> String {
    text.bytes().take(REPLY_BYTES_MAX).map(printable).collect()
}

fn printable(byte: u8) -> char {
    match byte {
        b'\n' | b'\t' => ' ',
        b' '..=b'~' => char::from(byte),
        _ => '?',
    }
}

/// Cuts what a peer sends into answers. Holds at most one line and one read.
#[derive(Default)]
pub(super) struct Answers {
    unread: Vec<u8>,
    /// How much of `unread` was already searched for a line end.
    searched: usize,
    /// The answer whose last line has not come yet.
    partial: Option<Partial>,
}

struct Partial {
    answer: Answer,
    lines: usize,
    bytes: usize,
}

impl Answers {
    /// Where to read more bytes to; then `next` is to be called.
    pub(super) fn space(&mut self) -> &mut Vec<u8> {
        self.unread.reserve(ANSWER_LINE_BYTES_MAX);
        &mut self.unread
    }

    /// Whether the peer has said something that was not taken with `next`.
    pub(super) fn has_more(&self) -> bool {
        !self.unread.is_empty() || self.partial.is_some()
    }

    /// The next whole answer, or `None` when more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Answer>, NoAnswer> {
        let mut start = 0;
        let mut found = Ok(None);
        while let Some(end) = self.unread[self.searched..].iter().position(|b| *b == b'\n') {
            let end = self.searched + end + 1;
            found = take_line(&mut self.partial, &self.unread[start..end]);
            (start, self.searched) = (end, end);
            if !matches!(found, Ok(None)) {
                break;
            }
        }
        self.unread.drain(..start);
        self.searched = match found {
            Ok(None) => self.unread.len(),
            Ok(Some(_)) | Err(_) => 0,
        };
        if matches!(found, Ok(None)) && self.unread.len() >= ANSWER_LINE_BYTES_MAX {
            return Err(NoAnswer::LineTooLong);
        }
        found
    }
}

/// Adds a line, with its end, to the answer it belongs to; gives the answer when it is the last one.
fn take_line(partial: &mut Option<Partial>, line: &[u8]) -> Result<Option<Answer>, NoAnswer> {
    if line.len() > ANSWER_LINE_BYTES_MAX {
        return Err(NoAnswer::LineTooLong);
    }
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = text else {
        return Err(NoAnswer::Syntax);
    };
    let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
    let (words, is_last) = match rest {
        [] => (rest, true),
        [b' ', words @ ..] => (words, true),
        [b'-', words @ ..] => (words, false),
        [_, ..] => return Err(NoAnswer::Syntax),
    };
    if words.contains(&0) {
        return Err(NoAnswer::Syntax);
    }
    let whole = match partial.take() {
        None => Partial { answer: Answer { code, words: words.to_vec() }, lines: 1, bytes: line.len() },
        Some(mut so_far) => {
            if so_far.answer.code != code {
                return Err(NoAnswer::TwoCodes);
            }
            so_far.lines += 1;
            so_far.bytes += line.len();
            so_far.answer.words.push(b'\n');
            so_far.answer.words.extend_from_slice(words);
            so_far
        }
    };
    if whole.lines > ANSWER_LINES_MAX {
        return Err(NoAnswer::TooManyLines);
    }
    if whole.bytes > ANSWER_BYTES_MAX {
        return Err(NoAnswer::TooLong);
    }
    if is_last {
        return Ok(Some(whole.answer));
    }
    *partial = Some(whole);
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads as a connection does, `step` bytes at a time; stops at the first thing that is no answer.
    fn read(bytes: &[u8], step: usize) -> (Vec<String>, Option<NoAnswer>) {
        let mut answers = Answers::default();
        let mut read = Vec::new();
        for chunk in bytes.chunks(step.max(1)) {
            answers.space().extend_from_slice(chunk);
            loop {
                match answers.next() {
                    Ok(Some(answer)) => read.push(answer.reply()),
                    Ok(None) => break,
                    Err(why) => return (read, Some(why)),
                }
            }
            assert!(answers.unread.len() < ANSWER_LINE_BYTES_MAX, "more than a line is held");
        }
        (read, None)
    }

    #[test]
    fn answers_are_read_however_they_are_cut() {
        let text = b"220 a.example ESMTP\r\n250-one\r\n250-two\r\n250 three\r\n354\r\n550 5.1.1 caf\xc3\xa9\x07\n250 \r\n";
        let expected = ["220 a.example ESMTP", "250 one two three", "354", "550 5.1.1 caf???", "250"];
        for step in 1..=text.len() {
            assert_eq!(read(text, step), (expected.map(str::to_owned).to_vec(), None), "{step}");
        }
        for end in 0..text.len() {
            let (prefix, why) = read(&text[..end], usize::MAX);
            assert_eq!(why, None);
            assert_eq!(prefix, expected[..prefix.len()]);
        }
    }

    #[test]
    fn what_is_no_answer() {
        use NoAnswer::*;
        let long = format!("250 {}\r\n", "x".repeat(ANSWER_LINE_BYTES_MAX));
        let endless_line = "x".repeat(ANSWER_LINE_BYTES_MAX);
        let many = "250-a\r\n".repeat(ANSWER_LINES_MAX + 1);
        let heavy = format!("250-{}\r\n", "x".repeat(1000)).repeat(ANSWER_LINES_MAX);
        let empty = "250-\r\n".repeat(ANSWER_LINES_MAX + 1);
        for (bytes, why) in [
            ("\r\n", Syntax),
            ("hello\r\n", Syntax),
            ("999 no\r\n", Syntax),
            ("199 no\r\n", Syntax),
            ("2500 no\r\n", Syntax),
            ("25\r\n", Syntax),
            ("250\tok\r\n", Syntax),
            ("250 a\0b\r\n", Syntax),
            ("250-a\r\n\r\n250 b\r\n", Syntax),
            ("250-a\r\n550 b\r\n", TwoCodes),
            (&long, LineTooLong),
            (&endless_line, LineTooLong),
            (&many, TooManyLines),
            (&heavy, TooLong),
            (&empty, TooManyLines),
        ] {
            for step in [1, 7, 4096] {
                assert_eq!(read(bytes.as_bytes(), step), (vec![], Some(why)), "{:?} {step}", &bytes[..4]);
            }
        }
    }

    #[test]
    fn enhanced_codes_are_found_where_they_are_meant() {
        for (line, enhanced) in [
            ("550 5.1.1 no such person\r\n", Some("5.1.1")),
            ("452-4.2.2 full\r\n452 4.2.2 quite\r\n", Some("4.2.2")),
            ("550 5.7.133\r\n", Some("5.7.133")),
            ("250 2.0.0\r\n", Some("2.0.0")),
            ("450 5.1.1 which of the two\r\n", None),
            ("550 5.1.1.1 x\r\n", None),
            ("550 5.1 x\r\n", None),
            ("550 5.1.1: x\r\n", None),
            ("550 5.1.1000 x\r\n", None),
            ("550 5.+1.1 x\r\n", None),
            ("550 no such person\r\n", None),
            ("550\r\n", None),
        ] {
            let mut answers = Answers::default();
            answers.space().extend_from_slice(line.as_bytes());
            let answer = answers.next().expect(line).expect(line);
            assert_eq!(answer.enhanced().map(|e| e.to_string()).as_deref(), enhanced, "{line}");
        }
    }

    #[test]
    fn a_kept_reply_is_short() {
        let (read, _) = read(format!("250-{0}\r\n250 {0}\r\n", "x".repeat(900)).as_bytes(), 4096);
        assert_eq!(read[0].len(), REPLY_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(bytes in "[2345]?[0-9]{0,3}[- \r\n\0\u{e9}.a]{0,20}", step in 1usize..9) {
            prop_assert_eq!(read(bytes.as_bytes(), step), read(bytes.as_bytes(), usize::MAX));
        }
    }
}
