//! From a journal line to the working state: the one function both the living server and a
//! rebuild use, so that what is built again is what was.
//!
//! Nothing is decided here. What a line says, is; twice says no more than once.

use super::archive::{ListCounts, PostState, ThreadId, counts_name};
use super::engine::EngineError;
use super::event::{DropReason, Event, Fence, Line};
use super::keys::{self, IdHash};
use super::ledger::{CopyOutcome, CopyResult};
use super::person_set::{Chunk, PersonSet};
use super::records::{
    Decision, FanOutRecord, HeldRecord, LetterRecord, PostRecord, PutOffRecord, ShownRecord, ThreadRecord,
};
use super::segments::MailPlace;
use super::view::View;
use crate::domain::ids::{ListId, MessageId, PersonId, PostId};
use crate::domain::list::List;
use crate::domain::member::{Membership, Person};
use crate::domain::time::{Timestamp, Zone};
use crate::mail::parse::Summary;

/// What the fence's key is called.
pub(super) const FENCE: &str = "fence";
/// What the key of the place the folder was last opened in is called.
pub(super) const PLACE: &str = "place";
/// What the keys of the highest numbers given so far are called.
pub(super) const HIGHEST_POST: &str = "highest/post";
pub(super) const HIGHEST_LIST: &str = "highest/list";
pub(super) const HIGHEST_PERSON: &str = "highest/person";
pub(super) const HIGHEST_LETTER: &str = "highest/letter";

/// Where summaries come from: the change in hand, or the mail itself when building again.
pub(super) type Summaries<'a> = &'a mut dyn FnMut(PostId, &MailPlace) -> Summary;

/// Makes the state follow from one more line.
pub(super) fn apply(
    view: &mut View<'_>,
    line: &Line,
    zone: &Zone,
    summaries: Summaries<'_>,
) -> Result<(), EngineError> {
    let at = line.at;
    match &line.event {
        Event::Settled { place } => view.put(keys::setting(PLACE), place.clone().into_bytes()),
        Event::List { list, cause: _ } => apply_list(view, list)?,
        Event::Member { member, cause: _, by: _ } => apply_member(view, member)?,
        Event::Received { post, list, mail, content, author, proof, via } => {
            if view.has(&keys::post(*post))? {
                return Ok(());
            }
            let record = PostRecord {
                list: *list,
                mail: mail.clone(),
                content: content.clone(),
                received: at,
                via: Some(*via),
                author: *author,
                proof: Some(*proof),
                state: PostState::Undecided,
                decided: None,
                shown: None,
            };
            keep(view, *post, &record)?;
            view.put(keys::undecided_post(*post), vec![0]);
        }
        Event::Imported { post, list, mail, content, dated } => {
            if view.has(&keys::post(*post))? {
                return Ok(());
            }
            let record = PostRecord {
                list: Some(*list),
                mail: mail.clone(),
                content: content.clone(),
                received: *dated,
                via: None,
                author: None,
                proof: None,
                state: PostState::Published,
                decided: None,
                shown: None,
            };
            keep(view, *post, &record)?;
            enter_archive(view, *post, record, &summaries(*post, mail), zone)?;
        }
        Event::Attempted { post, attempts } => {
            let attempts = u8::try_from(*attempts).unwrap_or(u8::MAX);
            view.put(keys::undecided_post(*post), vec![attempts]);
        }
        Event::Published { post, list, by, readers } => {
            let reason = view.record::<HeldRecord>(&keys::held_post(*post))?.map(|held| held.reason);
            let decision = Decision { at, by: *by, reason, dropped: None, words: None };
            let Some(record) = decide(view, *post, PostState::Published, decision)? else { return Ok(()) };
            if record.shown.is_some() {
                return Ok(());
            }
            let mail = record.mail.clone();
            enter_archive(view, *post, record, &summaries(*post, &mail), zone)?;
            owe_copies(view, *post, *list, readers, at);
            count_author(view, *post)?;
        }
        Event::Held { post, reason } => {
            let decision = Decision { at, by: None, reason: Some(*reason), dropped: None, words: None };
            let Some(record) = decide(view, *post, PostState::Held, decision)? else { return Ok(()) };
            let summary = summaries(*post, &record.mail);
            let from = match &summary.author_address {
                Some(address) => address.to_string(),
                None => summary.author_name.clone(),
            };
            let held = HeldRecord { reason: *reason, at: record.received, from, subject: summary.subject };
            view.put_record(keys::held_post(*post), &held);
        }
        Event::Refused { post, by, words } => {
            let reason = view.record::<HeldRecord>(&keys::held_post(*post))?.map(|held| held.reason);
            let words = Some(words.clone());
            let decision = Decision { at, by: *by, reason, dropped: None, words };
            if let Some(record) = decide(view, *post, PostState::Refused, decision)? {
                forget_content(view, &record);
            }
        }
        Event::Dropped { post, why, by } => {
            let reason = view.record::<HeldRecord>(&keys::held_post(*post))?.map(|held| held.reason);
            let dropped = Some(*why);
            let decision = Decision { at, by: *by, reason, dropped, words: None };
            if let Some(record) = decide(view, *post, PostState::Dropped, decision)?
                && *why != DropReason::Poison
            {
                // Sent again after it was put away, it is a new message; but what killed us once stays known.
                forget_content(view, &record);
            }
        }
        Event::Delivered { post, totals: _ } => forget_fan_out(view, *post)?,
        Event::LetterOwed { letter, about } => {
            let record = LetterRecord { about: about.clone(), since: at };
            view.put_record(keys::letter(*letter), &record);
            raise(view, HIGHEST_LETTER, *letter)?;
        }
        Event::LetterDone { letter, outcome: _ } => view.remove(keys::letter(*letter)),
        Event::Fence { fence } => match fence {
            Fence::Up(_) => view.put_record(keys::setting(FENCE), fence),
            Fence::Down => view.remove(keys::setting(FENCE)),
        },
    }
    Ok(())
}

/// Makes the state follow from a person as they are now.
pub(super) fn apply_person(view: &mut View<'_>, person: &Person) -> Result<(), EngineError> {
    if let Some(before) = view.record::<Person>(&keys::person(person.id))? {
        for address in before.addresses {
            view.remove(keys::person_address(&address));
        }
    }
    for address in &person.addresses {
        view.put(keys::person_address(address), person.id.0.to_be_bytes().to_vec());
    }
    view.put_record(keys::person(person.id), person);
    raise(view, HIGHEST_PERSON, u64::from(person.id.0))
}

/// Makes the state follow from what became of one copy. `None` if it was not owed.
pub(super) fn apply_outcome(
    view: &mut View<'_>,
    outcome: &CopyOutcome,
) -> Result<Option<FanOutRecord>, EngineError> {
    let CopyOutcome { post, person, result } = outcome;
    let Some(mut fan_out) = view.record::<FanOutRecord>(&keys::fan_out(*post))? else { return Ok(None) };
    let chunk_key = keys::owed_chunk(*post, Chunk::number(*person));
    let Some(mut chunk) = view.get(&chunk_key)?.and_then(|bytes| Chunk::from_bytes(&bytes)) else {
        return Ok(None);
    };
    if !chunk.contains(*person) {
        return Ok(None);
    }
    forget_put_off(view, *post, *person)?;
    match result {
        CopyResult::PutOff { attempts, next, reply } => {
            let record = PutOffRecord { attempts: *attempts, next: *next, last_reply: reply.clone() };
            view.put_record(keys::put_off(*post, *person), &record);
            view.mark(keys::due_copy(*next, *post, *person));
            return Ok(Some(fan_out));
        }
        CopyResult::Taken(_) => fan_out.totals.taken += 1,
        CopyResult::Failed(_) => fan_out.totals.failed += 1,
        CopyResult::Gone => fan_out.totals.gone += 1,
    }
    chunk.remove(*person);
    if chunk.is_empty() {
        view.remove(chunk_key);
    } else {
        view.put(chunk_key, chunk.as_bytes().to_vec());
    }
    view.put_record(keys::fan_out(*post), &fan_out);
    Ok(Some(fan_out))
}

/// The Message-ID of a post that came without one: made from its content, so that it is the same
/// in every copy and after every rebuild.
pub(super) fn message_id_made_from(content: &str, list: Option<&List>) -> MessageId {
    let domain = list.map_or("parvis.invalid", |list| list.address.domain());
    let name = content.get(..32).unwrap_or(content);
    MessageId::parse(&format!("{name}@{domain}")).expect("hexadecimal digits and a domain")
}

fn apply_list(view: &mut View<'_>, list: &List) -> Result<(), EngineError> {
    if let Some(before) = view.record::<List>(&keys::list(list.id))? {
        view.remove(keys::list_address(&before.address));
    }
    view.put_record(keys::list(list.id), list);
    view.put(keys::list_address(&list.address), list.id.0.to_be_bytes().to_vec());
    raise(view, HIGHEST_LIST, u64::from(list.id.0))
}

fn apply_member(view: &mut View<'_>, member: &Membership) -> Result<(), EngineError> {
    let key = keys::member(member.list, member.person);
    let mut member = member.clone();
    if let Some(before) = view.record::<Membership>(&key)? {
        member.posts = before.posts;
    }
    view.put_record(key, &member);
    view.mark(keys::membership(member.person, member.list));
    Ok(())
}

fn keep(view: &mut View<'_>, post: PostId, record: &PostRecord) -> Result<(), EngineError> {
    if let Some(content) = content_bytes(&record.content) {
        view.put(keys::content(record.list, &content), post.0.to_be_bytes().to_vec());
    }
    view.put_record(keys::post(post), record);
    let end = record.mail.offset + record.mail.len;
    view.put(keys::mail_file_end(&record.mail.file), end.to_be_bytes().to_vec());
    raise(view, HIGHEST_POST, post.0)
}

fn content_bytes(hexadecimal: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(hexadecimal.as_bytes()).ok()?.try_into().ok()
}

fn forget_content(view: &mut View<'_>, record: &PostRecord) {
    if let Some(content) = content_bytes(&record.content) {
        view.remove(keys::content(record.list, &content));
    }
}

fn decide(
    view: &mut View<'_>,
    post: PostId,
    state: PostState,
    decision: Decision,
) -> Result<Option<PostRecord>, EngineError> {
    let Some(mut record) = view.record::<PostRecord>(&keys::post(post))? else { return Ok(None) };
    record.state = state;
    record.decided = Some(decision);
    view.put_record(keys::post(post), &record);
    view.remove(keys::undecided_post(post));
    view.remove(keys::held_post(post));
    Ok(Some(record))
}

fn owe_copies(view: &mut View<'_>, post: PostId, list: ListId, readers: &PersonSet, at: Timestamp) {
    if readers.is_empty() {
        return;
    }
    let totals = super::event::Totals { owed: readers.len(), ..Default::default() };
    view.put_record(keys::fan_out(post), &FanOutRecord { list, since: at, totals, ledger_bytes: 0 });
    for (number, chunk) in readers.chunks() {
        view.put(keys::owed_chunk(post, number), chunk.as_bytes().to_vec());
    }
}

fn forget_fan_out(view: &mut View<'_>, post: PostId) -> Result<(), EngineError> {
    for key in view.keys(&keys::owed(post))? {
        view.remove(key);
    }
    for key in view.keys(&keys::put_off_of(post))? {
        forget_put_off(view, post, PersonId(keys::number_u32(&key, key.len() - 4)))?;
    }
    view.remove(keys::fan_out(post));
    Ok(())
}

fn forget_put_off(view: &mut View<'_>, post: PostId, person: PersonId) -> Result<(), EngineError> {
    let key = keys::put_off(post, person);
    if let Some(before) = view.record::<PutOffRecord>(&key)? {
        view.remove(keys::due_copy(before.next, post, person));
        view.remove(key);
    }
    Ok(())
}

fn count_author(view: &mut View<'_>, post: PostId) -> Result<(), EngineError> {
    let Some(record) = view.record::<PostRecord>(&keys::post(post))? else { return Ok(()) };
    let (Some(list), Some(author)) = (record.list, record.author) else { return Ok(()) };
    let key = keys::member(list, author);
    if let Some(mut member) = view.record::<Membership>(&key)? {
        member.posts += 1;
        view.put_record(key, &member);
    }
    Ok(())
}

/// Puts a post into its thread, its month and the index of Message-IDs.
fn enter_archive(
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
    let known = view.record::<List>(&keys::list(list))?;
    let made = || message_id_made_from(&record.content, known.as_ref());
    let message_id = summary.message_id.clone().unwrap_or_else(made);
    let own = IdHash::of(&message_id);
    let thread = thread_for(view, list, post, own, &summary.references)?;
    let shown = ShownRecord {
        message_id,
        id_is_ours: summary.message_id.is_none(),
        thread,
        subject: summary.subject.clone(),
        author_name: summary.author_name.clone(),
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
    shorten(&mut record);
    view.put_record(keys::post(post), &record);
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
            view.put_record(keys::post(post), &record);
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

/// Keeps a record under the engine's limit: references go first, from the middle, then the excerpt.
fn shorten(record: &mut PostRecord) {
    const BYTES_MAX: usize = 3_900;
    while super::records::encode(record).len() > BYTES_MAX {
        let Some(shown) = &mut record.shown else { return };
        let count = shown.references.len();
        if count > 1 {
            shown.references.drain(count / 4..count / 4 + count.div_ceil(4).min(count - 1));
        } else if !shown.excerpt.is_empty() {
            shown.excerpt.clear();
        } else if shown.subject.len() > 200 {
            shown.subject = shown.subject.chars().take(100).collect();
        } else if shown.author_name.len() > 100 {
            shown.author_name = shown.author_name.chars().take(50).collect();
        } else {
            shown.references.clear();
            return;
        }
    }
}

/// Remembers the highest number given so far, so that none is given twice.
fn raise(view: &mut View<'_>, name: &str, number: u64) -> Result<(), EngineError> {
    let key = keys::setting(name);
    let before = view.get(&key)?.map_or(0, |value| keys::number_u64(&value, 0));
    if number > before {
        view.put(key, number.to_be_bytes().to_vec());
    }
    Ok(())
}
