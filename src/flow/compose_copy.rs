//! What all copies of a post in one language look like: from the list's settings to the edits.

use super::{Desk, beside};
use crate::domain::list::{ArchivePolicy, Attachments, Edits, Footer, Language, List, Posting, ReplyTo};
use crate::domain::recipient::{ListDoor, word_for};
use crate::domain::token::Purpose;
use crate::mail::compose::{self, AttachmentLinks, CopyEdits, FromEdit, PreparedCopy, ReplyToEdit, Touch};
use crate::store::PostInfo;

/// Makes it.
pub(super) fn compose_copy(
    desk: &Desk,
    info: &PostInfo,
    list: &List,
    language: Language,
    from: FromEdit<'_>,
    raw: &[u8],
) -> PreparedCopy {
    let settings = &list.settings;
    let has_archive = settings.archive != ArchivePolicy::None;
    let archive = desk.archive_url(list);
    let page = info.message_id.as_ref().map(|id| desk.post_url(list, id));
    let owner = beside(list, &ListDoor::Animators);
    let footer = footer(list, language);
    let missing_id = info.message_id.as_ref().filter(|_| info.id_is_ours).map(|id| id.as_str().to_owned());
    let missing_date = info.received.rfc5322(&desk.zone);
    let list_id = list.address.list_id();
    let token = desk.store.tokens().token(Purpose::Attachments { post: info.id });
    let folder = page.as_ref().map(|page| format!("{page}a/"));
    let query = format!("?k={token}");
    let links = folder.as_deref().map(|folder| AttachmentLinks { folder, query: &query });
    let edits = CopyEdits {
        list_id: &list_id,
        list_phrase: &settings.name,
        language,
        post_address: &list.address.to_string(),
        posting: match settings.posting {
            Posting::Anyone | Posting::Members => compose::Posting::ByMail,
            Posting::Animators => compose::Posting::No,
        },
        help_address: &beside(list, &ListDoor::Help),
        subscribe_address: &beside(list, &ListDoor::Join),
        owner_address: &owner,
        archive_url: has_archive.then_some(archive.as_str()),
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
        loop_mark: &list_id,
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
