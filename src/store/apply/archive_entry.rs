//! A post's place in the archive: its thread, its month, and the index of Message-IDs.

use super::fit::{self, fitting, put_post};
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::domain::list::List;
use crate::domain::time::{Timestamp, Zone};
use crate::mail::parse::Summary;
use crate::store::archive::{ListCounts, ThreadId, counts_name};
use crate::store::engine::EngineError;
use crate::store::keys::{self, IdHash};
use crate::store::records::{PostRecord, ShownRecord, ThreadRecord};
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
    record.shown = Some(shown);
    put_post(view, post, &mut record);
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

/// The thread of a post: that of any id it mentions; several are joined into the oldest.
fn thread_for(
    view: &mut View<'_>,
    list: ListId,
    post: PostId,
    own: IdHash,
    references: &[MessageId],
) -> Result<ThreadId, EngineError> {
    let mut ids: Vec<IdHash> = references.iter().map(IdHash::of).collect();
    ids.push(own);
    let mut found: Vec<ThreadId> = Vec::new();
    for id in &ids {
        if let Some(number) = view.get(&keys::node(list, *id))? {
            let thread = resolve(view, list, ThreadId(PostId(keys::number_u64(&number, 0))))?;
            if !found.contains(&thread) {
                found.push(thread);
            }
        }
    }
    let thread = found.iter().min().copied().unwrap_or(ThreadId(post));
    for other in found.iter().filter(|other| **other != thread) {
        join(view, list, *other, thread)?;
    }
    for id in ids {
        let key = keys::node(list, id);
        if !view.has(&key)? {
            view.put(key, thread.0.0.to_be_bytes().to_vec());
        }
    }
    Ok(thread)
}

fn resolve(view: &View<'_>, list: ListId, mut thread: ThreadId) -> Result<ThreadId, EngineError> {
    while let Some(ThreadRecord::Joined { into }) = view.record(&keys::thread(list, thread))? {
        thread = into;
    }
    Ok(thread)
}

/// Moves every post of `from` into the older thread `into`; links to `from` lead there.
fn join(view: &mut View<'_>, list: ListId, from: ThreadId, into: ThreadId) -> Result<(), EngineError> {
    for key in view.keys(&keys::thread_posts(list, from))? {
        let post = PostId(keys::number_u64(&key, key.len() - 8));
        view.remove(key);
        view.mark(keys::thread_post(list, into, post));
        if let Some(mut record) = view.record::<PostRecord>(&keys::post(post))? {
            if let Some(shown) = &mut record.shown {
                shown.thread = into;
            }
            put_post(view, post, &mut record);
        }
    }
    let (old, new) = (view.record(&keys::thread(list, from))?, view.record(&keys::thread(list, into))?);
    if let (
        Some(ThreadRecord::Is { subject, first_author, posts, first, last, last_author, key: _ }),
        Some(ThreadRecord::Is {
            subject: mut into_subject,
            first_author: mut into_first_author,
            posts: into_posts,
            first: mut into_first,
            last: mut into_last,
            last_author: mut into_last_author,
            key,
        }),
    ) = (old, new)
    {
        view.remove(keys::recent_thread(list, last, from));
        view.remove(keys::recent_thread(list, into_last, into));
        if first < into_first {
            (into_subject, into_first_author, into_first) = (subject, first_author, first);
        }
        if last > into_last {
            (into_last, into_last_author) = (last, last_author);
        }
        view.mark(keys::recent_thread(list, into_last, into));
        let joined = ThreadRecord::Is {
            subject: into_subject,
            first_author: into_first_author,
            posts: into_posts + posts,
            first: into_first,
            last: into_last,
            last_author: into_last_author,
            key,
        };
        view.put_record(keys::thread(list, into), &joined);
        let counts_key = keys::setting(&counts_name(list));
        let mut counts = view.record::<ListCounts>(&counts_key)?.unwrap_or_default();
        counts.threads = counts.threads.saturating_sub(1);
        view.put_record(counts_key, &counts);
    }
    view.put_record(keys::thread(list, from), &ThreadRecord::Joined { into });
    Ok(())
}

/// Counts one more post in its thread; whether the thread is new.
fn grow_thread(
    view: &mut View<'_>,
    list: ListId,
    thread: ThreadId,
    own: IdHash,
    shown: &ShownRecord,
) -> Result<bool, EngineError> {
    let key = keys::thread(list, thread);
    let author = || shown.author_name.clone();
    let (record, last, new) = match view.record::<ThreadRecord>(&key)? {
        Some(ThreadRecord::Is {
            mut subject,
            mut first_author,
            posts,
            mut first,
            mut last,
            mut last_author,
            key,
        }) => {
            view.remove(keys::recent_thread(list, last, thread));
            if shown.date < first {
                (subject, first_author, first) = (shown.subject.clone(), author(), shown.date);
            }
            if shown.date >= last {
                (last, last_author) = (shown.date, author());
            }
            let posts = posts + 1;
            (ThreadRecord::Is { subject, first_author, posts, first, last, last_author, key }, last, false)
        }
        Some(ThreadRecord::Joined { .. }) | None => {
            let record = ThreadRecord::Is {
                subject: shown.subject.clone(),
                first_author: author(),
                posts: 1,
                first: shown.date,
                last: shown.date,
                last_author: author(),
                key: own.text(),
            };
            (record, shown.date, true)
        }
    };
    view.put_record(key, &record);
    view.mark(keys::recent_thread(list, last, thread));
    Ok(new)
}

/// The Message-ID of a post that came without one: made from its content, so that it is the same
/// in every copy and after every rebuild.
fn message_id_made_from(content: &str, list: Option<&List>) -> MessageId {
    let domain = list.map_or("parvis.invalid", |list| list.address.domain());
    let name = content.get(..32).unwrap_or(content);
    MessageId::parse(&format!("{name}@{domain}")).expect("hexadecimal digits and a domain")
}
