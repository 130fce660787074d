//! A message as somebody reads it: text in blocks, clean HTML, attachments.
//!
//! Works for every sequence of bytes, in bounded time. Knows nothing of lists, addresses of
//! pages or who is reading; who may not see addresses gets them masked by `mail::mask`.

mod bodies;
pub(in crate::mail) mod decode;
mod names;
pub(in crate::mail) mod parts;
mod searched;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bodies::Piece;
use parts::{Disposition, Flow, Part, Walked};

use super::calendar::PART_BYTES_MAX;
use super::html::{self, CleanHtml};
use super::parse::language;
pub use super::quote::Block;
use super::{quote, text};
pub use searched::{Searched, searched};

/// Calendar parts of one message that are read.
const CALENDARS_MAX: usize = 3;

/// Bytes of an attachment looked at to know a picture.
const MAGIC_BYTES: usize = 32;

/// A message, ready to be put on a page.
#[derive(Debug, Default)]
pub struct Shown {
    /// The text, in the order it was written. From the HTML where there is no text worth reading.
    pub blocks: Vec<Block>,
    /// The HTML part, when there is one and it could be cleaned.
    pub html: Option<CleanHtml>,
    /// Which of the two is what the author wrote.
    pub preferred: Preferred,
    /// What came with it, numbered from 1.
    pub attachments: Vec<Attachment>,
    /// The calendar parts, as they are written.
    pub calendars: Vec<String>,
    /// Why what is here is not all.
    pub fault: Option<Undisplayable>,
}

/// Which form of a message to show first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preferred {
    /// The blocks.
    #[default]
    Text,
    /// The HTML: the text part is missing or only says that one should read the HTML.
    Html,
}

/// Why a message cannot be shown whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undisplayable {
    /// Multiparts nested deeper than anybody writes.
    TooDeep,
    /// More parts than anybody attaches.
    TooManyParts,
    /// Reading it failed; nothing is shown.
    Unreadable,
}

/// Something that came with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// From 1, in the order they stand in.
    pub n: u32,
    /// A file name that harms nobody: no control or bidi characters, no slashes, at most 150 bytes.
    pub name: String,
    /// What may be done with it.
    pub kind: AttachmentKind,
    /// What its sender says it is. For words only: never echo it as a header.
    pub media_type: String,
    /// Of the file itself, without transfer encoding.
    pub bytes: u64,
    /// Part of the text (a picture in it) rather than beside it.
    pub inline: bool,
    /// What the HTML calls it, without angle brackets (RFC 2392).
    pub content_id: Option<String>,
}

/// What may be done with an attachment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttachmentKind {
    /// Its first bytes are those of a picture: may be shown.
    Picture(PictureType),
    /// An invitation (RFC 5545).
    Calendar,
    /// Only to be downloaded.
    Other,
}

/// The pictures that are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PictureType {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
}

impl PictureType {
    /// The media type to serve it with.
    pub fn media_type(self) -> &'static str {
        match self {
            PictureType::Png => "image/png",
            PictureType::Jpeg => "image/jpeg",
            PictureType::Gif => "image/gif",
            PictureType::Webp => "image/webp",
        }
    }

    fn of(bytes: &[u8]) -> Option<PictureType> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(PictureType::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Some(PictureType::Jpeg)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(PictureType::Gif)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(PictureType::Webp)
        } else {
            None
        }
    }
}

/// A message for a page, with the pictures in its HTML replaced by words.
pub fn show(raw: &[u8]) -> Shown {
    show_with_pictures(raw, &|_| None)
}

/// A message for a page; `address_of` gives the page's own URL of a picture in the HTML.
pub fn show_with_pictures(raw: &[u8], address_of: &dyn Fn(&Attachment) -> Option<String>) -> Shown {
    guarded(|| show_unguarded(raw, address_of))
        .unwrap_or_else(|| Shown { fault: Some(Undisplayable::Unreadable), ..Shown::default() })
}

/// One attachment and its bytes.
pub fn attachment(raw: &[u8], n: u32) -> Option<(Attachment, Vec<u8>)> {
    guarded(|| {
        let walked = parts::walk(raw);
        let bodies = bodies::choose(raw, &walked.parts);
        let index = *bodies.attachments.get(usize::try_from(n).ok()?.checked_sub(1)?)?;
        let part = &walked.parts[index];
        Some((describe(raw, &walked, index, n), part.bytes(raw)))
    })
    .flatten()
}

/// An attachment, and where its body lies in the message.
pub(in crate::mail) struct Placed {
    pub(in crate::mail) attachment: Attachment,
    pub(in crate::mail) body: std::ops::Range<usize>,
}

/// All attachments of a message, where they are.
pub(in crate::mail) fn placed_attachments(raw: &[u8]) -> Vec<Placed> {
    guarded(|| {
        let walked = parts::walk(raw);
        let attachments = bodies::choose(raw, &walked.parts).attachments;
        let placed = |(index, n): (&usize, u32)| Placed {
            attachment: describe(raw, &walked, *index, n),
            body: walked.parts[*index].body.clone(),
        };
        attachments.iter().zip(1..).map(placed).collect()
    })
    .unwrap_or_default()
}

/// The whole readable text, quotes and all: for searching, for telling two posts apart.
pub fn plain_text(raw: &[u8]) -> String {
    guarded(|| {
        let walked = parts::walk(raw);
        let bodies = bodies::choose(raw, &walked.parts);
        readable_text(&bodies.pieces).0
    })
    .unwrap_or_default()
}

/// A message that kills a parser must not kill the page.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn show_unguarded(raw: &[u8], address_of: &dyn Fn(&Attachment) -> Option<String>) -> Shown {
    let walked = parts::walk(raw);
    let bodies = bodies::choose(raw, &walked.parts);
    let numbered = bodies.attachments.iter().zip(1..);
    let attachments: Vec<Attachment> = numbered.map(|(index, n)| describe(raw, &walked, *index, n)).collect();
    let picture = |content_id: &str| {
        let named = |a: &&Attachment| a.content_id.as_deref() == Some(content_id);
        let found = attachments.iter().find(named)?;
        match found.kind {
            AttachmentKind::Picture(_) => address_of(found),
            AttachmentKind::Calendar | AttachmentKind::Other => None,
        }
    };
    let (text, preferred) = readable_text(&bodies.pieces);
    let blocks = quote::blocks(&text);
    // Cleaning costs more than all the rest: only what is shown is cleaned.
    let html = match preferred {
        Preferred::Html => bodies::html(&bodies.pieces).and_then(|html| html::clean(&html, &picture)),
        Preferred::Text => None,
    };
    let preferred = if html.is_none() { Preferred::Text } else { preferred };
    let calendars = bodies
        .attachments
        .iter()
        .map(|index| &walked.parts[*index])
        .filter(|part| part.is("text/calendar") && part.body.len() <= 2 * PART_BYTES_MAX)
        .take(CALENDARS_MAX)
        .map(|part| part.text(raw))
        .collect();
    Shown { blocks, html, preferred, attachments, calendars, fault: walked.fault }
}

/// The text of all pieces, and whether the HTML says more.
fn readable_text(pieces: &[Piece]) -> (String, Preferred) {
    let mut preferred = Preferred::Text;
    let mut whole = String::new();
    for piece in pieces {
        let from_html = piece.html.as_deref().filter(|html| bodies::is_stub(&piece.text, html));
        let text = match from_html {
            Some(html) => {
                preferred = Preferred::Html;
                html::to_text(html)
            }
            None => piece.text.clone(),
        };
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push('\n');
        }
        whole.push_str(&text);
    }
    (whole, preferred)
}

/// A text part as it should be read: lines of format=flowed joined again.
fn unflowed(raw: &[u8], part: &Part) -> String {
    let written = part.text(raw);
    match part.facts.flow {
        Flow::Fixed => written,
        Flow::Flowed => text::unflow(&written, text::TrailingSpace::Kept),
        Flow::FlowedDeletingSpaces => text::unflow(&written, text::TrailingSpace::Deleted),
    }
}

fn describe(raw: &[u8], walked: &Walked, index: usize, n: u32) -> Attachment {
    let part = &walked.parts[index];
    let body = &raw[part.body.clone()];
    let kind = kind_of(raw, part);
    let in_related = part.parent.is_some_and(|p| walked.parts[p].is("multipart/related"));
    let inline = part.facts.disposition != Disposition::Attachment
        && (part.facts.disposition == Disposition::Inline || (in_related && part.facts.content_id.is_some()));
    Attachment {
        n,
        name: names::of(part, kind, body, n),
        kind,
        media_type: part.facts.media_type.chars().filter(|c| !c.is_control()).take(100).collect(),
        bytes: decode::transfer_len(body, part.facts.transfer) as u64,
        inline,
        content_id: part.facts.content_id.clone(),
    }
}

fn kind_of(raw: &[u8], part: &Part) -> AttachmentKind {
    let body = &raw[part.body.clone()];
    let first = decode::transfer(&body[..body.len().min(MAGIC_BYTES * 4)], part.facts.transfer);
    match PictureType::of(&first) {
        Some(picture) => AttachmentKind::Picture(picture),
        None if part.is("text/calendar") => AttachmentKind::Calendar,
        None => AttachmentKind::Other,
    }
}

impl Shown {
    /// The language of what the author wrote, not of what they quote, where it is too short to have
    /// been told when it came.
    pub fn language(&self) -> Option<&'static str> {
        let own = self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text.trim()),
            Block::Quote { .. } | Block::Signature(_) => None,
        });
        language::of_short_text(&own.collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests;
