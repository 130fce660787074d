//! From a journal line to the working state: the one function both the living server and a
//! rebuild use, so that what is built again is what was.
//!
//! Nothing is decided here. What a line says, is; twice says no more than once.

mod archive_entry;
mod fit;
mod threads;

use self::archive_entry::enter_archive;
use self::fit::{fitting, put_post};
pub(super) use self::threads::named_by;
use super::archive::PostState;
use super::editions::{self, DocumentRecord};
use super::engine::EngineError;
use super::event::{Ban, DropReason, Event, Fence, Line};
use super::issue;
use super::keys;
use super::ledger::{CopyOutcome, CopyResult, LedgerLine};
use super::old_addresses;
use super::person_set::{Chunk, PersonSet};
use super::records::{
    Decision, FanOutRecord, ForgettingRecord, HeldRecord, LetterRecord, MarkRecord, PassRecord, PostRecord,
    PutOffRecord, QuestionRecord,
};
use super::segments::{self, MailPlace};
use super::view::View;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::List;
use crate::domain::member::{Membership, Person};
use crate::domain::moderation::ThreadPace;
use crate::domain::time::{Timestamp, Zone};
use crate::domain::wish::{Heed, Question};
use crate::mail::parse::Summary;

/// What the fence's key is called.
pub(super) const FENCE: &str = "fence";
/// What the key of the last warning is called.
pub(super) const WARNED: &str = "warned";
/// What the key of the moment old things were last let go is called.
pub(super) const TIDIED: &str = "tidied";
/// What the key of the place the folder was last opened in is called.
pub(super) const PLACE: &str = "place";
/// What the keys of the highest numbers given so far are called.
pub(super) const HIGHEST: &str = "highest/";
pub(super) const HIGHEST_POST: &str = "highest/post";
pub(super) const HIGHEST_LIST: &str = "highest/list";
pub(super) const HIGHEST_PERSON: &str = "highest/person";
pub(super) const HIGHEST_LETTER: &str = "highest/letter";
pub(super) const HIGHEST_QUESTION: &str = "highest/question";
pub(super) const HIGHEST_PASS: &str = "highest/pass";

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
        Event::Settled { place, given } => {
            view.put(keys::setting(PLACE), place.clone().into_bytes());
            for (kind, number) in given {
                raise(view, &format!("{HIGHEST}{kind}"), *number)?;
            }
            // In a copy, or after going back to an older state, nobody is signed in: what was
            // ended meanwhile must not open anything again.
            for key in view.keys(&keys::passes())? {
                view.remove(key);
            }
        }
        Event::List { list, cause: _, by: _ } => apply_list(view, list)?,
        Event::Member { member, cause: _, by: _ } => apply_member(view, member)?,
        Event::Received { post, list, mail, content, author, proof, via, door, disclosed } => {
            if view.has(&keys::post(*post))? {
                return Ok(());
            }
            let mut record = PostRecord {
                list: *list,
                mail: mail.clone(),
                content: content.clone(),
                received: at,
                via: Some(*via),
                door: *door,
                disclosed: *disclosed,
                author: *author,
                proof: Some(*proof),
                state: PostState::Undecided,
                decided: None,
                shown: None,
            };
            note_kept(view, *post, &record)?;
            put_post(view, *post, &mut record);
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
                door: None,
                disclosed: false,
                author: None,
                proof: None,
                state: PostState::Published,
                decided: None,
                shown: None,
            };
            note_kept(view, *post, &record)?;
            enter_archive(view, *post, record, &summaries(*post, mail), zone)?;
        }
        Event::Attempted { post, attempts } => {
            // Said again after somebody decided, it changes nothing.
            if view.has(&keys::undecided_post(*post))? {
                let attempts = u8::try_from(*attempts).unwrap_or(u8::MAX);
                view.put(keys::undecided_post(*post), vec![attempts]);
            }
        }
        Event::Published { post, list, by, readers, from, later } => {
            let decision = Decision { at, by: *by, reason: None, dropped: None, words: None, from: *from };
            let Some(mut record) = decided(view, *post, PostState::Published, decision)? else {
                return Ok(());
            };
            if record.shown.is_some() || record.list.is_none() {
                put_post(view, *post, &mut record);
                return Ok(());
            }
            let author = record.author;
            let summary = summaries(*post, &record.mail);
            enter_archive(view, *post, record, &summary, zone)?;
            owe_copies(view, *post, *list, readers, at);
            issue::await_post(view, *list, *post, later);
            count_author(view, *list, author)?;
        }
        Event::Issued { issue, slot, readers } => {
            raise(view, HIGHEST_POST, issue.number.0)?;
            if view.has(&keys::issue(issue.number))? {
                return Ok(());
            }
            issue::note_issue(view, issue, slot.as_ref());
            issue::await_no_more(view, issue.list, &issue.posts, readers)?;
            owe_copies(view, issue.number, issue.list, readers, at);
        }
        Event::Drafted { list, document, mail } => {
            let record = DocumentRecord { document: *document, mail: mail.clone(), at };
            editions::note_draft(view, *list, &record)?;
        }
        Event::Edition { list, number, document, mail } => {
            let record = DocumentRecord { document: *document, mail: mail.clone(), at };
            editions::note_edition(view, *list, *number, &record)?;
        }
        Event::Summarized { list, thread, post, by: _ } => {
            view.put_record(keys::summary(*list, *thread), post);
        }
        Event::NotAwaited { list, posts, persons } => issue::await_no_more(view, *list, posts, persons)?,
        Event::Held { post, reason } => {
            let decision =
                Decision { at, by: None, reason: Some(*reason), dropped: None, words: None, from: None };
            let Some(record) = decide(view, *post, PostState::Held, decision)? else { return Ok(()) };
            let summary = summaries(*post, &record.mail);
            let from = match &summary.author_address {
                Some(address) => address.to_string(),
                None => summary.author_name.clone(),
            };
            let held = HeldRecord {
                reason: *reason,
                at: record.received,
                from: fitting(from, fit::NAME_BYTES_MAX),
                subject: fitting(summary.subject, fit::SUBJECT_BYTES_MAX),
            };
            view.put_record(keys::held_post(*post), &held);
        }
        Event::Refused { post, by, words } => {
            let words = Some(fitting(words.clone(), fit::WORDS_BYTES_MAX));
            let decision = Decision { at, by: *by, reason: None, dropped: None, words, from: None };
            if let Some(record) = decide(view, *post, PostState::Refused, decision)? {
                forget_content(view, *post, &record)?;
            }
        }
        Event::Dropped { post, why, by } => {
            let decision =
                Decision { at, by: *by, reason: None, dropped: Some(*why), words: None, from: None };
            if let Some(record) = decide(view, *post, PostState::Dropped, decision)?
                && *why != DropReason::Poison
            {
                // Sent again after it was put away, it is a new message; but what killed us once stays known.
                forget_content(view, *post, &record)?;
            }
        }
        Event::Delivered { post, totals: _ } => forget_fan_out(view, *post)?,
        Event::LetterOwed { letter, about } => {
            let record = LetterRecord { about: about.clone(), since: at };
            view.put_record(keys::letter(*letter), &record);
            raise(view, HIGHEST_LETTER, *letter)?;
        }
        Event::LetterDone { letter, outcome: _ } => view.remove(keys::letter(*letter)),
        Event::Asked { question } => ask(view, question, at)?,
        Event::Answered { question, answer } => {
            let key = keys::question(*question);
            if let Some(mut record) = view.record::<QuestionRecord>(&key)? {
                record.answer = Some(*answer);
                view.put_record(key, &record);
            }
        }
        Event::Lapsed { question } => {
            let key = keys::question(*question);
            if let Some(record) = view.record::<QuestionRecord>(&key)? {
                view.remove(keys::question_to(record.question.person, *question));
                view.remove(key);
            }
        }
        Event::Rethreaded { list, posts, into, answers, by: _ } => {
            threads::rethread(view, *list, posts, *into, *answers)?;
        }
        Event::Withdrawn { post, by } => {
            threads::withdraw(view, *post, *by)?;
            forget_fan_out(view, *post)?;
        }
        Event::PassGiven { pass, person, opens, until } => {
            let record = PassRecord { opens: *opens, since: at, until: *until };
            view.put_record(keys::pass(*person, *pass), &record);
            raise(view, HIGHEST_PASS, u64::from(pass.0))?;
        }
        Event::PassEnded { pass, person } => {
            view.remove(keys::pass(*person, *pass));
            raise(view, HIGHEST_PASS, u64::from(pass.0))?;
        }
        Event::OldAddresses { list, addresses } => old_addresses::note(view, *list, addresses),
        Event::KeptBack { list, posts, by: _ } => {
            for post in posts {
                threads::keep_back(view, *list, *post)?;
            }
        }
        Event::Heeded { list, thread, person, heed } => {
            let key = keys::heed(*list, *thread, *person);
            match heed {
                Heed::Usual => view.remove(key),
                Heed::Mute | Heed::Follow => view.put_record(key, heed),
            }
        }
        Event::Banned { list, person, ban, by: _ } => match ban {
            Ban::On => view.mark(keys::ban(*list, *person)),
            Ban::Off => view.remove(keys::ban(*list, *person)),
        },
        Event::Reach { list, person, reach } if reach.is_good() => view.remove(keys::reach(*list, *person)),
        Event::Reach { list, person, reach } => view.put_record(keys::reach(*list, *person), reach),
        Event::Warned { said } => view.put_record(keys::setting(WARNED), &(at, said)),
        Event::ThreadPace { list, thread, pace, by: _ } => {
            let key = keys::thread_pace(*list, *thread);
            match pace {
                ThreadPace::Usual => view.remove(key),
                ThreadPace::Slow | ThreadPace::Closed => view.put_record(key, pace),
            }
        }
        Event::Forgetting { person, posts, marks, by: _ } => {
            let record = ForgettingRecord { posts: *posts, since: at, done: None };
            view.put_record(keys::forgetting(*person), &record);
            for mark in marks {
                view.put_record(keys::forgotten_mark(mark), &MarkRecord { person: *person, posts: *posts });
            }
        }
        Event::Tidied {} => view.put_record(keys::setting(TIDIED), &at),
        Event::Forgotten { person } => {
            if let Some(record) = view.record::<ForgettingRecord>(&keys::forgetting(*person))? {
                view.put_record(keys::forgetting(*person), &ForgettingRecord { done: Some(at), ..record });
            }
        }
        Event::Fence { fence } => match fence {
            Fence::Up(_) => view.put_record(keys::setting(FENCE), fence),
            Fence::Down => view.remove(keys::setting(FENCE)),
        },
    }
    Ok(())
}

/// A question can be answered from now on. Asked again by the same line, an answer it has stays.
fn ask(view: &mut View<'_>, question: &Question, at: Timestamp) -> Result<(), EngineError> {
    let key = keys::question(question.number);
    let before: Option<QuestionRecord> = view.record(&key)?;
    let answer = before.and_then(|record| record.answer);
    view.put_record(key, &QuestionRecord { question: question.clone(), since: at, answer });
    view.mark(keys::question_to(question.person, question.number));
    raise(view, HIGHEST_QUESTION, u64::from(question.number.0))
}

/// Makes the state follow from a person as they are now.
pub(super) fn apply_person(view: &mut View<'_>, person: &Person) -> Result<(), EngineError> {
    if let Some(before) = view.record::<Person>(&keys::person(person.id))? {
        for address in before.addresses {
            remove_if_own(view, keys::person_address(&address), person.id.0)?;
        }
    }
    for address in &person.addresses {
        view.put(keys::person_address(address), person.id.0.to_be_bytes().to_vec());
    }
    if person.is_nobody() {
        view.remove(keys::person(person.id));
    } else {
        view.put_record(keys::person(person.id), person);
    }
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
            let last_reply = fitting(reply.clone(), fit::WORDS_BYTES_MAX);
            let record = PutOffRecord { attempts: *attempts, next: *next, last_reply };
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

fn apply_list(view: &mut View<'_>, list: &List) -> Result<(), EngineError> {
    if let Some(before) = view.record::<List>(&keys::list(list.id))? {
        remove_if_own(view, keys::list_address(&before.address), list.id.0)?;
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
    // Should their line in `people/` be lost, nobody else gets their number, and with it their lists.
    raise(view, HIGHEST_PERSON, u64::from(member.person.0))
}

/// Takes an address away, unless it has become somebody else's in the meantime.
fn remove_if_own(view: &mut View<'_>, key: Vec<u8>, owner: u32) -> Result<(), EngineError> {
    if view.get(&key)?.is_some_and(|number| keys::number_u32(&number, 0) == owner) {
        view.remove(key);
    }
    Ok(())
}

/// Where the message ends in its file, and what tells it from others.
fn note_kept(view: &mut View<'_>, post: PostId, record: &PostRecord) -> Result<(), EngineError> {
    // What is no post may come twice, and does not make a post of the same words a second one.
    let is_for_a_list = segments::segment_number(&record.mail.file).is_some();
    if let Some(content) = content_bytes(&record.content).filter(|_| is_for_a_list) {
        view.put(keys::content(record.list, &content), post.0.to_be_bytes().to_vec());
    }
    let end = record.mail.offset.saturating_add(record.mail.len);
    raise_key(view, keys::mail_file_end(&record.mail.file), end)?;
    raise(view, HIGHEST_POST, post.0)
}

fn content_bytes(hexadecimal: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(hexadecimal.as_bytes()).ok()?.try_into().ok()
}

fn forget_content(view: &mut View<'_>, post: PostId, record: &PostRecord) -> Result<(), EngineError> {
    if let Some(content) = content_bytes(&record.content) {
        let key = keys::content(record.list, &content);
        if view.get(&key)?.is_some_and(|number| keys::number_u64(&number, 0) == post.0) {
            view.remove(key);
        }
    }
    Ok(())
}

/// Writes down a decision.
fn decide(
    view: &mut View<'_>,
    post: PostId,
    state: PostState,
    decision: Decision,
) -> Result<Option<PostRecord>, EngineError> {
    let mut record = decided(view, post, state, decision)?;
    if let Some(record) = &mut record {
        put_post(view, post, record);
    }
    Ok(record)
}

/// What is known of a post after a decision, still to be kept; why it was held before stays with it.
fn decided(
    view: &mut View<'_>,
    post: PostId,
    state: PostState,
    mut decision: Decision,
) -> Result<Option<PostRecord>, EngineError> {
    // Should the line that it came be lost, no other post gets its number, and with it its copies.
    raise(view, HIGHEST_POST, post.0)?;
    let Some(mut record) = view.record::<PostRecord>(&keys::post(post))? else { return Ok(None) };
    match record.state {
        PostState::Undecided => view.remove(keys::undecided_post(post)),
        PostState::Held => view.remove(keys::held_post(post)),
        PostState::Published | PostState::Refused | PostState::Dropped => {}
    }
    decision.reason = decision.reason.or(record.decided.take().and_then(|before| before.reason));
    record.state = state;
    record.decided = Some(decision);
    Ok(Some(record))
}

/// Makes the state follow from a line of one of the ledger's files.
pub(super) fn apply_ledger_line(view: &mut View<'_>, file: u32, line: LedgerLine) -> Result<(), EngineError> {
    let LedgerLine { post, at: _, copies } = line;
    // Should all the journal said of it be lost, no other post gets its number, and with it these answers.
    raise(view, HIGHEST_POST, post.0)?;
    note_ledger(view, post, file)?;
    for (person, result) in copies {
        apply_outcome(view, &CopyOutcome { post, person, result })?;
    }
    Ok(())
}

/// Remembers in which files of the ledger a post stands.
pub(super) fn note_ledger(view: &mut View<'_>, post: PostId, file: u32) -> Result<(), EngineError> {
    let key = keys::ledger_files(post);
    let known = view.get(&key)?.map(|value| (keys::number_u32(&value, 0), keys::number_u32(&value, 4)));
    let (first, last) = known.map_or((file, file), |(first, last)| (first.min(file), last.max(file)));
    if known != Some((first, last)) {
        view.put(key, [first.to_be_bytes(), last.to_be_bytes()].concat());
    }
    Ok(())
}

fn owe_copies(view: &mut View<'_>, post: PostId, list: ListId, readers: &PersonSet, at: Timestamp) {
    if readers.is_empty() {
        return;
    }
    let totals = super::event::Totals { owed: readers.len(), ..Default::default() };
    view.put_record(keys::fan_out(post), &FanOutRecord { list, since: at, totals });
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

fn count_author(view: &mut View<'_>, list: ListId, author: Option<PersonId>) -> Result<(), EngineError> {
    let Some(author) = author else { return Ok(()) };
    let key = keys::member(list, author);
    if let Some(mut member) = view.record::<Membership>(&key)? {
        member.posts += 1;
        view.put_record(key, &member);
    }
    Ok(())
}

/// Remembers the highest number given so far, so that none is given twice.
pub(super) fn raise(view: &mut View<'_>, name: &str, number: u64) -> Result<(), EngineError> {
    raise_key(view, keys::setting(name), number)
}

/// The same under any key.
pub(super) fn raise_key(view: &mut View<'_>, key: Vec<u8>, number: u64) -> Result<(), EngineError> {
    let before = view.get(&key)?.map_or(0, |value| keys::number_u64(&value, 0));
    if number > before {
        view.put(key, number.to_be_bytes().to_vec());
    }
    Ok(())
}
