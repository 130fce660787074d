//! Which posts stand together: threads that grow by themselves, are joined when a post turns out
//! to answer both, and are set right by hand.

use std::collections::HashSet;

use super::fit::put_post;
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::store::archive::{ListCounts, ThreadId, counts_name};
use crate::store::engine::EngineError;
use crate::store::event::Decider;
use crate::store::keys::{self, IdHash};
use crate::store::records::{PostRecord, ShownRecord, ThreadRecord};
use crate::store::view::View;

/// Puts posts of a list into a thread by hand. Answers to them follow; permalinks do not change.
pub(super) fn rethread(
    view: &mut View<'_>,
    list: ListId,
    posts: &[PostId],
    into: PostId,
    answers: Option<PostId>,
) -> Result<(), EngineError> {
    // Only a thread that is, or the post one begins with: what was joined with another since is found there.
    let into = match posts.contains(&into) {
        true => ThreadId(into),
        false => resolve(view, list, ThreadId(into))?,
    };
    let answers = match answers {
        Some(post) => shown_of(view, post)?.map(|shown| shown.message_id),
        None => None,
    };
    let mut left: Vec<ThreadId> = Vec::new();
    for (at, post) in posts.iter().enumerate() {
        let Some(mut record) = view.record::<PostRecord>(&keys::post(*post))? else { continue };
        let Some(shown) = record.shown.as_mut().filter(|_| record.list == Some(list)) else { continue };
        if let Some(answered) = answers.as_ref().filter(|_| at == 0) {
            shown.references = vec![answered.clone()];
        }
        view.remove(keys::thread_post(list, shown.thread, *post));
        view.mark(keys::thread_post(list, into, *post));
        if shown.thread != into && !left.contains(&shown.thread) {
            left.push(shown.thread);
        }
        shown.thread = into;
        view.put(keys::node(list, IdHash::of(&shown.message_id)), into.0.0.to_be_bytes().to_vec());
        put_post(view, *post, &mut record);
    }
    recount(view, list, into, into, true)?;
    for thread in left {
        recount(view, list, thread, into, true)?;
    }
    Ok(())
}

/// Shows a post no more; its place in thread and month stays, and says so.
pub(super) fn withdraw(view: &mut View<'_>, post: PostId, by: Decider) -> Result<(), EngineError> {
    let Some(mut record) = view.record::<PostRecord>(&keys::post(post))? else { return Ok(()) };
    let (Some(list), Some(shown)) = (record.list, record.shown.as_mut()) else { return Ok(()) };
    shown.withdrawn = Some(by);
    shown.no_archive = true;
    shown.author_name = String::new();
    shown.author_address = None;
    shown.subject = String::new();
    shown.excerpt = String::new();
    shown.attachments = 0;
    shown.language = None;
    let thread = shown.thread;
    put_post(view, post, &mut record);
    name_again(view, list, thread)
}

/// Shows a post to members alone.
pub(super) fn keep_back(view: &mut View<'_>, list: ListId, post: PostId) -> Result<(), EngineError> {
    let Some(mut record) = view.record::<PostRecord>(&keys::post(post))? else { return Ok(()) };
    let Some(shown) = record.shown.as_mut().filter(|_| record.list == Some(list)) else { return Ok(()) };
    shown.no_archive = true;
    let thread = shown.thread;
    put_post(view, post, &mut record);
    name_again(view, list, thread)
}

/// Works out anew what a thread is called, some of whose posts nobody is shown.
pub(super) fn name_again(view: &mut View<'_>, list: ListId, thread: ThreadId) -> Result<(), EngineError> {
    let by_hand = is_by_hand(view, list, thread)?;
    recount(view, list, thread, thread, by_hand)
}

/// Whether a thread has no post so far whose words may be shown.
pub(super) fn is_nameless(view: &View<'_>, list: ListId, thread: ThreadId) -> Result<bool, EngineError> {
    let record: Option<ThreadRecord> = view.record(&keys::thread(list, thread))?;
    Ok(matches!(
        record,
        Some(ThreadRecord::Is { subject, first_author, .. }) if subject.is_empty() && first_author.is_empty()
    ))
}

/// Works out anew what lists of threads show of one; one without posts leads to `instead`.
fn recount(
    view: &mut View<'_>,
    list: ListId,
    thread: ThreadId,
    instead: ThreadId,
    by_hand: bool,
) -> Result<(), EngineError> {
    let key = keys::thread(list, thread);
    let before: Option<ThreadRecord> = view.record(&key)?;
    let known = match &before {
        Some(ThreadRecord::Is { last, key, .. }) => {
            view.remove(keys::recent_thread(list, *last, thread));
            Some(key.clone())
        }
        Some(ThreadRecord::Joined { .. }) | None => None,
    };
    let mut posts = Vec::new();
    for entry in view.keys(&keys::thread_posts(list, thread))? {
        posts.extend(shown_of(view, PostId(keys::number_u64(&entry, entry.len() - 8)))?);
    }
    posts.sort_by_key(|post| post.date);
    let (Some(first), Some(last)) = (posts.first(), posts.last()) else {
        if known.is_some() {
            count_threads(view, list, |threads| threads.saturating_sub(1))?;
            view.put_record(key, &ThreadRecord::Joined { into: instead });
        }
        return Ok(());
    };
    let named =
        named_by(posts.iter().map(|post| (post, post.no_archive, &post.message_id, &post.references)));
    let last_shown = posts.iter().rev().find(|post| !post.no_archive);
    let (subject, first_author) =
        named.map(|post| (post.subject.clone(), post.author_name.clone())).unwrap_or_default();
    let leads_here = match known.as_deref().and_then(IdHash::parse) {
        Some(hash) => thread_of(view, list, hash)? == Some(thread),
        None => false,
    };
    let text = || IdHash::of(&first.message_id).text();
    let record = ThreadRecord::Is {
        subject,
        first_author,
        posts: u32::try_from(posts.len()).unwrap_or(u32::MAX),
        first: first.date,
        last: last.date,
        last_author: last_shown.map(|post| post.author_name.clone()).unwrap_or_default(),
        key: known.clone().filter(|_| leads_here).unwrap_or_else(text),
        by_hand,
    };
    // What holds nothing to read is on no list of conversations, and still has its page.
    if last_shown.is_some() {
        view.mark(keys::recent_thread(list, last.date, thread));
    }
    view.put_record(key, &record);
    if known.is_none() {
        count_threads(view, list, |threads| threads + 1)?;
    }
    Ok(())
}

/// The post whose words a conversation is known by: the first that is still shown and answers none of
/// the others. What was put below an answer by hand may well be older than all of them.
///
/// Given are posts by date, each with whether it is shown to nobody, its id, and what it answers.
pub(in crate::store) fn named_by<'p, P>(
    posts: impl Iterator<Item = (&'p P, bool, &'p MessageId, &'p Vec<MessageId>)> + Clone,
) -> Option<&'p P> {
    let here: HashSet<&MessageId> = posts.clone().map(|(_, _, id, _)| id).collect();
    let shown = posts.filter(|(_, hidden, _, _)| !hidden);
    let first = |(post, _, _, references): (&'p P, bool, &'p MessageId, &'p Vec<MessageId>)| {
        (references.iter().any(|id| here.contains(id)), post)
    };
    // Of equals the first counts.
    shown.map(first).min_by_key(|(answers, _)| *answers).map(|(_, post)| post)
}

fn shown_of(view: &View<'_>, post: PostId) -> Result<Option<ShownRecord>, EngineError> {
    Ok(view.record::<PostRecord>(&keys::post(post))?.and_then(|record| record.shown))
}

fn count_threads(view: &mut View<'_>, list: ListId, change: impl Fn(u64) -> u64) -> Result<(), EngineError> {
    let key = keys::setting(&counts_name(list));
    let mut counts = view.record::<ListCounts>(&key)?.unwrap_or_default();
    counts.threads = change(counts.threads);
    view.put_record(key, &counts);
    Ok(())
}

/// The thread of a post: that of any id it mentions; several are joined into the oldest.
pub(super) fn thread_for(
    view: &mut View<'_>,
    list: ListId,
    post: PostId,
    own: IdHash,
    references: &[MessageId],
) -> Result<ThreadId, EngineError> {
    let mut ids: Vec<IdHash> = references.iter().map(IdHash::of).collect();
    ids.push(own);
    // The nearest to the post first: its own id, by which others answered it before it came.
    let mut found: Vec<ThreadId> = Vec::new();
    for id in ids.iter().rev() {
        if let Some(thread) = thread_of(view, list, *id)?
            && !found.contains(&thread)
        {
            found.push(thread);
        }
    }
    let mut by_hand = false;
    for thread in &found {
        by_hand |= is_by_hand(view, list, *thread)?;
    }
    let thread = match found.first() {
        // What somebody parted by hand stays apart.
        Some(nearest) if by_hand => *nearest,
        _ => found.iter().min().copied().unwrap_or(ThreadId(post)),
    };
    for other in found.iter().filter(|other| **other != thread && !by_hand) {
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

/// The thread an id belongs to by now.
fn thread_of(view: &View<'_>, list: ListId, id: IdHash) -> Result<Option<ThreadId>, EngineError> {
    let Some(number) = view.get(&keys::node(list, id))? else { return Ok(None) };
    resolve(view, list, ThreadId(PostId(keys::number_u64(&number, 0)))).map(Some)
}

fn is_by_hand(view: &View<'_>, list: ListId, thread: ThreadId) -> Result<bool, EngineError> {
    let record: Option<ThreadRecord> = view.record(&keys::thread(list, thread))?;
    Ok(matches!(record, Some(ThreadRecord::Is { by_hand: true, .. })))
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
        Some(ThreadRecord::Is { subject, first_author, posts, first, last, last_author, .. }),
        Some(ThreadRecord::Is {
            subject: mut into_subject,
            first_author: mut into_first_author,
            posts: into_posts,
            first: mut into_first,
            last: mut into_last,
            last_author: mut into_last_author,
            key,
            by_hand,
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
            by_hand,
        };
        view.put_record(keys::thread(list, into), &joined);
        count_threads(view, list, |threads| threads.saturating_sub(1))?;
    }
    view.put_record(keys::thread(list, from), &ThreadRecord::Joined { into });
    if is_nameless(view, list, into)? { name_again(view, list, into) } else { Ok(()) }
}

/// Counts one more post in its thread; whether the thread is new.
pub(super) fn grow_thread(
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
            by_hand,
        }) => {
            view.remove(keys::recent_thread(list, last, thread));
            if shown.date < first {
                (subject, first_author, first) = (shown.subject.clone(), author(), shown.date);
            }
            if shown.date >= last {
                (last, last_author) = (shown.date, author());
            }
            let posts = posts + 1;
            let record =
                ThreadRecord::Is { subject, first_author, posts, first, last, last_author, key, by_hand };
            (record, last, false)
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
                by_hand: false,
            };
            (record, shown.date, true)
        }
    };
    view.put_record(key, &record);
    view.mark(keys::recent_thread(list, last, thread));
    Ok(new)
}
