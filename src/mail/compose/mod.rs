//! One member's copy of a post: the author's bytes, edited as little as the list needs, never rebuilt.
//!
//! What all members of one language have in common is made once ([`prepare`]); what differs is the
//! unsubscribe fields ([`PreparedCopy::head`]). Whatever the post was, a copy's lines end with CRLF,
//! hold no NUL, and are at most 998 bytes long, signed parts excepted (RFC 5322 §2.1.1; RFC 5321
//! §2.3.8; threats M06, M07).

mod attachments;
mod author;
mod body;
mod footer;
mod head;
mod lines;
mod list_fields;
mod long_lines;
mod seven_bits;

pub use attachments::{AttachmentLinks, TOTAL_BYTES_MAX, are_large};
pub(crate) use lines::normalised;

use super::headers::Headers;
use super::mime::Structure;
use crate::domain::list::Language;

/// What a list does to the posts it sends out.
#[derive(Clone, Debug)]
pub struct CopyEdits<'a> {
    /// The List-Id without brackets, which never changes: `ants.lists.example`.
    pub list_id: &'a str,
    /// The group's name, in front of the List-Id.
    pub list_phrase: &'a str,
    /// Of the words a reader sees.
    pub language: Language,
    /// Where posts are sent.
    pub post_address: &'a str,
    /// Whether members post at all.
    pub posting: Posting,
    /// Where help is asked for.
    pub help_address: &'a str,
    /// Where one joins.
    pub subscribe_address: &'a str,
    /// The people who look after the list.
    pub owner_address: &'a str,
    /// The archive's page, if there is one.
    pub archive_url: Option<&'a str>,
    /// This post's page, if there is one.
    pub archived_at: Option<&'a str>,
    /// What stands in front of subjects; empty for nothing.
    pub subject_prefix: &'a str,
    /// Lines of text below the author's, if the list has any.
    pub footer: Option<&'a str>,
    /// Where large attachments can be had; `None`: they stay in the copy.
    pub attachments: Option<AttachmentLinks<'a>>,
    /// Where answers go.
    pub reply_to: ReplyToEdit,
    /// Whose name the copy goes out under.
    pub from: FromEdit<'a>,
    /// What may be touched beside the fields that are ours.
    pub touch: Touch,
    /// Written if the post has no Message-ID; without brackets.
    pub missing_message_id: Option<&'a str>,
    /// Written if the post has no Date (RFC 5322 §3.3).
    pub missing_date: Option<&'a str>,
    /// What our loop field says: the list's id.
    pub loop_mark: &'a str,
}

/// Whether a list's members write to it (RFC 2369 §3.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posting {
    /// By mail to its address.
    ByMail,
    /// Only its animators do.
    No,
}

/// Where a copy says that answers go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyToEdit {
    /// Where the author wants them.
    Author,
    /// To the list; to the author's own Reply-To first, if there is one.
    List,
}

/// Whose name a copy goes out under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FromEdit<'a> {
    /// The author's, as they wrote it.
    AsItIs,
    /// The author's name, the list's address: `Anne Martin via Quartier`.
    ViaList {
        /// What the list calls an author who does not say; may be empty.
        member_name: &'a str,
    },
}

/// How far a copy may differ from its post.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Touch {
    /// Subject, Reply-To and body, where the list's settings say so.
    WhereNeeded,
    /// Only fields of lists and of the way, so that the author's signature stays good; and From
    /// where there is none to stay.
    NoContent,
}

/// A copy but for what only one member's has.
#[derive(Clone, Debug)]
pub struct PreparedCopy {
    before_unsubscribe: Vec<u8>,
    after_unsubscribe: Vec<u8>,
    body: Vec<u8>,
    eight_bit: bool,
}

/// Makes what all copies of a post in one language have in common. Takes any bytes.
pub fn prepare(raw: &[u8], edits: &CopyEdits<'_>) -> PreparedCopy {
    let bytes = lines::normalised(raw);
    let (headers, _) = Headers::scan_leniently(&bytes);
    let structure = Structure::of(&bytes, &headers);
    let footer = match edits.touch {
        Touch::WhereNeeded => edits.footer.map(str::trim).filter(|text| !text.is_empty()),
        Touch::NoContent => None,
    };
    let links = edits.attachments.filter(|_| edits.touch == Touch::WhereNeeded);
    let linked = match links {
        Some(links) if footer::may_be_edited(&headers, &structure) => {
            attachments::edits(&bytes, &structure, links, edits.language)
        }
        Some(_) | None => Vec::new(),
    };
    let entity = body::edited(&bytes, &headers, &structure, footer, linked);
    let before_unsubscribe = list_fields::before_unsubscribe(edits);
    let mut after_unsubscribe = list_fields::after_unsubscribe(edits);
    head::write_fields(&mut after_unsubscribe, &headers, &entity, edits);
    after_unsubscribe.extend_from_slice(b"\r\n");
    let eight_bit = !entity.body.is_ascii() || !after_unsubscribe.is_ascii();
    PreparedCopy { before_unsubscribe, after_unsubscribe, body: entity.body, eight_bit }
}

/// The fields one member's copy has for itself. `unsubscribe_url` takes the one-click POST of
/// RFC 8058; `unsubscribe_address` any mail.
pub fn own_fields(unsubscribe_url: &str, unsubscribe_address: &str) -> Vec<u8> {
    list_fields::unsubscribe(unsubscribe_url, unsubscribe_address)
}

impl PreparedCopy {
    /// The header of one member's copy with the empty line behind it. `unsubscribe_url` takes the
    /// one-click POST of RFC 8058; `unsubscribe_address` any mail.
    pub fn head(&self, unsubscribe_url: &str, unsubscribe_address: &str) -> Vec<u8> {
        self.head_with(&own_fields(unsubscribe_url, unsubscribe_address))
    }

    /// The header of the copy that has these fields for itself, see [`own_fields`].
    pub fn head_with(&self, own: &[u8]) -> Vec<u8> {
        [self.before_unsubscribe.as_slice(), own, &self.after_unsubscribe].concat()
    }

    /// The fields all copies have in common, with the empty line behind them.
    pub fn common_head(&self) -> Vec<u8> {
        self.head_with(&[])
    }

    /// The same copy in seven bits, for who takes no others; `None` where that would change what
    /// somebody signed or sealed. To be made before the copy is signed (RFC 6376 §5.3).
    pub fn in_seven_bits(&self) -> Option<PreparedCopy> {
        let message = [self.after_unsubscribe.as_slice(), &self.body].concat();
        let mut after_unsubscribe = seven_bits::in_seven_bits(&message)?;
        let body_offset = Headers::scan_leniently(&after_unsubscribe).0.body_offset();
        let body = after_unsubscribe.split_off(body_offset);
        let before_unsubscribe = self.before_unsubscribe.clone();
        let eight_bit = !before_unsubscribe.is_ascii();
        Some(PreparedCopy { before_unsubscribe, after_unsubscribe, body, eight_bit })
    }

    /// The body of every copy.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the copy holds bytes outside ASCII, and needs 8BITMIME on its way (RFC 6152).
    pub fn eight_bit(&self) -> bool {
        self.eight_bit
    }
}
