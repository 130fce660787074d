//! `parvis post move`, `split`, `join` and `withdraw`.

use serde_json::{Value, json};

use super::request::SetRight;
use super::{NotDone, refused};
use crate::domain::ids::{ListId, MessageId};
use crate::flow::set_right::{self, NotRight};
use crate::flow::{Desk, lists};
use crate::store::archive::PostSummary;
use crate::store::event::Decider;

impl From<NotRight> for NotDone {
    fn from(fault: NotRight) -> NotDone {
        match fault {
            NotRight::Refused(sentence) => NotDone::Refused(sentence),
            NotRight::Flow(error) => NotDone::Flow(error),
        }
    }
}

/// Sets a post right; the answer says where it stands now.
pub(super) fn set_right(
    desk: &Desk,
    list: Option<&str>,
    message_id: &str,
    how: &SetRight,
) -> Result<Value, NotDone> {
    let list = list.map(|list| lists::find(desk, list)).transpose()?.map(|list| list.id);
    let post = find(desk, list, message_id)?;
    let other = |id: &str| find(desk, list.or(Some(post.list)), id);
    let by = Decider::Operator;
    let posts = match how {
        SetRight::MoveTo(target) => set_right::move_to(desk, &post, &other(target)?, by)?,
        SetRight::Split => set_right::split(desk, &post, by)?,
        SetRight::JoinWith(with) => set_right::join(desk, &post, &other(with)?, by)?,
        SetRight::Withdraw => {
            set_right::withdraw(desk, &post, by)?;
            1
        }
    };
    let now = find(desk, Some(post.list), message_id)?;
    let thread = desk.store.reader().thread(now.list, now.thread, 0)?;
    Ok(json!({
        "message_id": now.message_id.as_str(),
        "thread": thread.map(|thread| thread.summary.key),
        "posts": posts,
        "withdrawn": now.withdrawn.is_some(),
    }))
}

fn find(desk: &Desk, list: Option<ListId>, id: &str) -> Result<PostSummary, NotDone> {
    match MessageId::parse(id) {
        Some(id) => Ok(set_right::find(desk, list, &id)?),
        None => refused(format!("{id:?} is no Message-ID; one looks like <name@host>")),
    }
}
