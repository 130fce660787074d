//! `parvis held …`

use serde_json::{Value, json};

use super::request::HeldDecision;
use super::{Channel, NotDone, refused};
use crate::domain::ids::PostId;
use crate::flow::moderate::{self, Decision, Moderated};
use crate::flow::{Desk, lists};
use crate::store::HeldItem;
use crate::store::archive::PostState;
use crate::store::event::Decider;

pub(super) fn ls(desk: &Desk, list: Option<&str>) -> Result<Value, NotDone> {
    let wanted = list.map(|list| lists::find(desk, list)).transpose()?;
    let mut shown = Vec::new();
    for item in desk.store.held()? {
        if wanted.as_ref().is_none_or(|list| item.list == Some(list.id)) {
            shown.push(show_item(desk, &item)?);
        }
    }
    Ok(Value::Array(shown))
}

pub(super) fn show(desk: &Desk, id: &str, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    let post = parse(id)?;
    let Some(item) = desk.store.held()?.into_iter().find(|item| item.id == post) else {
        return refused(format!("nothing waits under the number {id}"));
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
        Moderated::NotWaiting(None) => return refused(format!("nothing waits under the number {id}")),
        Moderated::NotWaiting(Some(state)) => {
            let word = match state {
                PostState::Published => "it has gone out already",
                PostState::Refused => "it was refused already",
                PostState::Dropped => "it was put away already",
                PostState::Undecided => "it is being read just now",
                PostState::Held => "somebody is deciding about it just now",
            };
            return refused(format!("{id} does not wait any more: {word}"));
        }
    };
    Ok(json!({ "id": id, "became": became }))
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
    id.parse().map_err(|_| {
        NotDone::Refused(format!("{id:?} is not the number of something held; see parvis held ls"))
    })
}
