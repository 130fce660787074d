//! Encoded words as text (RFC 2047 §2, §6.2).

use std::borrow::Cow;

use crate::mail::{charset, transfer};

/// The longest charset name of an encoded word, in bytes, with its language (RFC 2231 §5).
const CHARSET_BYTES_MAX: usize = 60;

/// Text with its encoded words decoded. Blanks between adjacent words are dropped, and characters
/// that a careless program split over two words are joined; broken words stay as they are.
/// The result may hold control characters: see [`super::clean`].
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(&str, Vec<u8>)> = None; // bytes of adjacent words of one charset
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, from_word) = rest.split_at(start);
        let blank_before = before.bytes().all(|b| b.is_ascii_whitespace());
        if pending.is_none() || !blank_before {
            flush(&mut out, &mut pending);
            out.push_str(before);
        }
        let Some(word) = Word::parse(from_word) else {
            if pending.is_some() {
                flush(&mut out, &mut pending);
                out.push_str(before);
            }
            out.push_str("=?");
            rest = &from_word[2..];
            continue;
        };
        match &mut pending {
            Some((charset, bytes)) if word.may_join(charset) => bytes.extend_from_slice(&word.bytes),
            Some(_) | None => {
                flush(&mut out, &mut pending);
                pending = Some((word.charset, word.bytes));
            }
        }
        rest = &from_word[word.len..];
    }
    flush(&mut out, &mut pending);
    out.push_str(rest);
    Cow::Owned(out)
}

fn flush(out: &mut String, pending: &mut Option<(&str, Vec<u8>)>) {
    if let Some((label, bytes)) = pending.take() {
        out.push_str(&charset::decode(&bytes, Some(label)));
    }
}

struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Of the whole word in the text.
    len: usize,
}

impl<'a> Word<'a> {
    /// Reads `=?charset*language?Q?text?=` at the beginning of a text. Each part ends at the next
    /// question mark, so that no try reads further than four of them.
    fn parse(text: &'a str) -> Option<Word<'a>> {
        let inner = &text[2..];
        let (charset, rest) = inner.split_once('?')?;
        let plain = |b: u8| b.is_ascii_graphic() && b != b'=';
        if charset.is_empty() || charset.len() > CHARSET_BYTES_MAX || !charset.bytes().all(plain) {
            return None;
        }
        let encoding = *rest.as_bytes().first()?;
        let rest = rest.get(1..)?.strip_prefix('?')?;
        let (encoded, _) = rest.split_once('?')?;
        if rest.as_bytes().get(encoded.len() + 1) != Some(&b'=') {
            return None;
        }
        let bytes = match encoding {
            b'q' | b'Q' => transfer::decode_q(encoded.as_bytes()),
            b'b' | b'B' => transfer::decode_base64(encoded.as_bytes()),
            _ => return None,
        };
        let len = 2 + charset.len() + 3 + encoded.len() + 2;
        let charset = charset.split('*').next().unwrap_or(charset);
        // Letters that stand in a word as they are, against RFC 2047 §2, were read with the field.
        let charset = if encoded.is_ascii() { charset } else { "utf-8" };
        Some(Word { charset, bytes, len })
    }

    /// Charsets that shift between states begin anew in each word.
    fn may_join(&self, charset: &str) -> bool {
        let shifts = self.charset.len() >= 8 && self.charset[..8].eq_ignore_ascii_case("iso-2022");
        self.charset.eq_ignore_ascii_case(charset) && !shifts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_they_are_met() {
        for (text, decoded) in [
            ("plain", "plain"),
            ("=?iso-8859-1?Q?R=E9union_d=27avril?=", "Réunion d'avril"),
            ("=?UTF-8?B?UsOpdW5pb24=?= du =?utf-8?q?6_d=C3=A9cembre?=", "Réunion du 6 décembre"),
            ("=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
            ("=?utf-8?q?=C3?= =?utf-8?q?=A9t=C3=A9?=", "été"),
            ("=?utf-8*fr?q?=C3=A9?=", "é"),
            ("=?utf-8?q?with spaces inside?=", "with spaces inside"),
            ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
            ("=?utf-8?q?never ends", "=?utf-8?q?never ends"),
            ("=?utf-8?q?a?= =?broken", "a =?broken"),
            ("=? =?utf-8?q?a?=", "=? a"),
            ("=?x-unknown?q?caf=E9?=", "café"),
            ("=?iso-2022-jp?B?GyRCJU8bKEI=?= =?iso-2022-jp?B?GyRCJU8bKEI=?=", "ハハ"),
            ("=?utf-7?q?+ADw-?=", "+ADw-"),
            ("Zo=?iso-8859-1?Q?é_à_Lyon?=", "Zoé à Lyon"),
            ("\"=?utf-8?q?quoted?=\"", "\"quoted\""),
            ("=??=", "=??="),
            ("=?é?q?a?=", "=?é?q?a?="),
        ] {
            assert_eq!(decode(text), decoded, "{text:?}");
        }
    }

    #[test]
    fn bombs_of_words_are_read_in_one_pass() {
        for bomb in ["=?", "=?utf-8?q?", "=?utf-8?q?a?= ", "=?a?b?c", "=?utf-8?q?=C3?= ", "?="] {
            let text = bomb.repeat(1_000_000 / bomb.len());
            assert!(decode(&text).len() <= text.len() * 3);
        }
    }
}
