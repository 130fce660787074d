//! All that is held about somebody, as data: for the operator, and for themselves.
//!
//! Nothing of it names anybody else, but for what they wrote themselves.

use serde_json::{Value, json};

use super::{Desk, FlowError};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{Medium, Membership, Person};
use crate::domain::reach::WEIGHT_TO_PROBE;
use crate::domain::time::Timestamp;
use crate::mail::headers::Headers;
use crate::mail::mbox;
use crate::mail::words::mailboxes;
use crate::store::archive::PostState;
use crate::store::event::Event;
use crate::store::{PostInfo, StoreError};

/// Everything that is held about somebody, and where; of who is nobody here, what they wrote.
pub fn everything(
    desk: &Desk,
    person: Option<&Person>,
    addresses: &[EmailAddress],
) -> Result<Value, FlowError> {
    let posts = posts_of(desk, person, addresses)?;
    let Some(person) = person else {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        return Ok(json!({
            "person": null, "addresses": addresses, "name": null, "language": null,
            "lists": [], "posts": posts, "history": [],
        }));
    };
    let mut shown = show_person(desk, person)?;
    shown["posts"] = Value::Array(posts);
    shown["history"] = Value::Array(history_of(desk, person.id)?);
    Ok(shown)
}

/// The same, and every message of theirs as it came.
pub fn everything_with_messages(
    desk: &Desk,
    person: Option<&Person>,
    addresses: &[EmailAddress],
) -> Result<Value, FlowError> {
    let mut shown = everything(desk, person, addresses)?;
    for post in shown["posts"].as_array_mut().into_iter().flatten() {
        let number = post["id"].as_str().and_then(|id| id.parse().ok()).map(PostId);
        let raw = number.map(|number| desk.store.raw(number)).transpose()?.flatten().unwrap_or_default();
        match String::from_utf8(raw) {
            Ok(text) => post["message"] = json!(text),
            Err(other) => {
                post["message_base64"] = json!(data_encoding::BASE64.encode(other.as_bytes()));
            }
        }
    }
    Ok(shown)
}

/// What a person wrote, as one mailbox file, the newest messages first given room, in the order
/// they came; and how many found none.
pub fn mailbox_of(desk: &Desk, person: &Person, bytes_max: usize) -> Result<(Vec<u8>, usize), FlowError> {
    let mut theirs = Vec::new();
    each_post(desk, |info| -> Result<(), FlowError> {
        if is_theirs(desk, &info, Some(person), &person.addresses)? {
            theirs.push(info);
        }
        Ok(())
    })?;
    let (mut entries, mut bytes, mut left_out) = (Vec::new(), 0, 0);
    for info in theirs.iter().rev() {
        let Ok(kept) = desk.store.kept_mail(info) else { continue };
        let mut entry = Vec::with_capacity(kept.raw.len() + 100);
        mbox::write_entry(&mut entry, &kept.sender, info.received, &kept.raw)
            .expect("memory takes every write");
        if bytes + entry.len() > bytes_max {
            left_out += 1;
            continue;
        }
        bytes += entry.len();
        entries.push(entry);
    }
    entries.reverse();
    Ok((entries.concat(), left_out))
}

/// Somebody, and how they read each of their lists.
pub fn show_person(desk: &Desk, person: &Person) -> Result<Value, FlowError> {
    let mut memberships = Vec::new();
    for member in desk.store.memberships(person.id)? {
        if let Some(list) = desk.store.list(member.list)?.filter(|list| list.state != ListState::Removed) {
            memberships.push(show_member(desk, &list, person, &member));
        }
    }
    Ok(json!({
        "person": person.id.to_string(),
        "addresses": person.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "name": named(person),
        "language": person.language.map(|language| language.tag()),
        "lists": memberships,
    }))
}

/// Absent if nobody told us.
fn named(person: &Person) -> Option<&str> {
    Some(person.name.as_str()).filter(|name| !name.is_empty())
}

/// One membership.
pub fn show_member(desk: &Desk, list: &List, person: &Person, member: &Membership) -> Value {
    json!({
        "list": list.address.to_string(),
        "email": person.addresses.first().map(ToString::to_string),
        "name": named(person),
        "language": person.language.map(|language| language.tag()),
        "reading": match member.medium {
            Medium::Mail => json!(member.reading),
            Medium::Paper => json!(member.medium),
        },
        "day": member.day,
        "hour": member.hour,
        "role": member.role,
        "since": member.since.rfc3339(&desk.zone),
        "state": member.state,
        "joined": member.joined,
        "until": member.until.map(|until| until.rfc3339(&desk.zone)),
        "pause_until": member.pause_until.map(|until| until.rfc3339(&desk.zone)),
        "digest_form": member.digest_form,
        "quiet": member.quiet,
        "own_posts": member.own_posts.map(|yes| if yes { "yes" } else { "no" }),
        "together": member.together.map(|yes| if yes { "yes" } else { "no" }),
        "consent": member.consent.as_ref().map(|consent| json!({
            "text": consent.text,
            "asked_at": consent.asked_at.rfc3339(&desk.zone),
            "confirmed_at": consent.confirmed_at.map(|at| at.rfc3339(&desk.zone)),
        })),
        "posts": member.posts,
        "bounces": standing(desk, member),
    })
}

/// What came back of what they were sent; nothing, while nothing does.
fn standing(desk: &Desk, member: &Membership) -> Value {
    let reach = desk.store.reach(member.list, member.person).unwrap_or_default();
    if reach.is_good() {
        return Value::Null;
    }
    let day = |day: i64| Timestamp::from_seconds(day * 86_400).date_in(&desk.zone);
    let first = reach.days.first().map(|(first, _)| day(*first));
    let moment = |at: Option<Timestamp>| at.map(|at| at.rfc3339(&desk.zone));
    json!({
        "why": reach.why,
        "status": reach.status,
        "since": first.map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)),
        "days": reach.days.len(),
        "score": reach.weight(),
        "of": WEIGHT_TO_PROBE,
        "probed": moment(reach.probed),
        "paused": moment(reach.paused),
    })
}

/// Messages looked at in one go.
const SCAN: usize = 1_000;

/// Hands every message that is kept to `look`, the oldest first.
pub fn each_post<E: From<StoreError>>(
    desk: &Desk,
    mut look: impl FnMut(PostInfo) -> Result<(), E>,
) -> Result<(), E> {
    let mut from = PostId(0);
    loop {
        let posts = desk.store.posts(from, SCAN)?;
        let Some(last) = posts.last() else { return Ok(()) };
        from = PostId(last.id.0 + 1);
        for info in posts {
            look(info)?;
        }
    }
}

/// Every message somebody wrote, published or not.
fn posts_of(
    desk: &Desk,
    person: Option<&Person>,
    addresses: &[EmailAddress],
) -> Result<Vec<Value>, FlowError> {
    let mut posts = Vec::new();
    each_post(desk, |info| -> Result<(), FlowError> {
        if !is_theirs(desk, &info, person, addresses)? {
            return Ok(());
        }
        let list = info.list.map(|list| desk.store.list(list)).transpose()?.flatten();
        let subject = desk.store.reader().post(info.id)?.map(|post| post.subject);
        posts.push(json!({
            "id": info.id.to_string(),
            "list": list.map(|list| list.address.to_string()),
            "message_id": info.message_id.map(|id| id.to_string()),
            "subject": subject,
            "at": info.received.rfc3339(&desk.zone),
            "state": state_word(info.state),
        }));
        Ok(())
    })?;
    Ok(posts)
}

fn is_theirs(
    desk: &Desk,
    info: &PostInfo,
    person: Option<&Person>,
    addresses: &[EmailAddress],
) -> Result<bool, FlowError> {
    let known = info.author.is_some() && info.author == person.map(|person| person.id);
    Ok(known || author(desk, info)?.is_some_and(|author| addresses.contains(&author)))
}

/// Of what was published it is known who wrote it; of the rest the header is read.
fn author(desk: &Desk, info: &PostInfo) -> Result<Option<EmailAddress>, FlowError> {
    if let Some(summary) = desk.store.reader().post(info.id)? {
        return Ok(summary.author_address);
    }
    let Ok(Some(raw)) = desk.store.raw(info.id) else { return Ok(None) };
    Ok(author_of(&raw))
}

/// Who a message says it is from.
pub fn author_of(raw: &[u8]) -> Option<EmailAddress> {
    let (headers, _) = Headers::scan_leniently(raw);
    headers.get("from").and_then(|value| mailboxes(&value).into_iter().find_map(|mailbox| mailbox.address))
}

/// What was decided about somebody and written to them, in order.
fn history_of(desk: &Desk, person: PersonId) -> Result<Vec<Value>, FlowError> {
    let mut lines = Vec::new();
    desk.store.history(|line| {
        let at = line.at.rfc3339(&desk.zone);
        match line.event {
            Event::Member { member, cause, by: _ } if member.person == person => {
                let shown = json!({
                    "at": at, "what": cause, "state": member.state, "reading": member.reading, "role": member.role,
                });
                lines.push((Some(member.list), shown));
            }
            Event::LetterOwed { letter: _, about } if about.person() == person => {
                let about = serde_json::to_value(&about).unwrap_or_default();
                let list = about["list"].as_u64().and_then(|list| u32::try_from(list).ok()).map(ListId);
                lines.push((list, json!({ "at": at, "what": "letter", "letter": about["letter"] })));
            }
            Event::Member { .. }
            | Event::LetterOwed { .. }
            | Event::List { .. }
            | Event::Imported { .. }
            | Event::Received { .. }
            | Event::Published { .. }
            | Event::Held { .. }
            | Event::Refused { .. }
            | Event::Dropped { .. }
            | Event::Settled { .. }
            | Event::Attempted { .. }
            | Event::Delivered { .. }
            | Event::LetterDone { .. }
            | Event::Asked { .. }
            | Event::Answered { .. }
            | Event::Lapsed { .. }
            | Event::Rethreaded { .. }
            | Event::OldAddresses { .. }
            | Event::KeptBack { .. }
            | Event::Withdrawn { .. }
            | Event::PassGiven { .. }
            | Event::Issued { .. }
            | Event::NotAwaited { .. }
            | Event::Summarized { .. }
            | Event::Drafted { .. }
            | Event::Edition { .. }
            | Event::PassEnded { .. }
            | Event::Heeded { .. }
            | Event::Banned { .. }
            | Event::ThreadPace { .. }
            | Event::Reach { .. }
            | Event::Warned { .. }
            | Event::Forgetting { .. }
            | Event::Forgotten { .. }
            | Event::Tidied {}
            | Event::Fence { .. } => {}
        }
    })?;
    let mut history = Vec::with_capacity(lines.len());
    for (list, mut shown) in lines {
        let list = list.map(|list| desk.store.list(list)).transpose()?.flatten();
        shown["list"] = json!(list.map(|list| list.address.to_string()));
        history.push(shown);
    }
    Ok(history)
}

/// The state of a message in one word.
pub fn state_word(state: PostState) -> &'static str {
    match state {
        PostState::Published => "published",
        PostState::Held => "held",
        PostState::Refused => "refused",
        PostState::Dropped => "dropped",
        PostState::Undecided => "undecided",
    }
}
