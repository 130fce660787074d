//! Every byte of a mail file belongs to one message, and every message to one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::{Finding, each_post, unreadable};
use crate::domain::ids::PostId;
use crate::store::event::Event;
use crate::store::segments::MailPlace;
use crate::store::{Store, StoreError, catch_up, keys};

/// Where a message begins, how long it is, and which it is.
type Place = (u64, u64, PostId);

/// A part that belongs to nothing is told by its length and place; so many of a file are.
const TOLD_MAX: usize = 3;

pub(super) fn mail_files(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "mail files", looked_at: 0, faults: Vec::new() };
    let mut places: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
    let mut note = |mail: MailPlace, whose: PostId| {
        let MailPlace { file, offset, len } = mail;
        places.entry(file).or_default().insert((offset, len, whose));
    };
    // Drafts are messages too, of which the last alone is still asked for.
    store.history(|line| {
        if let Event::Drafted { document, mail, .. } | Event::Edition { document, mail, .. } = line.event {
            note(mail, document);
        }
    })?;
    each_post(store, |post| {
        note(post.mail, post.id);
        Ok(())
    })?;
    for file in catch_up::mail_files(store.data())? {
        finding.looked_at += 1;
        // What stands behind it may be half written just now.
        let end = store.reader().engine().get(&keys::mail_file_end(&file))?;
        let end = end.map_or(0, |value| keys::number_u64(&value, 0));
        let own = places.remove(&file).unwrap_or_default();
        let unowned = unowned(store, &file, &own, end);
        finding.faults.extend(unowned.map_err(|source| unreadable(store, "mail", source))?);
    }
    // Days of transit go as a whole when their time is over.
    for file in places.keys().filter(|file| file.starts_with("mail/")) {
        finding.faults.push(format!("{file} is not there"));
    }
    Ok(finding)
}

/// Bytes of a file that no message is in, and bytes that two are in.
fn unowned(store: &Store, name: &str, own: &BTreeSet<Place>, end: u64) -> io::Result<Vec<String>> {
    let mut file = match File::open(store.data().join(name)) {
        Ok(file) => file,
        // Its time was over in the meantime.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let (mut faults, mut at) = (Vec::new(), 0);
    for (offset, len, _) in own.iter().copied().chain([(end, 0, PostId(0))]) {
        if offset < at {
            faults.push(format!("{name}: two messages are at byte {offset}"));
        } else if !is_blank(&mut file, at, offset - at)? {
            faults.push(format!("{name}: {} bytes at byte {at} are no message's", offset - at));
        }
        at = at.max(offset + len);
        if faults.len() >= TOLD_MAX {
            break;
        }
    }
    Ok(faults)
}

/// Whether there are only line ends, as follow a message that became shorter.
fn is_blank(file: &mut File, at: u64, len: u64) -> io::Result<bool> {
    if len == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes.iter().all(|byte| *byte == b'\n'))
}
