//! A report cut into what machines wrote for machines, what they wrote for people, and the message
//! that came back.
//!
//! Reports are cut off, nested wrongly and never closed; so every line that is a boundary anywhere
//! in the mail parts it, and nothing is believed about nesting but what follows the returned message.

use crate::mail::charset;
use crate::mail::content_type::ContentType;
use crate::mail::headers::Headers;
use crate::mail::html;
use crate::mail::transfer::Transfer;

/// Parts looked at.
const PARTS_MAX: usize = 100;
/// Boundaries looked for.
const BOUNDARIES_MAX: usize = 20;
/// A line that begins the returned message where no part does: in small letters.
const RETURNED: &[&str] = &[
    "--- below this line is a copy",
    "--- the message cannot be delivered",
    "------ this is a copy of",
    "----- original message",
    "-----original message",
    "----- message header follows",
    "----- unsent message follows",
    "----- returned message",
    "---------- returned message",
    "----- message follows",
    "--- returned message",
    "--- original message",
    "original message follows",
    "original message headers",
    "the original message follows",
    "unsent message below",
    "your original message",
    "here is your original",
    "a copy of your message",
    "the header of the original",
    "--- the header of the original",
    "the following is a copy of",
    "first part of the message",
    "message headers follow",
    "the returned message",
    "the text you sent follows",
    "start of returned message",
    "===== original message",
];

/// The parts of a report by what they are for.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// What people read.
    pub(super) human: String,
    /// `message/delivery-status`, and what looks like it.
    pub(super) status: String,
    /// `message/feedback-report`.
    pub(super) feedback: Option<String>,
    /// The message that came back, or its header.
    pub(super) original: String,
    /// `message/disposition-notification`: somebody read it, or threw it away; in small letters.
    pub(super) receipt: Option<String>,
}

/// A stretch between two boundary lines.
struct Piece {
    kind: ContentType,
    transfer: Transfer,
    boundary: Option<usize>,
    body: (usize, usize),
}

impl Pieces {
    pub(super) fn of(raw: &[u8], headers: &Headers<'_>) -> Pieces {
        let mut pieces = Pieces::default();
        let mut html = String::new();
        let mut returned: Option<Option<usize>> = None;
        for piece in cut(raw, headers) {
            if returned.is_some_and(|boundary| piece.boundary == boundary) {
                returned = None;
            }
            let bytes = piece.transfer.decode(&raw[piece.body.0..piece.body.1]);
            let text =
                || charset::decode(&bytes, piece.kind.parameter("charset").as_deref()).replace("\r\n", "\n");
            match piece.kind.essence.as_str() {
                _ if returned.is_some() => pieces.original.push_str(&text()),
                "message/delivery-status" | "message/global-delivery-status" => {
                    pieces.status.push_str(&text());
                    pieces.status.push_str("\n\n");
                }
                "message/feedback-report" => pieces.feedback = Some(text()),
                "message/disposition-notification" => pieces.receipt = Some(text().to_lowercase()),
                "message/rfc822"
                | "message/global"
                | "text/rfc822-headers"
                | "message/global-headers"
                | "message/partial" => {
                    returned = Some(piece.boundary);
                    pieces.original.push_str(&text());
                }
                "text/html" => html.push_str(&text()),
                kind if kind.is_empty() || kind.starts_with("text/") => {
                    pieces.human.push_str(&text());
                    pieces.human.push('\n');
                }
                _ => {}
            }
        }
        if pieces.human.trim().is_empty() {
            pieces.human = html::to_text(&html);
        }
        pieces.part_returned();
        pieces
    }

    /// What people read ends where the returned message begins; fields of a report may stand in it.
    fn part_returned(&mut self) {
        let mut at = 0;
        let mut cut = None;
        for line in self.human.split_inclusive('\n') {
            let small = line.trim_start_matches(['>', ' ', '\t', '|']).to_lowercase();
            let begins = RETURNED.iter().any(|start| small.starts_with(start))
                || (at > 0
                    && (small.starts_with("received: from ")
                        || small.starts_with("received:from ")
                        || small.starts_with("return-path:")));
            if begins {
                cut = Some(at);
                break;
            }
            at += line.len();
        }
        if let Some(cut) = cut {
            self.original.push_str(&self.human[cut..]);
            self.human.truncate(cut);
        }
        let small = self.human.to_lowercase();
        if self.status.is_empty() && small.contains("final-recipient:") && small.contains("action:") {
            self.status.clone_from(&self.human);
        }
    }
}

/// A report in a report: what comes first, or is a report where none was, is not what came back.
fn is_report(pieces: &[Piece], inner: &ContentType) -> bool {
    let reported = pieces.iter().any(|piece| piece.kind.essence.ends_with("delivery-status"));
    pieces.iter().all(|piece| piece.boundary.is_none()) || (inner.essence == "multipart/report" && !reported)
}

/// The boundaries that are used where none or others were declared: lines `--…` with a field below.
fn undeclared(body: &[u8], declared: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut used: Vec<Vec<u8>> = Vec::new();
    if declared.is_empty() {
        return used;
    }
    let mut lines = body.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end()).peekable();
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix(b"--").filter(|rest| !rest.is_empty()) else { continue };
        let field = lines.peek().is_some_and(|next| next.to_ascii_lowercase().starts_with(b"content-"));
        let known = declared.iter().chain(&used).any(|boundary| rest == boundary);
        if field && !known && used.len() < BOUNDARIES_MAX / 2 {
            used.push(rest.to_owned());
        }
    }
    used
}

fn cut(raw: &[u8], headers: &Headers<'_>) -> Vec<Piece> {
    let top = ContentType::parse(&headers.get("content-type").unwrap_or_default());
    let transfer = Transfer::parse(&headers.get("content-transfer-encoding").unwrap_or_default());
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    boundaries.extend(top.parameter("boundary").map(String::into_bytes));
    let start = headers.body_offset().min(raw.len());
    boundaries.extend(undeclared(&raw[start..], &boundaries));
    let mut pieces = vec![Piece { kind: top, transfer, boundary: None, body: (start, raw.len()) }];
    let mut at = start;
    while at < raw.len() {
        let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |found| at + found + 1);
        let line = raw[at..end].trim_ascii_end();
        let found = line.strip_prefix(b"--").and_then(|rest| {
            let end = rest.strip_suffix(b"--").unwrap_or(rest);
            boundaries.iter().position(|boundary| boundary == rest || boundary == end)
        });
        let Some(found) = found.filter(|_| pieces.len() < PARTS_MAX) else {
            at = end;
            continue;
        };
        if let Some(last) = pieces.last_mut() {
            last.body.1 = at.max(last.body.0);
        }
        let (part, _) = Headers::scan_leniently(&raw[end..]);
        let kind = ContentType::parse(&part.get("content-type").unwrap_or_default());
        let transfer = Transfer::parse(&part.get("content-transfer-encoding").unwrap_or_default());
        if let Some(boundary) = kind.parameter("boundary").filter(|_| boundaries.len() < BOUNDARIES_MAX) {
            boundaries.push(boundary.into_bytes());
        }
        let mut body = (end + part.body_offset()).min(raw.len());
        let mut kind = kind;
        if kind.essence == "message/rfc822" {
            let (inner, _) = Headers::scan_leniently(&raw[body..]);
            let inside = ContentType::parse(&inner.get("content-type").unwrap_or_default());
            if is_report(&pieces, &inside) {
                kind = inside;
                boundaries.extend(kind.parameter("boundary").map(String::into_bytes));
                body = (body + inner.body_offset()).min(raw.len());
            }
        }
        pieces.push(Piece { kind, transfer, boundary: Some(found), body: (body, raw.len()) });
        at = body.max(end);
    }
    if let [only] = &mut pieces[..]
        && only.kind.essence.starts_with("multipart/")
    {
        // Said to have parts, and has none: a text.
        only.kind = ContentType::default();
    }
    pieces.retain(|piece| !piece.kind.essence.starts_with("multipart/") || piece.boundary.is_none());
    pieces
}
