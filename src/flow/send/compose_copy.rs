//! What all copies of a post in one language look like: from the list's settings to the edits.

use crate::domain::ids::{MessageId, PostId};
use crate::domain::list::{ArchivePolicy, Attachments, Edits, Footer, Language, List, Posting, ReplyTo};
use crate::domain::recipient::{ListDoor, word_for};
use crate::domain::token::Purpose;
use crate::flow::{Desk, beside};
use crate::mail::compose::{self, AttachmentLinks, CopyEdits, FromEdit, PreparedCopy, ReplyToEdit, Touch};
use crate::store::PostInfo;

/// What every mail to a list's readers says of the list.
pub(in crate::flow) struct ListWords {
    list_id: String,
    phrase: String,
    post: String,
    posting: compose::Posting,
    help: String,
    subscribe: String,
    owner: String,
    archive: Option<String>,
}

impl ListWords {
    pub(in crate::flow) fn new(desk: &Desk, list: &List) -> ListWords {
        let has_archive = list.settings.archive != ArchivePolicy::None;
        ListWords {
            list_id: list.address.list_id(),
            phrase: list.settings.name.clone(),
            post: list.address.to_string(),
            posting: match list.settings.posting {
                Posting::Anyone | Posting::Members => compose::Posting::ByMail,
                Posting::Animators => compose::Posting::No,
            },
            help: beside(list, &ListDoor::Help),
            subscribe: beside(list, &ListDoor::Join),
            owner: beside(list, &ListDoor::Animators),
            archive: has_archive.then(|| desk.archive_url(list)),
        }
    }

    /// Edits that add the list's fields, and touch nothing else.
    pub(in crate::flow) fn edits(&self, language: Language) -> CopyEdits<'_> {
        CopyEdits {
            list_id: &self.list_id,
            list_phrase: &self.phrase,
            language,
            post_address: &self.post,
            posting: self.posting,
            help_address: &self.help,
            subscribe_address: &self.subscribe,
            owner_address: &self.owner,
            archive_url: self.archive.as_deref(),
            archived_at: None,
            subject_prefix: "",
            footer: None,
            attachments: None,
            reply_to: ReplyToEdit::Author,
            from: FromEdit::AsItIs,
            touch: Touch::NoContent,
            missing_message_id: None,
            missing_date: None,
            loop_mark: &self.list_id,
        }
    }
}

/// The page of a post; also of one whose list has no archive.
pub(in crate::flow) fn page_of(desk: &Desk, list: &List, id: &MessageId) -> String {
    format!("{}m/{}/", desk.archive_url(list), path_segment(id.as_str()))
}

/// What opens the attachments of a post, whoever has it: the end of their addresses.
pub(in crate::flow) fn attachments_key(desk: &Desk, post: PostId) -> String {
    format!("?k={}", desk.store.tokens().token(Purpose::Attachments { post }))
}

/// Makes it.
pub(in crate::flow) fn compose_copy(
    desk: &Desk,
    info: &PostInfo,
    list: &List,
    language: Language,
    from: FromEdit<'_>,
    raw: &[u8],
) -> PreparedCopy {
    let settings = &list.settings;
    let words = ListWords::new(desk, list);
    let has_archive = words.archive.is_some();
    let page = info.message_id.as_ref().map(|id| page_of(desk, list, id));
    let footer = footer(list, language);
    let missing_id = info.message_id.as_ref().filter(|_| info.id_is_ours).map(|id| id.as_str().to_owned());
    let missing_date = info.received.rfc5322(&desk.zone);
    let folder = page.as_ref().map(|page| format!("{page}a/"));
    let query = attachments_key(desk, info.id);
    let links = folder.as_deref().map(|folder| AttachmentLinks { folder, query: &query });
    let edits = CopyEdits {
        archived_at: page.as_deref().filter(|_| has_archive),
        subject_prefix: &settings.subject_prefix,
        footer: footer.as_deref(),
        // Where there is no archive, there is nothing a link could lead to.
        attachments: match settings.attachments {
            Attachments::Link if has_archive => links,
            Attachments::Link | Attachments::Keep | Attachments::Hold => None,
        },
        reply_to: match settings.reply_to {
            ReplyTo::Author => ReplyToEdit::Author,
            ReplyTo::List => ReplyToEdit::List,
        },
        from,
        touch: match settings.edits {
            Edits::Auto => Touch::WhereNeeded,
            Edits::None => Touch::NoContent,
        },
        missing_message_id: missing_id.as_deref(),
        missing_date: Some(&missing_date),
        ..words.edits(language)
    };
    compose::prepare(raw, &edits)
}

/// Two lines under a post: whose group it is, and how to leave. Words only, so that all copies of
/// a language are alike; each member's own way out stands in the header.
fn footer(list: &List, language: Language) -> Option<String> {
    let name = &list.settings.name;
    let stop = list.address.beside(word_for(&ListDoor::Leave, language));
    match (list.settings.footer, language) {
        (Footer::None, _) => None,
        (Footer::Short, Language::Fr) => Some(format!(
            "{name} · {}\nPour ne plus recevoir ces messages\u{a0}: écrivez à {stop}",
            list.address
        )),
        (Footer::Short, Language::En) => {
            Some(format!("{name} · {}\nTo stop receiving these messages, write to {stop}", list.address))
        }
    }
}

/// A Message-ID as one segment of a path (RFC 3986 §3.3).
pub(in crate::flow) fn path_segment(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');
    utf8_percent_encode(text, KEPT).to_string()
}
