//! `parvis queue …`

use std::collections::HashMap;

use serde_json::{Value, json};

use super::upkeep::fence;
use super::{Channel, NotDone, refused};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::time::Timestamp;
use crate::flow::after_restore::{was_letter_owed_at, was_owed_at};
use crate::flow::{Desk, digests};
use crate::store::change::{Change, Expect};
use crate::store::event::{Event, Fence, LetterOutcome};
use crate::store::ledger::{CopyOutcome, CopyResult};
use crate::store::{OwedLetter, PutOff};

/// What `queue drop` leaves in the ledger.
const DROPPED: &str = "dropped by the operator";

/// Something that still has to leave, by its id: `post-person`, or `letter-number`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum QueueId {
    Copy(PostId, PersonId),
    Letter(u64),
}

pub(super) fn ls(desk: &Desk, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    if desk.store.fence()? != Fence::Down {
        // Before anything else: it is why nothing of what follows moves.
        channel.progress(fence(desk)?)?;
    }
    let mut shown = Vec::new();
    for fan in desk.store.fans()? {
        let message_id = desk.store.post(fan.post)?.and_then(|info| info.message_id);
        let message_id = message_id.map(|id| id.to_string());
        let put_off: HashMap<PersonId, PutOff> =
            desk.store.put_off(fan.post)?.into_iter().map(|copy| (copy.person, copy)).collect();
        for person in desk.store.owed(fan.post)?.iter() {
            let later = put_off.get(&person);
            shown.push(show_copy(desk, fan.post, person, message_id.as_deref(), fan.since, later)?);
        }
    }
    for OwedLetter { letter, about, since } in desk.store.letters()? {
        let to = address_of(desk, about.person())?;
        let wait = desk.letter_waits.of(letter);
        shown.push(json!({
            "id": format!("letter-{letter}"),
            "to": to,
            "post": Value::Null,
            "attempts": wait.as_ref().map_or(0, |wait| wait.attempts),
            "next": wait.as_ref().map_or(since, |wait| wait.next).rfc3339(&desk.zone),
            "last_reply": wait.map(|wait| wait.reply),
        }));
    }
    Ok(Value::Array(shown))
}

/// What was put off is due now. What never was is on its way anyway.
pub(super) fn retry(desk: &Desk, id: Option<&str>) -> Result<Value, NotDone> {
    let now = desk.now();
    let only = id.map(parse).transpose()?;
    let mut change = Change::at(now);
    let mut again: u64 = 0;
    match only {
        Some(QueueId::Copy(post, person)) if !desk.store.is_owed(post, person)? => return refused(NOTHING),
        Some(QueueId::Letter(letter)) if !is_owed_letter(desk, letter)? => return refused(NOTHING),
        Some(QueueId::Copy(..) | QueueId::Letter(_)) | None => {}
    }
    for fan in desk.store.fans()? {
        for copy in desk.store.put_off(fan.post)? {
            let PutOff { post, person, attempts, next: _, last_reply } = copy;
            if only.is_none_or(|only| only == QueueId::Copy(post, person)) {
                let result = CopyResult::PutOff { attempts, next: now, reply: last_reply };
                change = change.outcome(CopyOutcome { post, person, result });
                again += 1;
            }
        }
    }
    again += match only {
        Some(QueueId::Letter(letter)) => desk.letter_waits.try_now(Some(letter), now),
        Some(QueueId::Copy(..)) => 0,
        None => desk.letter_waits.try_now(None, now),
    };
    desk.store.commit(change)?;
    desk.nudge();
    Ok(json!({ "again": again, "fenced": desk.store.fence()? != Fence::Down }))
}

const NOTHING: &str = "nothing waits under this id; parvis queue ls shows what does";

fn is_owed_letter(desk: &Desk, letter: u64) -> Result<bool, NotDone> {
    Ok(desk.store.letters()?.iter().any(|owed| owed.letter == letter))
}

pub(super) fn drop_copy(desk: &Desk, id: &str) -> Result<Value, NotDone> {
    let now = desk.now();
    let change = match parse(id)? {
        QueueId::Copy(post, person) => {
            if !desk.store.is_owed(post, person)? {
                return refused(NOTHING);
            }
            let result = CopyResult::Failed(DROPPED.to_owned());
            Change::at(now).outcome(CopyOutcome { post, person, result })
        }
        QueueId::Letter(letter) => {
            if !is_owed_letter(desk, letter)? {
                return refused(NOTHING);
            }
            let outcome = LetterOutcome::Failed(DROPPED.to_owned());
            Change::at(now).expect(Expect::LetterOwed(letter)).event(Event::LetterDone { letter, outcome })
        }
    };
    desk.store.commit(change)?;
    Ok(json!({ "dropped": id }))
}

/// Lifts the fence. What is older than `newer_than` is dropped instead of sent.
pub(super) fn release(desk: &Desk, newer_than: Option<Timestamp>) -> Result<Value, NotDone> {
    let now = desk.now();
    let fenced = desk.store.fence()? != Fence::Down;
    let mut change = Change::at(now);
    let (mut released, mut dropped) = (0_u64, 0_u64);
    for fan in desk.store.fans()? {
        let owed = desk.store.owed(fan.post)?;
        let owed_then = |moment| was_owed_at(desk, fan.post, fan.since, moment);
        if !newer_than.map_or(Ok(false), owed_then)? {
            released += u64::from(owed.len());
            continue;
        }
        for person in owed.iter() {
            let result = CopyResult::Failed(DROPPED.to_owned());
            change = change.outcome(CopyOutcome { post: fan.post, person, result });
            dropped += 1;
        }
    }
    for OwedLetter { letter, about, since } in desk.store.letters()? {
        let owed_then = |moment| was_letter_owed_at(desk, &about, since, moment);
        if !newer_than.map_or(Ok(false), owed_then)? {
            released += 1;
        } else {
            let outcome = LetterOutcome::Failed(DROPPED.to_owned());
            change = change.event(Event::LetterDone { letter, outcome });
            dropped += 1;
        }
    }
    // Before the fence is lifted: nobody freezes a digest of it meanwhile.
    if let Some(moment) = newer_than.filter(|_| fenced) {
        dropped += digests::drop_had_their_turn(desk, moment)?;
    }
    if fenced {
        change = change.event(Event::Fence { fence: Fence::Down });
    }
    desk.store.commit(change)?;
    desk.nudge();
    Ok(json!({ "was_fenced": fenced, "released": released, "dropped": dropped }))
}

fn show_copy(
    desk: &Desk,
    post: PostId,
    person: PersonId,
    message_id: Option<&str>,
    since: Timestamp,
    later: Option<&PutOff>,
) -> Result<Value, NotDone> {
    let next = later.map_or(since, |copy| copy.next);
    Ok(json!({
        "id": format!("{post}-{person}"),
        "to": address_of(desk, person)?,
        "post": message_id,
        "attempts": later.map_or(0, |copy| copy.attempts),
        "next": next.rfc3339(&desk.zone),
        "last_reply": later.map(|copy| copy.last_reply.clone()),
    }))
}

fn address_of(desk: &Desk, person: PersonId) -> Result<Option<String>, NotDone> {
    let person = desk.store.person(person)?;
    Ok(person.and_then(|person| person.addresses.first().map(ToString::to_string)))
}

fn parse(id: &str) -> Result<QueueId, NotDone> {
    let parsed = match id.split_once('-') {
        Some(("letter", number)) => number.parse().ok().map(QueueId::Letter),
        Some((post, person)) => match (post.parse(), person.parse()) {
            (Ok(post), Ok(person)) => Some(QueueId::Copy(post, person)),
            (Ok(_) | Err(_), _) => None,
        },
        None => None,
    };
    parsed.ok_or_else(|| NotDone::Refused("it is no id of the queue; parvis queue ls shows them".to_owned()))
}
