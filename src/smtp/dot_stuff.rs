//! Text made safe to follow DATA: every line ends in CRLF, none can be taken for the end of the message.
//!
//! The only way to what `client` sends, so that nothing a stranger posted can end a message early
//! and go on as commands. Knows nothing of headers, charsets or line lengths.

use std::sync::Arc;

/// Bytes that can follow DATA as they are (RFC 5321 §2.3.8, §4.5.2): no CR or LF but in CRLF, a
/// leading dot doubled on each line, CRLF at the end unless empty. Cloning shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct DotStuffed {
    bytes: Arc<[u8]>,
    dots_added: usize,
}

impl DotStuffed {
    /// What goes on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes the receiver will keep: what the SIZE parameter counts (RFC 1870 §3).
    pub fn received_len(&self) -> usize {
        self.bytes.len() - self.dots_added
    }
}

impl std::fmt::Debug for DotStuffed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DotStuffed({} bytes)", self.bytes.len())
    }
}

/// Makes `text` safe to send. A CR or LF that stands alone becomes CRLF: some receivers would take
/// it for a line end and find `.` alone on a line where we saw none (SMTP smuggling).
pub fn dot_stuff(text: &[u8]) -> DotStuffed {
    const DOTS_EXPECTED: usize = 64;
    let mut stuffed = Vec::with_capacity(text.len() + DOTS_EXPECTED);
    let mut dots_added = 0;
    let mut rest = text;
    while let Some(first) = rest.first() {
        if *first == b'.' {
            stuffed.push(b'.');
            dots_added += 1;
        }
        let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
        stuffed.extend_from_slice(&rest[..end]);
        stuffed.extend_from_slice(b"\r\n");
        rest = match &rest[end..] {
            [b'\r', b'\n', next @ ..] => next,
            [_, next @ ..] => next,
            [] => &[],
        };
    }
    DotStuffed { bytes: stuffed.into(), dots_added }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_ends_are_crlf_and_leading_dots_are_doubled() {
        for (text, stuffed) in [
            ("", ""),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            ("a\n", "a\r\n"),
            ("a\r", "a\r\n"),
            ("\r\n", "\r\n"),
            ("a\r\r\nb", "a\r\n\r\nb\r\n"),
            ("a\n\rb", "a\r\n\r\nb\r\n"),
            (".", "..\r\n"),
            ("..a\r\n.b\r\nc.\r\n", "...a\r\n..b\r\nc.\r\n"),
            ("a\n.\nMAIL FROM:<x@y.example>\n", "a\r\n..\r\nMAIL FROM:<x@y.example>\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            ("a\r\n.\n", "a\r\n..\r\n"),
            ("a\n.\r\n", "a\r\n..\r\n"),
        ] {
            assert_eq!(dot_stuff(text.as_bytes()).as_bytes(), stuffed.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn the_size_told_is_without_the_dots() {
        assert_eq!(dot_stuff(b".a\r\n..\r\nb\r\n").received_len(), 11);
    }

    proptest! {
        /// Read back as a receiver does, the text is the same but for its line ends.
        #[test]
        fn a_receiver_reads_the_lines_that_were_given(text in "[a.\r\n]{0,40}") {
            let stuffed = dot_stuff(text.as_bytes());
            let sent = std::str::from_utf8(stuffed.as_bytes()).expect("ASCII stays ASCII");
            prop_assert!(sent.is_empty() || sent.ends_with("\r\n"));
            let lines: Vec<&str> = sent.split_terminator("\r\n").collect();
            prop_assert!(lines.iter().all(|l| !l.contains(['\r', '\n']) && *l != "."));
            let read: Vec<&str> = lines.iter().map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let given: Vec<&str> = text.split_terminator('\n').collect();
            prop_assert_eq!(&read, &given);
            prop_assert_eq!(stuffed.received_len(), read.iter().map(|l| l.len() + 2).sum::<usize>());
        }
    }
}
