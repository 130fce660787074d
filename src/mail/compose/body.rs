//! The content of a copy: the post's own bytes, but for the footer and for lines too long to travel.

use sha2::{Digest, Sha256};

use super::footer::{self, Place};
use super::long_lines;
use crate::mail::headers::Headers;
use crate::mail::mime::{Shape, Structure};

/// The content of a copy and what the header must say of it.
pub(super) struct Entity {
    pub(super) fields: ContentFields,
    pub(super) body: Vec<u8>,
}

/// What becomes of the Content fields at the top.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ContentFields {
    AsTheyAre,
    /// Other values; `None` leaves one as it is.
    Changed {
        content_type: Option<String>,
        transfer: Option<&'static str>,
    },
    /// They stand inside, and the whole is a new multipart/mixed.
    Wrapped {
        boundary: String,
    },
}

/// One replacement in the bytes of a message.
pub(super) struct Edit {
    pub(super) range: std::ops::Range<usize>,
    pub(super) bytes: Vec<u8>,
}

/// The content with its footer, if it can have one, with links for large attachments, and with lines
/// that may travel.
pub(super) fn edited(
    bytes: &[u8],
    headers: &Headers<'_>,
    structure: &Structure,
    footer: Option<&str>,
    linked: Vec<Edit>,
) -> Entity {
    let place = footer.map_or(Place::Nowhere, |text| footer::place(bytes, headers, structure, text));
    let text = footer.unwrap_or_default();
    match place {
        Place::Nowhere => travelling(bytes, structure, linked),
        Place::InText => match footer::appended(headers.body(), &structure.parts[0], text) {
            Some(entity) => entity,
            None => wrapped(headers, travelling(bytes, structure, linked), text),
        },
        Place::LastPart { before } => {
            let boundary = structure.parts[0].content_type.parameter("boundary").unwrap_or_default();
            let part = [format!("--{}\r\n", boundary.trim_end()).into_bytes(), footer::part(text)].concat();
            let mut edits = linked;
            edits.push(Edit { range: before..before, bytes: part });
            travelling(bytes, structure, edits)
        }
        Place::Around => wrapped(headers, travelling(bytes, structure, linked), text),
    }
}

/// The content with lines that may travel, and with other edits.
fn travelling(bytes: &[u8], structure: &Structure, mut edits: Vec<Edit>) -> Entity {
    let root = &structure.parts[0];
    if root.shape == Shape::Leaf
        && let Some(entity) = long_lines::whole(bytes, root)
    {
        return entity;
    }
    edits.extend(long_lines::edits(bytes, structure));
    let body = root.body.start..bytes.len();
    Entity { fields: ContentFields::AsTheyAre, body: applied(bytes, body, edits) }
}

/// A range of bytes with edits made in it; edits do not overlap.
pub(super) fn applied(bytes: &[u8], range: std::ops::Range<usize>, mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| edit.range.start);
    let added: usize = edits.iter().map(|edit| edit.bytes.len()).sum();
    let mut out = Vec::with_capacity(range.len() + added);
    let mut at = range.start;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        out.extend_from_slice(&bytes[at..edit.range.start]);
        out.extend_from_slice(&edit.bytes);
        at = edit.range.end;
    }
    out.extend_from_slice(&bytes[at..range.end]);
    out
}

/// The content as the first part of a new multipart/mixed whose last is the footer.
fn wrapped(headers: &Headers<'_>, entity: Entity, text: &str) -> Entity {
    let mut inner = Vec::new();
    let (new_type, new_transfer) = match entity.fields {
        ContentFields::Changed { content_type, transfer } => (content_type, transfer),
        ContentFields::AsTheyAre | ContentFields::Wrapped { .. } => (None, None),
    };
    for field in headers.fields().iter().filter(|field| is_content_field(field.name())) {
        let replaced = (new_type.is_some() && field.is("content-type"))
            || (new_transfer.is_some() && field.is("content-transfer-encoding"));
        if !replaced && let Some(folded) = super::lines::folded(field.raw()) {
            inner.extend_from_slice(&folded);
        }
    }
    let new_fields = [
        new_type.map(|value| format!("Content-Type: {value}\r\n")),
        new_transfer.map(|value| format!("Content-Transfer-Encoding: {value}\r\n")),
    ];
    new_fields.into_iter().flatten().for_each(|line| inner.extend_from_slice(line.as_bytes()));
    let boundary = free_boundary(&entity.body);
    let body = [
        format!("--{boundary}\r\n").as_bytes(),
        &inner,
        b"\r\n",
        &entity.body,
        format!("\r\n--{boundary}\r\n").as_bytes(),
        &footer::part(text),
        format!("--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    Entity { fields: ContentFields::Wrapped { boundary }, body }
}

fn is_content_field(name: &str) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"))
        && !name.eq_ignore_ascii_case("content-length")
}

/// A boundary that does not occur in a body, the same each time for the same body.
fn free_boundary(body: &[u8]) -> String {
    const LENGTH: usize = 24;
    let digest: [u8; 32] = Sha256::digest(body).into();
    let hex = data_encoding::HEXLOWER.encode(&digest);
    let mut boundary = format!("=_parvis_{}", &hex[..LENGTH]);
    while occurs(body, boundary.as_bytes()) {
        boundary.push('_');
    }
    boundary
}

/// Whether some line begins with `--` and that boundary.
fn occurs(body: &[u8], boundary: &[u8]) -> bool {
    body.split(|&b| b == b'\n').any(|line| line.strip_prefix(b"--").is_some_and(|l| l.starts_with(boundary)))
}
