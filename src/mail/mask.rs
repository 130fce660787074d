//! What strangers see of addresses: `marie@…`.
//!
//! Archives are read by harvesters. Every address in a text loses its domain; a message to
//! download also loses the trace of who sent it from where (standards: RFC 5322, RFC 2045).

use data_encoding::BASE64;
use mail_parser::{HeaderName, MessageParser};

use super::show::decode;
use super::show::parts::{self, Facts, Holds, Part};
use crate::domain::token::Token;

/// What stands for a domain.
const HIDDEN: &str = "@…";
/// Fields that tell where a person was, or that only servers need; not for strangers.
const DROPPED_FIELDS: [&str; 18] = [
    "received",
    "return-path",
    "delivered-to",
    "dkim-signature",
    "domainkey-signature",
    "authentication-results",
    "received-spf",
    "bcc",
    "resent-bcc",
    "disposition-notification-to",
    "return-receipt-to",
    "x-confirm-reading-to",
    "approved",
    "x-approved",
    "user-agent",
    "x-mailer",
    "autocrypt",
    "x-received",
];
/// Fields whose `<…>` name messages.
const MESSAGE_ID_FIELDS: [&str; 5] =
    ["message-id", "in-reply-to", "references", "resent-message-id", "x-original-message-id"];
/// Digits in a row that people do not have in their addresses.
const ID_DIGITS_MIN: usize = 4;
/// Bytes of a local part above which it is no person's.
const PERSON_BYTES_MAX: usize = 40;
/// Characters of an encoded word looked at; RFC 2047 §2 allows 75, programs write more.
const WORD_CHARACTERS_MAX: usize = 1_000;
/// Stands where an attachment was.
const NOTE: &str = "[pièce jointe retirée / attachment left out]";

/// A text in which every e-mail address has lost its domain.
///
/// An `@` counts when something a local part ends with stands before it and a domain with a dot
/// follows; addresses of the web keep theirs (ours have none).
pub fn mask_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, sign_len)) = next_sign(rest) {
        let before = if at == 0 { out.chars().next_back() } else { rest[..at].chars().next_back() };
        out.push_str(&rest[..at]);
        let after = &rest[at + sign_len..];
        let domain = domain_len(after);
        if domain > 0 && before.is_some_and(ends_local_part) {
            hide_token(&mut out);
            out.push_str(HIDDEN);
            rest = &after[domain..];
        } else {
            out.push_str(&rest[at..at + sign_len]);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// An address of ours that answers one post would still be one, for whoever knows our name.
fn hide_token(out: &mut String) {
    let Some(at) = out.len().checked_sub(Token::CHARS) else { return };
    if out.get(at..).is_some_and(Token::has_shape) && out[..at].ends_with('+') {
        out.truncate(at);
        out.push('…');
    }
}

/// The next `@`, also as HTML writes it for harvesters to miss.
fn next_sign(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(['@', '&', '＠'])?;
        let rest = &text[at..];
        for sign in ["@", "＠", "&#64;", "&#064;", "&#x40;", "&#X40;", "&commat;"] {
            if rest.starts_with(sign) {
                return Some((at, sign.len()));
            }
        }
        from = at + 1;
    }
}

fn ends_local_part(character: char) -> bool {
    character.is_alphanumeric() || "\"'!#$%&*+-/=?^_`{|}~.>".contains(character) && character != '/'
}

/// Bytes of the domain (or address literal) at the start of `text`; 0 if there is none.
fn domain_len(text: &str) -> usize {
    if let Some(literal) = text.strip_prefix('[') {
        let inside = literal.bytes().take_while(|b| b.is_ascii_hexdigit() || b".:IPv".contains(b)).count();
        return if inside > 0 && literal[inside..].starts_with(']') { inside + 2 } else { 0 };
    }
    let in_domain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let len = text.find(|c| !in_domain(c)).unwrap_or(text.len());
    let domain = text[..len].trim_end_matches(['.', '-', '_']);
    let Some((name, top)) = domain.rsplit_once('.') else { return 0 };
    let is_top = top.chars().next().is_some_and(char::is_alphabetic) && top.chars().count() >= 2;
    if is_top && !name.is_empty() && !name.starts_with('.') { domain.len() } else { 0 }
}

/// A copy of a message for strangers.
///
/// Addresses are masked in header fields and text parts, traces of servers and programs are
/// dropped, and other parts are replaced by a note: they may hold anything.
pub fn mask_raw(raw: &[u8]) -> Vec<u8> {
    let masked = std::panic::catch_unwind(|| masked_message(raw));
    masked.unwrap_or_else(|_| NOTE.as_bytes().to_vec())
}

fn masked_message(raw: &[u8]) -> Vec<u8> {
    let walked = parts::walk(raw);
    let newline: &[u8] = if raw.windows(2).take(2_000).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    for part in &walked.parts {
        push_masked(&mut out, &raw[at..part.header.start.max(at)]);
        let body = match part.holds {
            Holds::Parts => None,
            Holds::Content => masked_body(raw, part),
        };
        push_header(&mut out, &raw[part.header.clone()], body.as_ref(), newline);
        out.extend_from_slice(&raw[part.header.end..part.body.start]);
        at = part.body.start;
        if part.holds == Holds::Content {
            match body {
                Some(body) => out.extend_from_slice(&with_newlines(&body.text, newline)),
                None => out.extend_from_slice(&raw[part.body.clone()]),
            }
            at = part.body.end;
        }
    }
    if walked.fault.is_none() {
        push_masked(&mut out, &raw[at..]);
    }
    out
}

/// A body written anew, and what its header then has to say.
struct NewBody {
    content_type: String,
    text: String,
}

/// Nothing if the body may stay as it is.
fn masked_body(raw: &[u8], part: &Part) -> Option<NewBody> {
    if !part.is_text() {
        return Some(NewBody {
            content_type: "text/plain; charset=utf-8".to_owned(),
            text: format!("{NOTE}\n"),
        });
    }
    let text = part.text(raw);
    let masked = mask_addresses(&text);
    (masked != text).then(|| NewBody { content_type: content_type(&part.facts), text: masked })
}

fn content_type(facts: &Facts) -> String {
    let plain = facts.media_type.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-.+".contains(&b));
    let media_type = if plain { &facts.media_type } else { "text/plain" };
    let flow = match facts.flow {
        parts::Flow::Fixed => "",
        parts::Flow::Flowed => "; format=flowed",
        parts::Flow::FlowedDeletingSpaces => "; format=flowed; delsp=yes",
    };
    format!("{media_type}; charset=utf-8{flow}")
}

fn with_newlines(text: &str, newline: &[u8]) -> Vec<u8> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').map(str::as_bytes).collect::<Vec<_>>().join(newline)
}

fn push_masked(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => out.extend_from_slice(mask_addresses(text).as_bytes()),
        Err(_) => out.extend_from_slice(mask_addresses(&latin1(bytes)).as_bytes()),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

fn push_header(out: &mut Vec<u8>, header: &[u8], body: Option<&NewBody>, newline: &[u8]) {
    for field in fields(header) {
        let colon = field.iter().position(|b| *b == b':').unwrap_or(field.len());
        let name = String::from_utf8_lossy(&field[..colon]).trim().to_ascii_lowercase();
        let about_the_body = matches!(
            name.as_str(),
            "content-type"
                | "content-transfer-encoding"
                | "content-disposition"
                | "content-md5"
                | "content-length"
                | "lines"
        );
        if is_dropped(&name) || (body.is_some() && about_the_body) {
            continue;
        }
        let text = std::str::from_utf8(field).map_or_else(|_| latin1(field), str::to_owned);
        let masked =
            if MESSAGE_ID_FIELDS.contains(&name.as_str()) { mask_ids(&text) } else { mask_field(&text) };
        out.extend_from_slice(masked.as_bytes());
    }
    if let Some(body) = body {
        let lines = format!("Content-Type: {}\nContent-Transfer-Encoding: 8bit\n", body.content_type);
        out.extend_from_slice(&with_newlines(&lines, newline));
        out.extend_from_slice(newline);
    }
}

/// The fields of a header, each with its folded lines and line ends.
pub(in crate::mail) fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let mut start = 0;
    for at in 1..header.len() {
        if header[at - 1] == b'\n' && !matches!(header[at], b' ' | b'\t') {
            fields.push(&header[start..at]);
            start = at;
        }
    }
    if start < header.len() {
        fields.push(&header[start..]);
    }
    fields
}

fn is_dropped(name: &str) -> bool {
    let about_origin = name.starts_with("x-")
        && (name.contains("-ip") || name.contains("originat") || name.contains("sender"));
    DROPPED_FIELDS.contains(&name)
        || name.starts_with("arc-")
        || name.starts_with("x-ms-")
        || name.starts_with("x-google-")
        || name.starts_with("x-gm-")
        || name.starts_with("from ")
        || name.starts_with(">from ")
        || about_origin
}

/// Message-IDs keep their form, so that threads hold, unless they look like a person's address.
fn mask_ids(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    for piece in field.split_inclusive('>') {
        let inside = piece.rsplit_once('<').and_then(|(_, id)| id.strip_suffix('>'));
        if inside.and_then(|id| id.split_once('@')).is_some_and(|(local, _)| is_machine_made(local)) {
            out.push_str(piece);
        } else {
            out.push_str(&mask_addresses(piece));
        }
    }
    out
}

fn is_machine_made(local: &str) -> bool {
    let runs = local.split(|c: char| !c.is_ascii_digit());
    local.len() > PERSON_BYTES_MAX
        || runs.map(str::len).max().is_some_and(|longest| longest >= ID_DIGITS_MIN)
        || local.contains(['$', '%', '/', '='])
}

/// A field; addresses also hide in encoded words (RFC 2047), which some programs repeat as names.
fn mask_field(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(start) = rest.find("=?") {
        let Some(len) = encoded_word_len(&rest[start..]) else {
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        out.push_str(&rest[..start]);
        let word = &rest[start..start + len];
        match decoded(word).filter(|text| text.contains('@')) {
            Some(text) => {
                let masked = mask_addresses(&text);
                out.push_str(&format!("=?utf-8?B?{}?=", BASE64.encode(masked.as_bytes())));
            }
            None => out.push_str(word),
        }
        rest = &rest[start + len..];
    }
    out.push_str(rest);
    mask_addresses(&out)
}

fn encoded_word_len(text: &str) -> Option<usize> {
    let end = text.char_indices().nth(WORD_CHARACTERS_MAX).map_or(text.len(), |(at, _)| at);
    let (charset, rest) = text[..end].strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let end = rest.find("?=")?;
    let fits = charset.len() <= 40 && encoding.len() == 1 && !rest[..end].contains(['\n', ' ']);
    fits.then(|| charset.len() + encoding.len() + end + 6)
}

fn decoded(word: &str) -> Option<String> {
    let header = format!("Subject: {word}\n\n");
    let message = MessageParser::new().header_text(HeaderName::Subject).parse_headers(header.as_bytes())?;
    message.header(HeaderName::Subject)?.as_text().map(decode::readable)
}

#[cfg(test)]
mod tests;
