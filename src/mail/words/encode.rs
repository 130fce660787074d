//! Text as header words (RFC 2047 §4–5, RFC 5322 §3.2.4).

use data_encoding::BASE64;

use super::clean;
use crate::mail::transfer::push_escaped;

/// An encoded word is at most this long, in bytes (RFC 2047 §2).
const WORD_BYTES_MAX: usize = 75;
/// A line of a field we write is folded before it is longer (RFC 5322 §2.1.1, RFC 2047 §2).
const LINE_BYTES_MAX: usize = 76;
/// ASCII words longer than this are encoded, because nothing else folds them.
const BARE_WORD_BYTES_MAX: usize = 200;
/// The longest name written in front of an address, in characters.
const PHRASE_CHARS_MAX: usize = 200;
/// What an encoded word of ours is besides its text.
const ENVELOPE: &str = "=?utf-8?Q??=";

/// A text as the value of an unstructured field such as Subject: cleaned, ASCII, folded. `column`
/// is what already stands on the line (`Subject: ` is 9).
pub fn unstructured(text: &str, column: usize) -> String {
    let text = clean(text);
    let words: Vec<&str> = text.split(' ').collect();
    let needs = |word: &&str| !word.is_ascii() || word.contains("=?") || word.len() > BARE_WORD_BYTES_MAX;
    let mut line = Line { out: String::new(), column };
    let (Some(first), Some(last)) = (words.iter().position(needs), words.iter().rposition(needs)) else {
        words.iter().for_each(|word| line.push(word));
        return line.out;
    };
    words[..first].iter().for_each(|word| line.push(word));
    line.push_encoded(&words[first..=last].join(" "));
    words[last + 1..].iter().for_each(|word| line.push(word));
    line.out
}

/// A text as the name in front of an address: bare, quoted, or as encoded words.
pub fn phrase(text: &str, column: usize) -> String {
    let text = clean(text);
    let text = super::first_chars(&text, PHRASE_CHARS_MAX);
    let mut line = Line { out: String::new(), column };
    let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let bare = text.bytes().all(|b| is_atom(b) || b == b' ') && !text.contains("=?");
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    if !text.is_ascii() || text.contains("=?") {
        line.push_encoded(text);
    } else if bare {
        text.split(' ').for_each(|word| line.push(word));
    } else {
        line.push(&format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    }
    line.out
}

struct Line {
    out: String,
    column: usize,
}

impl Line {
    /// Adds a word behind a blank, on a new line if it would be too long on this one.
    fn push(&mut self, word: &str) {
        if !self.out.is_empty() {
            if self.column + 1 + word.len() > LINE_BYTES_MAX {
                self.out.push_str("\r\n");
                self.column = 0;
            }
            self.out.push(' ');
            self.column += 1;
        }
        self.out.push_str(word);
        self.column += word.len();
    }

    /// Adds text as encoded words, no character split (RFC 2047 §5).
    fn push_encoded(&mut self, text: &str) {
        let escaped: usize = text.bytes().filter(|&b| !is_q_literal(b) && b != b' ').count();
        let in_base64 = escaped * 2 > text.len();
        let mut word = String::new();
        let mut width = 0;
        for c in text.chars() {
            let cost = if in_base64 { c.len_utf8() } else { q_width(c) };
            // What is left of this line; a word that would be tiny goes to the next.
            let room =
                if self.out.is_empty() { LINE_BYTES_MAX.saturating_sub(self.column) } else { WORD_BYTES_MAX };
            let room = room.clamp(40, WORD_BYTES_MAX) - ENVELOPE.len();
            let room = if in_base64 { room / 4 * 3 } else { room };
            if width + cost > room {
                self.push(&encoded_word(&word, in_base64));
                word.clear();
                width = 0;
            }
            word.push(c);
            width += cost;
        }
        if !word.is_empty() {
            self.push(&encoded_word(&word, in_base64));
        }
    }
}

fn encoded_word(text: &str, in_base64: bool) -> String {
    if in_base64 {
        return format!("=?utf-8?B?{}?=", BASE64.encode(text.as_bytes()));
    }
    let mut encoded = Vec::with_capacity(WORD_BYTES_MAX);
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push(b'_'),
            byte if is_q_literal(byte) => encoded.push(byte),
            byte => push_escaped(&mut encoded, byte),
        }
    }
    format!("=?utf-8?Q?{}?=", String::from_utf8(encoded).expect("ASCII by construction"))
}

fn q_width(c: char) -> usize {
    match c {
        ' ' => 1,
        c if c.is_ascii() && is_q_literal(c as u8) => 1,
        c => 3 * c.len_utf8(),
    }
}

/// What may stand in a Q word inside a phrase (RFC 2047 §5 rule 3), the narrowest of the places.
fn is_q_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!*+-/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::{address_list, decode};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_subjects() {
        for (text, written) in [
            ("plain words", "plain words"),
            ("[ants] Réunion d'avril", "[ants] =?utf-8?Q?R=C3=A9union?= d'avril"),
            ("été à la plage", "=?utf-8?B?w6l0w6kgw6A=?= la plage"),
            ("a =? b", "a =?utf-8?B?PT8=?= b"),
            ("x\r\nBcc: v@sink.example", "x Bcc: v@sink.example"),
            ("", ""),
        ] {
            assert_eq!(unstructured(text, 9), written);
        }
    }

    #[test]
    fn names_in_front_of_addresses() {
        for (text, written) in [
            ("Marie Curie", "Marie Curie"),
            ("Curie, Marie", "\"Curie, Marie\""),
            ("Le \"Club\" \\ x", "\"Le \\\"Club\\\" \\\\ x\""),
            ("Zoé", "=?utf-8?Q?Zo=C3=A9?="),
            ("", "\"\""),
        ] {
            assert_eq!(phrase(text, 6), written);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "\\PC{0,120}", column in 0usize..40) {
            let written = unstructured(&text, column);
            prop_assert!(written.is_ascii() && !written.contains("\r\n\r\n"));
            for (at, line) in written.split("\r\n").enumerate() {
                prop_assert!(line.len() <= 210, "{}", line);
                prop_assert!(at == 0 || line.starts_with(' '));
            }
            for word in written.split_whitespace().filter(|w| w.starts_with("=?utf-8")) {
                prop_assert!(word.len() <= WORD_BYTES_MAX, "{}", word);
            }
            prop_assert_eq!(clean(&decode(&written.replace("\r\n", ""))), clean(&text));
        }

        #[test]
        fn a_name_is_read_back(text in "\\PC{0,60}") {
            let written = format!("{} <a@b.example>", phrase(&text, 6));
            let list = address_list(&written.replace("\r\n", ""));
            prop_assert_eq!(list.mailboxes.len(), 1);
            prop_assert_eq!(&list.mailboxes[0].name, &clean(&text));
            prop_assert_eq!(list.mailboxes[0].address.as_ref().map(|a| a.as_str()), Some("a@b.example"));
        }
    }
}
