//! What waits, gathered once a day for those who look after a list; and the end of what nobody
//! looked at.
//!
//! A day without anything new brings no letter. Everything that waits is named twice at most: the
//! evening after it came, and shortly before its end.

use std::collections::HashSet;
use std::time::Duration;

use super::ask::{HELD, lookers, question, settled};
use crate::domain::care::{Care, Told, Waiting};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{MemberState, Membership};
use crate::domain::moderation::HoldReason;
use crate::domain::time::Timestamp;
use crate::domain::wish::Matter;
use crate::flow::author::may_be_told;
use crate::flow::bounces::forgive;
use crate::flow::{Desk, FlowError};
use crate::store::change::{Change, Expect};
use crate::store::event::{DropReason, Event, LetterAbout, MemberCause, Note, Occasion};
use crate::store::{HeldItem, OpenQuestion, StoreError};

/// The hour of the day it is gathered at.
const GATHERED_AT: u8 = 18;
/// What was asked about by itself so shortly before is not repeated the same evening.
const ASKED_JUST_NOW: Duration = Duration::from_secs(6 * 3_600);
/// It is named once more so long before its end.
const LAST_CALL: Duration = Duration::from_secs(2 * 86_400);
/// Where nobody was asked, it waits for who reads `held ls`, so long.
const UNASKED: Duration = Duration::from_secs(90 * 86_400);
/// Things named one by one in a letter.
const ITEMS_MAX: usize = 60;
/// Posts on the line of doubtful ones.
const DOUBTFUL_MAX: usize = 150;
const DAY: Duration = Duration::from_secs(86_400);

/// Something that waits, and since when.
struct Item {
    waiting: Waiting,
    since: Timestamp,
    was_asked: bool,
}

/// Ends what waited for too long, and writes the day's letters that are due.
pub(in crate::flow) fn gather(desk: &Desk) -> Result<(), FlowError> {
    let now = desk.now();
    let held = desk.store.held()?;
    for list in desk.store.reader().lists()? {
        if list.state == ListState::Removed {
            continue;
        }
        let (lookers, operator) = lookers(desk, list.id)?;
        let end = if lookers.is_empty() { UNASKED } else { HELD };
        let (over, waiting): (Vec<&HeldItem>, Vec<&HeldItem>) =
            held.iter().filter(|item| item.list == Some(list.id)).partition(|item| item.at + end <= now);
        for item in over {
            give_up(desk, &list, item, now)?;
        }
        let newcomers = newcomers(desk, list.id, now)?;
        forgive(desk, list.id, now)?;
        let items = items(&waiting, &newcomers, unreached(desk, list.id)?);
        for looker in lookers {
            if let Some(named) = due(desk, list.id, looker, &items, now)? {
                let care = Care::Gathering { items: named };
                let (_, events) = question(desk, looker, list.id, care, now + HELD);
                let mut change = Change::at(now);
                if let Some(person) = operator.clone().filter(|person| person.id == looker) {
                    change = change.expect(Expect::Person(person.id, None)).person(person);
                }
                settle(desk.store.commit(events.into_iter().fold(change, Change::event)))?;
            }
        }
    }
    Ok(())
}

/// All that waits for those who look after a list at this moment.
pub(in crate::flow) fn waiting_now(desk: &Desk, list: ListId) -> Result<Vec<Waiting>, FlowError> {
    let (held, now) = (desk.store.held()?, desk.now());
    let waiting: Vec<&HeldItem> = held.iter().filter(|item| item.list == Some(list)).collect();
    let newcomers = newcomers(desk, list, now)?;
    let items = items(&waiting, &newcomers, unreached(desk, list)?);
    Ok(items.into_iter().map(|item| item.waiting).collect())
}

/// Somebody else was faster: then it is looked at again the next time.
fn settle(answer: Result<(), StoreError>) -> Result<(), FlowError> {
    match answer {
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Those who confirmed that they want to join, and wait for an animator; whose time is over, no more.
fn newcomers(desk: &Desk, list: ListId, now: Timestamp) -> Result<Vec<(PersonId, Timestamp)>, FlowError> {
    let mut waiting = Vec::new();
    for member in desk.store.members(list)? {
        let confirmed = member.consent.as_ref().and_then(|consent| consent.confirmed_at);
        let Some(since) = confirmed.filter(|_| member.state == MemberState::Pending) else { continue };
        if since + HELD <= now {
            not_admitted(desk, member, now)?;
        } else {
            waiting.push((member.person, since));
        }
    }
    Ok(waiting)
}

fn not_admitted(desk: &Desk, member: Membership, now: Timestamp) -> Result<(), FlowError> {
    let (list, person) = (member.list, member.person);
    let seen = Expect::Member(list, person, Some(Box::new(member.clone())));
    let left = Membership { state: MemberState::Left, ..member };
    let cause = MemberCause::NotJoined;
    let note = Note::Care { told: Told::NoAnswer };
    let about = LetterAbout::Note { list: Some(list), person, note, occasion: Occasion::default() };
    let change = Change::at(now)
        .expect(seen)
        .event(Event::Member { member: Box::new(left), cause, by: None })
        .event(Event::LetterOwed { letter: desk.store.next_letter(), about });
    settle(desk.store.commit(change))
}

/// Its time is over: it is put away, and its author told, if they may be.
fn give_up(desk: &Desk, list: &List, item: &HeldItem, now: Timestamp) -> Result<(), FlowError> {
    if !item.reason.is_post() && item.reason != HoldReason::ToAnimators {
        return Ok(());
    }
    let post = item.id;
    let over = Event::Dropped { post, why: DropReason::Over, by: None };
    let mut change = Change::at(now).expect(Expect::Held(post)).event(over);
    let told = item.reason.is_post() && item.reason != HoldReason::Doubtful;
    if let (Some(info), Some(raw), true) = (desk.store.post(post)?, desk.store.raw(post)?, told)
        && let Some(person) = may_be_told(desk, list, info.author, &raw)?
    {
        let (list, note) = (Some(list.id), Note::Care { told: Told::Over { post } });
        let about = LetterAbout::Note { list, person, note, occasion: Occasion::default() };
        change = change.event(Event::LetterOwed { letter: desk.store.next_letter(), about });
    }
    for event in settled(desk, list.id, post)? {
        change = change.event(event);
    }
    tracing::info!(%post, list = %list.address, "nobody looked at it for as long as things wait; it was put away");
    settle(desk.store.commit(change))
}

/// Members no mail reaches any more, and since when the last of them.
fn unreached(desk: &Desk, list: ListId) -> Result<Vec<(PersonId, Timestamp)>, FlowError> {
    let mut found = Vec::new();
    for (person, reach) in desk.store.reaches(list)? {
        let member = desk.store.member(list, person)?;
        let paused =
            reach.paused.filter(|_| member.is_some_and(|member| member.state == MemberState::Bouncing));
        found.extend(paused.map(|since| (person, since)));
    }
    found.sort_by_key(|(_, since)| *since);
    Ok(found)
}

fn items(
    held: &[&HeldItem],
    newcomers: &[(PersonId, Timestamp)],
    unreached: Vec<(PersonId, Timestamp)>,
) -> Vec<Item> {
    let mut items = Vec::new();
    let mut doubtful: Vec<(PostId, Timestamp)> = Vec::new();
    for item in held {
        match item.reason {
            HoldReason::Doubtful => doubtful.push((item.id, item.at)),
            // The last waits for its author.
            HoldReason::Request | HoldReason::ToOperator | HoldReason::Consent => {}
            HoldReason::FirstPost
            | HoldReason::Moderated
            | HoldReason::HoldAll
            | HoldReason::Unproven
            | HoldReason::Ambiguous
            | HoldReason::Disclosing
            | HoldReason::NotDisplayable
            | HoldReason::Attachment
            | HoldReason::OtherList
            | HoldReason::OtherAddress
            | HoldReason::Pace
            | HoldReason::SlowThread
            | HoldReason::ToAnimators => {
                let was_asked = item.reason != HoldReason::OtherAddress;
                items.push(Item { waiting: Waiting::Post(item.id), since: item.at, was_asked });
            }
        }
    }
    let waits = |(person, since): &(PersonId, Timestamp)| Item {
        waiting: Waiting::Newcomer(*person),
        since: *since,
        was_asked: true,
    };
    items.extend(newcomers.iter().map(waits));
    items.truncate(ITEMS_MAX);
    if let Some((_, since)) = doubtful.last().copied() {
        let posts: Vec<PostId> = doubtful.iter().map(|(post, _)| *post).take(DOUBTFUL_MAX).collect();
        let waiting = match posts.as_slice() {
            [only] => Waiting::Post(*only),
            _ => Waiting::Doubtful(posts),
        };
        items.push(Item { waiting, since, was_asked: false });
    }
    if let Some((_, since)) = unreached.last().copied() {
        let persons = unreached.into_iter().map(|(person, _)| person).take(DOUBTFUL_MAX).collect();
        items.push(Item { waiting: Waiting::Unreached(persons), since, was_asked: false });
    }
    items
}

/// What one animator is to be told this evening; none if there is nothing new for them.
fn due(
    desk: &Desk,
    list: ListId,
    looker: PersonId,
    items: &[Item],
    now: Timestamp,
) -> Result<Option<Vec<Waiting>>, FlowError> {
    let evening = evening_before(desk, now);
    let asked = desk.store.questions_to(looker)?;
    let gathered: Vec<&OpenQuestion> = asked.iter().filter(|asked| is_gathering(asked, list)).collect();
    if items.is_empty() || gathered.iter().any(|asked| asked.since >= evening) {
        return Ok(None);
    }
    let ripe =
        |item: &&Item| item.since + if item.was_asked { ASKED_JUST_NOW } else { DAY / 86_400 } <= evening;
    let is_new = |item: &Item| {
        let last_call = item.since + HELD - LAST_CALL;
        let before = named(gathered.iter().copied());
        let since = named(gathered.iter().copied().filter(|asked| asked.since >= last_call));
        let known = |named: &HashSet<Waiting>| is_named(named, &item.waiting);
        let ends = !matches!(item.waiting, Waiting::Unreached(_));
        !known(&before) || (ends && last_call <= now && !known(&since))
    };
    let ripe: Vec<&Item> = items.iter().filter(ripe).collect();
    let anything_new = ripe.iter().any(|item| is_new(item));
    Ok(anything_new.then(|| ripe.iter().map(|item| item.waiting.clone()).collect()))
}

/// The last hour at which things are gathered.
fn evening_before(desk: &Desk, now: Timestamp) -> Timestamp {
    let next = now.next_hour(GATHERED_AT, &desk.zone);
    if next == now { now } else { next - DAY }
}

fn is_gathering(asked: &OpenQuestion, list: ListId) -> bool {
    let gathering = matches!(&asked.question.matter, Matter::Care { care: Care::Gathering { .. } });
    gathering && asked.question.list == Some(list)
}

/// Each thing these letters named.
fn named<'a>(gathered: impl Iterator<Item = &'a OpenQuestion>) -> HashSet<Waiting> {
    let mut named = HashSet::new();
    for asked in gathered {
        let Matter::Care { care: Care::Gathering { items } } = &asked.question.matter else { continue };
        for item in items {
            named.extend(one_by_one(item));
        }
    }
    named
}

fn is_named(named: &HashSet<Waiting>, item: &Waiting) -> bool {
    one_by_one(item).iter().all(|one| named.contains(one))
}

fn one_by_one(item: &Waiting) -> Vec<Waiting> {
    match item {
        Waiting::Doubtful(posts) => posts.iter().map(|post| Waiting::Post(*post)).collect(),
        Waiting::Unreached(persons) => {
            persons.iter().map(|person| Waiting::Unreached(vec![*person])).collect()
        }
        Waiting::Post(_) | Waiting::Newcomer(_) => vec![item.clone()],
    }
}
