//! A post's place in the archive: its month, the index of Message-IDs, and by `threads` its thread.

use super::fit::{self, fitting, put_post};
use super::threads::{grow_thread, is_nameless, name_again, thread_for};
use crate::domain::ids::{MessageId, PostId};
use crate::domain::list::List;
use crate::domain::time::{Timestamp, Zone};
use crate::mail::parse::Summary;
use crate::store::archive::{ListCounts, counts_name};
use crate::store::engine::EngineError;
use crate::store::keys::{self, IdHash};
use crate::store::records::{PostRecord, ShownRecord};
use crate::store::view::View;

/// Puts a post into its thread, its month and the index of Message-IDs.
pub(super) fn enter_archive(
    view: &mut View<'_>,
    post: PostId,
    mut record: PostRecord,
    summary: &Summary,
    zone: &Zone,
) -> Result<(), EngineError> {
    let Some(list) = record.list else { return Ok(()) };
    if record.shown.is_some() {
        return Ok(());
    }
    let message_id = match &summary.message_id {
        Some(id) => id.clone(),
        None => {
            let list = view.record::<List>(&keys::list(list))?;
            message_id_made_from(&record.content, list.as_ref())
        }
    };
    let own = IdHash::of(&message_id);
    let thread = thread_for(view, list, post, own, &summary.references)?;
    let shown = ShownRecord {
        message_id,
        id_is_ours: summary.message_id.is_none(),
        thread,
        subject: fitting(summary.subject.clone(), fit::SUBJECT_BYTES_MAX),
        author_name: fitting(summary.author_name.clone(), fit::NAME_BYTES_MAX),
        author_address: summary.author_address.clone(),
        date: believable(summary.date, record.received, record.via.is_some()),
        references: summary.references.clone(),
        attachments: summary.attachments,
        excerpt: summary.excerpt.clone(),
        language: summary.language.map(str::to_owned),
        no_archive: summary.no_archive,
        withdrawn: None,
    };
    view.mark(keys::post_of_id(list, own, post));
    view.mark(keys::thread_post(list, thread, post));
    let new_thread = grow_thread(view, list, thread, own, &shown)?;
    let date = shown.date.date_in(zone);
    let month = keys::month(list, date.year, date.month);
    let before = view.get(&month)?.map_or(0, |value| keys::number_u32(&value, 0));
    view.put(month, (before + 1).to_be_bytes().to_vec());
    view.mark(keys::month_post(list, (date.year, date.month), shown.date, post));
    let counts_key = keys::setting(&counts_name(list));
    let mut counts = view.record::<ListCounts>(&counts_key)?.unwrap_or_default();
    counts.posts += 1;
    counts.threads += u64::from(new_thread);
    view.put_record(counts_key, &counts);
    let hidden = shown.no_archive;
    record.shown = Some(shown);
    put_post(view, post, &mut record);
    if hidden || is_nameless(view, list, thread)? {
        name_again(view, list, thread)?;
    }
    Ok(())
}

/// A date more than a week from when a post came is not believed; an import's is, it was old.
fn believable(date: Option<Timestamp>, received: Timestamp, live: bool) -> Timestamp {
    const SLACK: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);
    match date {
        Some(date) if !live || (date <= received + SLACK && received <= date + SLACK) => date,
        Some(_) | None => received,
    }
}

/// The Message-ID of a post that came without one: made from its content, so that it is the same
/// in every copy and after every rebuild.
fn message_id_made_from(content: &str, list: Option<&List>) -> MessageId {
    let domain = list.map_or("parvis.invalid", |list| list.address.domain());
    let name = content.get(..32).unwrap_or(content);
    MessageId::parse(&format!("{name}@{domain}")).expect("hexadecimal digits and a domain")
}
