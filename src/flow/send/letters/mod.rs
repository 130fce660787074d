//! The mails Parvis writes itself: written when they are sent, from what is true at that moment.

mod archive;
mod care;
mod exchange;
mod finding;
mod of_digests;
mod orders;

pub(in crate::flow) use care::named;

use std::sync::Arc;

use crate::domain::address::EmailAddress;
use crate::domain::care::Told;
use crate::domain::ids::{ListId, MessageId, PersonId, PostId, QuestionId};
use crate::domain::list::{ArchivePolicy, Joining, Language, List, ListState};
use crate::domain::member::{Joined, Person, Role};
use crate::domain::moderation::HoldReason;
use crate::domain::pace::Felt;
use crate::domain::recipient::ListDoor;
use crate::domain::retry::Next;
use crate::domain::token::Purpose;
use crate::domain::wish::Matter;
use crate::flow::{
    Desk, FlowError, answer_address, beside, bounce_address, bounces, is_current, leave_address, letter_ids,
};
use crate::letters::{
    Arrival, Attachment, AutoSubmitted, Care, Departure, Enclosed, Farewell, Frame, Group, Held, Letter,
    LetterMail, ListHeaders, Mailbox, NowAnimator, Refused, Unsubscribe, Welcome, WhyHeld,
};
use crate::mail::parse;
use crate::sign::Common;
use crate::smtp::client::{Bits, Copy, Outbox, Outcome};
use crate::smtp::dot_stuff::dot_stuff;
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{Ending, Event, LetterAbout, LetterOutcome, Note, Occasion};
use crate::store::ledger::GIVEN_UP;
use crate::store::{OpenQuestion, OwedLetter, StoreError};

use super::copies::{NEEDS_EIGHT_BITS, not_signed, write_down};
use super::dispatch::Ended;

/// Somebody who left may come back by answering, for so long.
const BACK_DAYS: u64 = 7;

/// The facts a letter rests on.
struct Facts {
    /// Absent: it is about no list in particular.
    list: Option<List>,
    person: Person,
    address: EmailAddress,
    /// As a letter may call them; empty where it says nothing of who they are.
    name: String,
    language: Language,
    animators: Vec<String>,
    /// The post it is about: its id, what it referred to, its subject.
    post: Option<(Option<MessageId>, Vec<MessageId>, String)>,
    /// What the way to its reader carries.
    bits: Bits,
}

/// Writes a letter that is owed, carries it, and keeps what became of it.
pub async fn send_letter<O: Outbox>(
    desk: &Desk,
    outbox: &O,
    owed: &OwedLetter,
    attempts: u32,
    spread: f64,
) -> Result<Ended, FlowError> {
    let outcome = match write(desk, owed, Bits::Eight)? {
        None => LetterOutcome::Pointless,
        Some(unsigned) => match carry_in_seven_bits_too(desk, outbox, owed, unsigned).await? {
            Outcome::Taken { reply } => LetterOutcome::Taken(reply),
            Outcome::Refused { reply, .. } => LetterOutcome::Failed(reply),
            Outcome::NeedsSevenBits => LetterOutcome::Failed(NEEDS_EIGHT_BITS.to_owned()),
            Outcome::PutOff { reply, .. } | Outcome::Lost { why: reply, .. } => {
                match desk.retry.next(attempts + 1, owed.since, desk.now(), spread) {
                    Next::At(next) => {
                        desk.letter_waits.put_off(owed.letter, next, reply);
                        return Ok(Ended::LetterPutOff);
                    }
                    Next::GiveUp => LetterOutcome::Failed(format!("{GIVEN_UP}{reply}")),
                }
            }
        },
    };
    let follows = match (&owed.about, &outcome) {
        (LetterAbout::Note { list: Some(list), person, note, .. }, LetterOutcome::Failed(reply))
            if *note == (Note::Care { told: Told::Probe }) =>
        {
            bounces::probe_refused(desk, *list, *person, reply)?
        }
        _ => Vec::new(),
    };
    let change = || {
        let done = Event::LetterDone { letter: owed.letter, outcome: outcome.clone() };
        let change = Change::at(desk.now()).expect(Expect::LetterOwed(owed.letter)).event(done);
        follows.iter().cloned().fold(change, Change::event)
    };
    match write_down(desk, change).await {
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(Ended::Settled(Felt::Answered)),
        Err(error) => Err(error.into()),
    }
}

/// A letter but for its signatures.
struct Unsigned {
    /// Whose key signs it.
    domain: String,
    /// Where it comes back; nowhere, but for what asks whether it arrives.
    sender: Option<EmailAddress>,
    recipient: EmailAddress,
    subject: String,
    /// What it says.
    text: String,
    head: Vec<u8>,
    body: Vec<u8>,
    bits: Bits,
}

/// A letter that was sent, as its reader sees it.
pub(in crate::flow) struct Written {
    pub(in crate::flow) subject: String,
    pub(in crate::flow) text: String,
}

/// The letter in which a question was asked, while it is still to be answered.
pub(in crate::flow) fn asked_in(desk: &Desk, question: &OpenQuestion) -> Result<Option<Written>, FlowError> {
    let (number, person) = (question.question.number, question.question.person);
    let occasion = Occasion { question: Some(number), ..Occasion::default() };
    let about = LetterAbout::Question { question: number, person, occasion };
    let written = write(desk, &OwedLetter { letter: 0, about, since: question.since }, Bits::Seven)?;
    Ok(written.map(|Unsigned { subject, text, .. }| Written { subject, text }))
}

/// A way that takes seven bits only is known once somebody went it: then it is written so.
async fn carry_in_seven_bits_too<O: Outbox>(
    desk: &Desk,
    outbox: &O,
    owed: &OwedLetter,
    unsigned: Unsigned,
) -> Result<Outcome, FlowError> {
    let outcome = carry_signed(desk, outbox, unsigned).await;
    if outcome != Outcome::NeedsSevenBits {
        return Ok(outcome);
    }
    match write(desk, owed, Bits::Seven)? {
        Some(unsigned) => Ok(carry_signed(desk, outbox, unsigned).await),
        None => Ok(outcome),
    }
}

async fn carry_signed<O: Outbox>(desk: &Desk, outbox: &O, unsigned: Unsigned) -> Outcome {
    let Unsigned { domain, sender, recipient, subject: _, text: _, head, body, bits } = unsigned;
    let mut signed = Vec::new();
    if let Some(signer) = &desk.signer {
        let common = Arc::new(Common::new(&domain, &head, &body));
        match signer.sign(common, Vec::new(), desk.now().seconds()).await {
            Ok(fields) => signed = fields,
            Err(error) => return not_signed(error),
        }
    }
    signed.extend_from_slice(&head);
    // Nobody is told when one of our own letters fails (RFC 3834 §3.3).
    let (head, body) = (dot_stuff(&signed), dot_stuff(&body));
    outbox.carry(Copy { sender, recipient, head, body, bits }).await
}

fn write(desk: &Desk, owed: &OwedLetter, bits: Bits) -> Result<Option<Unsigned>, FlowError> {
    let Some(facts) = facts(desk, &owed.about, bits)? else { return Ok(None) };
    match (&owed.about, &facts.list) {
        (LetterAbout::Question { .. } | LetterAbout::Note { .. }, _) => exchange::write(desk, &facts, owed),
        (_, Some(list)) => write_about(desk, &facts, list, owed),
        (_, None) => Ok(None),
    }
}

/// A letter about a list that is there.
fn write_about(
    desk: &Desk,
    facts: &Facts,
    list: &List,
    owed: &OwedLetter,
) -> Result<Option<Unsigned>, FlowError> {
    let member = desk.store.member(list.id, facts.person.id)?;
    let is_member = member.as_ref().is_some_and(is_current);
    let group = Group { name: &list.settings.name, address: &list.address };
    let animators: Vec<&str> = facts.animators.iter().map(String::as_str).collect();
    let others: Vec<&str> = animators.iter().copied().filter(|name| *name != facts.person.name).collect();
    let archive = desk.archive_url(list);
    let has_archive = list.settings.archive != ArchivePolicy::None;
    let archive = has_archive.then_some(archive.as_str());
    let join = beside(list, &ListDoor::Join);
    let may_join = list.settings.joining != Joining::Closed && list.state == ListState::Open;
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
                promise: &list.settings.promise,
                animators: &animators,
                posting: list.settings.posting,
                archive: list.settings.archive,
                archive_url: archive,
                kept_days: list.settings.kept_days(),
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
                    Ending::TimeOver => Departure::Ended,
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
            let looked_at_by = if others.is_empty() { &animators } else { &others };
            Letter::Held(Held { group, title, why: why_held(*reason), animators: looked_at_by })
        }
        LetterAbout::Refused { words, .. } => Letter::Refused(Refused { group, title, words, by: None }),
        LetterAbout::Question { .. } | LetterAbout::Note { .. } => return Ok(None),
    };
    let question = question_with(desk, facts, owed)?;
    let answers = question.as_ref().map(|question| answer_to(desk, Some(list), question, facts.person.id));
    Ok(Some(compose(desk, facts, owed, letter, Shown { is_member, answers, enclosed: None })))
}

/// What a letter's frame needs to know beside its facts.
struct Shown {
    /// Whether the reader is a member, and may be told so.
    is_member: bool,
    /// Where answers go, if there is anybody to read them.
    answers: Option<EmailAddress>,
    /// The message it speaks of, whole.
    enclosed: Option<Vec<u8>>,
}

/// The question that was asked together with a letter, so that it can be answered.
fn question_with(desk: &Desk, facts: &Facts, owed: &OwedLetter) -> Result<Option<QuestionId>, FlowError> {
    match owed.about {
        LetterAbout::Welcome { .. } | LetterAbout::Farewell { .. } | LetterAbout::Held { .. } => {
            let asked = desk.store.questions_to(facts.person.id)?;
            let list = facts.list.as_ref().map(|list| list.id);
            let with_it = |q: &&OpenQuestion| {
                q.since == owed.since
                    && q.question.list == list
                    && matches!(q.question.matter, Matter::Talk | Matter::Back { .. })
            };
            Ok(asked.iter().filter(with_it).map(|q| q.question.number).max())
        }
        LetterAbout::Question { question, .. } => Ok(Some(question)),
        LetterAbout::Note { occasion, .. } => Ok(occasion.question),
        LetterAbout::NowAnimator { .. } | LetterAbout::Refused { .. } => Ok(None),
    }
}

/// Where one answers a question: `quartier+TOKEN@…`.
fn answer_to(desk: &Desk, list: Option<&List>, question: &QuestionId, person: PersonId) -> EmailAddress {
    let token = desk.store.tokens().token(Purpose::Question { question: *question, person });
    answer_address(&desk.hostname, list.map(|list| &list.address), &token)
}

fn compose(desk: &Desk, facts: &Facts, owed: &OwedLetter, letter: Letter<'_>, told: Shown) -> Unsigned {
    compose_with(desk, facts, owed, letter, told, &[])
}

fn compose_with(
    desk: &Desk,
    facts: &Facts,
    owed: &OwedLetter,
    letter: Letter<'_>,
    told: Shown,
    files: &[Attachment],
) -> Unsigned {
    let parse = |text: &str| EmailAddress::parse(text).expect("an address beside a list's own");
    let list = facts.list.as_ref();
    let from = match list {
        Some(list) => parse(&beside(list, &ListDoor::Help)),
        None => parse(&format!("parvis@{}", desk.hostname)),
    };
    let animators = list.map(|list| parse(&beside(list, &ListDoor::Animators)));
    let leaving = list.filter(|_| told.is_member).map(|list| {
        let token = desk.store.tokens().token(Purpose::Leave { list: list.id, person: facts.person.id });
        (leave_address(&list.address, facts.language, &token), desk.leave_url(&token))
    });
    let archive = list.filter(|list| list.settings.archive != ArchivePolicy::None);
    let archive = archive.map(|list| desk.archive_url(list));
    let message_id = letter_ids::of_letter(&desk.hostname, owed, told.answers.as_ref());
    let (answers, references) = match &facts.post {
        Some((id, references, _)) => (id.as_ref(), references.as_slice()),
        None => (None, [].as_slice()),
    };
    let frame = Frame {
        language: facts.language,
        to: Mailbox { name: &facts.name, address: &facts.address },
        from: Mailbox { name: list.map_or(&desk.hostname, |list| &list.settings.name), address: &from },
        // Whoever is told no may answer the people who said it.
        reply_to: if matches!(letter, Letter::Refused(_) | Letter::Care(Care::WordBack(_))) {
            animators.as_ref()
        } else {
            told.answers.as_ref()
        },
        list: list.map(|list| ListHeaders {
            name: &list.settings.name,
            address: &list.address,
            archive: archive.as_deref(),
            unsubscribe: leaving.as_ref().map(|(mail, url)| Unsubscribe { mail, one_click: Some(url) }),
        }),
        message_id: &message_id,
        date: desk.now(),
        zone: &desk.zone,
        in_reply_to: answers,
        references,
        auto: if answers.is_some() { AutoSubmitted::Replied } else { AutoSubmitted::Generated },
    };
    let mut mail = desk.letters.compose_with(letter, &frame, files);
    for fault in &mail.faults {
        tracing::warn!(template = %fault.path.display(), why = %fault.why, "a letter's own template was not used");
    }
    if let Some(message) = &told.enclosed {
        mail = mail
            .enclosing(message, if facts.bits == Bits::Eight { Enclosed::AsItIs } else { Enclosed::AsFile });
    }
    let bits = if mail.bytes.is_ascii() { Bits::Seven } else { Bits::Eight };
    let split = memchr::memmem::find(&mail.bytes, b"\r\n\r\n").map_or(mail.bytes.len(), |at| at + 4);
    let LetterMail { bytes: mut head, subject, text, .. } = mail;
    let body = head.split_off(split);
    let domain = list.map_or(desk.hostname.as_str(), |list| list.address.domain()).to_owned();
    let probes = matches!(&owed.about, LetterAbout::Note { note: Note::Care { told: Told::Probe }, .. });
    let sender = list.filter(|_| probes).map(|list| {
        let token = desk.store.tokens().token(Purpose::Probe { list: list.id, person: facts.person.id });
        bounce_address(&list.address, &token)
    });
    Unsigned { domain, sender, recipient: facts.address.clone(), subject, text, head, body, bits }
}

fn facts(desk: &Desk, about: &LetterAbout, bits: Bits) -> Result<Option<Facts>, FlowError> {
    let mut goes_to = 0;
    let (list, post): (Option<ListId>, Option<PostId>) = match about {
        LetterAbout::Question { question, occasion, .. } => {
            let Some(asked) = desk.store.question(*question)? else { return Ok(None) };
            if let Matter::SignIn { address } = asked.question.matter {
                goes_to = usize::from(address);
            }
            (asked.question.list, occasion.answers)
        }
        LetterAbout::Note { list, note, occasion, .. } => {
            // At another of their addresses, since this is about the first.
            goes_to = usize::from(*note == (Note::Care { told: Told::Unreached }));
            (*list, occasion.answers)
        }
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
    let about_a_list = list.is_some();
    let list = list.map(|list| desk.store.list(list)).transpose()?.flatten();
    if about_a_list && list.is_none() {
        return Ok(None);
    }
    let Some(person) = desk.store.person(about.person())? else { return Ok(None) };
    let Some(address) = person.addresses.get(goes_to).cloned() else { return Ok(None) };
    let occasion = occasion(about);
    let post = match post {
        Some(post) => match desk.store.raw(post) {
            Ok(Some(raw)) => {
                let summary = parse::summarize(&raw);
                Some((summary.message_id, summary.references, summary.subject))
            }
            // A request that is kept no more is answered all the same.
            Ok(None) | Err(StoreError::Io { .. } | StoreError::Damaged { .. }) if occasion.is_some() => None,
            Ok(None) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let occasion = occasion.unwrap_or_default();
    let of_list = match &list {
        Some(list) => list.settings.language,
        // What the groups somebody is in speak would tell that they are in one.
        None if occasion.unproven => desk.language,
        None => language_of_their_groups(desk, person.id)?.unwrap_or(desk.language),
    };
    let theirs = if occasion.unproven { occasion.language } else { person.language.or(occasion.language) };
    let language = theirs.unwrap_or(of_list);
    // Whoever reads a letter to somebody unproven cannot tell from it whether they are known here.
    let name = if occasion.unproven { String::new() } else { person.name.clone() };
    let animators = list.as_ref().map(|list| animators(desk, list.id)).transpose()?.unwrap_or_default();
    Ok(Some(Facts { list, person, address, name, language, animators, post, bits }))
}

/// The language all the groups of a person have, if they have one in common.
pub(in crate::flow) fn language_of_their_groups(
    desk: &Desk,
    person: PersonId,
) -> Result<Option<Language>, FlowError> {
    let mut found = None;
    for member in desk.store.memberships(person)?.iter().filter(|member| is_current(member)) {
        let Some(list) = desk.store.list(member.list)? else { continue };
        if found.is_some_and(|language| language != list.settings.language) {
            return Ok(None);
        }
        found = Some(list.settings.language);
    }
    Ok(found)
}

fn occasion(about: &LetterAbout) -> Option<Occasion> {
    match about {
        LetterAbout::Question { occasion, .. } | LetterAbout::Note { occasion, .. } => Some(*occasion),
        LetterAbout::Welcome { .. }
        | LetterAbout::Farewell { .. }
        | LetterAbout::NowAnimator { .. }
        | LetterAbout::Held { .. }
        | LetterAbout::Refused { .. } => None,
    }
}

/// The names of those who look after a list, as far as they told us.
fn animators(desk: &Desk, list: ListId) -> Result<Vec<String>, FlowError> {
    let mut names = Vec::new();
    for member in desk.store.members(list)? {
        if member.role == Role::Animator && is_current(&member) {
            names.extend(name_of(desk, member.person)?);
        }
    }
    Ok(names)
}

fn name_of(desk: &Desk, person: PersonId) -> Result<Option<String>, FlowError> {
    Ok(desk.store.person(person)?.map(|person| person.name).filter(|name| !name.is_empty()))
}

/// The same for those who look after a group, who may know the address of who has no name.
fn name_or_address(desk: &Desk, person: PersonId) -> Result<String, FlowError> {
    let Some(person) = desk.store.person(person)? else { return Ok(String::new()) };
    let address = || person.addresses.first().map(ToString::to_string).unwrap_or_default();
    Ok(if person.name.is_empty() { address() } else { person.name.clone() })
}

fn why_held(reason: HoldReason) -> WhyHeld {
    match reason {
        HoldReason::FirstPost => WhyHeld::FirstPost,
        HoldReason::Moderated => WhyHeld::Moderated,
        HoldReason::HoldAll => WhyHeld::HoldAll,
        HoldReason::Unproven => WhyHeld::Unproven,
        HoldReason::Attachment => WhyHeld::Attachment,
        HoldReason::Doubtful | HoldReason::Ambiguous | HoldReason::NotDisplayable => WhyHeld::OddForm,
        HoldReason::Disclosing => WhyHeld::Disclosing,
        HoldReason::Pace => WhyHeld::Pace,
        HoldReason::SlowThread => WhyHeld::SlowThread,
        HoldReason::OtherList
        | HoldReason::OtherAddress
        | HoldReason::Consent
        | HoldReason::ToAnimators
        | HoldReason::ToOperator
        | HoldReason::Request => WhyHeld::NotAMember,
    }
}
