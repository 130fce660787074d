//! What people ask by mail: read, weighed against who is really writing, and carried out, asked
//! back, or handed to people.
//!
//! A request is kept like a post before anybody is answered, and decided like one, with one
//! commit that holds everything that follows from it. What it may do is `domain::authority`'s
//! table; what its words mean is read elsewhere. Nobody but the address in From is ever answered,
//! and no answer to somebody unproven differs between members and strangers.

mod addresses;
mod animating;
mod answers;
mod caps;
mod commanding;
mod digests;
mod fixing;
mod hear;
mod joining;
mod recalling;
mod rights;
mod seeking;
mod summaries;
mod talk;
mod wishes;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::hear::Heard;
use self::talk::{Sure, Talk};
use super::moderate::{self, Held};
use super::{Desk, FlowError};
use crate::domain::address::EmailAddress;
use crate::domain::authority::{Course, course_by_token};
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::{List, ListState};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::recipient::{LocalPart, meanings};
use crate::domain::time::Timestamp;
use crate::domain::wish::Matter;
use crate::mail::autoreply::{self, Automatic};
use crate::mail::headers::Headers;
use crate::mail::words::mailboxes;
use crate::store::change::{Change, Expect};
use crate::store::event::{DropReason, Event, Note, RequestDoor};
use crate::store::{OpenQuestion, PostInfo};

pub(super) use self::addresses::ask_whether_same;
pub(super) use self::commanding::{Item, Kind, planned};
pub(super) use self::hear::words_sought;
pub(super) use self::rights::{ask_consent, ask_whether_theirs, asks_consent};

/// A request, before its words are read.
struct Request<'a> {
    info: &'a PostInfo,
    door: RequestDoor,
    list: Option<List>,
    raw: &'a [u8],
    now: Timestamp,
}

/// What becomes of the mail itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It did its work.
    Done,
    /// It goes to people.
    Waits(HoldReason),
    /// Nothing is done, and nobody answered.
    Away(DropReason),
}

/// Everything that follows from a request, as one change.
pub(super) fn decide(
    desk: &Desk,
    info: &PostInfo,
    door: RequestDoor,
    raw: &[u8],
    now: Timestamp,
) -> Result<Change, FlowError> {
    let list = match info.list {
        Some(list) => desk.store.list(list)?.filter(|list| list.state != ListState::Removed),
        None => None,
    };
    let request = Request { info, door, list, raw, now };
    let Some(from) = answerable(desk, &request)? else {
        return Ok(put_away(&request, DropReason::Automatic));
    };
    let Ok(heard) = catch_unwind(AssertUnwindSafe(|| hear::hear(desk, &request))) else {
        tracing::error!(post = %info.id, "the reader failed on a request; it waits for somebody to look at it");
        let held = Event::Held { post: info.id, reason: HoldReason::NotDisplayable };
        return Ok(Change::at(now).expect(Expect::Undecided(info.id)).event(held));
    };
    let heard = heard?;
    let mut talk = Talk::begin(desk, &request, from, heard.language)?;
    let said = &heard.said;
    let fate = match door {
        RequestDoor::Answer(question) => match desk.store.question(question)? {
            Some(question) => by_token(&mut talk, &request, &question, said)?,
            None => without_token(&mut talk, &request, said)?,
        },
        RequestDoor::Digest { issue } => digests::answer(&mut talk, &request, issue, said)?,
        RequestDoor::Private { post } => digests::private(&mut talk, &request, post)?,
        RequestDoor::Join
        | RequestDoor::Leave
        | RequestDoor::Help
        | RequestDoor::Request
        | RequestDoor::Bounce { .. }
        | RequestDoor::Probe { .. }
        | RequestDoor::Report
        | RequestDoor::Search
        | RequestDoor::Post => without_token(&mut talk, &request, said)?,
    };
    if let (Fate::Waits(reason), Some(list)) = (fate, &request.list) {
        let proof = info.proof.unwrap_or(Proof::NoMeans);
        talk.take(moderate::ask(
            desk,
            list,
            Held { post: info.id, reason, proof, author: info.author },
            now,
        )?);
    }
    Ok(talk.finish(fate))
}

fn put_away(request: &Request<'_>, why: DropReason) -> Change {
    let post = request.info.id;
    let event = Event::Dropped { post, why, by: None };
    Change::at(request.now).expect(Expect::Undecided(post)).event(event)
}

/// The one address that may be answered: From's, if a person wrote from it (RFC 3834 §2, §4).
fn answerable(desk: &Desk, request: &Request<'_>) -> Result<Option<EmailAddress>, FlowError> {
    let (headers, _) = Headers::scan_leniently(request.raw);
    let sender = EmailAddress::parse(&desk.store.kept_mail(request.info)?.sender).ok();
    match autoreply::may_be_answered(&headers, sender.as_ref()) {
        Ok(()) => {}
        // Exchange puts that on people's mail too, and an animator who uses it must be able to answer.
        Err(Automatic::Suppressed) if is_about_care(desk, request.door)? => {}
        Err(_) => return Ok(None),
    }
    let mut authors = headers.get("from").map(|value| mailboxes(&value)).unwrap_or_default();
    if authors.len() != 1 || headers.count("from") != 1 {
        return Ok(None);
    }
    let from = authors.pop().and_then(|author| author.address);
    match from {
        Some(from) if !is_ours(desk, &from)? => Ok(Some(from)),
        Some(_) | None => Ok(None),
    }
}

/// Whether a mail answers what an animator was asked about a list.
fn is_about_care(desk: &Desk, door: RequestDoor) -> Result<bool, FlowError> {
    let RequestDoor::Answer(question) = door else { return Ok(false) };
    let asked = desk.store.question(question)?;
    Ok(asked.is_some_and(|asked| matches!(asked.question.matter, Matter::Care { .. })))
}

/// Whether an address is one of Parvis's own: an answer to it would come back.
fn is_ours(desk: &Desk, address: &EmailAddress) -> Result<bool, FlowError> {
    for meaning in meanings(address.local_part()) {
        match meaning {
            LocalPart::List { name, door: _ } => {
                let lists = desk.store.reader().lists_named(&name)?;
                if lists.iter().any(|list| list.address.domain().eq_ignore_ascii_case(address.domain())) {
                    return Ok(true);
                }
            }
            LocalPart::Service | LocalPart::Operator | LocalPart::Answer(_) | LocalPart::Bounce(_) => {
                if address.domain().eq_ignore_ascii_case(&desk.hostname) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// An answer to a question: the token is the proof, for whom it was made and for nobody else.
fn by_token(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    said: &hear::Said,
) -> Result<Fate, FlowError> {
    let proof = request.info.proof.unwrap_or(Proof::NoMeans);
    let theirs = talk.person.id == question.question.person;
    if !theirs || course_by_token(proof) == Course::Nothing {
        return Ok(Fate::Away(DropReason::Unproven));
    }
    talk.sure = Sure::ByToken;
    if question.question.until <= request.now {
        talk.tell(question.question.list, Note::TooLate)?;
        return Ok(Fate::Done);
    }
    if let Matter::Care { care } = &question.question.matter {
        return animating::answer(talk, request, question, care, said);
    }
    answers::answer(talk, request, question, said)
}

/// How sure it is who writes, where no token says so; none: nothing is done.
fn sureness(request: &Request<'_>) -> Option<Sure> {
    match request.info.proof.unwrap_or(Proof::NoMeans) {
        Proof::Proven => Some(Sure::Proven),
        proof @ (Proof::NoMeans | Proof::CannotTell) => Some(Sure::Unproven(proof)),
        Proof::Disproved => None,
    }
}

/// A request at a command address, or written to the list itself by mistake.
fn without_token(talk: &mut Talk<'_>, request: &Request<'_>, said: &hear::Said) -> Result<Fate, FlowError> {
    let list = request.list.as_ref();
    if list.is_none() && request.info.list.is_some() {
        return Ok(Fate::Away(DropReason::Obeyed));
    }
    let Some(sure) = sureness(request) else { return Ok(Fate::Away(DropReason::Unproven)) };
    talk.sure = sure;
    if talk.sure == Sure::Proven
        && matches!(said.heard, Heard::Yes | Heard::No)
        && let Some(question) = open_wish(talk, request)?
    {
        return answers::answer(talk, request, &question, said);
    }
    hearing(talk, request, list.map(|list| list.id), said)
}

/// The one question a yes in a new mail can only mean: whether they want something a proven sender
/// may have done without being asked. What needs a token still does.
fn open_wish(talk: &Talk<'_>, request: &Request<'_>) -> Result<Option<OpenQuestion>, FlowError> {
    let here = |asked: &OpenQuestion| match (&request.list, asked.question.list) {
        (Some(list), Some(asked)) => list.id == asked,
        (_, _) => true,
    };
    let open = talk.desk.store.questions_to(talk.person.id)?.into_iter().filter(|asked| {
        let waits = asked.answer.is_none() && request.now < asked.question.until;
        waits && asks_yes_or_no(&asked.question.matter) && here(asked)
    });
    let open: Vec<OpenQuestion> = open.collect();
    Ok(match <[OpenQuestion; 1]>::try_from(open) {
        Ok([one]) if wishes::is_done_for_the_proven(talk, &one.question)? => Some(one),
        Ok(_) | Err(_) => None,
    })
}

fn asks_yes_or_no(matter: &Matter) -> bool {
    match matter {
        Matter::Wish { .. }
        | Matter::Either { .. }
        | Matter::Invitation { .. }
        | Matter::Admit { .. }
        | Matter::Adopt { .. }
        | Matter::SamePerson { .. }
        | Matter::Consent { .. }
        | Matter::Yours { .. } => true,
        Matter::Talk
        | Matter::WhichList { .. }
        | Matter::Care { .. }
        | Matter::Back { .. }
        | Matter::Found { .. }
        | Matter::SignIn { .. }
        | Matter::Opening
        | Matter::Digest { .. }
        | Matter::Draft { .. } => false,
    }
}

/// What is done about words, wherever they came in.
fn hearing(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    list: Option<ListId>,
    said: &hear::Said,
) -> Result<Fate, FlowError> {
    match &said.heard {
        Heard::Wishes(wishes) => {
            for wish in wishes {
                wishes::wish(talk, list, &said.scope, wish)?;
            }
            Ok(Fate::Done)
        }
        Heard::Guess(wish) => {
            wishes::guess(talk, list, &said.scope, wish)?;
            Ok(Fate::Done)
        }
        Heard::Either(words, address) => {
            talk.ask(list, Matter::Either { words: words.clone(), address: address.clone() })?;
            Ok(Fate::Done)
        }
        Heard::ForPeople => {
            // Whoever may be anybody hears nothing from us about what people will read.
            if !talk.is_unproven() {
                talk.tell(list, Note::PassedOn)?;
                // Nobody else would read it, and they know what they wrote.
                if let Some(list) = list.filter(|list| request.list.as_ref().is_some_and(|l| l.id == *list))
                    && moderate::is_the_only_looker(talk.desk, list, talk.person.id)?
                {
                    return Ok(Fate::Done);
                }
            }
            Ok(Fate::Waits(match request.list {
                Some(_) => HoldReason::ToAnimators,
                None => HoldReason::ToOperator,
            }))
        }
        Heard::ForOthers => Ok(Fate::Waits(HoldReason::Request)),
        Heard::Declined => {
            talk.tell(list, Note::Unchanged)?;
            Ok(Fate::Done)
        }
        // A yes or no to nothing, or no words at all: what can be said is the answer.
        Heard::Yes | Heard::No | Heard::Nothing => {
            talk.tell(list, Note::Help)?;
            Ok(Fate::Done)
        }
    }
}

/// What is asked for at the address of a token, if it is one that was given to somebody.
pub(super) fn door_of_token(desk: &Desk, token: &str) -> Option<RequestDoor> {
    use crate::domain::token::Purpose;
    match desk.store.tokens().read(token) {
        Some(Purpose::Question { question, person: _ }) => Some(RequestDoor::Answer(question)),
        Some(Purpose::Digest { issue }) => Some(RequestDoor::Digest { issue }),
        Some(Purpose::Private { post }) => Some(RequestDoor::Private { post }),
        Some(
            Purpose::Bounce { .. }
            | Purpose::Probe { .. }
            | Purpose::Leave { .. }
            | Purpose::LeaveIssue { .. }
            | Purpose::Attachments { .. }
            | Purpose::Answer { .. }
            | Purpose::Paper { .. }
            | Purpose::Pass { .. }
            | Purpose::Form { .. },
        )
        | None => None,
    }
}

/// Whether a post is nothing but a request that was written to the list by mistake.
pub(super) fn is_misdirected(
    desk: &Desk,
    list: &List,
    info: &PostInfo,
    raw: &[u8],
    now: Timestamp,
) -> Result<bool, FlowError> {
    let request = Request { info, door: RequestDoor::Post, list: Some(list.clone()), raw, now };
    catch_unwind(AssertUnwindSafe(|| hear::is_nothing_but_a_command(desk, &request))).unwrap_or(Ok(false))
}

/// What a mail answers: a post of that list.
fn answered_post(desk: &Desk, list: ListId, raw: &[u8]) -> Result<Option<PostId>, FlowError> {
    let summary = crate::mail::parse::summarize(raw);
    for id in summary.references.iter().rev() {
        if let Some(post) = desk.store.reader().posts_by_message_id(list, id)?.first() {
            return Ok(Some(post.id));
        }
    }
    Ok(None)
}
