//! `parvis post` and `parvis trace`.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Channel, NotDone, refused};
use crate::auth;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{MessageId, PersonId, PostId};
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::flow::about::{author_of, each_post, state_word};
use crate::flow::receive::PostRoom;
use crate::flow::{Desk, decide, lists};
use crate::mail::headers::Headers;
use crate::mail::parse;
use crate::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use crate::store::archive::PostState;
use crate::store::event::{Decider, DropReason, Via};
use crate::store::ledger::CopyResult;
use crate::store::{PostInfo, PutOff};

/// Hands a message to a list as the door would: the same checks, the same words.
pub(super) fn post(
    desk: &Arc<Desk>,
    list: &str,
    sender: Option<String>,
    channel: &mut dyn Channel,
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let Some(raw) = channel.blob()? else { return refused("there is no message to post") };
    let raw = with_crlf(&raw);
    let parse_address = |text: &str| {
        EmailAddress::parse(text)
            .map_err(|why| NotDone::Refused(format!("{text:?} cannot be a sender: {why}")))
    };
    let sender = match sender {
        Some(text) => Some(parse_address(&text)?),
        None => author_of(&raw),
    };
    let recipient = parse_address(&list.address.to_string())?;
    let envelope = Envelope {
        protocol: Protocol::Lmtp,
        peer: Peer::Local,
        helo: "command".to_owned(),
        sender: sender.map_or(ReversePath::NULL, ReversePath::from),
        recipients: vec![recipient],
        eight_bit: true,
        raw,
    };
    let message_id = parse::summarize(&envelope.raw).message_id.map(|id| id.to_string());
    // Only one thread waits here, and the store's own threads do the work.
    let room = PostRoom::new(desk.clone());
    let replies = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(NotDone::Channel)?
        .block_on(room.take(envelope, Via::Command));
    let reply = replies.into_iter().next();
    match reply {
        Some(reply) if reply.is_success() => {
            decide::decide_waiting(desk)?;
            Ok(json!({ "message_id": message_id, "reply": reply.to_string() }))
        }
        Some(reply) => refused(format!("the door says {reply}")),
        None => refused("the door gave no answer"),
    }
}

/// Everything known about the way of a message.
pub(super) fn trace(desk: &Desk, message_id: &str) -> Result<Value, NotDone> {
    let Some(id) = MessageId::parse(message_id) else {
        return refused("it is no Message-ID; one looks like <name@host>");
    };
    let mut events = Vec::new();
    each_post(
        desk,
        |info| if is_about(desk, &info, &id)? { tell(desk, &info, &mut events) } else { Ok(()) },
    )?;
    if events.is_empty() {
        return refused("no message of this id came here, or it was not kept");
    }
    events.sort_by_key(|(at, _)| *at);
    let events: Vec<Value> = events.into_iter().map(|(_, event)| event).collect();
    Ok(json!({ "message_id": id.to_string(), "events": events }))
}

/// What happened to messages, and when.
type Events = Vec<(Timestamp, Value)>;

/// Published posts are known by their id; of others the header is read.
fn is_about(desk: &Desk, info: &PostInfo, id: &MessageId) -> Result<bool, NotDone> {
    if let Some(known) = &info.message_id {
        return Ok(known == id);
    }
    let Ok(Some(raw)) = desk.store.raw(info.id) else { return Ok(false) };
    let (headers, _) = Headers::scan_leniently(&raw);
    Ok(headers.get("message-id").and_then(|value| MessageId::parse(&value)).as_ref() == Some(id))
}

fn tell(desk: &Desk, info: &PostInfo, events: &mut Events) -> Result<(), NotDone> {
    let list = info.list.map(|list| desk.store.list(list)).transpose()?.flatten();
    let list = list.map(|list| list.address.to_string());
    let mut tell = |at: Timestamp, mut event: Value| {
        event["at"] = json!(at.rfc3339(&desk.zone));
        event["post"] = json!(info.id.to_string());
        event["list"] = json!(list);
        events.push((at, event));
    };
    let came = match info.via {
        Some(Via::Smtp) => "received by SMTP",
        Some(Via::Lmtp) => "received by LMTP",
        Some(Via::Command) => "received from parvis post",
        None => "imported",
    };
    tell(info.received, json!({ "what": came }));
    // What was found out then stands in the header we put on top; nobody else's is left there.
    let kept = desk.store.raw(info.id).ok().flatten().filter(|_| info.proof.is_some());
    let kept = kept.unwrap_or_default();
    let checks = auth::results_in(&kept, &desk.hostname);
    if let Some(proof) = info.proof.filter(|_| !checks.is_empty()) {
        let for_others = proof == Proof::Disproved && auth::author_signed(&kept, &desk.hostname);
        let what = if for_others {
            SIGNED_FOR_OTHERS
        } else if proof == Proof::Proven && auth::relay_vouched(&checks) {
            RELAY_VOUCHED
        } else {
            who_writes(proof)
        };
        tell(info.received, json!({ "what": what, "checks": checks.join(", ") }));
    }
    // An archive's posts are there from the moment they came; nobody decided about them.
    let Some(decided_at) = info.decided_at.filter(|_| info.via.is_some()) else { return Ok(()) };
    let by = match info.decided_by {
        Some(Decider::Operator) => Some("the operator".to_owned()),
        Some(Decider::Person(person)) => name(desk, person)?,
        None => None,
    };
    let why = match (info.drop_reason, info.hold_reason) {
        (Some(DropReason::Automatic), _) => Some("written by a program".to_owned()),
        (Some(DropReason::Disproved), _) => {
            Some("somebody else wrote it, by what its domain says".to_owned())
        }
        (Some(DropReason::OwnCopy), _) => Some("one of our own copies".to_owned()),
        (Some(DropReason::Discarded), _) => Some("thrown away".to_owned()),
        (Some(DropReason::Unproven), _) => Some("not proven to be theirs".to_owned()),
        (Some(DropReason::Over), _) => Some("nobody looked at it in time".to_owned()),
        (Some(DropReason::Obeyed), _) => Some("dealt with".to_owned()),
        (Some(DropReason::Poison), _) => Some("it could not be read".to_owned()),
        (None, reason) => reason.map(|reason| reason.to_string()),
    };
    let what = state_word(info.state);
    tell(decided_at, json!({ "what": what, "by": by, "why": why, "words": info.refusal }));
    if let Some(from) = info.from_line.filter(|_| info.state == PostState::Published) {
        let whose = if from.is_rewritten() { "list" } else { "author" };
        tell(decided_at, json!({ "what": from.to_string(), "from": whose }));
    }
    copies(desk, info.id, decided_at, &mut tell)
}

/// Of a good signature that proves nothing here (replay, RFC 6376 §8.6).
const SIGNED_FOR_OTHERS: &str = "the author is not proven: the domain of From signed this, but not for this list: \
    its address is not in To or Cc, under that signature, so whoever got it may have brought it here";

/// Of a server in front that was told to be believed (`trusted_authserv_id`).
const RELAY_VOUCHED: &str = "the author is proven: the mail server in front says so, and is believed";

fn who_writes(proof: Proof) -> &'static str {
    match proof {
        Proof::Proven => "the author is proven: the domain of From sent this",
        Proof::NoMeans => "the author has no means to prove who they are",
        Proof::Disproved => "the author is disproved: the domain of From could have proven it, and did not",
        Proof::CannotTell => "who writes could not be told: the DNS did not answer",
    }
}

/// Who took a copy and what their server said; and whom one is still owed to.
fn copies(
    desk: &Desk,
    post: PostId,
    decided_at: Timestamp,
    tell: &mut impl FnMut(Timestamp, Value),
) -> Result<(), NotDone> {
    for line in desk.store.ledger(post)? {
        for (person, result) in line.copies {
            let to = address(desk, person)?;
            let (what, reply) = match result {
                CopyResult::Taken(reply) => ("taken", Some(reply)),
                CopyResult::PutOff { reply, .. } => ("put off", Some(reply)),
                CopyResult::Failed(reply) => ("failed", Some(reply)),
                CopyResult::Gone => ("not sent: left before", None),
            };
            tell(line.at, json!({ "what": what, "to": to, "reply": reply }));
        }
    }
    let put_off: HashMap<PersonId, PutOff> =
        desk.store.put_off(post)?.into_iter().map(|copy| (copy.person, copy)).collect();
    for person in desk.store.owed(post)?.iter() {
        let later = put_off.get(&person);
        let next = later.map_or(decided_at, |copy| copy.next).rfc3339(&desk.zone);
        let attempts = later.map_or(0, |copy| copy.attempts);
        let to = address(desk, person)?;
        tell(decided_at, json!({ "what": "owed", "to": to, "attempts": attempts, "next": next }));
    }
    Ok(())
}

fn address(desk: &Desk, person: PersonId) -> Result<Option<String>, NotDone> {
    Ok(desk.store.person(person)?.and_then(|p| p.addresses.first().map(ToString::to_string)))
}

fn name(desk: &Desk, person: PersonId) -> Result<Option<String>, NotDone> {
    Ok(desk.store.person(person)?.map(|person| person.name))
}

/// A file's lines end as they do on the wire.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32 + 2);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }
    out
}
