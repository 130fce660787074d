//! Bytes in the many charsets of thirty years of mail, as text.
//!
//! Labels are believed when they can be (RFC 2046 §4.1.2), guessed around when they cannot: UTF-8,
//! else windows-1252 (RFC 7103 §7.6). UTF-7 and HZ are never decoded: they hide markup (threat M19).

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// The longest charset label looked up, in bytes.
const LABEL_BYTES_MAX: usize = 40;

/// Text of unknown charset: UTF-8 if it is valid, else windows-1252, which takes any byte; each line
/// by itself, since people quote into one text what was written in several.
pub fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let lines = bytes.split_inclusive(|b| *b == b'\n').map(|line| match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(line).0,
    });
    Cow::Owned(lines.collect())
}

/// Text in the charset a label names; a label that is unknown, absent or plainly untrue is guessed around.
pub fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    decode_exactly(bytes, label.unwrap_or_default()).unwrap_or_else(|| {
        let known = label.and_then(encoding);
        match known {
            // A broken byte in a text of many: keep the rest.
            Some(encoding) if encoding.is_some_multi_byte() && std::str::from_utf8(bytes).is_err() => {
                encoding.lossy(bytes)
            }
            Some(_) | None => guess(bytes),
        }
    })
}

/// Text in the charset a label names; `None` if the label is unknown or some byte has no meaning in it.
pub(crate) fn decode_exactly<'a>(bytes: &'a [u8], label: &str) -> Option<Cow<'a, str>> {
    if !bytes.is_ascii() && is_ascii_label(label) {
        return None;
    }
    match encoding(label)? {
        Known::Web(encoding) => encoding.decode_without_bom_handling_and_without_replacement(bytes),
        Known::Other(decoder) => {
            let text = decoder(bytes);
            (!text.contains('\u{FFFD}')).then_some(Cow::Owned(text))
        }
    }
}

/// Whether ASCII bytes mean ASCII anywhere in a text of that charset, so that text can be appended.
pub(crate) fn is_ascii_compatible(label: &str) -> bool {
    match encoding(label) {
        Some(Known::Web(encoding)) => encoding.is_ascii_compatible(),
        Some(Known::Other(_)) | None => false,
    }
}

/// Whether a label promises ASCII and nothing else.
pub(crate) fn is_ascii_label(label: &str) -> bool {
    ["us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us"].iter().any(|l| label.trim().eq_ignore_ascii_case(l))
}

enum Known {
    Web(&'static Encoding),
    Other(fn(&[u8]) -> String),
}

impl Known {
    fn is_some_multi_byte(&self) -> bool {
        match self {
            Known::Web(encoding) => *encoding != encoding_rs::UTF_8 && !encoding.is_single_byte(),
            Known::Other(_) => false,
        }
    }

    fn lossy<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self {
            Known::Web(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Known::Other(decoder) => Cow::Owned(decoder(bytes)),
        }
    }
}

fn encoding(label: &str) -> Option<Known> {
    let label = label.trim();
    if label.is_empty() || label.len() > LABEL_BYTES_MAX || !label.is_ascii() {
        return None;
    }
    if let Some(encoding) = Encoding::for_label(label.as_bytes()) {
        return (encoding != REPLACEMENT).then_some(Known::Web(encoding));
    }
    let lower = label.to_ascii_lowercase();
    let hides_markup = lower.contains("utf-7") || lower.contains("utf7") || lower.contains("hz");
    if hides_markup { None } else { charset_decoder(label.as_bytes()).map(Known::Other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_true_untrue_and_absent() {
        for (bytes, label, text) in [
            (&b"r\xe9union"[..], Some("iso-8859-1"), "réunion"),
            (b"r\xe9union", Some("x-unknown"), "réunion"),
            (b"r\xe9union", None, "réunion"),
            (b"r\xe9union", Some("utf-8"), "réunion"),
            (b"r\xc3\xa9union", Some("us-ascii"), "réunion"),
            (b"r\xc3\xa9union", Some("%charset"), "réunion"),
            (b"caf\xe9\n> r\xc3\xa9union\n", Some("utf-8"), "café\n> réunion\n"),
            (b"caf\xe9\n> r\xc3\xa9union\n", None, "café\n> réunion\n"),
            (b"\xa4", Some("ISO-8859-15"), "€"),
            (b"r\x82union", Some("cp850"), "réunion"),
            (b"+ADw-script+AD4-", Some("utf-7"), "+ADw-script+AD4-"),
            (b"\x1b$B%O\x1b(B", Some("ISO-2022-JP"), "ハ"),
            (b"\xa4\xa2", Some("euc-jp"), "あ"),
        ] {
            assert_eq!(decode(bytes, label), text, "{label:?}");
        }
    }
}
