//! `parvis held …`

use serde_json::{Value, json};

use super::request::HeldDecision;
use super::{Channel, NotDone, refused};
use crate::domain::command::Decision;
use crate::domain::ids::PostId;
use crate::domain::list::ListState;
use crate::flow::moderate::{self, Moderated};
use crate::flow::{Desk, lists};
use crate::store::HeldItem;
use crate::store::archive::PostState;
use crate::store::event::Decider;

pub(super) fn ls(desk: &Desk, list: Option<&str>) -> Result<Value, NotDone> {
    let wanted = list.map(|list| lists::find(desk, list)).transpose()?;
    let mut shown = Vec::new();
    for item in desk.store.held()? {
        // What waits for a list that was removed waits for nobody.
        if is_of_a_removed_list(desk, &item)? {
            continue;
        }
        if wanted.as_ref().is_none_or(|list| item.list == Some(list.id)) {
            shown.push(show_item(desk, &item)?);
        }
    }
    Ok(Value::Array(shown))
}

pub(super) fn show(desk: &Desk, id: &str, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    let post = parse(id)?;
    let Some(item) = desk.store.held()?.into_iter().find(|item| item.id == post) else {
        let state = desk.store.post(post)?.map(|info| info.state);
        return refused(waits_no_more(state));
    };
    let mut shown = show_item(desk, &item)?;
    if let Some(raw) = desk.store.raw(post)? {
        shown["text"] = json!(crate::mail::show::plain_text(&raw));
        channel.file("message.eml")?;
        channel.bytes(&raw)?;
    }
    Ok(shown)
}

pub(super) fn decide(desk: &Desk, id: &str, decision: HeldDecision) -> Result<Value, NotDone> {
    let post = parse(id)?;
    let decision = match decision {
        HeldDecision::Accept => Decision::Accept,
        HeldDecision::Refuse(words) => Decision::Refuse(words),
        HeldDecision::Discard => Decision::Discard,
    };
    let became = match moderate::moderate(desk, post, Decider::Operator, decision)? {
        Moderated::Published => "published",
        Moderated::Refused => "refused",
        Moderated::Discarded => "discarded",
        Moderated::DealtWith => "dealt with",
        Moderated::NotWaiting(state) => return refused(waits_no_more(state)),
    };
    Ok(json!({ "id": id, "became": became }))
}

/// Somebody else was first, as a rule; that is told, and no fault.
fn waits_no_more(state: Option<PostState>) -> &'static str {
    match state {
        None => "nothing waits under this number",
        Some(PostState::Published) => "it does not wait any more: it has gone out already",
        Some(PostState::Refused) => "it does not wait any more: it was refused already",
        Some(PostState::Dropped) => "it does not wait any more: it was put away already",
        Some(PostState::Undecided) => "it does not wait yet: it is being read just now",
        Some(PostState::Held) => "somebody is deciding about it just now",
    }
}

fn is_of_a_removed_list(desk: &Desk, item: &HeldItem) -> Result<bool, NotDone> {
    let list = item.list.map(|list| desk.store.list(list)).transpose()?.flatten();
    Ok(list.is_some_and(|list| list.state == ListState::Removed))
}

fn show_item(desk: &Desk, item: &HeldItem) -> Result<Value, NotDone> {
    let list = item.list.map(|list| desk.store.list(list)).transpose()?.flatten();
    Ok(json!({
        "id": item.id.to_string(),
        "list": list.map(|list| list.address.to_string()),
        "from": item.from,
        "subject": item.subject,
        "reason": item.reason.to_string(),
        "at": item.at.rfc3339(&desk.zone),
    }))
}

fn parse(id: &str) -> Result<PostId, NotDone> {
    id.parse().map_err(|_| NotDone::Refused("it is not a number; parvis held ls shows them".to_owned()))
}
