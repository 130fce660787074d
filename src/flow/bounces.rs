//! What comes back of what was sent: whose it was, what it says of them, and what follows.
//!
//! Only the token in the address a report comes to says whose it is; what it names in its words is
//! never believed, and a report without one of ours does nothing. The same refusal counts once,
//! whether it was said in the dialogue or comes as a report. `domain::reach` has the rules.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{Desk, FlowError, is_current, moderate};
use crate::domain::care::Told;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::member::{MemberState, Membership};
use crate::domain::moderation::HoldReason;
use crate::domain::reach::{Next, Obstacle, Reach};
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::domain::wish::{AskedBecause, Matter, Question, Wish};
use crate::mail::bounce::{self, Bounce, Cause, Outcome, Report};
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{DropReason, Event, LetterAbout, MemberCause, Note, Occasion, RequestDoor};
use crate::store::ledger::{CopyResult, GIVEN_UP};
use crate::store::{PostInfo, StoreError};

/// So many posts between two that came back are looked at for one that arrived.
const POSTS_BETWEEN_MAX: u64 = 5;
/// A report of a post that was taken comes within that time, as a rule.
const REPORTS_COME_WITHIN: Duration = Duration::from_secs(86_400);
/// The operator is told at most that often that servers do not want our mail.
const WARN_EVERY: Duration = Duration::from_secs(86_400);
/// Whoever is paused can answer for so long; after that they write, or are set active.
const BACK_WAIT: Duration = Duration::from_secs(180 * 86_400);
const DAY_SECONDS: i64 = 86_400;
/// More of what a server said is not kept.
const SAID_CHARS_MAX: usize = 300;
/// More of an embedded message is not searched for a token of ours.
const SEARCHED_BYTES_MAX: usize = 64 * 1024;

/// A member of a list, as a token names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Whose {
    list: ListId,
    person: PersonId,
    /// The post that came back; absent: the letter that asked whether anything arrives.
    post: Option<PostId>,
}

/// What a mail to an address for bounces is about, if its token is one of ours.
pub(super) fn door(desk: &Desk, token: &str) -> Option<RequestDoor> {
    match desk.store.tokens().read(token) {
        Some(Purpose::Bounce { post, person }) => Some(RequestDoor::Bounce { post, person }),
        Some(Purpose::Probe { list, person }) => Some(RequestDoor::Probe { list, person }),
        Some(_) | None => None,
    }
}

/// All that follows from a mail to such an address; `None` if it came to another door.
pub(super) fn decide(
    desk: &Desk,
    info: &PostInfo,
    door: RequestDoor,
    raw: &[u8],
    now: Timestamp,
) -> Result<Option<Change>, FlowError> {
    let change = Change::at(now).expect(Expect::Undecided(info.id));
    let away = |why| Event::Dropped { post: info.id, why, by: None };
    let whose = match door {
        RequestDoor::Bounce { post, person } => {
            list_of(desk, post)?.map(|list| Whose { list, person, post: Some(post) })
        }
        RequestDoor::Probe { list, person } => Some(Whose { list, person, post: None }),
        RequestDoor::Report => {
            let held = Event::Held { post: info.id, reason: HoldReason::ToOperator };
            let events = complaint_to_operator(desk, raw, now)?;
            return Ok(Some(events.into_iter().fold(change.event(held), Change::event)));
        }
        RequestDoor::Join
        | RequestDoor::Leave
        | RequestDoor::Help
        | RequestDoor::Request
        | RequestDoor::Search
        | RequestDoor::Digest { .. }
        | RequestDoor::Private { .. }
        | RequestDoor::Answer(_)
        | RequestDoor::Post => return Ok(None),
    };
    let Some(whose) = whose else { return Ok(Some(change.event(away(DropReason::Obeyed)))) };
    let Ok(report) = catch_unwind(AssertUnwindSafe(|| bounce::read(raw))) else {
        tracing::error!(post = %info.id, "the reader failed on a report; nobody counts it");
        return Ok(Some(change.event(away(DropReason::Poison))));
    };
    let events = match report {
        Report::Bounce(bounce) => {
            tracing::info!(
                post = %info.id, person = %whose.person, cause = %bounce.cause, status = bounce.status,
                delayed = bounce.outcome == Outcome::Delayed, "a report came back"
            );
            counted(desk, whose, &bounce, now)?
        }
        Report::Complaint { kind, original: _ } => complained(desk, whose, &kind, now)?,
        Report::Nothing => Vec::new(),
    };
    let change = events.into_iter().fold(change, Change::event);
    Ok(Some(change.event(away(DropReason::Obeyed))))
}

/// A complaint that came to the operator's address: whose it is stands in the message that was
/// complained about, in an address only its reader was given.
fn complaint_to_operator(desk: &Desk, raw: &[u8], now: Timestamp) -> Result<Vec<Event>, FlowError> {
    let Ok(Report::Complaint { kind, .. }) = catch_unwind(AssertUnwindSafe(|| bounce::read(raw))) else {
        return Ok(Vec::new());
    };
    let text = String::from_utf8_lossy(&raw[..raw.len().min(SEARCHED_BYTES_MAX)]);
    for (at, _) in text.match_indices(['+', '/']) {
        let token: String = text[at + 1..].chars().take(crate::domain::token::Token::CHARS).collect();
        let whose = match desk.store.tokens().read(&token) {
            Some(Purpose::Leave { list, person }) => Some(Whose { list, person, post: None }),
            Some(Purpose::Bounce { post, person } | Purpose::LeaveIssue { issue: post, person }) => {
                list_of(desk, post)?.map(|list| Whose { list, person, post: Some(post) })
            }
            Some(_) | None => None,
        };
        if let Some(whose) = whose {
            return complained(desk, whose, &kind, now);
        }
    }
    Ok(Vec::new())
}

/// The list of a post, or of several in one mail, which take their numbers from the same row.
fn list_of(desk: &Desk, number: PostId) -> Result<Option<ListId>, FlowError> {
    if let Some(info) = desk.store.post(number)? {
        return Ok(info.list);
    }
    Ok(desk.store.issue(number)?.map(|issue| issue.list))
}

/// What their own server said in the dialogue, for good.
pub(super) fn refused(
    desk: &Desk,
    post: PostId,
    person: PersonId,
    reply: &str,
) -> Result<Vec<Event>, FlowError> {
    let Some(list) = list_of(desk, post)? else { return Ok(Vec::new()) };
    counted(desk, Whose { list, person, post: Some(post) }, &of_reply(reply), desk.now())
}

/// The letter that asked whether anything arrives did not.
pub(super) fn probe_refused(
    desk: &Desk,
    list: ListId,
    person: PersonId,
    reply: &str,
) -> Result<Vec<Event>, FlowError> {
    counted(desk, Whose { list, person, post: None }, &of_reply(reply), desk.now())
}

fn of_reply(reply: &str) -> Bounce {
    let given_up = reply.starts_with(GIVEN_UP);
    let said = bounce::cause_of(reply);
    let says_little = matches!(said, Cause::Unknown | Cause::NoSuchMailbox);
    let cause = if given_up && says_little { Cause::Unreachable } else { said };
    let status = bounce::status_of(reply);
    Bounce { recipients: Vec::new(), outcome: Outcome::Failed, cause, status, said: reply.to_owned() }
}

/// What something that came back means for a member.
fn counted(desk: &Desk, whose: Whose, bounce: &Bounce, now: Timestamp) -> Result<Vec<Event>, FlowError> {
    let Whose { list, person, post } = whose;
    let why = match (bounce.outcome, bounce.cause) {
        (Outcome::Delayed, _) => return Ok(Vec::new()),
        (Outcome::Failed, Cause::Policy) => return not_wanted(desk, list, bounce, now),
        (Outcome::Failed, Cause::NoSuchMailbox) => Obstacle::NoSuchMailbox,
        (Outcome::Failed, Cause::Full) => Obstacle::Full,
        (Outcome::Failed, Cause::Unreachable) => Obstacle::Unreachable,
        (Outcome::Failed, Cause::Unknown) => Obstacle::Unknown,
    };
    let Some(member) = desk.store.member(list, person)?.filter(is_current) else { return Ok(Vec::new()) };
    let before = desk.store.reach(list, person)?;
    // Somebody set them active again since: what was, is over.
    let over = before.paused.is_some() && member.state != MemberState::Bouncing;
    let before = if over { Reach::default() } else { before };
    let (reach, next) = match post {
        None => before.probe_came_back(why, bounce.status.clone(), now),
        Some(post) => {
            let arrived = something_arrived(desk, &before, (list, person), post, now)?;
            let before = if arrived { Reach::default() } else { before };
            before.came_back(post, why, bounce.status.clone(), now.seconds().div_euclid(DAY_SECONDS))
        }
    };
    let mut events = Vec::new();
    let reach = match next {
        Next::Remember => reach,
        Next::Probe => {
            events.push(owe(desk, list, person, Told::Probe, None));
            Reach { probed: Some(now), ..reach }
        }
        Next::Pause => {
            events.extend(paused(desk, member, now)?);
            reach
        }
    };
    events.push(Event::Reach { list, person, reach: Box::new(reach) });
    Ok(events)
}

/// Whether a post between the last that came back and this one arrived, as far as anybody knows.
fn something_arrived(
    desk: &Desk,
    reach: &Reach,
    (list, person): (ListId, PersonId),
    post: PostId,
    now: Timestamp,
) -> Result<bool, FlowError> {
    let Some(last) = reach.post.filter(|last| *last < post) else { return Ok(false) };
    let first = PostId((last.0 + 1).max(post.0.saturating_sub(POSTS_BETWEEN_MAX * 20)));
    let between = desk.store.posts(first, usize::try_from(post.0 - first.0).unwrap_or(0))?;
    let long_ago = |at| at + REPORTS_COME_WITHIN <= now;
    let went_out = |info: &&PostInfo| {
        info.list == Some(list) && info.state == PostState::Published && info.decided_at.is_some_and(long_ago)
    };
    let mut went: Vec<PostId> = between.iter().filter(went_out).map(|info| info.id).collect();
    for number in first.0..post.0 {
        let issue = desk.store.issue(PostId(number))?;
        went.extend(issue.filter(|issue| issue.list == list && long_ago(issue.at)).map(|issue| issue.number));
    }
    went.sort_unstable();
    for number in went.into_iter().rev().take(POSTS_BETWEEN_MAX as usize) {
        for line in desk.store.ledger(number)? {
            let taken = |(to, result): &(PersonId, CopyResult)| {
                *to == person && matches!(result, CopyResult::Taken(_))
            };
            if line.copies.iter().any(taken) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// No more mail: told at another of their addresses, if there is one; the animators find it in
/// what is gathered.
fn paused(desk: &Desk, member: Membership, now: Timestamp) -> Result<Vec<Event>, FlowError> {
    let (list, person) = (member.list, member.person);
    let others = desk.store.person(person)?.map_or(0, |person| person.addresses.len().saturating_sub(1));
    let bouncing = Membership { state: MemberState::Bouncing, ..member };
    let mut events =
        vec![Event::Member { member: Box::new(bouncing), cause: MemberCause::Unreachable, by: None }];
    tracing::warn!(%list, %person, "a member cannot be reached, and gets no mail until they say they can");
    if others > 0 {
        let number = desk.store.next_question();
        let matter = Matter::Wish { wish: Wish::Resume };
        let (until, cause) = (now + BACK_WAIT, AskedBecause::Ours);
        let question = Question { number, person, list: Some(list), matter, until, cause };
        events.push(Event::Asked { question: Box::new(question) });
        events.push(owe(desk, list, person, Told::Unreached, Some(number)));
    }
    Ok(events)
}

fn owe(
    desk: &Desk,
    list: ListId,
    person: PersonId,
    told: Told,
    question: Option<crate::domain::ids::QuestionId>,
) -> Event {
    let occasion = Occasion { question, ..Occasion::default() };
    let about = LetterAbout::Note { list: Some(list), person, note: Note::Care { told }, occasion };
    Event::LetterOwed { letter: desk.store.next_letter(), about }
}

/// Somebody told their provider that they do not want this: they get no more, and no word about it.
fn complained(desk: &Desk, whose: Whose, kind: &str, now: Timestamp) -> Result<Vec<Event>, FlowError> {
    let Whose { list, person, post: _ } = whose;
    let Some(member) = desk.store.member(list, person)?.filter(|member| member.receives_mail(now)) else {
        return Ok(Vec::new());
    };
    tracing::warn!(%list, %person, kind, "a member complained about our mail, and gets no more");
    let paused = Membership { state: MemberState::Paused, pause_until: None, ..member };
    Ok(vec![Event::Member { member: Box::new(paused), cause: MemberCause::Complained, by: None }])
}

/// Servers do not want what we send, or that we send it: no member's fault, and the operator's to
/// mend.
fn not_wanted(desk: &Desk, list: ListId, bounce: &Bounce, now: Timestamp) -> Result<Vec<Event>, FlowError> {
    tracing::warn!(%list, reply = bounce.said, "a server refuses our mail for what it is, or for whence it comes");
    if desk.store.warned()?.is_some_and(|(at, _)| now < at + WARN_EVERY) {
        return Ok(Vec::new());
    }
    let said = bounce.said.chars().take(SAID_CHARS_MAX).collect();
    let mut events = vec![Event::Warned { said }];
    if let Some(operator) = moderate::operator(desk)? {
        events.push(owe(desk, list, operator, Told::NotWanted, None));
    }
    Ok(events)
}

/// Those whose letter did not come back in time: what was, is over.
pub(super) fn forgive(desk: &Desk, list: ListId, now: Timestamp) -> Result<(), FlowError> {
    for (person, reach) in desk.store.reaches(list)? {
        if !reach.probe_arrived(now) {
            continue;
        }
        let good = Event::Reach { list, person, reach: Box::default() };
        match desk.store.commit(Change::at(now).event(good)) {
            Ok(()) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
