//! What somebody left behind: their posts, and what was decided about them.

use serde_json::{Value, json};

use super::NotDone;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::member::Person;
use crate::flow::Desk;
use crate::mail::headers::Headers;
use crate::mail::words::mailboxes;
use crate::store::PostInfo;
use crate::store::archive::PostState;
use crate::store::event::Event;

/// Messages looked at in one go.
const SCAN: usize = 1_000;

/// Hands every message that is kept to `look`, the oldest first.
pub(super) fn each_post(
    desk: &Desk,
    mut look: impl FnMut(PostInfo) -> Result<(), NotDone>,
) -> Result<(), NotDone> {
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
pub(super) fn posts_of(
    desk: &Desk,
    person: Option<&Person>,
    addresses: &[EmailAddress],
) -> Result<Vec<Value>, NotDone> {
    let mut posts = Vec::new();
    each_post(desk, |info| {
        let known = info.author.is_some() && info.author == person.map(|person| person.id);
        if !known && !author(desk, &info)?.is_some_and(|author| addresses.contains(&author)) {
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

/// Of what was published it is known who wrote it; of the rest the header is read.
fn author(desk: &Desk, info: &PostInfo) -> Result<Option<EmailAddress>, NotDone> {
    if let Some(summary) = desk.store.reader().post(info.id)? {
        return Ok(summary.author_address);
    }
    let Ok(Some(raw)) = desk.store.raw(info.id) else { return Ok(None) };
    Ok(author_of(&raw))
}

/// Who a message says it is from.
pub(super) fn author_of(raw: &[u8]) -> Option<EmailAddress> {
    let (headers, _) = Headers::scan_leniently(raw);
    headers.get("from").and_then(|value| mailboxes(&value).into_iter().find_map(|mailbox| mailbox.address))
}

/// What was decided about somebody and written to them, in order.
pub(super) fn history_of(desk: &Desk, person: PersonId) -> Result<Vec<Value>, NotDone> {
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
            | Event::PassGiven { .. }
            | Event::PassEnded { .. }
            | Event::Heeded { .. }
            | Event::Banned { .. }
            | Event::ThreadPace { .. }
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
pub(super) fn state_word(state: PostState) -> &'static str {
    match state {
        PostState::Published => "published",
        PostState::Held => "held",
        PostState::Refused => "refused",
        PostState::Dropped => "dropped",
        PostState::Undecided => "undecided",
    }
}
