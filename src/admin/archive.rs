//! `parvis import …`, `parvis export` and `parvis list remove`.

use std::cell::RefCell;
use std::fs;
use std::io;

use serde_json::{Value, json};

use super::request::Rehearsal;
use super::{Channel, NotDone, lists as list_verbs, refused};
use crate::domain::list::ListState;
use crate::domain::time::Timestamp;
use crate::flow::export::{self, ExportSink};
use crate::flow::import::{self, Imported, Item};
use crate::flow::{Desk, lists};

/// A message or an unreadable place of an archive, as it travels to the server.
pub fn pack(item: &Item) -> Vec<u8> {
    let (kind, n, dated, bytes) = match item {
        Item::Message { n, raw, dated } => (b'M', n, *dated, raw.as_slice()),
        Item::Unreadable { n, why } => (b'U', n, None, why.as_bytes()),
    };
    let dated = dated.map_or(i64::MIN, Timestamp::millis);
    let mut packed = Vec::with_capacity(bytes.len() + 17);
    packed.push(kind);
    packed.extend_from_slice(&n.to_be_bytes());
    packed.extend_from_slice(&dated.to_be_bytes());
    packed.extend_from_slice(bytes);
    packed
}

fn unpack(packed: &[u8]) -> io::Result<Item> {
    let wrong = || io::Error::other("a message came in no form that is known");
    let (head, bytes) = packed.split_at_checked(17).ok_or_else(wrong)?;
    let number = |at: usize| -> io::Result<[u8; 8]> { head[at..at + 8].try_into().map_err(|_| wrong()) };
    let n = u64::from_be_bytes(number(1)?);
    let millis = i64::from_be_bytes(number(9)?);
    match head[0] {
        b'M' => {
            let dated = (millis != i64::MIN).then(|| Timestamp::from_millis(millis));
            Ok(Item::Message { n, raw: bytes.to_vec(), dated })
        }
        b'U' => Ok(Item::Unreadable { n, why: String::from_utf8_lossy(bytes).into_owned() }),
        _ => Err(wrong()),
    }
}

pub(super) fn import(
    desk: &Desk,
    list: &str,
    rehearsal: Rehearsal,
    channel: &mut dyn Channel,
) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let channel = RefCell::new(channel);
    let items = std::iter::from_fn(|| match channel.borrow_mut().blob() {
        Ok(blob) => blob.map(|packed| unpack(&packed)),
        Err(error) => Some(Err(error)),
    });
    let rehearsal = match rehearsal {
        Rehearsal::Dry => import::Rehearsal::Dry,
        Rehearsal::ForReal => import::Rehearsal::ForReal,
    };
    // A command that is gone, or does not listen, stops nothing by not hearing how far it is.
    let mut progress = |so_far: &Imported| drop(channel.borrow_mut().progress(counts(so_far)));
    let imported = import::import(&desk.store, list.id, desk.now(), items, rehearsal, &mut progress)?;
    let unreadable: Vec<Value> =
        imported.unreadable.iter().map(|bad| json!({ "n": bad.n, "why": bad.why })).collect();
    let mut answer = counts(&imported);
    answer["unreadable"] = Value::Array(unreadable);
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
    let manifest = export::export(desk, &list, &mut Over(channel))?;
    Ok(json!({ "list": list.address.to_string(), "manifest": manifest }))
}

/// Files of an export on their way to the command.
struct Over<'a>(&'a mut dyn Channel);

impl ExportSink for Over<'_> {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.0.file(name)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.bytes(bytes)
    }
}

/// Exports a list beside the data, then takes it away.
pub(super) fn remove(desk: &Desk, list: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    let day = desk.now().rfc3339(&desk.zone);
    let day = day.get(..10).unwrap_or("today");
    let folder = desk.store.data().join("removed").join(format!("{}-{day}", list.address));
    if folder.exists() {
        return refused(format!("{} is in the way of the export; move it elsewhere first", folder.display()));
    }
    fs::create_dir_all(&folder)?;
    export::export(desk, &list, &mut export::IntoFolder::new(&folder))?;
    let mut answer = list_verbs::set_state(desk, &list.address.to_string(), ListState::Removed)?;
    answer["exported"] = json!(folder.display().to_string());
    Ok(answer)
}
