//! `parvis member …` and `parvis person show`.

use serde_json::{Value, json};

use super::request::{BadRows, Welcoming};
use super::{Channel, NotDone, refused};
use crate::domain::address::EmailAddress;
use crate::domain::list::List;
use crate::domain::member::{Joined, MemberState, Membership, Person, Reading, Role};
use crate::flow::members_csv;
use crate::flow::membership::{self, Act, AddOutcome, Telling, Wish};
use crate::flow::{Desk, lists};

#[allow(clippy::too_many_arguments, reason = "each is one word of the command")]
pub(super) fn add(
    desk: &Desk,
    list: &str,
    email: &str,
    name: Option<String>,
    reading: Option<Reading>,
    role: Option<Role>,
    welcome: Welcoming,
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let email = membership::parse_address(email)?;
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let mut settings = Vec::new();
    settings.extend(reading.map(|reading| ("reading".to_owned(), word(json!(reading)))));
    settings.extend(role.map(|role| ("role".to_owned(), word(json!(role)))));
    let wish = Wish { email, name, language: None, since: None, settings, joined: Joined::Declared };
    let added = membership::add_member(&desk.store, &list, &wish, act(desk, welcome))??;
    let said = match added.outcome {
        AddOutcome::Joined => format!("{} is a member of {} now", wish.email, list.address),
        AddOutcome::Updated => {
            format!("{} was a member of {} already; the rest is changed", wish.email, list.address)
        }
        AddOutcome::AsBefore => format!("{} is a member of {} already", wish.email, list.address),
    };
    let mut shown = show_member(desk, &list, &added.person, &added.member);
    shown["said"] = json!(said);
    Ok(shown)
}

pub(super) fn set(
    desk: &Desk,
    list: &str,
    email: &str,
    settings: &[(String, String)],
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let email = membership::parse_address(email)?;
    let changed =
        membership::set_member(&desk.store, &list, &email, settings, act(desk, Welcoming::Letter))??;
    let mut shown = show_member(desk, &list, &changed.person, &changed.member);
    shown["said"] = json!(format!("{email} on {}: changed", list.address));
    Ok(shown)
}

pub(super) fn remove(desk: &Desk, list: &str, email: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let email = membership::parse_address(email)?;
    membership::remove_member(&desk.store, &list, &email, act(desk, Welcoming::Letter))??;
    Ok(json!({
        "email": email.to_string(),
        "list": list.address.to_string(),
        "said": format!("{email} is no member of {} any more", list.address),
    }))
}

pub(super) fn import(
    desk: &Desk,
    list: &str,
    welcome: Welcoming,
    bad_rows: BadRows,
    channel: &mut dyn Channel,
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let Some(file) = channel.blob()? else { return refused("there is no file to import") };
    let rows = members_csv::read(&file, desk.now()).map_err(|why| NotDone::Refused(why.to_string()))?;
    let bad_rows = match bad_rows {
        BadRows::Skip => members_csv::BadRows::LeftOut,
        BadRows::RefuseAll => members_csv::BadRows::StopAll,
    };
    let ignored = rows.ignored_columns.clone();
    let added = members_csv::add_members(&desk.store, &list, rows, act(desk, welcome), bad_rows)?;
    let bad: Vec<Value> = added.bad.iter().map(|row| json!({ "line": row.line, "why": row.why })).collect();
    Ok(json!({
        "list": list.address.to_string(),
        "added": added.added,
        "updated": added.updated,
        "known": added.as_before,
        "bad": bad,
        "ignored_columns": ignored,
    }))
}

fn act(desk: &Desk, welcome: Welcoming) -> Act {
    let telling = match welcome {
        Welcoming::Letter => Telling::Letter,
        Welcoming::Silent => Telling::Nobody,
    };
    Act { now: desk.now(), by: None, telling }
}

impl From<membership::NotDone> for NotDone {
    fn from(why: membership::NotDone) -> NotDone {
        NotDone::Refused(why.to_string())
    }
}

pub(super) fn ls(desk: &Desk, list: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let mut shown = Vec::new();
    for member in desk.store.members(list.id)? {
        if member.state == MemberState::Left {
            continue;
        }
        if let Some(person) = desk.store.person(member.person)? {
            shown.push(show_member(desk, &list, &person, &member));
        }
    }
    Ok(Value::Array(shown))
}

/// Somebody on all their lists.
pub(super) fn show(desk: &Desk, email: &str) -> Result<Value, NotDone> {
    let person = find(desk, email)?;
    let mut memberships = Vec::new();
    for member in desk.store.memberships(person.id)? {
        if let Some(list) = desk.store.list(member.list)? {
            memberships.push(show_member(desk, &list, &person, &member));
        }
    }
    Ok(json!({
        "person": person.id.to_string(),
        "addresses": person.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "name": person.name,
        "language": person.language.map(|language| language.tag()),
        "lists": memberships,
    }))
}

/// Everything that is held about somebody, and where.
pub(super) fn person(desk: &Desk, email: &str) -> Result<Value, NotDone> {
    let person = find(desk, email)?;
    let mut shown = show(desk, email)?;
    let mut posts = Vec::new();
    let mut from = crate::domain::ids::PostId(0);
    loop {
        let some = desk.store.posts(from, 1_000)?;
        let Some(last) = some.last() else { break };
        from = crate::domain::ids::PostId(last.id.0 + 1);
        for info in some {
            let theirs = match desk.store.reader().post(info.id)? {
                Some(summary) => {
                    summary.author_address.is_some_and(|address| person.addresses.contains(&address))
                }
                None => info.author == Some(person.id),
            };
            if theirs {
                let list = info.list.map(|list| desk.store.list(list)).transpose()?.flatten();
                posts.push(json!({
                    "id": info.id.to_string(),
                    "list": list.map(|list| list.address.to_string()),
                    "message_id": info.message_id.map(|id| id.to_string()),
                    "at": info.received.rfc3339(&desk.zone),
                }));
            }
        }
    }
    let mut history = Vec::new();
    desk.store.history(|line| {
        let about = serde_json::to_value(&line.event).unwrap_or_default();
        let theirs =
            about["member"]["person"] == json!(person.id.0) || about["about"]["person"] == json!(person.id.0);
        if theirs {
            history.push(
                json!({ "at": line.at.rfc3339(&desk.zone), "what": about["what"], "cause": about["cause"] }),
            );
        }
    })?;
    shown["posts"] = Value::Array(posts);
    shown["history"] = Value::Array(history);
    Ok(shown)
}

fn find(desk: &Desk, email: &str) -> Result<Person, NotDone> {
    match desk.store.person_at(&address(email)?)? {
        Some(person) => Ok(person),
        None => refused(format!("nobody with the address {email} is known here")),
    }
}

fn address(text: &str) -> Result<EmailAddress, NotDone> {
    EmailAddress::parse(text).map_err(|why| NotDone::Refused(format!("{text:?} is not an address: {why}")))
}

fn show_member(desk: &Desk, list: &List, person: &Person, member: &Membership) -> Value {
    json!({
        "list": list.address.to_string(),
        "email": person.addresses.first().map(ToString::to_string),
        "name": person.name,
        "language": person.language.map(|language| language.tag()),
        "reading": member.reading,
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
        "posts": member.posts,
    })
}
