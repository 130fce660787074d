//! What somebody wrote themselves, made anew without them.

use super::view::View;
use super::{Traces, mask_message};
use crate::mail::headers::Headers;
use crate::mail::mime::{Shape, Structure};
use crate::mail::transfer::Transfer;

/// What stands in the place of an author.
#[derive(Clone, Copy, Debug)]
pub struct Instead<'a> {
    /// As in From: `Ancien membre 17`.
    pub name: &'a str,
    /// Of nobody: below `.invalid` (RFC 2606).
    pub address: &'a str,
    /// In the place of a text that is taken out.
    pub note: &'a str,
}

/// What becomes of their words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WithWords {
    /// They stay, under no name.
    Keep,
    /// They go.
    Remove,
}

/// Fields that stay with a post whose author is forgotten: what it is, and what it answers.
const KEPT: [&str; 12] = [
    "message-id",
    "date",
    "in-reply-to",
    "references",
    "subject",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-language",
    "x-no-archive",
    "archive",
    "list-id",
];
/// Fields that stay with a post whose words are taken out.
const KEPT_WITHOUT_WORDS: [&str; 6] =
    ["message-id", "date", "in-reply-to", "references", "x-no-archive", "archive"];
/// Says to whoever reads the file why this post looks as it does.
const MARK: &str = "X-Parvis-Forgotten";
/// Parts that say who somebody is, and nothing else.
const IDENTITIES: [&str; 9] = [
    "text/vcard",
    "text/x-vcard",
    "text/directory",
    "application/pgp-keys",
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
];

/// The same post, by nobody.
pub fn forget_author(raw: &[u8], traces: &Traces, instead: &Instead<'_>, words: WithWords) -> Vec<u8> {
    made_anew(raw, traces, instead, words, Marked::Yes)
}

/// The same, never longer than it was.
pub fn forget_author_in_place(
    raw: &[u8],
    traces: &Traces,
    instead: &Instead<'_>,
    words: WithWords,
) -> Vec<u8> {
    for marked in [Marked::Yes, Marked::No] {
        let made = made_anew(raw, traces, instead, words, marked);
        if made.len() <= raw.len() {
            return made;
        }
    }
    // A post so short that even this does not fit keeps what threads need, in the fewest bytes.
    let least = without_words(raw);
    let mut least = mask_message(&least, traces).map_or(least.clone(), |masked| masked.bytes);
    least.truncate(raw.len());
    least
}

/// What is left of a post for its thread: which it is, when it was written, what it answers.
pub fn without_words(raw: &[u8]) -> Vec<u8> {
    let (headers, _) = Headers::scan_leniently(raw);
    let end = if memchr::memmem::find(raw, b"\r\n").is_some() { "\r\n" } else { "\n" };
    let mut bare = format!("From: x@x.invalid{end}").into_bytes();
    for field in headers.fields().iter().filter(|field| KEPT_WITHOUT_WORDS.iter().any(|name| field.is(name)))
    {
        bare.extend_from_slice(field.raw());
        if !field.raw().ends_with(b"\n") {
            bare.extend_from_slice(end.as_bytes());
        }
    }
    bare.extend_from_slice(end.as_bytes());
    bare
}

/// Whether the file says why a post looks as it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Marked {
    Yes,
    No,
}

fn made_anew(
    raw: &[u8],
    traces: &Traces,
    instead: &Instead<'_>,
    words: WithWords,
    marked: Marked,
) -> Vec<u8> {
    let (headers, _) = Headers::scan_leniently(raw);
    let mut made = Vec::with_capacity(raw.len());
    let (kept, word): (&[&str], &str) = match words {
        WithWords::Keep => (&KEPT, "name"),
        WithWords::Remove => (&KEPT_WITHOUT_WORDS, "words"),
    };
    // Lines end as they did, or the record would be of another kind.
    let end = if memchr::memmem::find(raw, b"\r\n").is_some() { "\r\n" } else { "\n" };
    made.extend_from_slice(format!("From: {} <{}>{end}", instead.name, instead.address).as_bytes());
    for field in headers.fields().iter().filter(|field| kept.iter().any(|name| field.is(name))) {
        made.extend_from_slice(field.raw());
        if !field.raw().ends_with(b"\n") {
            made.extend_from_slice(end.as_bytes());
        }
    }
    if words == WithWords::Remove {
        made.extend_from_slice(format!("Subject: {}{end}", encoded(instead.note)).as_bytes());
    }
    if marked == Marked::Yes {
        made.extend_from_slice(format!("{MARK}: {word}{end}").as_bytes());
    }
    made.extend_from_slice(end.as_bytes());
    match words {
        WithWords::Keep => made.extend_from_slice(headers.body()),
        WithWords::Remove => return mask_message(&made, traces).map_or(made, |masked| masked.bytes),
    }
    let mut made = mask_message(&made, traces).map_or(made.clone(), |masked| masked.bytes);
    blank_what_tells(&mut made);
    made
}

/// A text for a header field, in UTF-8 where it must (RFC 2047 §4.2).
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let one = |byte: u8| match byte {
        b' ' => "_".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    };
    format!("=?utf-8?q?{}?=", text.bytes().map(one).collect::<String>())
}

/// Signatures below `-- `, cards and keys: blank, where they stand.
fn blank_what_tells(made: &mut [u8]) {
    let raw = made.to_vec();
    let (headers, _) = Headers::scan_leniently(&raw);
    let structure = Structure::of(&raw, &headers);
    for part in structure.parts.iter().filter(|part| part.shape == Shape::Leaf) {
        let mut view = View::of_body(&raw, part.body.clone(), part.transfer);
        let essence = part.content_type.essence.as_str();
        if IDENTITIES.contains(&essence) {
            blank_raw(made, part.body.clone(), part.transfer);
        } else if matches!(essence, "text/plain" | "")
            && let Some(signature) = signature(view.said())
        {
            view.blank(signature, made);
        }
    }
}

/// A part that says nothing any more: base64 of nothing but line ends.
fn blank_raw(made: &mut [u8], body: std::ops::Range<usize>, transfer: Transfer) {
    for byte in &mut made[body] {
        if !matches!(byte, b'\r' | b'\n') {
            *byte = match transfer {
                Transfer::Base64 => b'A',
                Transfer::Plain | Transfer::QuotedPrintable | Transfer::Unknown => b' ',
            };
        }
    }
}

/// From the line `-- ` (RFC 3676 §4.3) to where a quote begins, or to the end.
fn signature(text: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    let mut begun = None;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let words = line.trim_ascii_end();
        match begun {
            None if line.starts_with(b"--") && words == b"--" => begun = Some(at + line.len()),
            Some(start) if line.starts_with(b">") => return Some(start..at),
            None | Some(_) => {}
        }
        at += line.len();
    }
    begun.map(|start| start..text.len())
}
