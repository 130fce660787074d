//! `parvis list …`

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::request::Welcoming;
use super::{NotDone, members, refused};
use crate::domain::address::EmailAddress;
use crate::domain::list::{Language, List, ListState, Opening, Preset};
use crate::domain::member::Role;
use crate::flow::lists::{self, NewList};
use crate::flow::opening::{self, Past};
use crate::flow::{Desk, history, is_current};
use crate::letters::HistoryEntry;

pub(super) fn create(
    desk: &Arc<Desk>,
    address: String,
    name: Option<String>,
    language: Option<Language>,
    preset: String,
    animators: &[String],
) -> Result<Value, NotDone> {
    let Some(preset) = Preset::parse(&preset) else {
        return refused(format!("there is no preset {preset:?}; there are discussion, announce and private"));
    };
    for animator in animators {
        EmailAddress::parse(animator)
            .map_err(|why| NotDone::Refused(format!("{animator:?} cannot be an animator: {why}")))?;
    }
    let language = language.unwrap_or(desk.language);
    let list = lists::create(desk, &NewList { address, name, language, preset })?;
    let address = list.address.to_string();
    for animator in animators {
        members::add(desk, &address, animator, None, None, Some(Role::Animator), Welcoming::Letter).map_err(
            |why| NotDone::Refused(format!("it is made, but {animator} does not look after it: {why}")),
        )?;
    }
    show_list(desk, &list)
}

pub(super) fn ls(desk: &Desk) -> Result<Value, NotDone> {
    let lists = desk.store.reader().lists()?;
    let shown: Result<Vec<Value>, NotDone> = lists.iter().map(|list| show_list(desk, list)).collect();
    Ok(Value::Array(shown?))
}

pub(super) fn show(desk: &Desk, list: &str) -> Result<Value, NotDone> {
    show_list(desk, &lists::find(desk, list)?)
}

/// What was decided, by whom and when, in sentences.
pub(super) fn history(desk: &Desk, list: &str, language: Option<Language>) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let language = language.unwrap_or(list.settings.language);
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let entries = history::of_list(desk, &list, None)?;
    let told = |entry: &HistoryEntry| {
        json!({
            "at": entry.at.rfc3339(&desk.zone),
            "what": entry.what.name(),
            "by": some(&entry.who),
            "whom": some(&entry.whom),
            "subject": some(&entry.title),
            "words": some(&entry.words),
            "sentence": entry.sentence(language),
            "line": entry.line(desk.now(), &desk.zone, language),
        })
    };
    let mut shown = show_list(desk, &list)?;
    shown["history"] = Value::Array(entries.iter().map(told).collect());
    Ok(shown)
}

pub(super) fn set(
    desk: &Desk,
    list: &str,
    settings: &[(String, String)],
    past: Past,
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    if past == Past::Asked {
        return Err(opening::not_sure(desk, &list).into());
    }
    let list = lists::set(desk, &list, settings)?;
    let list = match past {
        Past::Kept | Past::Asked => list,
        Past::Shown => {
            let list = opening::show_past(desk, &list)?;
            desk.nudge();
            list
        }
    };
    show_list(desk, &list)
}

pub(super) fn set_state(desk: &Desk, list: &str, state: ListState) -> Result<Value, NotDone> {
    let list = match lists::find(desk, list) {
        Ok(list) => list,
        // What was removed can be brought back as long as it is kept.
        Err(why) if state == ListState::Open => match lists::find_removed(desk, list)? {
            Some(list) => list,
            None => return Err(why.into()),
        },
        Err(why) => return Err(why.into()),
    };
    show_list(desk, &lists::set_state(desk, &list, state)?)
}

/// A list with its counts and every setting.
fn show_list(desk: &Desk, list: &List) -> Result<Value, NotDone> {
    let counts = desk.store.reader().counts(list.id)?;
    let members = desk.store.members(list.id)?;
    let members = members.iter().filter(|member| is_current(member));
    let (by_mail, on_paper): (Vec<_>, Vec<_>) = members.partition(|member| member.medium.is_mail());
    let held = desk.store.held()?.into_iter().filter(|item| item.list == Some(list.id)).count();
    let state = match list.state {
        ListState::Open => "open",
        ListState::Closed => "closed",
        ListState::Removed => "removed",
    };
    let mut shown = Map::new();
    shown.insert("address".to_owned(), json!(list.address.to_string()));
    for (key, value) in list.settings.values() {
        shown.insert(key.to_owned(), json!(value));
    }
    let older = match list.opening {
        None => "shown".to_owned(),
        Some(Opening { past: None, .. }) => "members".to_owned(),
        Some(Opening { past: Some(at), .. }) => at.rfc3339(&desk.zone),
    };
    shown.insert("older_posts".to_owned(), json!(older));
    shown.insert("state".to_owned(), json!(state));
    shown.insert("since".to_owned(), json!(list.since.rfc3339(&desk.zone)));
    shown.insert("posts".to_owned(), json!(counts.posts));
    shown.insert("threads".to_owned(), json!(counts.threads));
    shown.insert("members".to_owned(), json!(by_mail.len()));
    shown.insert("on_paper".to_owned(), json!(on_paper.len()));
    shown.insert("held".to_owned(), json!(held));
    Ok(Value::Object(shown))
}
