//! What somebody decides about a thing that waits: let it out, refuse it with words, throw it away.

use super::choose_from::choose_from;
use super::decide_post::may_be_told;
use super::readers::{Readership, readers};
use super::{Desk, FlowError};
use crate::domain::ids::PostId;
use crate::domain::moderation::HoldReason;
use crate::mail::parse;
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{Decider, DropReason, Event, LetterAbout};
use crate::store::{PostInfo, StoreError};

/// What somebody decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It goes out, or, if it is no post, it has been dealt with.
    Accept,
    /// It does not, and its author is told these words.
    Refuse(String),
    /// It does not, and nobody is told.
    Discard,
}

/// What came of it.
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

/// Carries a decision out. The first one counts.
pub fn moderate(desk: &Desk, post: PostId, by: Decider, decision: Decision) -> Result<Moderated, FlowError> {
    let Some(info) = desk.store.post(post)? else { return Ok(Moderated::NotWaiting(None)) };
    if info.state != PostState::Held {
        return Ok(Moderated::NotWaiting(Some(info.state)));
    }
    let is_post = info.hold_reason.is_none_or(HoldReason::is_post);
    let now = desk.now();
    let change = Change::at(now).expect(Expect::Held(post));
    let (change, moderated) = match decision {
        Decision::Accept if is_post => (publish(desk, change, &info, by)?, Moderated::Published),
        Decision::Accept => {
            let event = Event::Dropped { post, why: DropReason::Obeyed, by: Some(by) };
            (change.event(event), Moderated::DealtWith)
        }
        Decision::Refuse(words) => (refuse(desk, change, &info, by, words)?, Moderated::Refused),
        Decision::Discard => {
            let event = Event::Dropped { post, why: DropReason::Discarded, by: Some(by) };
            (change.event(event), Moderated::Discarded)
        }
    };
    match desk.store.commit(change) {
        Ok(()) => Ok(moderated),
        Err(StoreError::Conflict(_)) => {
            Ok(Moderated::NotWaiting(desk.store.post(post)?.map(|info| info.state)))
        }
        Err(error) => Err(error.into()),
    }
}

fn publish(desk: &Desk, change: Change, info: &PostInfo, by: Decider) -> Result<Change, FlowError> {
    let list = match info.list {
        Some(list) => desk.store.list(list)?,
        None => None,
    };
    let Some(list) = list else { return Ok(change) };
    let raw = desk.store.raw(info.id)?;
    let summary = raw.as_deref().map(parse::summarize).unwrap_or_default();
    let Readership { now: readers, later } = readers(desk, &list, info.author, &summary, desk.now())?;
    let from = raw.map(|raw| choose_from(desk, info, &list, &summary, &raw));
    let (post, list, by) = (info.id, list.id, Some(by));
    Ok(change.event(Event::Published { post, list, by, readers, from, later }))
}

fn refuse(
    desk: &Desk,
    change: Change,
    info: &PostInfo,
    by: Decider,
    words: String,
) -> Result<Change, FlowError> {
    let post = info.id;
    let change = change.event(Event::Refused { post, by: Some(by), words: words.clone() });
    let (Some(list), Some(raw)) = (info.list, desk.store.raw(post)?) else { return Ok(change) };
    let Some(list) = desk.store.list(list)? else { return Ok(change) };
    Ok(match may_be_told(desk, &list, info.author, &raw)? {
        Some(person) => change.event(Event::LetterOwed {
            letter: desk.store.next_letter(),
            about: LetterAbout::Refused { post, person, words },
        }),
        None => change,
    })
}
