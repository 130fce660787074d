//! The fields by which a copy says which list it comes from, how to leave, whom to ask.
//!
//! RFC 2369, RFC 2919, RFC 5064, RFC 8058; `Precedence: list` for old vacation programs (RFC 3834 §2).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{CopyEdits, Posting};
use crate::mail::{autoreply, words};

/// What may not stand in a URL between angle brackets (RFC 2369 §2).
const URL: &AsciiSet = &CONTROLS.add(b' ').add(b'<').add(b'>').add(b'"').add(b',').add(b'\\');
/// What may not stand in the address of a mailto URL (RFC 6068 §2).
const MAILTO: &AsciiSet =
    &URL.add(b'%').add(b'?').add(b'#').add(b'&').add(b'/').add(b'`').add(b'{').add(b'|').add(b'}');
/// A URL written into a header is at most this long, so that its line may travel.
const URL_BYTES_MAX: usize = 900;

/// The fields in front of those that differ between members.
pub(super) fn before_unsubscribe(edits: &CopyEdits<'_>) -> Vec<u8> {
    let mut out = Fields::default();
    out.push("List-Id", &list_id(edits));
    out.push_mailto("List-Help", edits.help_address);
    match edits.posting {
        Posting::ByMail => out.push_mailto("List-Post", edits.post_address),
        Posting::No => out.push("List-Post", "NO"),
    }
    out.push_mailto("List-Subscribe", edits.subscribe_address);
    out.0
}

/// The fields one member's copy has for itself.
pub(super) fn unsubscribe(url: &str, address: &str) -> Vec<u8> {
    let mut out = Fields::default();
    let ways: Vec<String> = [bracketed(url), mailto(address)].into_iter().flatten().collect();
    if !ways.is_empty() {
        // Folded at the comma, never in the brackets (RFC 2369 §2).
        out.push("List-Unsubscribe", &ways.join(",\r\n "));
    }
    if bracketed(url).is_some() {
        out.push("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }
    out.0
}

/// The fields behind those that differ between members.
pub(super) fn after_unsubscribe(edits: &CopyEdits<'_>) -> Vec<u8> {
    let mut out = Fields::default();
    out.push_mailto("List-Owner", edits.owner_address);
    if let Some(url) = edits.archive_url.and_then(bracketed) {
        out.push("List-Archive", &url);
    }
    if let Some(url) = edits.archived_at.and_then(bracketed) {
        out.push("Archived-At", &url);
    }
    out.push("Precedence", "list");
    out.push(autoreply::LOOP_FIELD, &token(edits.loop_mark));
    out.0
}

/// `"Phrase" <id>`, on two lines if one would be long (RFC 2919 §3).
fn list_id(edits: &CopyEdits<'_>) -> String {
    const ONE_LINE: usize = 76;
    let id = format!("<{}>", token(edits.list_id));
    let phrase = words::phrase(edits.list_phrase, "List-Id: ".len());
    if words::clean(edits.list_phrase).is_empty() {
        return id;
    }
    let last_line = phrase.rsplit("\r\n").next().map_or(0, str::len);
    let blank = if "List-Id: ".len() + last_line + 1 + id.len() > ONE_LINE { "\r\n " } else { " " };
    format!("{phrase}{blank}{id}")
}

#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn push(&mut self, name: &str, value: &str) {
        self.0.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }

    fn push_mailto(&mut self, name: &str, address: &str) {
        if let Some(url) = mailto(address) {
            self.push(name, &url);
        }
    }
}

/// `<mailto:…>`; `None` without an address.
fn mailto(address: &str) -> Option<String> {
    let address = address.strip_prefix("mailto:").unwrap_or(address);
    bracketed(&format!("mailto:{}", utf8_percent_encode(address, MAILTO))).filter(|_| !address.is_empty())
}

/// `<…>` with nothing in it that ends the brackets or the line; `None` for nothing or far too much.
fn bracketed(url: &str) -> Option<String> {
    let url = utf8_percent_encode(url, URL).to_string();
    (!url.is_empty() && url.len() <= URL_BYTES_MAX).then(|| format!("<{url}>"))
}

/// A word that cannot end its line or its brackets.
fn token(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_written_into_a_field_ends_it() {
        for (url, address, written) in [
            (
                "https://x.example/u/T",
                "ants-stop+T@x.example",
                "List-Unsubscribe: <https://x.example/u/T>,\r\n <mailto:ants-stop+T@x.example>\r\n\
                 List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            ),
            ("", "a&b%c@x.example", "List-Unsubscribe: <mailto:a%26b%25c@x.example>\r\n"),
            (
                "https://x.example/>\r\nBcc: v",
                "",
                "List-Unsubscribe: <https://x.example/%3E%0D%0ABcc:%20v>\r\n\
                 List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            ),
            ("", "", ""),
        ] {
            assert_eq!(String::from_utf8(unsubscribe(url, address)).expect("ASCII"), written);
        }
        assert_eq!(token("a\r\nB: c<>"), "aB:c");
    }
}
