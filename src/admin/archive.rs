//! `parvis import …`, `parvis export` and `parvis list remove`.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::request::Rehearsal;
use super::{Channel, NotDone, lists as list_verbs, refused};
use crate::domain::list::ListState;
use crate::domain::time::Timestamp;
use crate::flow::export::{self, ExportError, Folder, OpenFrom, Piece};
use crate::flow::import::{self, Imported, Item, Message, Run, SourceFault, UnreadableMessage};
use crate::flow::{self, Desk, lists};

/// A message or an unreadable place of an archive, as it travels to the server: kind, number,
/// moment, length of the sender, sender, bytes.
pub fn pack(item: &Item) -> Vec<u8> {
    let (kind, n, dated, sender, bytes) = match item {
        Item::Message(Message { n, raw, sender, dated }) => {
            (b'M', n, *dated, sender.as_str(), raw.as_slice())
        }
        Item::Unreadable(UnreadableMessage { n, why }) => (b'U', n, None, "", why.as_bytes()),
    };
    let dated = dated.map_or(i64::MIN, Timestamp::millis);
    let sender = sender.get(..usize::from(u16::MAX)).unwrap_or(sender).as_bytes();
    let mut packed = Vec::with_capacity(HEAD_BYTES + sender.len() + bytes.len());
    packed.push(kind);
    packed.extend_from_slice(&n.to_be_bytes());
    packed.extend_from_slice(&dated.to_be_bytes());
    packed.extend_from_slice(&u16::try_from(sender.len()).unwrap_or(0).to_be_bytes());
    packed.extend_from_slice(sender);
    packed.extend_from_slice(bytes);
    packed
}

const HEAD_BYTES: usize = 1 + 8 + 8 + 2;

fn unpack(packed: &[u8]) -> Option<Item> {
    let (head, rest) = packed.split_at_checked(HEAD_BYTES)?;
    let n = u64::from_be_bytes(head[1..9].try_into().ok()?);
    let millis = i64::from_be_bytes(head[9..17].try_into().ok()?);
    let (sender, bytes) = rest.split_at_checked(usize::from(u16::from_be_bytes([head[17], head[18]])))?;
    match head[0] {
        b'M' => Some(Item::Message(Message {
            n,
            raw: bytes.to_vec(),
            sender: String::from_utf8(sender.to_vec()).ok()?,
            dated: (millis != i64::MIN).then(|| Timestamp::from_millis(millis)),
        })),
        b'U' => {
            let why = String::from_utf8(bytes.to_vec()).ok()?;
            Some(Item::Unreadable(UnreadableMessage { n, why }))
        }
        _ => None,
    }
}

/// A table of where posts were found before.
pub(super) fn old_addresses(desk: &Desk, list: &str, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let mut table = Vec::new();
    loop {
        match channel.blob() {
            Ok(Some(blob)) => table.extend_from_slice(&blob),
            Ok(None) => break,
            Err(error) => return refused(format!("the table did not arrive: {error}")),
        }
    }
    let noted = import::old_addresses::note(desk, list.id, &String::from_utf8_lossy(&table))?;
    let unusable = noted.unusable.iter().map(|(n, why)| json!({ "n": n, "why": why }));
    Ok(json!({
        "old_urls": noted.noted,
        "known": noted.known,
        "unusable": unusable.collect::<Vec<Value>>(),
    }))
}

pub(super) fn import(
    desk: &Desk,
    list: &str,
    rehearsal: Rehearsal,
    open_from: &OpenFrom,
    channel: &mut dyn Channel,
) -> Result<Value, NotDone> {
    let mut list = lists::find(desk, list)?;
    if rehearsal == Rehearsal::ForReal {
        list = import::closed::close(desk, &list, open_from)?;
    }
    let channel = RefCell::new(channel);
    let broken = SourceFault;
    let items = std::iter::from_fn(|| match channel.borrow_mut().blob() {
        Ok(blob) => {
            blob.map(|packed| unpack(&packed).ok_or_else(|| broken("a message in no known form".to_owned())))
        }
        Err(error) => Some(Err(broken(error.to_string()))),
    });
    let run = match rehearsal {
        Rehearsal::Dry => Run::Dry,
        Rehearsal::ForReal => Run::Real,
    };
    // A command that is gone, or does not listen, stops nothing by not hearing how far it is.
    let mut progress = |so_far: &Imported| drop(channel.borrow_mut().progress(counts(so_far)));
    let imported = import::import(&desk.store, list.id, desk.now(), items, run, &mut progress).map_err(|stopped| {
        let Imported { imported, duplicates, .. } = *stopped.so_far;
        NotDone::Refused(match imported + duplicates {
            0 => stopped.cause.to_string(),
            _ => format!(
                "{}; {imported} messages are imported and {duplicates} were there before: run it again to go on",
                stopped.cause
            ),
        })
    })?;
    let mut answer = serde_json::to_value(&imported).unwrap_or_default();
    if run == Run::Real && imported.imported > 0 {
        answer["search"] = json!("follows");
    }
    if run == Run::Real && *open_from != OpenFrom::Beginning {
        import::closed::open(desk, &list, open_from)?;
        answer["older_posts"] = json!("members");
    }
    answer["list"] = json!(list.address.to_string());
    Ok(answer)
}

fn counts(imported: &Imported) -> Value {
    json!({
        "messages": imported.messages,
        "imported": imported.imported,
        "duplicates": imported.duplicates,
    })
}

pub(super) fn export(desk: &Desk, list: &str, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let manifest = export::export(&desk.store, &list, desk.now(), &mut |piece| match piece {
        Piece::File(name) => channel.file(name),
        Piece::Bytes(bytes) => channel.bytes(bytes),
    })?;
    Ok(json!({ "list": list.address.to_string(), "manifest": manifest }))
}

impl From<ExportError> for NotDone {
    fn from(error: ExportError) -> NotDone {
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::Sink(error) => NotDone::Channel(error),
        }
    }
}

/// Exports of one list that find room beside each other.
const REMOVALS_A_DAY_MAX: u32 = 100;

/// Exports a list beside the data, then takes it away.
pub(super) fn remove(desk: &Desk, list: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let day = desk.now().rfc3339(&desk.zone);
    let day = day.get(..10).unwrap_or("today");
    let removed = desk.store.data().join(flow::REMOVED);
    // What was removed, brought back and removed again on one day is kept each time.
    let name = |n: u32| match n {
        1 => format!("{}-{day}", list.address),
        n => format!("{}-{day}-{n}", list.address),
    };
    let free = (1..=REMOVALS_A_DAY_MAX).map(|n| removed.join(name(n))).find(|folder| !folder.exists());
    let Some(folder) = free else { return refused(format!("{} is full of it", removed.display())) };
    let mut files = Folder::new(&folder)?;
    export::export(&desk.store, &list, desk.now(), &mut |piece| files.take(piece))?;
    files.finish()?;
    let mut answer = list_verbs::set_state(desk, &list.address.to_string(), ListState::Removed)?;
    answer["exported"] = json!(folder.display().to_string());
    Ok(answer)
}
