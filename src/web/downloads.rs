//! The bytes of strangers: a message as it came, and what was attached to it.
//!
//! Whatever their sender calls them, they leave as plain text, as one of four verified kinds of
//! picture, or as bytes to be kept: never as something a browser would run.

use crate::domain::ids::MessageId;
use crate::domain::list::{ArchivePolicy, List, ListState};
use crate::mail::mask::{mask_addresses, mask_raw};
use crate::mail::show::{Attachment, AttachmentKind, attachment as read_attachment};
use crate::store::archive::{PostState, PostSummary};

use super::answer::{Answer, Content, Indexed, Keep};
use super::files::{Disposition, content_disposition};
use super::pages::{Found, PageError, Pages, Wish};
use super::sight::Eyes;
use super::views::{Desk, Place};
use crate::mail::file_names::shown_name;

/// An attachment by its address.
pub(crate) struct Wanted<'w> {
    pub(crate) id: &'w MessageId,
    /// From 1.
    pub(crate) n: u32,
    pub(crate) name: &'w str,
}

/// `/LIST/m/MESSAGE-ID/raw`: as it came; for strangers with addresses masked.
pub(crate) fn raw(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
    id: &MessageId,
) -> Result<Answer, PageError> {
    let post = match shown_post(pages, wish, desk, place, id)? {
        Ok(post) => post,
        Err(answer) => return Ok(answer),
    };
    match pages.archive.raw(post.id)? {
        Some(raw) => Ok(file(Content::Message(match desk.eyes {
            Eyes::Stranger => mask_raw(&raw),
            Eyes::Member => raw,
        }))),
        None => pages.absent(desk),
    }
}

/// `/LIST/m/MESSAGE-ID/a/N/NAME`
pub(crate) fn attachment(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
    wanted: &Wanted<'_>,
) -> Result<Answer, PageError> {
    let post = match shown_post(pages, wish, desk, place, wanted.id)? {
        Ok(post) => post,
        Err(answer) => return Ok(answer),
    };
    let Some(raw) = pages.archive.raw(post.id)? else { return pages.absent(desk) };
    let Some((attachment, bytes)) = read_attachment(&raw, wanted.n) else { return pages.absent(desk) };
    // One address each: a cache must not be led to keep one under another name.
    if shown_name(&attachment.name) != wanted.name {
        return pages.absent(desk);
    }
    if let (true, AttachmentKind::Picture(_)) = (wish.query.small, attachment.kind)
        && let Some(small) = pages.thumbnails.of(&bytes)
    {
        let disposition = content_disposition(Disposition::Inline, wanted.name);
        let bytes = small.bytes.to_vec();
        return Ok(file(Content::Picture { media_type: small.media_type, bytes, disposition }));
    }
    Ok(file(content(&attachment, bytes, wanted.name, desk.eyes)))
}

/// The same with the key that stands in the copies of a post: for who had the attachment in their
/// mail, or would have. `None`: it opens nothing here, and the question is answered as if it were
/// not there.
pub(crate) fn opened(
    pages: &Pages,
    lists: &[List],
    list: &str,
    key: &str,
    wanted: &Wanted<'_>,
) -> Result<Option<Answer>, PageError> {
    let Some(opens) = (pages.opens)(key) else { return Ok(None) };
    let meant = lists.iter().filter(|one| !list.contains('@') || one.address.to_string() == list);
    for list in meant.filter(|list| has_archive(list)) {
        let posts = pages.archive.posts_by_message_id(list.id, wanted.id)?;
        let is_it = |post: &&PostSummary| {
            post.id == opens && post.state == PostState::Published && post.withdrawn.is_none()
        };
        let Some(post) = posts.iter().find(is_it) else { continue };
        let Some(raw) = pages.archive.raw(post.id)? else { continue };
        let Some((attachment, bytes)) = read_attachment(&raw, wanted.n) else { continue };
        if shown_name(&attachment.name) == wanted.name {
            let answer = file(content(&attachment, bytes, wanted.name, Eyes::Member));
            return Ok(Some(Answer { keep: Keep::No, ..answer }));
        }
    }
    Ok(None)
}

/// An edition on paper, for who has its key: those who look after the list.
pub(crate) fn paper(pages: &Pages, lists: &[List], list: &str, key: &str, number: u32) -> Option<Answer> {
    let (of, n, bytes) = (pages.papers)(key)?;
    let meant = |one: &&List| one.id == of && (!list.contains('@') || one.address.to_string() == list);
    let list = lists.iter().find(meant).filter(|list| n == number && list.state != ListState::Removed)?;
    let name = format!("{}-{number}.pdf", list.address.name());
    let disposition = content_disposition(Disposition::Inline, &name);
    Some(Answer { keep: Keep::No, ..file(Content::Pdf { bytes, disposition }) })
}

fn has_archive(list: &List) -> bool {
    let kept = match list.settings.archive {
        ArchivePolicy::Public | ArchivePolicy::Members => true,
        ArchivePolicy::None => false,
    };
    kept && list.state != ListState::Removed
}

fn content(attachment: &Attachment, bytes: Vec<u8>, name: &str, eyes: Eyes) -> Content {
    match attachment.kind {
        AttachmentKind::Picture(picture) => Content::Picture {
            media_type: picture.media_type(),
            bytes,
            disposition: content_disposition(Disposition::Inline, name),
        },
        AttachmentKind::Calendar | AttachmentKind::Other => Content::Download {
            bytes: match eyes {
                Eyes::Stranger => masked(&attachment.media_type, bytes),
                Eyes::Member => bytes,
            },
            disposition: content_disposition(Disposition::Attachment, name),
        },
    }
}

/// Forwarded mails, notes and address books are full of addresses in plain sight.
fn masked(media_type: &str, bytes: Vec<u8>) -> Vec<u8> {
    let media_type = media_type.to_ascii_lowercase();
    if media_type.starts_with("message/") {
        return mask_raw(&bytes);
    }
    if !media_type.starts_with("text/") {
        return bytes;
    }
    match String::from_utf8(bytes) {
        Ok(text) => mask_addresses(&text).into_bytes(),
        // Some old charset: addresses are ASCII in all of them, so every byte can pass for a letter.
        Err(other) => {
            let letters: String = other.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            let masked = mask_addresses(&letters).replace('…', "...");
            masked.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
        }
    }
}

fn file(content: Content) -> Answer {
    Answer { indexed: Indexed::No, ..Answer::public(content) }
}

/// The first post of that id that is shown, or the answer that says why there is none.
fn shown_post(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
    id: &MessageId,
) -> Result<Result<PostSummary, Answer>, PageError> {
    let posts = match pages.found(wish, desk.eyes, place, id)? {
        Found::Nothing => return Ok(Err(pages.absent(desk)?)),
        Found::Posts(posts) => posts,
    };
    let withdrawn = posts.iter().all(|post| post.withdrawn.is_some());
    match posts.into_iter().find(|post| desk.hidden_because(post).is_none()) {
        Some(post) => Ok(Ok(post)),
        None if withdrawn => Ok(Err(pages.gone(desk)?)),
        None => Ok(Err(pages.absent(desk)?)),
    }
}
