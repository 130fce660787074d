//! The words of header fields: encoded words (RFC 2047), phrases and addresses, in and out.
//!
//! Everything here is linear in its input, whatever the input (threats M02, M20), and what comes
//! out for people or for a header holds no control character (threat M06).

mod decode;
mod encode;
mod mailboxes;

pub use decode::decode;
pub use encode::{phrase, unstructured};
pub(crate) use mailboxes::address_list;
pub use mailboxes::{Mailbox, mailboxes};

/// Text fit for one line: no control character (C0, C1), nothing that turns the direction of
/// reading or is invisible without a purpose; runs of blanks become one space.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            continue;
        }
        // A no-break space between French words and signs is kept.
        let kept_blank = matches!(c, '\u{A0}' | '\u{202F}');
        if c.is_control() || (c.is_whitespace() && !kept_blank) {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Bidirectional controls (Unicode TR 9), and zero-width characters that join nothing.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// The first `max` characters of a text.
pub(crate) fn first_chars(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleaned_text_is_one_line_without_tricks() {
        for (text, cleaned) in [
            ("  a \t b\r\n c ", "a b c"),
            ("hi\r\nBcc: v@sink.example", "hi Bcc: v@sink.example"),
            ("a\u{0}b\u{7f}c\u{85}d", "a b c d"),
            ("evil\u{202e}gpj.exe\u{200b}", "evilgpj.exe"),
            ("Vraiment\u{a0}?", "Vraiment\u{a0}?"),
            ("👩\u{200d}🌾", "👩\u{200d}🌾"),
            ("\u{2028}\u{2029}", ""),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }
}
