//! A copy in seven bits, for a peer that has not promised to keep eight (RFC 6152 §3).
//!
//! Parts are encoded, fields written anew as RFC 2047 and RFC 2231 have them. What somebody signed
//! or sealed stays as it is (RFC 1847 §2.1): if that needs eight bits, there is no such copy.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body::{Edit, applied};
use super::head::addresses;
use super::lines;
use super::long_lines::{encoded, is_protected, may_not_be_encoded};
use crate::mail::content_type::ContentType;
use crate::mail::headers::{Field, Headers};
use crate::mail::mime::{Part, Shape, Structure};
use crate::mail::transfer::Transfer;
use crate::mail::words;

/// `attribute-char` of RFC 2231 §7, as far as nobody takes it for something else.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The message in ASCII, or `None` where that would break what somebody vouched for.
pub(super) fn in_seven_bits(message: &[u8]) -> Option<Vec<u8>> {
    let (headers, _) = Headers::scan_leniently(message);
    let structure = Structure::of(message, &headers);
    let mut edits = Vec::new();
    for (index, part) in structure.parts.iter().enumerate() {
        let (header, body) = (&message[part.header.clone()], &message[part.body.clone()]);
        let within = index > 0 && structure.lies_in(index, is_protected);
        let content = match content_of(part, body) {
            Content::Ascii => None,
            Content::Parts => Some(None),
            Content::Encodable if !within && !is_protected(part) => Some(Some(encoded(part, body))),
            Content::Encodable | Content::Fixed => return None,
        };
        if header.is_ascii() && content.is_none() {
            continue;
        }
        if within && part.parent.is_some_and(|parent| structure.lies_in(parent, is_protected)) {
            return None;
        }
        let transfer = content.as_ref().map(|encoded| encoded.as_ref().map(|(transfer, _)| *transfer));
        edits.push(Edit { range: part.header.clone(), bytes: header_in_seven_bits(header, transfer) });
        if let Some(Some((transfer, bytes))) = content {
            // The line end in front of a boundary is the boundary's.
            let is_last = part.body.end == message.len();
            let bytes = match bytes.strip_suffix(b"\r\n") {
                Some(stripped) if transfer == "base64" && !is_last => stripped.to_vec(),
                Some(_) | None => bytes,
            };
            edits.push(Edit { range: part.body.clone(), bytes });
        }
    }
    let mut message = applied(message, 0..message.len(), edits);
    // What is left stands before the first boundary or behind the last, where nobody reads.
    message.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
    Some(message)
}

/// What is to be done about the content of a part.
enum Content {
    Ascii,
    /// Its parts are looked at by themselves.
    Parts,
    Encodable,
    Fixed,
}

fn content_of(part: &Part, body: &[u8]) -> Content {
    match part.shape {
        _ if body.is_ascii() => Content::Ascii,
        Shape::Multipart { .. } | Shape::Message => Content::Parts,
        Shape::Leaf if !may_not_be_encoded(part) && part.transfer != Transfer::Unknown => Content::Encodable,
        Shape::Leaf | Shape::BrokenMultipart => Content::Fixed,
    }
}

/// The header of a part; `transfer` is what its Content-Transfer-Encoding becomes, if it changes:
/// another, or none for what holds parts (RFC 2045 §6.4).
fn header_in_seven_bits(header: &[u8], transfer: Option<Option<&'static str>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.len() + 64);
    let (headers, _) = Headers::scan_leniently(header);
    let mut transfer_due = transfer;
    for field in headers.fields() {
        if transfer.is_some() && field.is("content-transfer-encoding") {
            if let Some(Some(word)) = transfer_due.take() {
                push(&mut out, field.name(), word);
            }
        } else if field.raw().is_ascii() {
            out.extend_from_slice(field.raw());
        } else {
            push_encoded(&mut out, field);
        }
    }
    if let Some(Some(word)) = transfer_due {
        push(&mut out, "Content-Transfer-Encoding", word);
    }
    if header.ends_with(b"\r\n\r\n") || header == b"\r\n" {
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn push_encoded(out: &mut Vec<u8>, field: &Field<'_>) {
    let (name, value) = (field.name(), field.value());
    let written = match name.to_ascii_lowercase().as_str() {
        "from" | "sender" | "reply-to" | "to" | "cc" => addresses(&value),
        "content-type" | "content-disposition" => parameters(&value),
        _ => words::unstructured(&words::decode(&value), name.len() + 2),
    };
    if !written.is_empty() {
        push(out, name, &written);
    }
}

fn push(out: &mut Vec<u8>, name: &str, value: &str) {
    let line = format!("{name}: {value}\r\n");
    if let Some(folded) = lines::folded(line.as_bytes()) {
        out.extend_from_slice(&folded);
    }
}

/// `attachment; filename*=utf-8''r%C3%A9union.pdf` (RFC 2231 §4).
fn parameters(value: &str) -> String {
    let parsed = ContentType::parse(value);
    let mut written: String = parsed.essence.chars().filter(char::is_ascii_graphic).collect();
    for (name, value) in &parsed.parameters {
        let name: String = name.chars().filter(char::is_ascii_graphic).collect();
        let text = if value.is_ascii() {
            format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            let star = if name.ends_with('*') { "" } else { "*" };
            format!("{name}{star}=utf-8''{}", utf8_percent_encode(value, PLAIN))
        };
        written.push_str(";\r\n ");
        written.push_str(&text);
    }
    written
}
