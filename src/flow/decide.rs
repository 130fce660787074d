//! What becomes of a message that was kept: out to its readers, or waiting for somebody.
//!
//! Works through what nobody has decided about, in batches, whenever there is some. A message that
//! kills the reader is given three chances, counted on disk, and is then put aside; those behind it
//! are decided meanwhile.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::author::{looks_like, may_be_told, standing};
use super::membership::answerable;
use super::moderate::{Held, ask, set_aside};
use super::publish::publish;
use super::{Desk, FlowError, bounces, is_current, requests, summaries};
use crate::domain::care::Told;
use crate::domain::door::Standing;
use crate::domain::ids::{MessageId, PersonId, PostId};
use crate::domain::list::{Attachments, List, Posting};
use crate::domain::moderation::{self, Body, HoldReason, PostFacts, ThreadPace, Verdict, Weight};
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::Matter;
use crate::mail::compose;
use crate::mail::headers::Headers;
use crate::mail::parse::{self, SingletonFault, Summary, SummaryFault};
use crate::mail::summary::{is_summary, own_words};
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect, Ticket};
use crate::store::event::{Event, LetterAbout, Note, Occasion, RequestDoor};
use crate::store::{PostInfo, StoreError};

/// Messages decided before the answers are waited for. Few, since they share the store's groups with
/// what is being taken at the door, where somebody waits.
const BATCH: usize = 16;
/// While so many messages are being taken at once…
const RUSH: usize = 8;
/// …each batch is followed by a pause: a server waits for each of those, and nobody counts the
/// moments until a copy comes.
const GIVE_WAY: Duration = Duration::from_millis(10);
/// After so many attempts to read a message that ended the server, it is put aside.
const ATTEMPTS_MAX: u32 = 3;

/// Decides everything that waits for it, and how many that were.
pub fn decide_waiting(desk: &Desk) -> Result<usize, FlowError> {
    let mut decided = 0;
    loop {
        match decide_next(desk)? {
            0 => return Ok(decided),
            some => decided += some,
        }
    }
}

/// Decides the next few that wait for it, and how many that were: none once nothing waits.
pub fn decide_next(desk: &Desk) -> Result<usize, FlowError> {
    let waiting = desk.store.next_undecided(BATCH)?;
    let mut tickets = Vec::new();
    for post in waiting {
        tickets.push(decide_one(desk, post)?);
    }
    let decided = tickets.len();
    for ticket in tickets.into_iter().flatten() {
        settle(ticket.wait())?;
    }
    if decided > 0 && desk.taking.load(Ordering::Relaxed) >= RUSH {
        std::thread::sleep(GIVE_WAY);
    }
    Ok(decided)
}

/// The same for what an earlier server left behind and never began to read: one of these may end
/// this one, so each attempt is counted on disk before the message is read.
pub fn decide_left_behind(desk: &Desk) -> Result<usize, FlowError> {
    let waiting = desk.store.undecided()?;
    for (post, _) in waiting.iter().filter(|(_, attempts)| *attempts == 0) {
        attempt(desk, *post, 1)?;
    }
    Ok(waiting.len())
}

/// Messages that were being read when a server ended, and those of them this one has tried.
#[derive(Default)]
pub struct Suspects(Mutex<BTreeSet<PostId>>);

impl Suspects {
    /// Tries them again. To be called when this server has lived for a while, so that one that is
    /// ended from outside again and again has no message to blame for it.
    pub fn decide(&self, desk: &Desk) -> Result<(), FlowError> {
        for (post, attempts) in desk.store.undecided()? {
            if attempts == 0 {
                continue;
            }
            let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(post);
            let now = desk.now();
            if first && attempts >= ATTEMPTS_MAX {
                tracing::error!(%post, "a message that ended the server three times is put aside");
                let change = Change::at(now).expect(Expect::Undecided(post));
                settle(desk.store.commit(set_aside(desk, change, post)?))?;
            } else {
                attempt(desk, post, if first { attempts + 1 } else { attempts })?;
            }
        }
        Ok(())
    }
}

fn attempt(desk: &Desk, post: PostId, attempts: u32) -> Result<(), FlowError> {
    // A disk too full to write the decision down is no fault of the message.
    desk.store.room()?;
    let event = Event::Attempted { post, attempts };
    settle(desk.store.commit(Change::at(desk.now()).expect(Expect::Undecided(post)).event(event)))?;
    if let Some(ticket) = decide_one(desk, post)? {
        settle(ticket.wait())?;
    }
    Ok(())
}

/// Somebody else was faster: then it is decided, which is all that was wanted.
fn settle(answer: Result<(), StoreError>) -> Result<(), FlowError> {
    match answer {
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn decide_one(desk: &Desk, post: PostId) -> Result<Option<Ticket>, FlowError> {
    let Some(info) = desk.store.post(post)?.filter(|info| info.state == PostState::Undecided) else {
        return Ok(None);
    };
    let now = desk.now();
    if let Some(door) = info.door {
        decide_request(desk, &info, door, now)?;
        return Ok(None);
    }
    let change = Change::at(now).expect(Expect::Undecided(post));
    let change = match (info.list, desk.store.raw(post)) {
        (_, Err(error @ StoreError::Damaged { .. })) => {
            tracing::error!(%post, %error, "a message that waits cannot be read; it is put aside");
            set_aside(desk, change, post)?
        }
        (_, Err(error)) => return Err(error.into()),
        (Some(list), Ok(Some(raw))) => match desk.store.list(list)? {
            Some(list) if is_misdirected_request(desk, &list, &info, &raw, now)? => {
                decide_request(desk, &info, RequestDoor::Post, now)?;
                return Ok(None);
            }
            Some(list) => decision(desk, change, &info, &list, &raw, now)?,
            None => change.event(Event::Held { post, reason: HoldReason::ToOperator }),
        },
        (None, _) | (_, Ok(None)) => change.event(Event::Held { post, reason: HoldReason::ToOperator }),
    };
    Ok(Some(desk.store.submit(change)))
}

/// A request is decided alone: the next one may rest on what this one changes.
fn decide_request(desk: &Desk, info: &PostInfo, door: RequestDoor, now: Timestamp) -> Result<(), FlowError> {
    let post = info.id;
    let undecided = || Change::at(now).expect(Expect::Undecided(post));
    let change = match desk.store.raw(post) {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%post, %error, "a request that waits cannot be read; it is put aside");
            set_aside(desk, undecided(), post)?
        }
        Err(error) => return Err(error.into()),
        Ok(None) => undecided().event(Event::Held { post, reason: HoldReason::ToOperator }),
        Ok(Some(raw)) => match bounces::decide(desk, info, door, &raw, now)? {
            Some(change) => change,
            None => requests::decide(desk, info, door, &raw, now)?,
        },
    };
    match desk.store.commit(change) {
        // Whoever wrote it can be told by people only.
        Err(StoreError::TooLong(what)) => {
            tracing::error!(%post, what, "a request would not fit; it waits for somebody to look at it");
            let held = Event::Held { post, reason: HoldReason::ToOperator };
            settle(desk.store.commit(undecided().event(held)))
        }
        other => settle(other),
    }
}

fn decision(
    desk: &Desk,
    change: Change,
    info: &PostInfo,
    list: &List,
    raw: &[u8],
    now: Timestamp,
) -> Result<Change, FlowError> {
    let post = info.id;
    let Ok((summary, body)) = catch_unwind(AssertUnwindSafe(|| read(raw, info))) else {
        tracing::error!(%post, "the reader failed on a message; it waits for somebody to look at it");
        let (reason, proof) = (HoldReason::NotDisplayable, info.proof.unwrap_or(Proof::NoMeans));
        let asking = ask(desk, list, Held { post, reason, proof, author: info.author }, now)?;
        return Ok(asking.onto(change.event(Event::Held { post, reason })));
    };
    let facts = PostFacts {
        standing: standing(desk, list.id, info.author)?,
        proof: info.proof.unwrap_or(Proof::NoMeans),
        body,
        weight: match list.settings.attachments {
            Attachments::Hold if compose::are_large(raw) => Weight::Large,
            Attachments::Hold | Attachments::Link | Attachments::Keep => Weight::Usual,
        },
    };
    if facts.standing == Standing::Stranger && list.settings.posting == Posting::Members {
        return from_other_address(desk, change.summary(post, summary), list, post, raw, now);
    }
    if let Some(events) = asked_first(desk, list, info, &facts, (raw, summary.no_archive), now)? {
        let (reason, events) = events;
        let change = change.summary(post, summary).event(Event::Held { post, reason });
        return Ok(events.into_iter().fold(change, Change::event));
    }
    let bound = bounds(desk, list, info, &summary, now)?;
    if (bound, facts.standing) == (Bound::TopicClosed, Standing::Animator) {
        // Who closed it may say a last word.
    } else if bound == Bound::TopicClosed {
        return closed_topic(desk, change.summary(post, summary), (list, info), raw);
    }
    let verdict = match (moderation::decide(list, &facts), bound, facts.standing) {
        (verdict @ Verdict::Hold(_), _, _) | (verdict, _, Standing::Animator) => verdict,
        (Verdict::Publish, Bound::Held(reason), _) => Verdict::Hold(reason),
        (Verdict::Publish, Bound::None | Bound::TopicClosed, _) => Verdict::Publish,
    };
    let (message_id, list_address) = (info.message_id.as_ref().map(MessageId::as_str), &list.address);
    tracing::info!(%post, message_id, list = %list_address, outcome = ?verdict, "a post was decided on");
    Ok(match verdict {
        Verdict::Publish => {
            let event = publish(desk, list, info, (&summary, Some(raw)), None, now)?;
            let follows = summaries::proposed(desk, list, (post, info.author), &summary, raw, now)?;
            follows.into_iter().fold(change.summary(post, summary).event(event), Change::event)
        }
        Verdict::Hold(reason) => {
            let change = change.summary(post, summary).event(Event::Held { post, reason });
            let change =
                ask(desk, list, Held { post, reason, proof: facts.proof, author: info.author }, now)?
                    .onto(change);
            // Somebody else's address stood in it, by what its domain says: they are not written to. Who
            // looks after the list was just asked about it.
            let told = facts.proof != Proof::Disproved && facts.standing != Standing::Animator;
            let author = info.author.filter(|_| told);
            match may_be_told(desk, list, author, raw)? {
                Some(person) => change
                    .event(answerable(&desk.store, person, list.id, Matter::Talk, now))
                    .event(Event::LetterOwed {
                        letter: desk.store.next_letter(),
                        about: LetterAbout::Held { post, person, reason },
                    }),
                None => change,
            }
        }
    })
}

/// A post whose author is asked something before anybody else looks at it: why it waits, and what asks.
fn asked_first(
    desk: &Desk,
    list: &List,
    info: &PostInfo,
    facts: &PostFacts,
    (raw, no_archive): (&[u8], bool),
    now: Timestamp,
) -> Result<Option<(HoldReason, Vec<Event>)>, FlowError> {
    let unproven = matches!(facts.proof, Proof::NoMeans | Proof::CannotTell);
    let in_their_name =
        list.settings.posting == Posting::Animators && facts.standing == Standing::Animator && unproven;
    // Of most posts nothing is to be asked, and who could be is not looked up.
    if !in_their_name && (no_archive || !requests::asks_consent(list, facts.proof)) {
        return Ok(None);
    }
    let Some(person) = may_be_told(desk, list, info.author, raw)? else { return Ok(None) };
    if in_their_name {
        let events = requests::ask_whether_theirs(desk, list, person, info.id, now)?;
        return Ok(Some((HoldReason::Unproven, events)));
    }
    let asked = requests::ask_consent(desk, list, person, info.id, now)?;
    Ok(asked.map(|events| (HoldReason::Consent, events)))
}

/// What holds a post back beside who wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bound {
    None,
    Held(HoldReason),
    TopicClosed,
}

/// So long somebody's posts are counted together.
const PACE_SPAN: Duration = Duration::from_secs(600);
/// No more of what came in that time is looked at.
const PACE_POSTS_MAX: usize = 5_000;

fn bounds(
    desk: &Desk,
    list: &List,
    info: &PostInfo,
    summary: &Summary,
    now: Timestamp,
) -> Result<Bound, FlowError> {
    let paces = desk.store.thread_paces(list.id)?;
    let answered =
        if paces.is_empty() { None } else { desk.store.reader().thread_answered(list.id, summary)? };
    if let Some(answered) = answered {
        for (thread, pace) in paces {
            if desk.store.reader().thread_now(list.id, thread)? == Some(answered) {
                return Ok(match pace {
                    ThreadPace::Closed => Bound::TopicClosed,
                    ThreadPace::Slow => Bound::Held(HoldReason::SlowThread),
                    ThreadPace::Usual => Bound::None,
                });
            }
        }
    }
    let pace = list.settings.pace.parse::<usize>().ok();
    let (Some(pace), Some(author)) = (pace, info.author) else { return Ok(Bound::None) };
    let many = posts_lately(desk, author, info, now, pace)? >= pace;
    Ok(if many { Bound::Held(HoldReason::Pace) } else { Bound::None })
}

/// How many posts of that author the list had shortly before this one; counted up to `enough`.
fn posts_lately(
    desk: &Desk,
    author: PersonId,
    info: &PostInfo,
    now: Timestamp,
    enough: usize,
) -> Result<usize, FlowError> {
    let mut count = 0;
    for other in desk.store.newest_posts().take(PACE_POSTS_MAX) {
        let other = other?;
        // What was imported came by nobody, at no moment.
        if other.via.is_none() || other.id >= info.id {
            continue;
        }
        if count >= enough || now >= other.received + PACE_SPAN {
            break;
        }
        let is_post = other.list == info.list && other.door.is_none();
        count += usize::from(is_post && other.author == Some(author));
    }
    Ok(count)
}

/// Nothing more goes out in a closed topic, and its author is told so.
fn closed_topic(
    desk: &Desk,
    change: Change,
    (list, info): (&List, &PostInfo),
    raw: &[u8],
) -> Result<Change, FlowError> {
    let post = info.id;
    let change = change.event(Event::Refused { post, by: None, words: String::new() });
    let author = info.author.filter(|_| info.proof != Some(Proof::Disproved));
    Ok(match may_be_told(desk, list, author, raw)? {
        Some(person) => {
            let (note, occasion) = (Note::Care { told: Told::TopicClosed { post } }, Occasion::default());
            let about = LetterAbout::Note { list: Some(list.id), person, note, occasion };
            change.event(Event::LetterOwed { letter: desk.store.next_letter(), about })
        }
        None => change,
    })
}

/// The door lets a stranger in where only members write if the post looks like a member's: they
/// are asked, and it waits.
fn from_other_address(
    desk: &Desk,
    change: Change,
    list: &List,
    post: PostId,
    raw: &[u8],
    now: Timestamp,
) -> Result<Change, FlowError> {
    let mut change = change.event(Event::Held { post, reason: HoldReason::OtherAddress });
    if let Some(person) = looks_like(desk, list, raw)? {
        let events = requests::ask_whether_same(desk, list, person, post, now)?;
        for event in events.into_iter().flatten() {
            change = change.event(event);
        }
    }
    Ok(change)
}

/// A member who writes « stop » to everybody is understood, and spared: nobody sees it.
fn is_misdirected_request(
    desk: &Desk,
    list: &List,
    info: &PostInfo,
    raw: &[u8],
    now: Timestamp,
) -> Result<bool, FlowError> {
    let by_a_member = match info.author {
        Some(author) => desk.store.member(list.id, author)?.is_some_and(|member| is_current(&member)),
        None => false,
    };
    // « Résumé : » is how digests are asked for, too.
    Ok(by_a_member && requests::is_misdirected(desk, list, info, raw, now)? && !is_summary(&own_words(raw)))
}

fn read(raw: &[u8], info: &PostInfo) -> (Summary, Body) {
    let summary = parse::summarize(raw);
    let (headers, _) = Headers::scan_leniently(raw);
    let repeated = |fault: &SingletonFault| matches!(fault, SingletonFault::Repeated(_));
    let body = match summary.fault {
        Some(SummaryFault::Header(_) | SummaryFault::Mime(_) | SummaryFault::Decoder) => Body::NotDisplayable,
        None if parse::singleton_faults(&headers).iter().any(repeated) => Body::Ambiguous,
        None if info.disclosed => Body::Disclosing,
        None => Body::Plain,
    };
    (summary, body)
}
