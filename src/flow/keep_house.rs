//! What happens because time passes: memberships that end, pauses that are over, questions nobody
//! can answer any more, and those who asked to join and never confirmed.

use std::time::Duration;

use super::lists::{self, ListFault};
use super::membership::{self, Act, Telling};
use super::moderate::gather::gather;
use super::{Desk, FlowError, forget, is_current, opening, retain};
use crate::domain::ids::{ListId, PersonId, QuestionId};
use crate::domain::list::ListState;
use crate::domain::member::{MemberState, Membership};
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, AskedBecause, Matter, Question};
use crate::store::StoreError;
use crate::store::change::{Change, Expect};
use crate::store::event::{Event, LetterAbout, MemberCause, Note, Occasion};

/// A question is remembered so long after its time, so that a late answer can be told it was late.
const LATE_ANSWERS: Duration = Duration::from_secs(30 * 86_400);
/// A member whose membership ends is reminded once, so long before.
const REMIND_BEFORE: Duration = Duration::from_secs(7 * 86_400);

/// Does what has become due. Cheap when there is nothing.
pub fn keep_house(desk: &Desk) -> Result<(), FlowError> {
    let now = desk.now();
    for list in desk.store.reader().lists()? {
        for member in desk.store.members(list.id)? {
            let change = match due(desk, &member, now)? {
                Some(change) => change,
                None => continue,
            };
            settle(desk.store.commit(change))?;
        }
    }
    close_what_ends(desk, now)?;
    gather(desk)?;
    opening::open_due(desk)?;
    forget::carry_out_due(desk)?;
    retain::let_go_once_a_day(desk)?;
    for pass in desk.store.passes()?.into_iter().filter(|pass| pass.until <= now) {
        let event = Event::PassEnded { pass: pass.number, person: pass.person };
        settle(desk.store.commit(Change::at(now).event(event)))?;
    }
    for asked in desk.store.questions_from(QuestionId(0))? {
        // That somebody agreed to be read by everybody counts for good.
        let agreed =
            matches!(asked.question.matter, Matter::Consent { .. }) && asked.answer == Some(Answered::Yes);
        if asked.question.until + LATE_ANSWERS <= now && !agreed {
            let event = Event::Lapsed { question: asked.question.number };
            settle(desk.store.commit(Change::at(now).event(event)))?;
        }
    }
    Ok(())
}

/// A list whose last day is over takes no more posts; what is in it stays.
fn close_what_ends(desk: &Desk, now: Timestamp) -> Result<(), FlowError> {
    for list in desk.store.reader().lists()? {
        let over = list.settings.last_day().is_some_and(|day| day < now.date_in(&desk.zone));
        if !over || list.state != ListState::Open {
            continue;
        }
        tracing::info!(list = %list.address, "its last day is over: it is closed");
        match lists::set_state(desk, &list, ListState::Closed) {
            Ok(_) => {}
            Err(ListFault::Refused(why)) => tracing::warn!(list = %list.address, %why, "it stays open"),
            Err(ListFault::Flow(error)) => return Err(error),
        }
    }
    Ok(())
}

/// Somebody else was faster: then it is looked at again the next time.
fn settle(answer: Result<(), StoreError>) -> Result<(), FlowError> {
    match answer {
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What time has brought for one member.
fn due(desk: &Desk, member: &Membership, now: Timestamp) -> Result<Option<Change>, FlowError> {
    if member.state == MemberState::Pending {
        let left = Membership { state: MemberState::Left, ..member.clone() };
        let waits = is_waited_for(desk, member.list, member.person, now)?;
        return Ok((!waits).then(|| becomes(member, left, MemberCause::NotJoined, now)));
    }
    if !is_current(member) {
        return Ok(None);
    }
    match member.until {
        Some(until) if until <= now => {
            let act = Act { now, by: None, telling: Telling::Letter };
            return Ok(Some(membership::ending(&desk.store, member.clone(), MemberCause::Ended, act)));
        }
        Some(until) if until <= now + REMIND_BEFORE && !was_reminded(desk, member, until)? => {
            return Ok(Some(reminder(desk, member, now)));
        }
        Some(_) | None => {}
    }
    if member.state == MemberState::Active && member.pause_has_begun(now) {
        let resting = Membership { state: MemberState::Paused, pause_from: None, ..member.clone() };
        return Ok(Some(becomes(member, resting, MemberCause::Wished, now)));
    }
    let told = member.state == MemberState::Paused || member.pause_from.is_some();
    let over = told && member.pause_until.is_some_and(|until| until <= now);
    let state = if member.state == MemberState::Paused { MemberState::Active } else { member.state };
    let awake = Membership { state, pause_from: None, pause_until: None, ..member.clone() };
    Ok(over.then(|| becomes(member, awake, MemberCause::Wished, now)))
}

fn becomes(before: &Membership, after: Membership, cause: MemberCause, now: Timestamp) -> Change {
    let seen = Expect::Member(before.list, before.person, Some(Box::new(before.clone())));
    Change::at(now).expect(seen).event(Event::Member { member: Box::new(after), cause, by: None })
}

/// Whether somebody who asked to join may still answer, or an animator about them.
fn is_waited_for(desk: &Desk, list: ListId, newcomer: PersonId, now: Timestamp) -> Result<bool, FlowError> {
    let consent = desk.store.member(list, newcomer)?.and_then(|member| member.consent);
    // What was confirmed waits for people, who take the time they take.
    if consent.is_none_or(|consent| consent.confirmed.is_some()) {
        return Ok(true);
    }
    let asked = desk.store.questions_to(newcomer)?;
    Ok(asked.iter().any(|q| q.question.list == Some(list) && q.answer.is_none() && now < q.question.until))
}

/// Whether this end was told already: any later wish moves the end, and is reminded anew.
fn was_reminded(desk: &Desk, member: &Membership, until: Timestamp) -> Result<bool, FlowError> {
    let asked = desk.store.questions_to(member.person)?;
    Ok(asked.iter().any(|asked| {
        let Question { list, matter, cause, until: answered_until, .. } = &asked.question;
        *list == Some(member.list)
            && *matter == Matter::Talk
            && *cause == AskedBecause::Ours
            && *answered_until == until + LATE_ANSWERS
    }))
}

fn reminder(desk: &Desk, member: &Membership, now: Timestamp) -> Change {
    let (person, list) = (member.person, Some(member.list));
    let number = desk.store.next_question();
    let until = member.until.unwrap_or(now) + LATE_ANSWERS;
    let (matter, cause) = (Matter::Talk, AskedBecause::Ours);
    let question = Question { number, person, list, matter, until, cause };
    let occasion = Occasion { question: Some(number), ..Occasion::default() };
    let about = LetterAbout::Note { list, person, note: Note::EndsSoon, occasion };
    Change::at(now)
        .expect(Expect::Member(member.list, person, Some(Box::new(member.clone()))))
        .event(Event::Asked { question: Box::new(question) })
        .event(Event::LetterOwed { letter: desk.store.next_letter(), about })
}
