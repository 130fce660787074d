//! Lines as they may travel: ended by CRLF, at most 998 bytes, without NUL.

use std::borrow::Cow;

use crate::mail::headers::Headers;

/// A line is at most this long, without its line end (RFC 5322 §2.1.1).
pub(super) const LINE_BYTES_MAX: usize = 998;

/// A message with every line ended by CRLF and no NUL. Stray carriage returns become blanks in the
/// header, where a line end would make a field, and line ends in the body.
pub(crate) fn normalised(raw: &[u8]) -> Cow<'_, [u8]> {
    if is_normal(raw) {
        return Cow::Borrowed(raw);
    }
    let (headers, _) = Headers::scan_leniently(raw);
    let (header, body) = raw.split_at(headers.body_offset());
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 30 + 2);
    push_normalised(&mut out, header, b" ");
    push_normalised(&mut out, body, b"\r\n");
    Cow::Owned(out)
}

fn is_normal(raw: &[u8]) -> bool {
    let mut previous = 0;
    for &byte in raw {
        let fits = match byte {
            0 => false,
            b'\n' => previous == b'\r',
            _ => previous != b'\r',
        };
        if !fits {
            return false;
        }
        previous = byte;
    }
    previous != b'\r'
}

fn push_normalised(out: &mut Vec<u8>, bytes: &[u8], stray: &[u8]) {
    let mut bytes = bytes.iter().copied().filter(|&b| b != 0).peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.peek() == Some(&b'\n') => {}
            b'\r' => out.extend_from_slice(stray),
            b'\n' => out.extend_from_slice(b"\r\n"),
            byte => out.push(byte),
        }
    }
}

/// The lines of normalised bytes, each with its CRLF, and where each begins.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    bytes.split_inclusive(|&b| b == b'\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

/// Whether a line, with or without its CRLF, is longer than may travel.
pub(super) fn is_too_long(line: &[u8]) -> bool {
    line.len() > LINE_BYTES_MAX && line.trim_ascii_end_crlf().len() > LINE_BYTES_MAX
}

/// Whether any line is longer than may travel.
pub(super) fn has_long_line(bytes: &[u8]) -> bool {
    lines(bytes).any(|(_, line)| is_too_long(line))
}

/// Cuts a line that is too long behind its last blank that fits, else where it must be, but not in
/// the middle of a character.
pub(super) fn cut(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + line.len() / 400 + 2);
    let mut rest = line;
    while is_too_long(rest) {
        let window = &rest[..LINE_BYTES_MAX];
        let at = match window.iter().rposition(|&b| b == b' ') {
            Some(blank) if blank >= LINE_BYTES_MAX / 2 => blank + 1,
            Some(_) | None => {
                let continues = |at: &usize| rest[*at] & 0xC0 == 0x80;
                (LINE_BYTES_MAX - 3..=LINE_BYTES_MAX)
                    .rev()
                    .find(|at| !continues(at))
                    .unwrap_or(LINE_BYTES_MAX)
            }
        };
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"\r\n");
        rest = &rest[at..];
    }
    out.extend_from_slice(rest);
    out
}

/// A field with lines that may travel: folded at its blanks, or between the ids of a list of ids.
/// `None` if it cannot be folded and must be left out.
pub(super) fn folded(field: &[u8]) -> Option<Cow<'_, [u8]>> {
    let ended = field.ends_with(b"\r\n");
    if ended && !has_long_line(field) {
        return Some(Cow::Borrowed(field));
    }
    let mut out = Vec::with_capacity(field.len() + 64);
    for (_, line) in lines(field) {
        fold_line(&mut out, line.trim_ascii_end_crlf())?;
    }
    Some(Cow::Owned(out))
}

fn fold_line(out: &mut Vec<u8>, line: &[u8]) -> Option<()> {
    let mut rest = line;
    let mut blank_to_add = false;
    loop {
        let room = if blank_to_add { LINE_BYTES_MAX - 1 } else { LINE_BYTES_MAX };
        if blank_to_add {
            out.push(b' ');
        }
        if rest.len() <= room {
            out.extend_from_slice(rest);
            out.extend_from_slice(b"\r\n");
            return Some(());
        }
        // A line of blanks only would end the header for some readers.
        let text_begins = rest.iter().position(|b| !matches!(b, b' ' | b'\t'))?;
        let window = &rest[..room];
        let fold = window.iter().rposition(|b| matches!(b, b' ' | b'\t')).filter(|at| *at > text_begins);
        let between = || window.windows(2).rposition(|pair| pair == b"><").map(|at| at + 1);
        let (at, add) = fold.map(|at| (at, false)).or_else(|| between().map(|at| (at, true)))?;
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"\r\n");
        rest = &rest[at..];
        blank_to_add = add;
    }
}

/// A line without its line end.
pub(super) trait WithoutLineEnd {
    /// Without one CRLF or LF at the end.
    fn trim_ascii_end_crlf(&self) -> &[u8];
}

impl WithoutLineEnd for [u8] {
    fn trim_ascii_end_crlf(&self) -> &[u8] {
        let text = self.strip_suffix(b"\n").unwrap_or(self);
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_crlf() {
        for (raw, normal) in [
            (&b"A: b\r\n\r\nx\r\n"[..], &b"A: b\r\n\r\nx\r\n"[..]),
            (b"A: b\n\nx\n.\n", b"A: b\r\n\r\nx\r\n.\r\n"),
            (b"A: b\rBcc: c\n\nx\ry\0\r", b"A: b Bcc: c\r\n\r\nx\r\ny\r\n"),
            (b"", b""),
        ] {
            assert_eq!(normalised(raw).as_ref(), normal);
        }
    }

    #[test]
    fn long_fields_are_folded_where_it_changes_nothing() {
        let words = format!("X: {}\r\n", "word ".repeat(500));
        let ids = format!("References: {}\r\n", "<aaaaaaaaaaaaaaaaaaaaaaaaaaaa@x.example>".repeat(100));
        for field in [words.as_bytes(), ids.as_bytes()] {
            let folded = folded(field).expect("can be");
            assert!(
                !has_long_line(&folded) && lines(&folded).skip(1).all(|(_, line)| line.starts_with(b" "))
            );
            let strip = |bytes: &[u8]| {
                bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>()
            };
            assert_eq!(strip(&folded), strip(field));
        }
        let id = format!("Message-ID: <{}>\r\n", "x".repeat(990));
        assert!(!has_long_line(&folded(id.as_bytes()).expect("behind the colon")));
        assert!(folded(format!("X: {}\r\n", "x".repeat(2000)).as_bytes()).is_none());
        assert!(folded(format!("X:{}\r\n", " ".repeat(2000)).as_bytes()).is_none());
        assert_eq!(folded(b"X: y").expect("short").as_ref(), b"X: y\r\n");
    }

    #[test]
    fn cut_lines_keep_their_characters() {
        let line = "é".repeat(3_000) + "\r\n";
        let cut = String::from_utf8(cut(line.as_bytes())).expect("no character cut");
        assert!(!has_long_line(cut.as_bytes()));
        assert_eq!(cut.replace("\r\n", ""), "é".repeat(3_000));
    }
}
