//! The list's lines below the author's text, where they can stand without breaking anything.
//!
//! Signed, encrypted, calendar and malformed mail has none: its header says the same (RFC 1847 §2.1,
//! RFC 3156 §5, RFC 8551 §3.1, RFC 6047 §2.4).

use std::borrow::Cow;

use super::body::{ContentFields, Entity};
use super::lines::{self, WithoutLineEnd};
use super::long_lines::is_protected;
use crate::mail::content_type::ContentType;
use crate::mail::headers::Headers;
use crate::mail::mime::{Part, Shape, Structure};
use crate::mail::transfer::{Transfer, encode_base64, encode_quoted_printable};
use crate::mail::{charset, words};

/// What separates the footer from the text, as from a signature: programs drop it from answers
/// (RFC 3676 §4.3).
const SEPARATOR: &str = "-- ";
/// What inline OpenPGP begins with (RFC 9580 §6.2).
const ARMOUR: &[u8] = b"-----BEGIN PGP";

/// Where a footer goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// It must not be, or is there.
    Nowhere,
    /// At the end of the only part's text.
    InText,
    /// In a new last part, in front of the closing boundary at that place.
    LastPart { before: usize },
    /// Outside: the whole content becomes the first part of two.
    Around,
}

/// Where a footer goes in a message.
pub(super) fn place(bytes: &[u8], headers: &Headers<'_>, structure: &Structure, footer: &str) -> Place {
    let root = &structure.parts[0];
    if !may_be_edited(headers, structure) {
        return Place::Nowhere;
    }
    let essence = root.content_type.essence.as_str();
    let last = structure.parts.iter().rev().find(|part| part.shape == Shape::Leaf);
    if last.is_some_and(|part| is_plain_text(part) && ends_with_footer(part, bytes, footer)) {
        return Place::Nowhere;
    }
    match root.shape {
        Shape::Multipart { .. } if essence == "multipart/report" => Place::Nowhere,
        Shape::Multipart { close } if essence == "multipart/mixed" => Place::LastPart { before: close },
        Shape::Leaf if is_plain_text(root) => {
            let text = root.transfer.decode(&bytes[root.body.clone()]);
            if lines::lines(&text).any(|(_, line)| line.starts_with(ARMOUR)) {
                Place::Nowhere
            } else {
                Place::InText
            }
        }
        Shape::Leaf | Shape::Multipart { .. } | Shape::Message => Place::Around,
        Shape::BrokenMultipart => Place::Nowhere,
    }
}

/// Whether anything may be put into a message, or taken out.
pub(super) fn may_be_edited(headers: &Headers<'_>, structure: &Structure) -> bool {
    !is_malformed(headers, structure) && !is_protected(&structure.parts[0]) && !holds_invitation(structure)
}

/// Whether programs could take the message apart in different ways (threat M04).
fn is_malformed(headers: &Headers<'_>, structure: &Structure) -> bool {
    structure.fault.is_some()
        || ["content-type", "content-transfer-encoding"].into_iter().any(|name| headers.count(name) > 1)
        || structure
            .parts
            .iter()
            .any(|part| part.shape == Shape::BrokenMultipart || part.content_type.count("boundary") > 1)
}

/// Calendar programs look for an event where it was put.
fn holds_invitation(structure: &Structure) -> bool {
    structure.parts.iter().any(|part| {
        let parent = part.parent.map_or("", |p| structure.parts[p].content_type.essence.as_str());
        part.content_type.essence == "text/calendar" && parent != "multipart/mixed"
    })
}

fn is_plain_text(part: &Part) -> bool {
    matches!(part.content_type.essence.as_str(), "text/plain" | "text" | "")
        && part.disposition.essence != "attachment"
}

/// Whether the last lines of a text are the footer's already, unquoted.
fn ends_with_footer(part: &Part, bytes: &[u8], footer: &str) -> bool {
    let content = part.transfer.decode(&bytes[part.body.clone()]);
    let text = charset::decode(&content, part.content_type.parameter("charset").as_deref());
    let mut text = text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    footer.lines().rev().map(str::trim).filter(|line| !line.is_empty()).all(|line| text.next() == Some(line))
}

/// A footer as a part of its own: its header, its text, a line end.
pub(super) fn part(footer: &str) -> Vec<u8> {
    let text = footer_lines(footer, TextFormat::Fixed);
    let (transfer, body) = if text.is_ascii() && !lines::has_long_line(text.as_bytes()) {
        ("7bit", text.into_bytes())
    } else {
        ("quoted-printable", encode_quoted_printable(text.as_bytes()))
    };
    let header = format!(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {transfer}\r\n\
         Content-Disposition: inline\r\n\r\n"
    );
    [header.into_bytes(), body].concat()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TextFormat {
    Fixed,
    /// RFC 3676: a blank at a line's end joins it to the next, one at its beginning is stuffing.
    Flowed,
}

/// The separator and the footer's lines, each ended by CRLF.
fn footer_lines(footer: &str, format: TextFormat) -> String {
    let mut out = format!("{SEPARATOR}\r\n");
    for line in footer.lines().skip_while(|line| line.trim_end() == SEPARATOR.trim_end()) {
        // A blank before a no-break space is kept: only the line's end is trimmed.
        let line: String = line.trim_end().chars().filter(|c| !c.is_control()).collect();
        let needs_stuffing = line.starts_with([' ', '>']) || line.starts_with("From ");
        if format == TextFormat::Flowed && needs_stuffing {
            out.push(' ');
        }
        out.push_str(&line);
        out.push_str("\r\n");
    }
    out
}

/// The body of a message of one text part with a footer below; `None` if it cannot be appended
/// without guessing what the text says.
pub(super) fn appended(body: &[u8], part: &Part, footer: &str) -> Option<Entity> {
    let format = match part.content_type.parameter("format") {
        Some(value) if value.eq_ignore_ascii_case("flowed") => TextFormat::Flowed,
        Some(_) | None => TextFormat::Fixed,
    };
    let footer = footer_lines(footer, format);
    let label = part.content_type.parameter("charset").unwrap_or_default();
    let label = if label.is_empty() { "us-ascii" } else { label.as_str() };
    let is_utf8 = label.eq_ignore_ascii_case("utf-8") || label.eq_ignore_ascii_case("utf8");
    if part.transfer == Transfer::Unknown {
        return None;
    }
    if is_utf8 || (footer.is_ascii() && charset::is_ascii_compatible(label)) {
        return Some(appended_in_place(body, part.transfer, footer.as_bytes()));
    }
    let content = part.transfer.decode(body);
    let text = charset::decode_exactly(&content, label)?;
    let text = with_below(text.as_bytes(), footer.as_bytes());
    let (transfer, body) = encode_utf8(&text);
    let content_type = Some(with_charset_utf8(&part.content_type));
    Some(Entity { fields: ContentFields::Changed { content_type, transfer: Some(transfer) }, body })
}

/// A footer below a text in whose charset it is written; the text's bytes stay where they can.
fn appended_in_place(body: &[u8], transfer: Transfer, footer: &[u8]) -> Entity {
    let as_they_are = |body| Entity { fields: ContentFields::AsTheyAre, body };
    let long = lines::has_long_line(body) || lines::has_long_line(footer);
    let soft_end = body.trim_ascii_end().ends_with(b"=");
    match transfer {
        Transfer::Plain if !long && (footer.is_ascii() || !body.is_ascii()) => {
            as_they_are(with_below(body, footer))
        }
        Transfer::QuotedPrintable if !long && !soft_end => {
            as_they_are(with_below(body, &encode_quoted_printable(footer)))
        }
        Transfer::Base64 => as_they_are(encode_base64(&with_below(&transfer.decode(body), footer))),
        Transfer::Plain | Transfer::QuotedPrintable | Transfer::Unknown => {
            let text = with_below(&transfer.decode(body), footer);
            let fields = ContentFields::Changed { content_type: None, transfer: Some("quoted-printable") };
            Entity { fields, body: encode_quoted_printable(&text) }
        }
    }
}

/// A text, an empty line, and what stands below.
fn with_below(text: &[u8], below: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + below.len() + 4);
    out.extend_from_slice(text);
    if !text.is_empty() {
        if text.trim_ascii_end_crlf().len() == text.len() {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(below);
    out
}

/// Quoted-printable for texts of mostly ASCII letters, base64 for others.
fn encode_utf8(text: &[u8]) -> (&'static str, Vec<u8>) {
    const OTHERS_PER_SIX: usize = 6;
    let others = text.iter().filter(|b| !b.is_ascii()).count();
    if others * OTHERS_PER_SIX > text.len() {
        ("base64", encode_base64(text))
    } else {
        ("quoted-printable", encode_quoted_printable(text))
    }
}

/// The same media type and parameters with `charset=utf-8`.
fn with_charset_utf8(content_type: &ContentType) -> String {
    const VALUE_BYTES_MAX: usize = 200;
    let mut out = "text/plain; charset=utf-8".to_owned();
    for (name, value) in &content_type.parameters {
        let is_token = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.*'%".contains(&b))
        };
        if name.starts_with("charset")
            || !is_token(name)
            || value.len() > VALUE_BYTES_MAX
            || !value.is_ascii()
        {
            continue;
        }
        let value: Cow<'_, str> = if is_token(value) {
            Cow::Borrowed(value)
        } else {
            let value = words::clean(value).replace('\\', "\\\\").replace('"', "\\\"");
            Cow::Owned(format!("\"{value}\""))
        };
        out.push_str(&format!(";\r\n {name}={value}"));
    }
    out
}
