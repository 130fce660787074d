//! `parvis post` and `parvis trace`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Channel, NotDone, refused};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{MessageId, PersonId, PostId};
use crate::flow::mailroom::PostRoom;
use crate::flow::{Desk, decide_post, lists};
use crate::mail::headers::Headers;
use crate::mail::parse;
use crate::mail::words::mailboxes;
use crate::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use crate::store::PostInfo;
use crate::store::archive::PostState;
use crate::store::event::{Decider, DropReason, Via};
use crate::store::ledger::CopyResult;

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
        None => author(&raw),
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
            decide_post::decide_waiting(desk)?;
            Ok(json!({ "message_id": message_id, "reply": reply.to_string() }))
        }
        Some(reply) => refused(format!("{} did not take it: {reply}", list.address)),
        None => refused(format!("{} gave no answer", list.address)),
    }
}

/// Everything known about the way of a message.
pub(super) fn trace(desk: &Desk, message_id: &str) -> Result<Value, NotDone> {
    let Some(id) = MessageId::parse(message_id) else {
        return refused(format!("{message_id:?} is not a Message-ID; it looks like <name@host>"));
    };
    let mut events = Vec::new();
    let mut from = PostId(0);
    loop {
        let posts = desk.store.posts(from, SCAN)?;
        let Some(last) = posts.last() else { break };
        from = PostId(last.id.0 + 1);
        for info in posts {
            if is_about(desk, &info, &id)? {
                tell(desk, &info, &mut events)?;
            }
        }
    }
    if events.is_empty() {
        return refused(format!("no message with the id {id} came here, or it was not kept"));
    }
    events.sort_by(|a, b| a["at"].as_str().cmp(&b["at"].as_str()));
    Ok(json!({ "message_id": id.to_string(), "events": events }))
}

/// Messages looked at in one go.
const SCAN: usize = 1_000;

/// Published posts are known by their id; of others the header is read.
fn is_about(desk: &Desk, info: &PostInfo, id: &MessageId) -> Result<bool, NotDone> {
    if let Some(known) = &info.message_id {
        return Ok(known == id);
    }
    let Ok(Some(raw)) = desk.store.raw(info.id) else { return Ok(false) };
    let (headers, _) = Headers::scan_leniently(&raw);
    Ok(headers.get("message-id").and_then(|value| MessageId::parse(&value)).as_ref() == Some(id))
}

fn tell(desk: &Desk, info: &PostInfo, events: &mut Vec<Value>) -> Result<(), NotDone> {
    let list = info.list.map(|list| desk.store.list(list)).transpose()?.flatten();
    let list = list.map(|list| list.address.to_string());
    let id = info.id.to_string();
    let came = match info.via {
        Some(Via::Smtp) => "received by SMTP",
        Some(Via::Lmtp) => "received by LMTP",
        Some(Via::Command) => "received from parvis post",
        None => "imported",
    };
    events.push(json!({ "at": info.received.rfc3339(&desk.zone), "what": came, "post": id, "list": list }));
    if let Some(at) = info.decided_at {
        let by = match info.decided_by {
            Some(Decider::Operator) => Some("the operator".to_owned()),
            Some(Decider::Person(person)) => name(desk, person)?,
            None => None,
        };
        let what = match info.state {
            PostState::Published => "published",
            PostState::Held => "held",
            PostState::Refused => "refused",
            PostState::Dropped => "dropped",
            PostState::Undecided => "undecided",
        };
        let why = match (info.drop_reason, info.hold_reason) {
            (Some(DropReason::Automatic), _) => Some("written by a program".to_owned()),
            (Some(DropReason::OwnCopy), _) => Some("one of our own copies".to_owned()),
            (Some(DropReason::Discarded), _) => Some("thrown away".to_owned()),
            (Some(DropReason::Obeyed), _) => Some("dealt with".to_owned()),
            (Some(DropReason::Poison), _) => Some("it could not be read".to_owned()),
            (None, reason) => reason.map(|reason| reason.to_string()),
        };
        events.push(json!({
            "at": at.rfc3339(&desk.zone), "what": what, "post": id, "by": by, "why": why,
            "words": info.refusal,
        }));
    }
    copies(desk, info.id, events)
}

fn copies(desk: &Desk, post: PostId, events: &mut Vec<Value>) -> Result<(), NotDone> {
    for line in desk.store.ledger(post)? {
        let at = line.at.rfc3339(&desk.zone);
        for (person, result) in line.copies {
            let to = address(desk, person)?;
            let (what, reply) = match result {
                CopyResult::Taken(reply) => ("taken", Some(reply)),
                CopyResult::PutOff { reply, .. } => ("put off", Some(reply)),
                CopyResult::Failed(reply) => ("failed", Some(reply)),
                CopyResult::Gone => ("not sent: left before", None),
            };
            events
                .push(json!({ "at": at, "what": what, "post": post.to_string(), "to": to, "reply": reply }));
        }
    }
    let now = desk.now().rfc3339(&desk.zone);
    for person in desk.store.owed(post)?.iter() {
        let to = address(desk, person)?;
        events.push(json!({ "at": now, "what": "owed", "post": post.to_string(), "to": to, "reply": null }));
    }
    Ok(())
}

fn address(desk: &Desk, person: PersonId) -> Result<Option<String>, NotDone> {
    Ok(desk.store.person(person)?.and_then(|p| p.addresses.first().map(ToString::to_string)))
}

fn name(desk: &Desk, person: PersonId) -> Result<Option<String>, NotDone> {
    Ok(desk.store.person(person)?.map(|person| person.name))
}

fn author(raw: &[u8]) -> Option<EmailAddress> {
    let (headers, _) = Headers::scan_leniently(raw);
    headers.get("from").and_then(|value| mailboxes(&value).into_iter().find_map(|mailbox| mailbox.address))
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
