//! `parvis digest …`

use serde_json::{Value, json};

use super::{Channel, NotDone, refused};
use crate::domain::edition::{Edition, EditionItem, ItemPlace};
use crate::domain::list::{Curation, List};
use crate::domain::time::Timestamp;
use crate::flow::{Desk, digests, lists};

/// The next edition as it stands; on a curated list the animators get its draft.
pub(super) fn draft(desk: &Desk, list: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let draft = match list.settings.curation {
        Curation::Draft => digests::draft_now(desk, &list)?,
        Curation::None => {
            Some(digests::proposed(desk, &list, desk.now())?).filter(|draft| !draft.items.is_empty())
        }
    };
    match draft {
        Some(draft) => shown(desk, &list, &draft, None, &names(desk, &draft)?, |_| true),
        None => nothing_new(desk, &list),
    }
}

/// Sends it now.
pub(super) fn send(desk: &Desk, list: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    match digests::send_now(desk, &list)? {
        Some(number) => {
            desk.nudge();
            edition(desk, &list, number)
        }
        None => nothing_new(desk, &list),
    }
}

/// One that went out; the latest, if no number is said.
pub(super) fn show(desk: &Desk, list: &str, number: Option<u32>) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let latest = desk.store.reader().editions(list.id, 1)?.first().map(|(number, _)| *number);
    match number.or(latest) {
        Some(number) => edition(desk, &list, number),
        None => refused(format!("no edition of {} has gone out yet", list.address)),
    }
}

/// One that went out, as a PDF with whom to hand it to; the latest, if no number is said.
pub(super) fn print(
    desk: &Desk,
    list: &str,
    number: Option<u32>,
    channel: &mut dyn Channel,
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let latest = desk.store.reader().editions(list.id, 1)?.first().map(|(number, _)| *number);
    let Some(number) = number.or(latest) else {
        return refused(format!("no edition of {} has gone out yet", list.address));
    };
    let Some(pdf) = digests::printed(desk, &list, number, digests::For::Bringers)? else {
        return refused(format!("{} has no edition {number}", list.address));
    };
    let pdf = pdf.map_err(|fault| NotDone::Refused(fault.to_string()))?;
    channel.file(&format!("{}-{number}.pdf", list.address.name()))?;
    for piece in pdf.chunks(PIECE_BYTES) {
        channel.bytes(piece)?;
    }
    let handed: Vec<Value> = digests::handed(desk, &list)?
        .into_iter()
        .map(|one| json!({ "name": one.name, "how": Some(one.how).filter(|how| !how.is_empty()) }))
        .collect();
    Ok(json!({ "n": number, "bytes": pdf.len(), "handed": handed }))
}

/// Bytes of a PDF handed on at a time.
const PIECE_BYTES: usize = 64 * 1024;

fn edition(desk: &Desk, list: &List, number: u32) -> Result<Value, NotDone> {
    match desk.store.reader().edition(list.id, number)? {
        Some(found) => {
            let is_in = |item: &EditionItem| item.place == ItemPlace::In;
            shown(desk, list, &found.edition, Some(found.at), &found.by, is_in)
        }
        None => refused(format!("{} has no edition {number}", list.address)),
    }
}

fn nothing_new<T>(desk: &Desk, list: &List) -> Result<T, NotDone> {
    let since = desk.store.reader().editions(list.id, 1)?.first().map_or(list.since, |(_, at)| *at);
    refused(format!("nothing new awaits a digest of {} since {}", list.address, since.rfc3339(&desk.zone)))
}

fn names(desk: &Desk, draft: &Edition) -> Result<Vec<String>, NotDone> {
    let mut names = Vec::new();
    for person in &draft.by {
        names.extend(desk.store.person(*person)?.map(|person| person.name).filter(|name| !name.is_empty()));
    }
    Ok(names)
}

fn shown(
    desk: &Desk,
    list: &List,
    edition: &Edition,
    at: Option<Timestamp>,
    by: &[String],
    wanted: impl Fn(&EditionItem) -> bool,
) -> Result<Value, NotDone> {
    let language = list.settings.language;
    let mut items = Vec::new();
    for item in edition.items.iter().filter(|item| wanted(item)) {
        let Some((title, id)) = digests::title_of_item(desk, list, item, language)? else { continue };
        items.push(json!({
            "n": item.number,
            "message_id": id.as_str(),
            "title": title,
            "posts": item.posts.len(),
            "place": item.place,
            "note": Some(&item.note).filter(|note| !note.is_empty()),
        }));
    }
    Ok(json!({
        "n": edition.number,
        "title": digests::heading(edition, language),
        "at": at.map(|at| at.rfc3339(&desk.zone)),
        "by": Some(by.join(", ")).filter(|by| !by.is_empty()),
        "goes": at.is_none().then(|| edition.goes.rfc3339(&desk.zone)),
        "intro": Some(&edition.intro).filter(|intro| !intro.is_empty()),
        "items": items,
    }))
}
