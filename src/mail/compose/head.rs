//! The header of a copy: the post's own fields in their order and bytes, but for a few.

use std::borrow::Cow;

use super::author::Authors;
use super::body::{ContentFields, Entity};
use super::{CopyEdits, FromEdit, ReplyToEdit, Touch, lines};
use crate::domain::ids::MessageId;
use crate::mail::autoreply::{self, is_list_field};
use crate::mail::headers::{FIELDS_MAX, Field, Headers};
use crate::mail::parse::SINGLETONS;
use crate::mail::subject::{Prefixed, prefixed};
use crate::mail::{charset, references, words};

/// Fields that do not go on to members: of the way here, secrets, receipts that would multiply by
/// the members, traces of where somebody sat, and what we write ourselves. Fields of lists
/// (`List-…`) and addresses of machines (`X-…-IP`) go too.
const DROPPED: [&str; 34] = [
    "return-path",
    "received",
    "delivered-to",
    "envelope-to",
    "x-envelope-from",
    "x-envelope-to",
    "x-original-to",
    "bcc",
    "approved",
    "approve",
    "x-approved",
    "x-approve",
    "return-receipt-to",
    "disposition-notification-to",
    "disposition-notification-options",
    "x-confirm-reading-to",
    "x-pmrqc",
    "read-receipt-to",
    "generate-delivery-report",
    "errors-to",
    "archived-at",
    "precedence",
    "domainkey-signature",
    "content-length",
    "lines",
    "status",
    "x-status",
    "x-forwarded-for",
    "x-http-posting-host",
    "x-http-useragent",
    "x-authenticated-sender",
    "x-authenticated-user",
    "x-parvis-record",
    "x-mozilla-status",
];

/// A name and an address that are together longer stand on two lines.
pub(super) const ONE_LINE: usize = 60;

/// Fields of a post that go on at most, so that with ours the copy can pass a door like our own.
const FIELDS_KEPT: usize = FIELDS_MAX - 40;
/// A subject written anew is at most this long, in characters.
const SUBJECT_CHARS: usize = 4_000;

/// Writes the fields of a copy behind those of the list.
pub(super) fn write_fields(out: &mut Vec<u8>, headers: &Headers<'_>, entity: &Entity, edits: &CopyEdits<'_>) {
    let mut written: Vec<String> = Vec::new();
    for field in headers.fields().iter().take(FIELDS_KEPT) {
        let name = field.name().to_ascii_lowercase();
        if via_list(&name, field, headers, out, edits) {
            written.push(name);
            continue;
        }
        if is_dropped(&name) || is_own_loop_mark(field, edits) || is_invalid(field, edits) {
            continue;
        }
        if SINGLETONS.contains(&name.as_str()) {
            // RFC 5322 §3.6: once. Two readers could believe two different ones.
            if written.contains(&name) {
                continue;
            }
            written.push(name.clone());
        }
        let edited = match name.as_str() {
            "to" => joined(headers, field, &name),
            "cc" => cc(headers, field, edits),
            "subject" => subject(field, edits),
            "reply-to" => reply_to(headers, field, edits),
            _ if name.starts_with("content-") => content(field, &name, entity),
            _ => Some(Cow::Borrowed(field.raw())),
        };
        if let Some(bytes) = edited {
            push_field(out, field, &bytes);
        }
    }
    add_missing(out, &written, headers, entity, edits);
}

/// Writes what becomes of a field in a copy whose From is the list's; `false` if that is nothing special.
fn via_list(
    name: &str,
    field: &Field<'_>,
    headers: &Headers<'_>,
    out: &mut Vec<u8>,
    edits: &CopyEdits<'_>,
) -> bool {
    let FromEdit::ViaList { member_name } = edits.from else { return false };
    match name {
        "from" => {
            if !std::ptr::eq(field.raw(), headers.all("from").next().map_or(&[][..], |first| first.raw())) {
                return true;
            }
            let authors = Authors::of(headers);
            out.extend_from_slice(authors.field_via_list(edits, member_name).as_bytes());
            out.extend_from_slice(authors.author_field().as_bytes());
            true
        }
        // Ours says who wrote it, from the From that was looked at.
        "author" => true,
        // Who put it on the way for the author: their domain does not stand for this copy.
        "sender" => true,
        // It would not hold, and says nothing of the From that stands here now (RFC 6377 §5.7).
        "dkim-signature" => {
            if let Some(folded) = lines::folded(field.raw()) {
                out.extend_from_slice(b"X-Original-");
                out.extend_from_slice(&folded);
            }
            true
        }
        _ => false,
    }
}

/// Whether the author must stand in Cc: From is not theirs, and answers go elsewhere.
fn author_in_cc(headers: &Headers<'_>, edits: &CopyEdits<'_>) -> Vec<String> {
    match edits.from {
        FromEdit::AsItIs => Vec::new(),
        FromEdit::ViaList { .. } if !answers_go_to_list(edits) && !author_wants_elsewhere(headers) => {
            Vec::new()
        }
        FromEdit::ViaList { .. } => Authors::of(headers).written_beside(headers, &["to", "cc", "reply-to"]),
    }
}

/// Whether the author said where answers go.
fn author_wants_elsewhere(headers: &Headers<'_>) -> bool {
    headers.all("reply-to").any(|f| words::mailboxes(&f.value()).iter().any(|m| m.address.is_some()))
}

fn cc<'a>(headers: &Headers<'a>, field: &Field<'a>, edits: &CopyEdits<'_>) -> Option<Cow<'a, [u8]>> {
    let all = joined(headers, field, "cc")?;
    let authors = author_in_cc(headers, edits);
    if authors.is_empty() {
        return Some(all);
    }
    let value = &all[all.iter().position(|&b| b == b':').map_or(0, |colon| colon + 1)..];
    let mut bytes = b"Cc: ".to_vec();
    bytes.extend_from_slice(value.trim_ascii());
    let glue = if value.trim_ascii().is_empty() { "" } else { ",\r\n " };
    bytes.extend_from_slice(format!("{glue}{}\r\n", authors.join(",\r\n ")).as_bytes());
    Some(Cow::Owned(bytes))
}

fn is_dropped(name: &str) -> bool {
    let tells_where = name.starts_with("x-") && (name.ends_with("-ip") || name.starts_with("x-originating-"));
    DROPPED.contains(&name) || is_list_field(name) || tells_where
}

/// Ours is written anew. Those of other lists stay, or lists that are members of each other would
/// not know their own posts when they come back (RFC 5321 §6.3).
fn is_own_loop_mark(field: &Field<'_>, edits: &CopyEdits<'_>) -> bool {
    field.is(autoreply::LOOP_FIELD) && field.value().eq_ignore_ascii_case(edits.loop_mark)
}

/// An empty Message-ID or Date, for which there is a better one.
fn is_invalid(field: &Field<'_>, edits: &CopyEdits<'_>) -> bool {
    (field.is("message-id") && edits.missing_message_id.is_some() && !holds_id(field))
        || (field.is("date") && edits.missing_date.is_some() && field.value().is_empty())
}

fn holds_id(field: &Field<'_>) -> bool {
    references::id_in(&field.value()).is_some()
}

/// Writes a field folded to what may travel. A Subject or addresses that cannot be folded are
/// written anew, and another field is left out.
fn push_field(out: &mut Vec<u8>, field: &Field<'_>, bytes: &[u8]) {
    if let Some(folded) = lines::folded(bytes) {
        out.extend_from_slice(&folded);
        return;
    }
    let value = &bytes[bytes.iter().position(|&b| b == b':').map_or(0, |colon| colon + 1)..];
    let value: Vec<u8> = value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let value = charset::guess(&value);
    match field.name().to_ascii_lowercase().as_str() {
        "subject" => push_subject(out, &words::decode(&value)),
        "from" | "sender" | "reply-to" | "to" | "cc" => push_addresses(out, field.name(), &value),
        _ => {}
    }
}

fn push_addresses(out: &mut Vec<u8>, name: &str, value: &str) {
    let written = addresses(value);
    if !written.is_empty() {
        out.extend_from_slice(format!("{name}: {written}\r\n").as_bytes());
    }
}

/// The addresses of a value written anew, in ASCII, each on a line of its own.
pub(super) fn addresses(value: &str) -> String {
    let written: Vec<String> = words::mailboxes(value)
        .into_iter()
        .filter_map(|mailbox| {
            let address = mailbox.address?;
            let phrase = words::phrase(&mailbox.name, 1);
            Some(if mailbox.name.is_empty() {
                address.to_string()
            } else {
                format!("{phrase}\r\n <{address}>")
            })
        })
        .collect();
    written.join(",\r\n ")
}

fn push_subject(out: &mut Vec<u8>, text: &str) {
    let value = words::unstructured(words::first_chars(text, SUBJECT_CHARS), "Subject: ".len());
    out.extend_from_slice(format!("Subject: {value}\r\n").as_bytes());
}

/// The values of all fields of a name as one, so that nobody who was written to is lost.
fn joined<'a>(headers: &Headers<'a>, first: &Field<'a>, name: &str) -> Option<Cow<'a, [u8]>> {
    let values: Vec<&[u8]> =
        headers.all(name).map(|f| f.value_bytes().trim_ascii()).filter(|v| !v.is_empty()).collect();
    if headers.count(name) < 2 || values.is_empty() {
        return Some(Cow::Borrowed(first.raw()));
    }
    let mut bytes = format!("{}: ", first.name()).into_bytes();
    bytes.extend_from_slice(&values.join(&b",\r\n "[..]));
    bytes.extend_from_slice(b"\r\n");
    Some(Cow::Owned(bytes))
}

fn subject<'a>(field: &Field<'a>, edits: &CopyEdits<'_>) -> Option<Cow<'a, [u8]>> {
    let as_it_is = Some(Cow::Borrowed(field.raw()));
    if edits.touch == Touch::NoContent {
        return as_it_is;
    }
    let prefix = words::clean(edits.subject_prefix);
    let decoded = words::clean(&words::decode(&field.value()));
    let text = match prefixed(&decoded, &prefix, edits.language) {
        Prefixed::Unchanged => return as_it_is,
        // The author's encoded words stay as they are; beside a plain word the blank between counts.
        Prefixed::InFront if prefix.is_ascii() && !prefix.contains("=?") => {
            let mut bytes = format!("Subject: {prefix} ").into_bytes();
            bytes.extend_from_slice(field.value_bytes().trim_ascii());
            bytes.extend_from_slice(b"\r\n");
            return Some(Cow::Owned(bytes));
        }
        Prefixed::InFront => format!("{prefix} {decoded}"),
        Prefixed::Rewritten(text) => text,
    };
    let mut bytes = Vec::new();
    push_subject(&mut bytes, &text);
    Some(Cow::Owned(bytes))
}

fn reply_to<'a>(headers: &Headers<'a>, field: &Field<'a>, edits: &CopyEdits<'_>) -> Option<Cow<'a, [u8]>> {
    if !answers_go_to_list(edits) {
        let nowhere = edits.from != FromEdit::AsItIs && !author_wants_elsewhere(headers);
        return (!nowhere).then(|| Cow::Borrowed(field.raw()));
    }
    let all: Vec<words::Mailbox> =
        headers.all("reply-to").flat_map(|f| words::mailboxes(&f.value())).collect();
    let is_list = |m: &words::Mailbox| m.text.eq_ignore_ascii_case(edits.post_address);
    if all.iter().any(is_list) {
        return Some(Cow::Borrowed(field.raw()));
    }
    if all.iter().all(|mailbox| mailbox.address.is_none()) {
        return None; // Nothing to answer to: written anew with the missing fields.
    }
    let mut bytes = b"Reply-To: ".to_vec();
    bytes.extend_from_slice(field.value_bytes().trim_ascii());
    bytes.extend_from_slice(format!(",\r\n {}\r\n", list_mailbox(edits)).as_bytes());
    Some(Cow::Owned(bytes))
}

fn answers_go_to_list(edits: &CopyEdits<'_>) -> bool {
    edits.reply_to == ReplyToEdit::List && edits.touch == Touch::WhereNeeded
}

/// On a line of its own if it stands behind others or is long.
fn list_mailbox(edits: &CopyEdits<'_>) -> String {
    let phrase = words::phrase(edits.list_phrase, "Reply-To: ".len());
    let address: String = edits.post_address.chars().filter(|c| c.is_ascii_graphic()).collect();
    if words::clean(edits.list_phrase).is_empty() {
        return address;
    }
    let blank = if phrase.len() + address.len() > ONE_LINE { "\r\n " } else { " " };
    format!("{phrase}{blank}<{address}>")
}

/// A field about the content, as the edited content needs it.
fn content<'a>(field: &Field<'a>, name: &str, entity: &Entity) -> Option<Cow<'a, [u8]>> {
    let changed = match &entity.fields {
        ContentFields::AsTheyAre => None,
        // They went into the first part with what they speak of.
        ContentFields::Wrapped { .. } => return None,
        ContentFields::Changed { content_type, transfer } => match name {
            "content-type" => content_type.as_ref().map(|value| format!("Content-Type: {value}\r\n")),
            "content-transfer-encoding" => {
                transfer.map(|value| format!("Content-Transfer-Encoding: {value}\r\n"))
            }
            // A checksum of what is not there any more (RFC 1864).
            "content-md5" => return None,
            _ => None,
        },
    };
    Some(changed.map_or(Cow::Borrowed(field.raw()), |text| Cow::Owned(text.into_bytes())))
}

/// What a copy whose From is the list's needs beside it: where to answer, and a From at all.
fn add_author(out: &mut Vec<u8>, written: &[String], headers: &Headers<'_>, edits: &CopyEdits<'_>) {
    let FromEdit::ViaList { member_name } = edits.from else { return };
    let authors = Authors::of(headers);
    if !written.iter().any(|name| name == "from") {
        out.extend_from_slice(authors.field_via_list(edits, member_name).as_bytes());
    }
    if !answers_go_to_list(edits) && !author_wants_elsewhere(headers) {
        out.extend_from_slice(authors.field("Reply-To").as_bytes());
    }
}

/// Writes what a copy needs and the post did not have.
fn add_missing(
    out: &mut Vec<u8>,
    written: &[String],
    headers: &Headers<'_>,
    entity: &Entity,
    edits: &CopyEdits<'_>,
) {
    let lacks = |name: &str| !written.iter().any(|w| w == name);
    let mut push = |name: &str, value: &str| out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    if let Some(id) = edits.missing_message_id.and_then(MessageId::parse)
        && lacks("message-id")
    {
        push("Message-ID", &format!("<{id}>"));
    }
    if let Some(date) = edits.missing_date
        && lacks("date")
    {
        push("Date", &words::unstructured(date, "Date: ".len()));
    }
    if lacks("subject") && edits.touch == Touch::WhereNeeded {
        let prefix = words::clean(edits.subject_prefix);
        if let Prefixed::Rewritten(text) = prefixed("", &prefix, edits.language) {
            push("Subject", &words::unstructured(&text, "Subject: ".len()));
        }
    }
    let author_wants = author_wants_elsewhere(headers);
    if answers_go_to_list(edits) && !author_wants {
        push("Reply-To", &list_mailbox(edits));
    }
    let authors = author_in_cc(headers, edits);
    if lacks("cc") && !authors.is_empty() {
        push("Cc", &authors.join(",\r\n "));
    }
    add_author(out, written, headers, edits);
    let lacks = |name: &str| !written.iter().any(|w| w == name);
    let mut push = |name: &str, value: &str| out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    let has_mime_version = !lacks("mime-version");
    match &entity.fields {
        ContentFields::AsTheyAre => return,
        ContentFields::Changed { content_type, transfer } => {
            if let Some(value) = content_type.as_deref().filter(|_| lacks("content-type")) {
                push("Content-Type", value);
            }
            if let Some(value) = transfer.filter(|_| lacks("content-transfer-encoding")) {
                push("Content-Transfer-Encoding", value);
            }
        }
        ContentFields::Wrapped { boundary } => {
            push("Content-Type", &format!("multipart/mixed; boundary=\"{boundary}\""));
            if !entity.body.is_ascii() {
                // RFC 2045 §6.4: a composite says what its parts hold.
                push("Content-Transfer-Encoding", "8bit");
            }
        }
    }
    if !has_mime_version {
        push("MIME-Version", "1.0");
    }
}
