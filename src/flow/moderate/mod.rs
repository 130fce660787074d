//! What somebody decides about a thing that waits: let it out, refuse it with words, throw it away,
//! throw it away for good.
//!
//! What follows from a decision is one change, whoever made it and however they said so; the first
//! one counts. Who is asked is `ask`'s, what gathers over the day `gather`'s.

mod ask;
pub(super) mod gather;

use super::author::{author_of, may_be_told};
use super::publish::publish;
use super::{Desk, FlowError, is_current, summaries};
use crate::domain::address::EmailAddress;
use crate::domain::command::Decision;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::List;
use crate::domain::member::{MemberState, Membership, Person};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::mail::autoreply;
use crate::mail::headers::Headers;
use crate::mail::parse;
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{Ban, Decider, DropReason, Event, LetterAbout, MemberCause};
use crate::store::{PostInfo, StoreError};

pub(super) use self::ask::{
    Asking, HELD, Held, ask, is_the_only_looker, looks_after, operator, pass_on, question, set_aside,
    settle_others,
};
pub(super) use self::gather::waiting_now;

/// What came of a decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Moderated {
    /// The post is on its way.
    Published,
    /// It will not go out.
    Refused,
    /// It was put away.
    Discarded,
    /// It was no post; it was dealt with, and waits no more.
    DealtWith,
    /// Nothing of that number waits: it was decided before, or never was.
    NotWaiting(Option<PostState>),
}

/// All that follows from a decision about something that waits, as long as it does.
pub(super) struct Outcome {
    pub(super) moderated: Moderated,
    pub(super) expects: Vec<Expect>,
    /// Somebody we write to, or do not want to hear of, and did not know.
    pub(super) person: Option<Person>,
    /// Somebody's membership as it was seen, which ends.
    pub(super) member: Option<Membership>,
    pub(super) events: Vec<Event>,
}

/// Carries a decision out. The first one counts.
pub fn moderate(desk: &Desk, post: PostId, by: Decider, decision: Decision) -> Result<Moderated, FlowError> {
    let Some(info) = desk.store.post(post)? else { return Ok(Moderated::NotWaiting(None)) };
    if info.state != PostState::Held {
        return Ok(Moderated::NotWaiting(Some(info.state)));
    }
    let Outcome { moderated, expects, person, member, mut events } = outcome(desk, &info, by, decision, &[])?;
    events.extend(settle_others(desk, &info, by, None)?);
    let mut change = Change::at(desk.now());
    for expect in expects {
        change = change.expect(expect);
    }
    if let Some(person) = person {
        change = change.expect(Expect::Person(person.id, None)).person(person);
    }
    if let Some(member) = member {
        let (list, person) = (member.list, member.person);
        change = change.expect(Expect::Member(list, person, Some(Box::new(member.clone()))));
        change = change.event(banned_member(member, by));
    }
    for event in events {
        change = change.event(event);
    }
    match desk.store.commit(change) {
        Ok(()) => Ok(moderated),
        Err(StoreError::Conflict(_)) => {
            Ok(Moderated::NotWaiting(desk.store.post(post)?.map(|info| info.state)))
        }
        Err(error) => Err(error.into()),
    }
}

/// What follows from a decision, but for who is told that it was made. `new` are those the same
/// change makes known already.
pub(super) fn outcome(
    desk: &Desk,
    info: &PostInfo,
    by: Decider,
    decision: Decision,
    new: &[Person],
) -> Result<Outcome, FlowError> {
    let post = info.id;
    let is_post = info.hold_reason.is_none_or(HoldReason::is_post);
    let mut outcome = Outcome {
        moderated: Moderated::Discarded,
        expects: vec![Expect::Held(post)],
        person: None,
        member: None,
        events: Vec::new(),
    };
    match decision {
        Decision::Accept if is_post => {
            outcome.moderated = Moderated::Published;
            outcome.events.extend(released(desk, info, by)?);
        }
        Decision::Accept => {
            outcome.moderated = Moderated::DealtWith;
            outcome.events.push(Event::Dropped { post, why: DropReason::Obeyed, by: Some(by) });
        }
        Decision::Refuse(words) => {
            outcome.moderated = Moderated::Refused;
            refuse(desk, &mut outcome, (info, new), by, words)?;
        }
        Decision::Discard => {
            outcome.events.push(Event::Dropped { post, why: DropReason::Discarded, by: Some(by) });
        }
        Decision::Ban => {
            outcome.events.push(Event::Dropped { post, why: DropReason::Discarded, by: Some(by) });
            ban_author(desk, &mut outcome, (info, new), by)?;
        }
    }
    Ok(outcome)
}

/// It goes out, and what follows from that; nothing if its list is gone.
fn released(desk: &Desk, info: &PostInfo, by: Decider) -> Result<Vec<Event>, FlowError> {
    let list = match info.list {
        Some(list) => desk.store.list(list)?,
        None => None,
    };
    let Some(list) = list else { return Ok(Vec::new()) };
    let raw = desk.store.raw(info.id)?;
    let summary = raw.as_deref().map(parse::summarize).unwrap_or_default();
    let published = publish(desk, &list, info, (&summary, raw.as_deref()), Some(by), desk.now())?;
    let raw = raw.unwrap_or_default();
    let follows = summaries::proposed(desk, &list, (info.id, info.author), &summary, &raw, desk.now())?;
    Ok(std::iter::once(published).chain(follows).collect())
}

fn refuse(
    desk: &Desk,
    outcome: &mut Outcome,
    (info, new): (&PostInfo, &[Person]),
    by: Decider,
    words: String,
) -> Result<(), FlowError> {
    let post = info.id;
    outcome.events.push(Event::Refused { post, by: Some(by), words: words.clone() });
    let (Some(list), Some(raw)) = (info.list, desk.store.raw(post)?) else { return Ok(()) };
    let Some(list) = desk.store.list(list)? else { return Ok(()) };
    let person = match may_be_told(desk, &list, info.author, &raw)? {
        Some(person) => Some(person),
        None => proven_stranger(desk, outcome, (info, new), &list, &raw)?,
    };
    if let Some(person) = person {
        let letter = desk.store.next_letter();
        outcome
            .events
            .push(Event::LetterOwed { letter, about: LetterAbout::Refused { post, person, words } });
    }
    Ok(())
}

/// A stranger who is proven to have written it is told like anybody else: nobody wrote in their name.
fn proven_stranger(
    desk: &Desk,
    outcome: &mut Outcome,
    (info, new): (&PostInfo, &[Person]),
    list: &List,
    raw: &[u8],
) -> Result<Option<PersonId>, FlowError> {
    let Some(address) = author_of(desk, info.id)? else { return Ok(None) };
    let (headers, _) = Headers::scan_leniently(raw);
    let by_a_person = autoreply::may_be_answered(&headers, Some(&address)).is_ok();
    let member = info.author.map(|author| desk.store.member(list.id, author)).transpose()?.flatten();
    if info.proof != Some(Proof::Proven) || !by_a_person || member.is_some_and(|member| is_current(&member)) {
        return Ok(None);
    }
    known(desk, outcome, (info.author, new), address).map(Some)
}

/// The number of somebody, who gets one if they have none.
fn known(
    desk: &Desk,
    outcome: &mut Outcome,
    (author, new): (Option<PersonId>, &[Person]),
    address: EmailAddress,
) -> Result<PersonId, FlowError> {
    let just_met = new.iter().find(|person| person.addresses.contains(&address));
    if let Some(person) = author.or(just_met.map(|person| person.id)) {
        return Ok(person);
    }
    if let Some(person) = desk.store.person_at(&address)? {
        return Ok(person.id);
    }
    let person = Person { id: desk.store.next_person(), addresses: vec![address.clone()], ..stranger() };
    let id = person.id;
    outcome.expects.push(Expect::AddressOf(address, id));
    outcome.person = Some(person);
    Ok(id)
}

fn stranger() -> Person {
    Person { id: PersonId(0), addresses: Vec::new(), name: String::new(), language: None }
}

/// Whoever wrote it writes there no more, and is a member no more.
fn ban_author(
    desk: &Desk,
    outcome: &mut Outcome,
    (info, new): (&PostInfo, &[Person]),
    by: Decider,
) -> Result<(), FlowError> {
    let (Some(list), Some(address)) = (info.list, author_of(desk, info.id)?) else { return Ok(()) };
    // Somebody else's address may have been written there: then that somebody is spared.
    if info.proof == Some(Proof::Disproved) {
        return Ok(());
    }
    let person = known(desk, outcome, (info.author, new), address)?;
    outcome.events.push(Event::Banned { list, person, ban: Ban::On, by: person_of(by) });
    outcome.member = current(desk, list, person)?;
    Ok(())
}

/// Somebody's membership, if they are a member.
fn current(desk: &Desk, list: ListId, person: PersonId) -> Result<Option<Membership>, FlowError> {
    Ok(desk.store.member(list, person)?.filter(is_current))
}

/// A membership that ends without a word.
pub(super) fn banned_member(member: Membership, by: Decider) -> Event {
    let left = Membership { state: MemberState::Left, ..member };
    Event::Member { member: Box::new(left), cause: MemberCause::Removed, by: person_of(by) }
}

fn person_of(by: Decider) -> Option<PersonId> {
    match by {
        Decider::Operator => None,
        Decider::Person(person) => Some(person),
    }
}
