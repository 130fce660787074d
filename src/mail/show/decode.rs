//! Bytes of a part to text: transfer encodings and charsets, never losing a readable letter.
//!
//! RFC 2045 §6 and the charset labels of the WHATWG Encoding Standard. Nothing here fails: what
//! is wrong is read as well as it can be (RFC 7103 §7.6).

use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, WINDOWS_1252};

use crate::mail::charset::guess;

/// How a body is written down (RFC 2045 §6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::mail) enum Transfer {
    /// 7bit, 8bit or binary.
    #[default]
    Plain,
    Base64,
    QuotedPrintable,
    /// A name RFC 2045 does not know: the bytes are left as they are.
    Unknown,
}

impl Transfer {
    pub(super) fn named(name: &str) -> Transfer {
        match name.trim().to_ascii_lowercase().as_str() {
            "base64" => Transfer::Base64,
            "quoted-printable" => Transfer::QuotedPrintable,
            "" | "7bit" | "8bit" | "binary" => Transfer::Plain,
            _ => Transfer::Unknown,
        }
    }
}

/// Takes the transfer encoding away.
pub(in crate::mail) fn transfer(body: &[u8], transfer: Transfer) -> Vec<u8> {
    match transfer {
        Transfer::Plain | Transfer::Unknown => body.to_vec(),
        Transfer::Base64 => base64(body),
        Transfer::QuotedPrintable => quoted_printable(body),
    }
}

/// How many bytes [`transfer`] gives, counted without giving them.
pub(super) fn transfer_len(body: &[u8], transfer: Transfer) -> usize {
    match transfer {
        Transfer::Plain | Transfer::Unknown => body.len(),
        Transfer::Base64 => body.iter().filter(|b| sextet(**b).is_some()).count() * 3 / 4,
        Transfer::QuotedPrintable => quoted_printable(body).len(),
    }
}

/// RFC 2045 §6.8: characters outside the alphabet are ignored; padding in the middle too, because
/// encoded pieces are met one after the other.
pub(super) fn base64(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() / 4 * 3);
    let (mut group, mut have) = (0u32, 0);
    for &byte in body {
        if byte == b'=' {
            push_group(&mut bytes, group, have);
            (group, have) = (0, 0);
        } else if let Some(value) = sextet(byte) {
            group = group << 6 | u32::from(value);
            have += 1;
            if have == 4 {
                push_group(&mut bytes, group, have);
                (group, have) = (0, 0);
            }
        }
    }
    push_group(&mut bytes, group, have);
    bytes
}

fn push_group(bytes: &mut Vec<u8>, group: u32, have: u32) {
    let whole = (group << (6 * (4 - have))).to_be_bytes();
    bytes.extend_from_slice(match have {
        0 | 1 => &[],
        2 => &whole[1..2],
        3 => &whole[1..3],
        _ => &whole[1..4],
    });
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// RFC 2045 §6.7, leaving alone what is no escape.
pub(super) fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.iter().position(|&b| b == b'=') {
        bytes.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        let blanks = after.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
        if after.get(blanks) == Some(&b'\n') {
            rest = &after[blanks + 1..];
        } else if let (Some(high), Some(low)) = (hex(after.first()), hex(after.get(1))) {
            bytes.push(high << 4 | low);
            rest = &after[2..];
        } else {
            if blanks < after.len() {
                bytes.push(b'=');
            }
            rest = after;
        }
    }
    bytes.extend_from_slice(rest);
    bytes
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Bytes in the charset named, or in the one they must be in.
///
/// No label or an unknown one: line by line UTF-8 if it is, else windows-1252. UTF-7, HZ and ISO-2022-KR
/// are among the unknown: what they hide is never brought out. UTF-8 with bytes that are not
/// (a list's Latin-1 footer below a UTF-8 text): those bytes alone are read as windows-1252.
pub(in crate::mail) fn charset(bytes: &[u8], label: Option<&str>) -> String {
    let named = label.and_then(|l| Encoding::for_label(l.as_bytes())).filter(|e| *e != REPLACEMENT);
    let ascii = label.is_some_and(|l| l.eq_ignore_ascii_case("us-ascii") || l.eq_ignore_ascii_case("ascii"));
    let text = match named {
        Some(encoding) if encoding == UTF_8 => utf8_or_windows_1252(bytes),
        Some(encoding) if !ascii => {
            let (text, broken) = encoding.decode_without_bom_handling(bytes);
            match std::str::from_utf8(bytes) {
                Ok(utf8) if broken => utf8.to_owned(),
                // Bytes the named charset does not have: it was not the one used.
                Err(_) if broken && (encoding.is_single_byte() || !has_escapes(encoding, bytes)) => {
                    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
                }
                Ok(_) | Err(_) => text.into_owned(),
            }
        }
        Some(_) | None => guess(bytes).into_owned(),
    };
    readable(&text)
}

/// ISO-2022-JP is 7-bit and switches by escapes: without any, eight-bit text is something else.
fn has_escapes(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    encoding != ISO_2022_JP || bytes.contains(&0x1b)
}

fn utf8_or_windows_1252(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text
}

/// LF line ends, and no control characters but tabs: they do nothing good on a page or a terminal.
pub(in crate::mail) fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Most of a text stays as it is, and is taken in runs.
    while let Some(at) = rest.bytes().position(may_begin_unreadable) {
        out.push_str(&rest[..at]);
        let mut characters = rest[at..].chars();
        let character = characters.next();
        rest = characters.as_str();
        match character {
            Some('\r') if !rest.starts_with('\n') => out.push('\n'),
            Some('\u{FEFF}') | None => {}
            Some(control) if control.is_control() => {}
            Some(other) => out.push(other),
        }
    }
    out.push_str(rest);
    out
}

/// Whether a character that begins with this byte of UTF-8 may have to go: C0, DEL, C1 and U+FEFF.
fn may_begin_unreadable(byte: u8) -> bool {
    const C1: u8 = 0xc2;
    const BYTE_ORDER_MARK: u8 = 0xef;
    byte < b' ' && !matches!(byte, b'\n' | b'\t') || matches!(byte, 0x7f | C1 | BYTE_ORDER_MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_whatever_charset_it_says_it_is_in() {
        for (bytes, label, text) in [
            (&b"caf\xe9"[..], Some("iso-8859-1"), "café"),
            (b"caf\xe9", None, "café"),
            (b"caf\xe9", Some("x-unknown"), "café"),
            (b"caf\xe9\n> \xc3\xa9t\xc3\xa9\n", None, "café\n> été\n"),
            (b"caf\xe9", Some("%charset"), "café"),
            (b"caf\xe9", Some("us-ascii"), "café"),
            (b"caf\xc3\xa9", Some("us-ascii"), "café"),
            (b"caf\xc3\xa9", Some("default_charset"), "café"),
            (b"caf\xe9", Some("utf-8"), "café"),
            (b"\xc3\xa9t\xc3\xa9 caf\xe9", Some("utf-8"), "été café"),
            (b"\x80 5 \x96 \x9cuf", Some("iso-8859-1"), "€ 5 – œuf"),
            (b"\xa4", Some("iso-8859-15"), "€"),
            (b"\x1b$B$3$l\x1b(B", Some("iso-2022-jp"), "これ"),
            (b"\xb0\xa1\xff", Some("euc-kr"), "가\u{fffd}"),
            (b"F\xfcr", Some("windows-874"), "Für"),
            (b"caf\xe9", Some("iso-2022-jp"), "café"),
            (b"+ADw-script+AD4-", Some("utf-7"), "+ADw-script+AD4-"),
            (b"~{<:Ky2;~}", Some("hz-gb-2312"), "~{<:Ky2;~}"),
            (b"a\r\nb\rc\0\x1b[1m\xef\xbb\xbfd", Some("utf-8"), "a\nb\nc[1md"),
        ] {
            assert_eq!(charset(bytes, label), text, "{label:?} {bytes:?}");
        }
    }

    #[test]
    fn what_does_nothing_good_goes_and_all_else_stays() {
        for (text, read) in [
            ("", ""),
            ("a\tb\n«\u{a0}été\u{a0}» \u{202f}\u{fffd}ﬁ", "a\tb\n«\u{a0}été\u{a0}» \u{202f}\u{fffd}ﬁ"),
            ("\r\r\n\r", "\n\n\n"),
            ("a\u{7f}b\u{85}c\u{9b}d\u{feff}\u{0}", "abcd"),
        ] {
            assert_eq!(readable(text), read, "{text:?}");
        }
    }

    #[test]
    fn transfer_encodings_as_they_are_met() {
        for (body, how, bytes) in [
            (&b"Zm9v"[..], Transfer::Base64, &b"foo"[..]),
            (b"Zm\r\n9 v!", Transfer::Base64, b"foo"),
            (b"Zg==Zm8=", Transfer::Base64, b"ffo"),
            (b"Zm8", Transfer::Base64, b"fo"),
            (b"a=C3=a9b=\r\nc= \nd=", Transfer::QuotedPrintable, b"a\xc3\xa9bcd"),
            (b"a=zz=", Transfer::QuotedPrintable, b"a=zz"),
            (b"=C3", Transfer::Unknown, b"=C3"),
        ] {
            assert_eq!(transfer(body, how), bytes);
            assert_eq!(transfer_len(body, how), bytes.len(), "{body:?}");
        }
    }
}
