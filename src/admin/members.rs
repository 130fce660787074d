//! `parvis member …` and `parvis person show`.

use serde_json::{Value, json};

use super::request::{BadRows, Welcoming};
use super::{Channel, NotDone, refused, traces};
use crate::domain::list::{List, ListState};
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
    if list.state != ListState::Open {
        return Err(membership::NotDone::Closed(list.address).into());
    }
    let added = members_csv::add_members(&desk.store, &list, rows, act(desk, welcome), bad_rows)?;
    if bad_rows == members_csv::BadRows::StopAll && !added.bad.is_empty() {
        return refused(nobody_added(&added.bad));
    }
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

/// The rows that kept everybody out, the first of them by name.
fn nobody_added(bad: &[members_csv::BadRow]) -> String {
    const NAMED_MAX: usize = 10;
    let mut named: Vec<String> =
        bad.iter().take(NAMED_MAX).map(|row| format!("line {}: {}", row.line, row.why)).collect();
    if bad.len() > NAMED_MAX {
        named.push(format!("and {} lines more", bad.len() - NAMED_MAX));
    }
    format!("nobody was added: {}", named.join("; "))
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
    let email = membership::parse_address(email)?;
    match desk.store.person_at(&email)? {
        Some(person) => show_person(desk, &person),
        None => refused("nobody of this address is known here"),
    }
}

fn show_person(desk: &Desk, person: &Person) -> Result<Value, NotDone> {
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

/// Everything that is held about somebody, and where: also of those who only ever wrote.
pub(super) fn person(desk: &Desk, email: &str) -> Result<Value, NotDone> {
    let email = membership::parse_address(email)?;
    let person = desk.store.person_at(&email)?;
    let addresses = person.as_ref().map_or_else(|| vec![email], |person| person.addresses.clone());
    let posts = traces::posts_of(desk, person.as_ref(), &addresses)?;
    let Some(person) = person else {
        if posts.is_empty() {
            return refused("nobody of this address is known here");
        }
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        return Ok(json!({
            "person": null, "addresses": addresses, "name": null, "language": null,
            "lists": [], "posts": posts, "history": [],
        }));
    };
    let mut shown = show_person(desk, &person)?;
    shown["posts"] = Value::Array(posts);
    shown["history"] = Value::Array(traces::history_of(desk, person.id)?);
    Ok(shown)
}

/// Absent if nobody told us.
fn named(person: &Person) -> Option<&str> {
    Some(person.name.as_str()).filter(|name| !name.is_empty())
}

fn show_member(desk: &Desk, list: &List, person: &Person, member: &Membership) -> Value {
    json!({
        "list": list.address.to_string(),
        "email": person.addresses.first().map(ToString::to_string),
        "name": named(person),
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
