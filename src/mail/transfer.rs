//! Content-Transfer-Encodings (RFC 2045 §6): what wraps bytes for the road, both ways.
//!
//! Decoding never fails: what is not of the encoding is kept (quoted-printable) or skipped
//! (base64), as RFC 2045 §6.7 and §6.8 advise.

use data_encoding::{BASE64, HEXUPPER};

/// Encoded lines are at most this long, without their line end (RFC 2045 §6.7 and §6.8).
const ENCODED_LINE_MAX: usize = 76;

/// How the bytes of a leaf are wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transfer {
    /// Not at all: 7bit, 8bit, binary, or nothing said.
    Plain,
    QuotedPrintable,
    Base64,
    /// A word that is not known (`8bits`, `uuencode`): the bytes are passed on as they are
    /// (RFC 2045 §6.4).
    Unknown,
}

impl Transfer {
    /// From the field's value.
    pub(crate) fn parse(value: &str) -> Transfer {
        let word = value.split([';', '(']).next().unwrap_or_default().trim();
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        if is("quoted-printable") {
            Transfer::QuotedPrintable
        } else if is("base64") {
            Transfer::Base64
        } else if is("") || is("7bit") || is("8bit") || is("binary") {
            Transfer::Plain
        } else {
            Transfer::Unknown
        }
    }

    /// The bytes within.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Transfer::Plain | Transfer::Unknown => bytes.to_vec(),
            Transfer::QuotedPrintable => decode_quoted_printable(bytes),
            Transfer::Base64 => decode_base64(bytes),
        }
    }
}

/// Base64, skipping whatever is not of its alphabet, up to the first padding that ends a group.
pub(crate) fn decode_base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut group, mut count) = (0u32, 0u8);
    for &byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Some programs join several padded texts: go on behind the padding.
                push_group(&mut out, group, count);
                (group, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        group = group << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            push_group(&mut out, group, count);
            (group, count) = (0, 0);
        }
    }
    push_group(&mut out, group, count);
    out
}

fn push_group(out: &mut Vec<u8>, group: u32, count: u8) {
    let [_, a, b, c] = (group << (6 * u32::from(4 - count))).to_be_bytes();
    match count {
        4 => out.extend_from_slice(&[a, b, c]),
        3 => out.extend_from_slice(&[a, b]),
        2 => out.push(a),
        _ => {}
    }
}

/// Base64 in lines of 76, each ended by CRLF.
pub(crate) fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 57 * 78 + 80);
    for line in bytes.chunks(ENCODED_LINE_MAX / 4 * 3) {
        out.extend_from_slice(BASE64.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The Q encoding of RFC 2047 §4.2.
pub(crate) fn decode_q(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex_at(bytes, at + 1)) {
            (b'=', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'_', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

/// Quoted-printable (RFC 2045 §6.7); line ends become CRLF.
pub(crate) fn decode_quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let ended = line.ends_with(b"\n");
        // Blanks at the end of a line were added on the way.
        let text = line.trim_ascii_end();
        let mut at = 0;
        let mut soft = false;
        while at < text.len() {
            if text[at] == b'=' {
                if let Some(byte) = hex_at(text, at + 1) {
                    out.push(byte);
                    at += 3;
                    continue;
                }
                if at + 1 == text.len() {
                    soft = true;
                    break;
                }
            }
            out.push(text[at]);
            at += 1;
        }
        if ended && !soft {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn hex_at(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let (high, low) = (digit(*bytes.get(at)?)?, digit(*bytes.get(at + 1)?)?);
    u8::try_from(high * 16 + low).ok()
}

/// Quoted-printable of text whose line ends are CRLF. The text ends with a line end if it did.
pub(crate) fn encode_quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive(|&b| b == b'\n') {
        let content = line.strip_suffix(b"\n").map_or(line, |l| l.strip_suffix(b"\r").unwrap_or(l));
        let mut column = 0;
        for (at, &byte) in content.iter().enumerate() {
            let last = at + 1 == content.len();
            let literal = match byte {
                b'=' => false,
                b' ' | b'\t' => !last,
                // Lines that begin so are changed or ended by programs on the way.
                b'.' | b'F' | b'-' if column == 0 => false,
                byte => byte.is_ascii_graphic(),
            };
            let width = if literal { 1 } else { 3 };
            let room = if last { ENCODED_LINE_MAX } else { ENCODED_LINE_MAX - 1 };
            if column + width > room {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if literal {
                out.push(byte);
            } else {
                push_escaped(&mut out, byte);
            }
            column += width;
        }
        if line.len() > content.len() {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

/// `=E9`
pub(crate) fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    out.push(b'=');
    out.extend_from_slice(HEXUPPER.encode(&[byte]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quoted_printable_as_it_is_met() {
        for (bytes, decoded) in [
            (&b"caf=E9=\r\n au lait\r\n"[..], &b"caf\xe9 au lait\r\n"[..]),
            (b"blank at end  \r\n", b"blank at end\r\n"),
            (b"lower =c3=a9, broken =zz, lone =", b"lower \xc3\xa9, broken =zz, lone "),
            (b"soft = \nnext\n", b"soft next\r\n"),
            (b"", b""),
        ] {
            assert_eq!(decode_quoted_printable(bytes), decoded);
        }
    }

    #[test]
    fn base64_as_it_is_met() {
        for (bytes, decoded) in [
            (&b"UsOpdW5pb24="[..], "Réunion"),
            (b"UsOp\r\ndW5p b24", "Réunion"),
            (b"YQ==YQ==", "aa"),
            (b"!!!", ""),
            (b"Y", ""),
        ] {
            assert_eq!(decode_base64(bytes), decoded.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(bytes: Vec<u8>, text in "[ a-zé=.\t]{0,200}(\r\n[ a-zé=.F]{0,90}){0,3}") {
            prop_assert_eq!(decode_base64(&encode_base64(&bytes)), bytes);
            let encoded = encode_quoted_printable(text.as_bytes());
            prop_assert!(encoded.is_ascii());
            prop_assert!(encoded.split(|&b| b == b'\n').all(|line| line.len() <= ENCODED_LINE_MAX + 1));
            prop_assert_eq!(String::from_utf8(decode_quoted_printable(&encoded)).expect("utf-8"), text);
        }

        #[test]
        fn garbage_is_decoded_to_something(bytes: Vec<u8>) {
            let _ = (decode_quoted_printable(&bytes), decode_q(&bytes), decode_base64(&bytes));
        }
    }
}
