//! The mails Parvis writes itself: written when they are sent, from what is true at that moment.

use super::{Desk, FlowError, beside, leave_address};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, MessageId, PersonId, PostId};
use crate::domain::list::{ArchivePolicy, Joining, Language, List, ListState};
use crate::domain::member::{Joined, MemberState, Person, Role};
use crate::domain::moderation::HoldReason;
use crate::domain::recipient::ListDoor;
use crate::domain::retry::Next;
use crate::domain::token::Purpose;
use crate::letters::{
    Arrival, AutoSubmitted, Departure, Farewell, Frame, Group, Held, Letter, ListHeaders, Mailbox,
    NowAnimator, Refused, Unsubscribe, Welcome, WhyHeld,
};
use crate::mail::parse;
use crate::smtp::client::{Bits, Copy, Outbox, Outcome};
use crate::smtp::dot_stuff::dot_stuff;
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{Ending, Event, LetterAbout, LetterOutcome};
use crate::store::{OwedLetter, StoreError};

use super::dispatch::Ended;
use super::send_copies::write_down;

/// Somebody who left may come back by answering, for so long.
const BACK_DAYS: u64 = 7;

/// The facts a letter rests on.
struct Facts {
    list: List,
    person: Person,
    address: EmailAddress,
    language: Language,
    animators: Vec<String>,
    /// The post it is about: its id, what it referred to, its subject.
    post: Option<(Option<MessageId>, Vec<MessageId>, String)>,
}

/// Writes a letter that is owed, carries it, and keeps what became of it.
pub async fn send_letter<O: Outbox>(
    desk: &Desk,
    outbox: &O,
    owed: &OwedLetter,
    attempts: u32,
) -> Result<Ended, FlowError> {
    let outcome = match write(desk, owed)? {
        None => LetterOutcome::Pointless,
        Some(copy) => match outbox.carry(copy).await {
            Outcome::Taken { reply } => LetterOutcome::Taken(reply),
            Outcome::Refused { reply, .. } => LetterOutcome::Failed(reply),
            Outcome::PutOff { reply, .. } | Outcome::Lost { why: reply, .. } => {
                match desk.retry.next(attempts + 1, owed.since, desk.now(), 0.0) {
                    Next::At(_) => return Ok(Ended::LetterPutOff),
                    Next::GiveUp => LetterOutcome::Failed(format!("given up: {reply}")),
                }
            }
        },
    };
    let change = || {
        Change::at(desk.now())
            .expect(Expect::LetterOwed(owed.letter))
            .event(Event::LetterDone { letter: owed.letter, outcome: outcome.clone() })
    };
    match write_down(desk, change).await {
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(Ended::Settled),
        Err(error) => Err(error.into()),
    }
}

fn write(desk: &Desk, owed: &OwedLetter) -> Result<Option<Copy>, FlowError> {
    let Some(facts) = facts(desk, &owed.about)? else { return Ok(None) };
    let member = desk.store.member(facts.list.id, facts.person.id)?;
    let is_member = member.as_ref().is_some_and(|member| member.state != MemberState::Left);
    let group = Group { name: &facts.list.settings.name, address: &facts.list.address };
    let animators: Vec<&str> = facts.animators.iter().map(String::as_str).collect();
    let others: Vec<&str> = animators.iter().copied().filter(|name| *name != facts.person.name).collect();
    let archive = desk.archive_url(&facts.list);
    let has_archive = facts.list.settings.archive != ArchivePolicy::None;
    let archive = has_archive.then_some(archive.as_str());
    let join = beside(&facts.list, &ListDoor::Join);
    let may_join = facts.list.settings.joining != Joining::Closed && facts.list.state == ListState::Open;
    let title = facts.post.as_ref().map_or("", |(_, _, subject)| subject.as_str());
    let letter = match &owed.about {
        LetterAbout::Welcome { .. } => {
            let Some(member) = member.as_ref().filter(|_| is_member) else { return Ok(None) };
            Letter::Welcome(Welcome {
                group,
                arrival: match member.joined {
                    Joined::Declared => Arrival::AddedByOperator(&desk.hostname),
                    Joined::Imported => Arrival::Imported,
                    Joined::Confirmed => Arrival::Confirmed,
                },
                promise: &facts.list.settings.promise,
                animators: &animators,
                posting: facts.list.settings.posting,
                archive: facts.list.settings.archive,
                archive_url: archive,
                reading: member.reading,
            })
        }
        LetterAbout::Farewell { ending, .. } => {
            if is_member {
                return Ok(None);
            }
            Letter::Farewell(Farewell {
                group,
                departure: match ending {
                    Ending::TheyLeft => Departure::Left,
                    Ending::TakenOut => Departure::Removed,
                },
                back_until: owed.since + std::time::Duration::from_secs(BACK_DAYS * 86_400),
                join_address: may_join.then_some(join.as_str()),
            })
        }
        LetterAbout::NowAnimator { .. } => {
            let animates = member.as_ref().is_some_and(|m| m.role == Role::Animator && is_member);
            if !animates {
                return Ok(None);
            }
            Letter::NowAnimator(NowAnimator { group, others: &others, host: &desk.hostname })
        }
        LetterAbout::Held { reason, .. } => {
            Letter::Held(Held { group, title, why: why_held(*reason), animators: &animators })
        }
        LetterAbout::Refused { words, .. } => Letter::Refused(Refused { group, title, words, by: None }),
    };
    Ok(Some(compose(desk, &facts, owed, letter, archive, is_member)))
}

fn compose(
    desk: &Desk,
    facts: &Facts,
    owed: &OwedLetter,
    letter: Letter<'_>,
    archive: Option<&str>,
    is_member: bool,
) -> Copy {
    let list = &facts.list;
    let parse = |text: &str| EmailAddress::parse(text).expect("an address beside a list's own");
    let from = parse(&beside(list, &ListDoor::Help));
    let animators = parse(&beside(list, &ListDoor::Animators));
    let token = desk.store.tokens().token(Purpose::Leave { list: list.id, person: facts.person.id });
    let leave_mail = leave_address(&list.address, facts.language, &token);
    let leave_url = desk.leave_url(&token);
    let message_id =
        MessageId::parse(&format!("letter-{}-{}@{}", owed.letter, owed.since.millis(), desk.hostname))
            .expect("digits and a host name");
    let (answers, references) = match &facts.post {
        Some((id, references, _)) => (id.as_ref(), references.as_slice()),
        None => (None, [].as_slice()),
    };
    let frame = Frame {
        language: facts.language,
        to: Mailbox { name: &facts.person.name, address: &facts.address },
        from: Mailbox { name: &list.settings.name, address: &from },
        // Whoever is told no may answer the people who said it.
        reply_to: matches!(letter, Letter::Refused(_)).then_some(&animators),
        list: Some(ListHeaders {
            name: &list.settings.name,
            address: &list.address,
            archive,
            unsubscribe: is_member.then_some(Unsubscribe { mail: &leave_mail, one_click: Some(&leave_url) }),
        }),
        message_id: &message_id,
        date: desk.now(),
        zone: &desk.zone,
        in_reply_to: answers,
        references,
        auto: if answers.is_some() { AutoSubmitted::Replied } else { AutoSubmitted::Generated },
    };
    let mail = desk.letters.compose(letter, &frame);
    for fault in &mail.faults {
        tracing::warn!(template = %fault.path.display(), why = %fault.why, "a letter's own template was not used");
    }
    let split = memchr::memmem::find(&mail.bytes, b"\r\n\r\n").map_or(mail.bytes.len(), |at| at + 4);
    Copy {
        // Nobody is told when one of our own letters fails (RFC 3834 §3.3).
        sender: None,
        recipient: facts.address.clone(),
        head: dot_stuff(&mail.bytes[..split]),
        body: dot_stuff(&mail.bytes[split..]),
        bits: Bits::Seven,
    }
}

fn facts(desk: &Desk, about: &LetterAbout) -> Result<Option<Facts>, FlowError> {
    let (list, post): (Option<ListId>, Option<PostId>) = match about {
        LetterAbout::Welcome { list, .. }
        | LetterAbout::Farewell { list, .. }
        | LetterAbout::NowAnimator { list, .. } => (Some(*list), None),
        LetterAbout::Held { post, .. } => {
            let Some(info) = desk.store.post(*post)? else { return Ok(None) };
            if info.state != PostState::Held {
                return Ok(None);
            }
            (info.list, Some(*post))
        }
        LetterAbout::Refused { post, .. } => {
            (desk.store.post(*post)?.and_then(|info| info.list), Some(*post))
        }
    };
    let Some(list) = list.map(|list| desk.store.list(list)).transpose()?.flatten() else { return Ok(None) };
    let Some(person) = desk.store.person(about.person())? else { return Ok(None) };
    let Some(address) = person.addresses.first().cloned() else { return Ok(None) };
    let post = match post {
        Some(post) => match desk.store.raw(post)? {
            Some(raw) => {
                let summary = parse::summarize(&raw);
                Some((summary.message_id, summary.references, summary.subject))
            }
            None => return Ok(None),
        },
        None => None,
    };
    let language = person.language.unwrap_or(list.settings.language);
    let animators = animators(desk, list.id)?;
    Ok(Some(Facts { list, person, address, language, animators, post }))
}

/// The names of those who look after a list, as far as they told us.
fn animators(desk: &Desk, list: ListId) -> Result<Vec<String>, FlowError> {
    let mut names = Vec::new();
    for member in desk.store.members(list)? {
        if member.role == Role::Animator && member.state != MemberState::Left {
            names.extend(name_of(desk, member.person)?);
        }
    }
    Ok(names)
}

fn name_of(desk: &Desk, person: PersonId) -> Result<Option<String>, FlowError> {
    Ok(desk.store.person(person)?.map(|person| person.name).filter(|name| !name.is_empty()))
}

fn why_held(reason: HoldReason) -> WhyHeld {
    match reason {
        HoldReason::FirstPost => WhyHeld::FirstPost,
        HoldReason::Moderated => WhyHeld::Moderated,
        HoldReason::HoldAll => WhyHeld::HoldAll,
        HoldReason::Unproven => WhyHeld::Unproven,
        HoldReason::Ambiguous | HoldReason::NotDisplayable => WhyHeld::OddForm,
        HoldReason::OtherList | HoldReason::ToAnimators | HoldReason::ToOperator | HoldReason::Request => {
            WhyHeld::NotAMember
        }
    }
}
