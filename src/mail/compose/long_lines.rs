//! Lines longer than may travel (RFC 5322 §2.1.1): the part they stand in is encoded, so that its
//! text stays the same; signed parts are left as they are (RFC 1847 §2.1).

use super::body::{ContentFields, Edit, Entity};
use super::lines::{self, cut, has_long_line, is_too_long};
use crate::mail::headers::Headers;
use crate::mail::mime::{Part, Shape, Structure};
use crate::mail::transfer::{Transfer, encode_base64, encode_quoted_printable};

/// Encodes a message of one part if it has long lines; `None` if there is nothing to do.
pub(super) fn whole(bytes: &[u8], root: &Part) -> Option<Entity> {
    let body = &bytes[root.body.clone()];
    if is_protected(root) || may_not_be_encoded(root) || !has_long_line(body) {
        return None;
    }
    let (transfer, body) = encoded(root, body);
    Some(Entity { fields: ContentFields::Changed { content_type: None, transfer: Some(transfer) }, body })
}

/// The edits that leave no line too long in a message of several parts.
pub(super) fn edits(bytes: &[u8], structure: &Structure) -> Vec<Edit> {
    let start = structure.parts[0].body.start;
    let mut edits: Vec<Edit> = Vec::new();
    for (at, line) in lines::lines(&bytes[start..]) {
        let at = start + at;
        let done = edits.last().is_some_and(|edit| edit.range.end > at);
        if done || !is_too_long(line) {
            continue;
        }
        let index = innermost(structure, at);
        let part = &structure.parts[index];
        if structure.lies_in(index, is_protected) {
            continue;
        }
        if index > 0 && part.header.contains(&at) {
            edits
                .push(Edit { range: part.header.clone(), bytes: folded_header(&bytes[part.header.clone()]) });
        } else if index > 0 && part.shape == Shape::Leaf && !may_not_be_encoded(part) {
            // A header of that part which was folded a moment ago is written again with the part.
            if edits.last().is_some_and(|edit| edit.range.start == part.header.start) {
                edits.pop();
            }
            edits.push(encoded_part(bytes, part));
        } else {
            edits.push(Edit { range: at..at + line.len(), bytes: cut(line) });
        }
    }
    edits
}

/// Content whose bytes somebody vouched for, or sealed.
pub(super) fn is_protected(part: &Part) -> bool {
    matches!(
        part.content_type.essence.as_str(),
        "multipart/signed"
            | "multipart/encrypted"
            | "application/pkcs7-mime"
            | "application/x-pkcs7-mime"
            | "application/pgp-encrypted"
    )
}

/// RFC 2046 §5.2.1, RFC 2045 §6.4: only what is within a message or multipart may be encoded.
pub(super) fn may_not_be_encoded(part: &Part) -> bool {
    part.content_type.is_kind("message") || part.content_type.is_kind("multipart")
}

/// Parts stand in the order of their beginnings: the last that holds a place is the innermost.
fn innermost(structure: &Structure, at: usize) -> usize {
    structure.parts.iter().rposition(|part| (part.header.start..part.body.end).contains(&at)).unwrap_or(0)
}

fn folded_header(header: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.len() + 64);
    let (headers, _) = Headers::scan_leniently(header);
    for field in headers.fields() {
        if let Some(folded) = lines::folded(field.raw()) {
            out.extend_from_slice(&folded);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn encoded_part(bytes: &[u8], part: &Part) -> Edit {
    let (headers, _) = Headers::scan_leniently(&bytes[part.header.clone()]);
    let (transfer, body) = encoded(part, &bytes[part.body.clone()]);
    let mut out = Vec::with_capacity(part.header.len() + body.len() + 64);
    for field in headers.fields().iter().filter(|field| !field.is("content-transfer-encoding")) {
        if let Some(folded) = lines::folded(field.raw()) {
            out.extend_from_slice(&folded);
        }
    }
    out.extend_from_slice(format!("Content-Transfer-Encoding: {transfer}\r\n\r\n").as_bytes());
    // The line end in front of a boundary is the boundary's.
    out.extend_from_slice(body.strip_suffix(b"\r\n").filter(|_| transfer == "base64").unwrap_or(&body));
    Edit { range: part.header.start..part.body.end, bytes: out }
}

/// Text as quoted-printable, anything else as base64.
pub(super) fn encoded(part: &Part, body: &[u8]) -> (&'static str, Vec<u8>) {
    let is_text = part.content_type.is_kind("text") || part.content_type.essence.is_empty();
    let content = part.transfer.decode(body);
    if is_text && part.transfer != Transfer::Base64 {
        ("quoted-printable", encode_quoted_printable(&content))
    } else {
        ("base64", encode_base64(&content))
    }
}
