//! `parvis member …` and `parvis person …`.

use serde_json::{Value, json};

use super::request::{BadRows, Welcoming};
use super::{Channel, NotDone, refused};
use crate::domain::address::EmailAddress;
use crate::domain::list::ListState;
use crate::domain::member::{Joined, MemberState, Person, Reading, Role};
use crate::domain::wish::PostsLeft;
use crate::flow::about::{self, show_member, show_person};
use crate::flow::forget;
use crate::flow::members_csv;
use crate::flow::membership::{self, Act, AddOutcome, Telling, Wish};
use crate::flow::{Desk, is_current, lists};
use crate::store::event::Decider;

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

/// Somebody without an address: « Mme Duval, 2e étage, par Paul ».
pub(super) fn add_on_paper(desk: &Desk, list: &str, who: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let added = membership::add_on_paper(&desk.store, &list, who, act(desk, Welcoming::Silent))??;
    let mut shown = show_member(desk, &list, &added.person, &added.member);
    shown["said"] = json!(format!("{} gets {} on paper", added.person.name, list.address));
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
    if let Some(person) = membership::on_paper(&desk.store, &list, email)? {
        // Their name is all that is held about them.
        forget::begin(desk, &person, PostsLeft::Nameless, Some(Decider::Operator))?;
        forget::carry_out(desk, person.id)?;
        let said = format!("{} gets {} on paper no more, and is forgotten", person.name, list.address);
        return Ok(json!({ "name": person.name, "list": list.address.to_string(), "said": said }));
    }
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

/// Somebody on all their lists; above these, what is the same on all of them.
pub(super) fn show(desk: &Desk, email: &str) -> Result<Value, NotDone> {
    let email = membership::parse_address(email)?;
    let Some(person) = desk.store.person_at(&email)? else {
        return refused("nobody of this address is known here");
    };
    let mut shown = show_person(desk, &person)?;
    shown["email"] = json!(person.addresses.first().map(ToString::to_string));
    let left = |list: &Value| list["state"] == json!(MemberState::Left);
    let mut lists = shown["lists"].as_array().cloned().unwrap_or_default();
    if !lists.iter().all(left) {
        lists.retain(|list| !left(list));
    }
    for key in ["reading", "day", "role", "since", "state"] {
        let first = lists.first().map(|list| list[key].clone());
        shown[key] = first.filter(|first| lists.iter().all(|list| list[key] == *first)).into();
    }
    Ok(shown)
}

/// Everything that is held about somebody, and where: also of those who only ever wrote.
pub(super) fn person(desk: &Desk, email: &str) -> Result<Value, NotDone> {
    let who = known(desk, email)?;
    Ok(about::everything(desk, who.person.as_ref(), &who.addresses)?)
}

/// The same with every message of theirs, as one document.
pub(super) fn export_person(desk: &Desk, email: &str) -> Result<Value, NotDone> {
    let who = known(desk, email)?;
    Ok(about::everything_with_messages(desk, who.person.as_ref(), &who.addresses)?)
}

/// Forgets somebody, everywhere, now.
pub(super) fn erase_person(desk: &Desk, email: &str, posts: PostsLeft) -> Result<Value, NotDone> {
    let who = known(desk, email)?;
    let person = who.person.unwrap_or_else(|| Person {
        id: desk.store.next_person(),
        addresses: who.addresses,
        name: String::new(),
        language: None,
    });
    let lists = desk.store.memberships(person.id)?.into_iter().filter(is_current).count();
    forget::begin(desk, &person, posts, Some(Decider::Operator))?;
    let report = forget::carry_out(desk, person.id)?;
    let mut answer = serde_json::to_value(&report).unwrap_or_default();
    answer["person"] = json!(person.id.to_string());
    answer["addresses"] = json!(person.addresses.iter().map(ToString::to_string).collect::<Vec<_>>());
    answer["posts"] = json!(posts);
    answer["lists"] = json!(lists);
    answer["kept"] = json!(forget::KEPT);
    Ok(answer)
}

/// Somebody who is known here, or only ever wrote.
struct Known {
    person: Option<Person>,
    addresses: Vec<EmailAddress>,
}

fn known(desk: &Desk, email: &str) -> Result<Known, NotDone> {
    let email = membership::parse_address(email)?;
    let person = desk.store.person_at(&email)?;
    let Some(person) = person else {
        if !forget::has_written(desk, &email)? {
            return refused("nobody of this address is known here");
        }
        return Ok(Known { person: None, addresses: vec![email] });
    };
    let addresses = person.addresses.clone();
    Ok(Known { person: Some(person), addresses })
}
