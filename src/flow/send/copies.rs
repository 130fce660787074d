//! One copy of a post to one of its readers: made when it is sent, carried, and its outcome kept
//! before anything else happens on that connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::source::Source;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, MessageId, PersonId, PostId};
use crate::domain::list::{Language, List, ListState};
use crate::domain::pace::Felt;
use crate::domain::retry::Next;
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::flow::{Desk, FULL_PAUSE, FlowError, bounce_address, bounces, leave_address};
use crate::mail::compose::{self, PreparedCopy};
use crate::mail::own_results::OwnResults;
use crate::sign::{Common, NotSigned};
use crate::smtp::client::{Bits, Copy, EnhancedCode, Outbox, Outcome, Stage};
use crate::smtp::dot_stuff::{DotStuffed, dot_stuff};
use crate::store::StoreError;
use crate::store::change::Change;
use crate::store::ledger::{CopyOutcome, CopyResult, GIVEN_UP};

/// What all copies of a post in one language share.
pub struct Prepared {
    /// How long the journal was then: while it is no longer, nothing about list or post has changed.
    journal: u64,
    list: List,
    /// It was called back: no copy leaves any more.
    withdrawn: bool,
    /// Of the post, for the log.
    message_id: Option<MessageId>,
    head: Arc<PreparedCopy>,
    body: DotStuffed,
    /// What is signed of all copies, if any are.
    signed: Option<Arc<Common>>,
    /// What stands above the header of all copies; empty if they are not sealed.
    seal: Vec<u8>,
    /// What it is made of: who wants no more of it leaves all of these.
    lists: Vec<ListId>,
    /// Of how many posts it is made: one that is taken back meanwhile must not leave with the others.
    posts: usize,
}

/// Makes copies, keeping what is common of the posts in hand.
pub struct CopyMaker {
    prepared: Mutex<HashMap<Wanted, Arc<Prepared>>>,
}

/// A post, in a language of its readers, as the way to them can carry it; of several in one mail,
/// those of these lists, or all of them where none is named.
type Wanted = (PostId, Option<Language>, Bits, Vec<ListId>);

/// More posts than this are not kept prepared.
const PREPARED_MAX: usize = 64;
/// Larger prepared posts are made again for each group of copies rather than kept, in bytes.
const PREPARED_BYTES_MAX: usize = 32 << 20;

/// A copy that can go, or why it will not.
enum Made {
    Copy(Box<Unsigned>),
    /// Their quiet hours end then.
    Later(Timestamp),
    /// They left, or their list did, or the post was called back, before it was sent.
    Gone,
}

/// A copy but for its signatures.
struct Unsigned {
    prepared: Arc<Prepared>,
    sender: EmailAddress,
    recipient: EmailAddress,
    /// The fields only this copy has.
    own: Vec<u8>,
}

impl Default for CopyMaker {
    fn default() -> CopyMaker {
        CopyMaker { prepared: Mutex::new(HashMap::new()) }
    }
}

impl CopyMaker {
    /// Forgets a post whose copies are all answered for.
    pub fn forget(&self, post: PostId) {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.retain(|(kept, ..), _| *kept != post);
    }

    fn prepared(
        &self,
        desk: &Desk,
        post: PostId,
        reader: Option<Language>,
        bits: Bits,
        of: &[ListId],
    ) -> Result<Option<Arc<Prepared>>, FlowError> {
        let wanted = (post, reader, bits, of.to_vec());
        let journal = desk.store.journal_len();
        let known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(&wanted).cloned();
        if let Some(prepared) = known.as_ref().filter(|prepared| prepared.journal == journal) {
            return Ok(Some(prepared.clone()));
        }
        let Some(source) = Source::of(desk, post)?.map(|source| source.only(of)) else { return Ok(None) };
        let Some(list) = source.list().map(|list| desk.store.list(list)).transpose()?.flatten() else {
            return Ok(None);
        };
        let posts = source.posts(desk)?;
        let withdrawn = desk.store.reader().post(post)?.is_some_and(|post| post.withdrawn.is_some());
        let made = match known.filter(|prepared| prepared.list == list && prepared.posts == posts) {
            Some(known) => Prepared {
                journal,
                list,
                withdrawn,
                message_id: known.message_id.clone(),
                head: known.head.clone(),
                body: known.body.clone(),
                signed: known.signed.clone(),
                seal: known.seal.clone(),
                lists: known.lists.clone(),
                posts,
            },
            None => {
                let language = reader.unwrap_or(list.settings.language);
                let Some((whole, raw)) = source.compose(desk, &list, language)? else { return Ok(None) };
                let head = Arc::new(match bits {
                    Bits::Seven if whole.eight_bit() => whole.in_seven_bits().unwrap_or(whole),
                    Bits::Seven | Bits::Eight => whole,
                });
                let common_head = head.common_head();
                let common = || Common::new(list.address.domain(), &common_head, head.body());
                let signed = desk.signer.as_ref().map(|_| Arc::new(common()));
                let raw = raw.filter(|_| signed.is_some());
                let seal = signed.as_ref().zip(raw);
                let seal = seal.map(|(common, raw)| sealed(desk, common, &common_head, &raw));
                let body = dot_stuff(head.body());
                let lists = source.lists(desk)?;
                let (message_id, seal) = (source.message_id(), seal.unwrap_or_default());
                Prepared { journal, list, withdrawn, message_id, head, body, signed, seal, lists, posts }
            }
        };
        let made = Arc::new(made);
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = prepared.values().map(|p| p.body.as_bytes().len()).sum();
        if prepared.len() >= PREPARED_MAX || bytes > PREPARED_BYTES_MAX {
            prepared.clear();
        }
        prepared.insert(wanted, made.clone());
        Ok(Some(made))
    }

    fn make(&self, desk: &Desk, post: PostId, person: PersonId, bits: Bits) -> Result<Made, FlowError> {
        let Some(reader) = desk.store.person(person)? else { return Ok(Made::Gone) };
        let Some(address) = reader.addresses.first() else { return Ok(Made::Gone) };
        let prepare = |of: &[ListId]| self.prepared(desk, post, reader.language, bits, of);
        let Some(whole) = prepare(&[])? else { return Ok(Made::Gone) };
        // Who has left some of the lists it is made of gets what is of the others.
        let still = still_read(desk, &whole.lists, person)?;
        let prepared = match still.as_slice() {
            [] => return Ok(Made::Gone),
            of if of.len() < whole.lists.len() => prepare(of)?,
            _ => Some(whole),
        };
        let Some(prepared) = prepared else { return Ok(Made::Gone) };
        let list = &prepared.list;
        let now = desk.now();
        let member = desk.store.member(list.id, person)?.filter(|member| member.receives_mail(now));
        let Some(member) = member.filter(|_| list.state != ListState::Removed && !prepared.withdrawn) else {
            return Ok(Made::Gone);
        };
        if let Some(end) = member.quiet_until(now, &desk.zone) {
            return Ok(Made::Later(end));
        }
        let tokens = desk.store.tokens();
        let leave = tokens.token(match prepared.lists.as_slice() {
            [_, _, ..] => Purpose::LeaveIssue { issue: post, person },
            [_] | [] => Purpose::Leave { list: list.id, person },
        });
        let bounce = tokens.token(Purpose::Bounce { post, person });
        let language = reader.language.unwrap_or(list.settings.language);
        let leave_mail = leave_address(&list.address, language, &leave);
        Ok(Made::Copy(Box::new(Unsigned {
            sender: bounce_address(&list.address, &bounce),
            recipient: address.clone(),
            own: compose::own_fields(&desk.leave_url(&leave), leave_mail.as_str()),
            prepared,
        })))
    }
}

/// Those of these lists whose mail somebody gets still. Of one it is looked at with all else.
fn still_read(desk: &Desk, lists: &[ListId], person: PersonId) -> Result<Vec<ListId>, FlowError> {
    if lists.len() < 2 {
        return Ok(lists.to_vec());
    }
    let mut still = Vec::new();
    for list in lists {
        let stands = desk.store.list(*list)?.is_some_and(|list| list.state != ListState::Removed);
        let member = desk.store.member(*list, person)?.filter(|_| stands);
        still.extend(member.filter(|member| member.receives_mail(desk.now())).map(|_| *list));
    }
    Ok(still)
}

/// What copies of a post are sealed with. A copy without one is as good as from a server that does
/// not seal.
fn sealed(desk: &Desk, common: &Common, head: &[u8], raw: &[u8]) -> Vec<u8> {
    let Some(signer) = &desk.signer else { return Vec::new() };
    let found = OwnResults::of(raw, &desk.hostname);
    signer.seal(common, head, found.as_ref(), desk.now().seconds()).unwrap_or_else(|error| {
        tracing::error!(%error, "the copies of a post could not be sealed; they leave without");
        Vec::new()
    })
}

/// The copy as it leaves. Signing is the last thing that is done to it.
async fn signed(desk: &Desk, unsigned: Unsigned) -> Result<Copy, NotSigned> {
    let Unsigned { prepared, sender, recipient, own } = unsigned;
    let mut head = match (&desk.signer, &prepared.signed) {
        (Some(signer), Some(common)) => {
            signer.sign(common.clone(), own.clone(), desk.now().seconds()).await?
        }
        (Some(_) | None, _) => Vec::new(),
    };
    head.extend_from_slice(&prepared.seal);
    head.extend_from_slice(&prepared.head.head_with(&own));
    Ok(Copy {
        sender: Some(sender),
        recipient,
        head: dot_stuff(&head),
        body: prepared.body.clone(),
        bits: if prepared.head.eight_bit() { Bits::Eight } else { Bits::Seven },
    })
}

/// What becomes of what could not be signed: it is tried again, since unsigned it would be taken
/// for a forgery.
pub(in crate::flow) fn not_signed(error: NotSigned) -> Outcome {
    tracing::error!(%error, "something that was to leave could not be signed; it is tried again");
    Outcome::PutOff { code: None, enhanced: None, reply: error.to_string(), stage: Stage::Connect }
}

/// Carries one copy that is owed, and keeps what became of it. Returns once that is durable.
pub async fn send_copy<O: Outbox>(
    desk: &Desk,
    outbox: &O,
    maker: &CopyMaker,
    post: PostId,
    person: PersonId,
    spread: f64,
) -> Result<Felt, FlowError> {
    let mut sent = send_as(desk, outbox, maker, post, person, Bits::Eight).await?;
    if matches!(sent, Sent::Carried(Outcome::NeedsSevenBits, _)) {
        // Only this conversation could tell. From the membership on, everything is looked at again.
        sent = send_as(desk, outbox, maker, post, person, Bits::Seven).await?;
    }
    let (felt, result, about) = match sent {
        Sent::Gone => (Felt::Answered, CopyResult::Gone, About::of(desk, post, person)?),
        Sent::Later(next) => {
            let attempts = desk.store.attempts(post, person)?;
            let reply = "it waits for the end of their quiet hours".to_owned();
            let result = CopyResult::PutOff { attempts, next, reply };
            (Felt::Answered, result, About::of(desk, post, person)?)
        }
        Sent::Carried(outcome, about) => {
            (felt(&outcome), result_of(desk, post, person, outcome, spread)?, about)
        }
    };
    keep(desk, post, person, result, &about).await?;
    Ok(felt)
}

/// What became of an attempt.
enum Sent {
    /// They get no copy any more.
    Gone,
    Later(Timestamp),
    Carried(Outcome, About),
}

/// What the log says of a copy.
struct About {
    message_id: Option<MessageId>,
    list: Option<String>,
    to: Option<EmailAddress>,
}

impl About {
    /// As the store has it now.
    fn of(desk: &Desk, post: PostId, person: PersonId) -> Result<About, FlowError> {
        let source = Source::of(desk, post)?;
        let list = source.as_ref().and_then(Source::list).map(|list| desk.store.list(list)).transpose()?;
        let person = desk.store.person(person)?;
        Ok(About {
            message_id: source.and_then(|source| source.message_id()),
            list: list.flatten().map(|list| list.address.to_string()),
            to: person.and_then(|person| person.addresses.into_iter().next()),
        })
    }
}

/// Puts a copy off without an attempt. Returns once that is durable.
pub(in crate::flow) async fn put_off_copy(
    desk: &Desk,
    post: PostId,
    person: PersonId,
    why: &str,
    spread: f64,
) -> Result<(), FlowError> {
    let result = later(desk, post, person, why.to_owned(), spread)?;
    let about = About::of(desk, post, person)?;
    keep(desk, post, person, result, &about).await
}

async fn keep(
    desk: &Desk,
    post: PostId,
    person: PersonId,
    result: CopyResult,
    about: &About,
) -> Result<(), FlowError> {
    let outcome = CopyOutcome { post, person, result: result.clone() };
    write_down(desk, || Change::at(desk.now()).outcome(outcome.clone())).await?;
    if let CopyResult::Failed(reply) = &result
        && reply != NEEDS_EIGHT_BITS
    {
        let events = bounces::refused(desk, post, person, reply)?;
        if !events.is_empty() {
            let change = || events.iter().cloned().fold(Change::at(desk.now()), Change::event);
            write_down(desk, change).await?;
        }
    }
    log(desk, post, person, &result, about);
    Ok(())
}

/// What an outcome says of the pace towards a destination.
fn felt(outcome: &Outcome) -> Felt {
    match outcome {
        Outcome::Taken { .. } => Felt::Took,
        Outcome::PutOff { stage, .. } if *stage < Stage::Mail => Felt::Unreachable,
        Outcome::PutOff { code: Some(421), .. } => Felt::Enough,
        Outcome::PutOff { code: Some(451), .. } | Outcome::Lost { .. } => Felt::Busy,
        Outcome::PutOff { .. } | Outcome::Refused { .. } | Outcome::NeedsSevenBits => Felt::Answered,
    }
}

/// The delivery log: one line a copy, which stands alone.
fn log(desk: &Desk, post: PostId, person: PersonId, result: &CopyResult, about: &About) {
    let About { message_id, list, to } = about;
    let (message_id, to) =
        (message_id.as_ref().map(MessageId::as_str), to.as_ref().map(EmailAddress::as_str));
    match result {
        CopyResult::Taken(reply) => {
            tracing::info!(%post, message_id, list, to, reply, "a copy was taken");
        }
        CopyResult::PutOff { attempts, next, reply } => {
            let next = next.rfc3339(&desk.zone);
            tracing::info!(%post, message_id, list, to, reply, attempts, next, "a copy was put off");
        }
        CopyResult::Failed(reply) => {
            tracing::warn!(%post, message_id, list, to, reply, "a copy cannot be delivered");
        }
        CopyResult::Gone => {
            tracing::info!(%post, message_id, list, %person, "a copy was not sent: its reader has left, or it was called back");
        }
    }
}

async fn send_as<O: Outbox>(
    desk: &Desk,
    outbox: &O,
    maker: &CopyMaker,
    post: PostId,
    person: PersonId,
    bits: Bits,
) -> Result<Sent, FlowError> {
    Ok(match maker.make(desk, post, person, bits)? {
        Made::Gone => Sent::Gone,
        Made::Later(end) => Sent::Later(end),
        Made::Copy(unsigned) => {
            let about = About {
                message_id: unsigned.prepared.message_id.clone(),
                list: Some(unsigned.prepared.list.address.to_string()),
                to: Some(unsigned.recipient.clone()),
            };
            let outcome = match signed(desk, *unsigned).await {
                Ok(copy) => outbox.carry(copy).await,
                Err(error) => not_signed(error),
            };
            Sent::Carried(outcome, about)
        }
    })
}

/// Keeps what became of something that is out: nothing else may leave on that connection before
/// that is written down, so a full disk is waited for.
pub(in crate::flow) async fn write_down(desk: &Desk, change: impl Fn() -> Change) -> Result<(), StoreError> {
    loop {
        match desk.store.submit(change()).await {
            Err(StoreError::Full) => tokio::time::sleep(FULL_PAUSE).await,
            other => return other,
        }
    }
}

/// Of a copy that a signature or a seal keeps at eight bits (RFC 3463: conversion required but not
/// supported).
pub(in crate::flow) const NEEDS_EIGHT_BITS: &str =
    "554 5.6.3 it cannot be written in seven bits, and their server takes no others";

/// What the DNS says for good is believed when it has said so for this long: zones break, and are
/// mended within hours.
const BELIEVED_AFTER: std::time::Duration = std::time::Duration::from_hours(4);

fn owed_since(desk: &Desk, post: PostId) -> Result<Option<Timestamp>, StoreError> {
    Ok(desk.store.fan(post)?.map(|fan| fan.since))
}

/// What an outcome means for the copy.
fn result_of(
    desk: &Desk,
    post: PostId,
    person: PersonId,
    outcome: Outcome,
    spread: f64,
) -> Result<CopyResult, FlowError> {
    let reply = match outcome {
        Outcome::Taken { reply } => return Ok(CopyResult::Taken(reply)),
        Outcome::Refused { reply, .. } => return Ok(CopyResult::Failed(reply)),
        Outcome::NeedsSevenBits => return Ok(CopyResult::Failed(NEEDS_EIGHT_BITS.to_owned())),
        // A domain that does not exist is believed once it has not for a while (threat F09).
        Outcome::PutOff {
            reply,
            enhanced: Some(EnhancedCode { class: 5, .. }),
            stage: Stage::Connect,
            ..
        } if owed_since(desk, post)?.is_some_and(|since| desk.now().since(since) >= BELIEVED_AFTER) => {
            return Ok(CopyResult::Failed(reply));
        }
        Outcome::PutOff { reply, .. } => reply,
        Outcome::Lost { why, .. } => why,
    };
    later(desk, post, person, reply, spread)
}

/// When a copy that did not arrive is tried again, if it is.
fn later(
    desk: &Desk,
    post: PostId,
    person: PersonId,
    reply: String,
    spread: f64,
) -> Result<CopyResult, FlowError> {
    let now = desk.now();
    let attempts = desk.store.attempts(post, person)? + 1;
    let since = owed_since(desk, post)?.unwrap_or(now);
    Ok(match desk.retry.next(attempts, since, now, spread) {
        Next::At(next) => CopyResult::PutOff { attempts, next, reply },
        Next::GiveUp => CopyResult::Failed(format!("{GIVEN_UP}{reply}")),
    })
}
