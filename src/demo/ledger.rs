//! Does what arrived agree with what was sent? Counted five times, each from another source.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Demo, DemoError, Sent, http, io};
use crate::domain::ids::{MessageId, PostId};
use crate::flow::digests;
use crate::mail::headers::Headers;
use crate::mail::parse;
use crate::serve::ServeError;
use crate::store::PostInfo;
use crate::store::archive::PostState;
use crate::store::ledger::CopyResult;

/// The counts, and where they differ.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Posts the door answered with 250.
    pub accepted: u64,
    /// Posts in the archive of those.
    pub published: u64,
    /// Copies and digests owed for them.
    pub owed: u64,
    /// Digests among these.
    pub digests: u64,
    /// Copies a mailbox's server took.
    pub taken: u64,
    /// Files found in the mailboxes.
    pub found: u64,
    /// Of these, copies that could be read back and are what they should be.
    pub read_back: u64,
    /// Pages fetched over HTTP.
    pub pages: u64,
    /// One sentence for each.
    pub differences: Vec<Difference>,
}

/// Something that does not agree: one sentence.
pub type Difference = String;

/// One copy that should be in a mailbox.
type Expected = BTreeMap<(String, String), u32>;

pub(super) async fn compare(demo: &Demo) -> Result<Ledger, DemoError> {
    let mut ledger = Ledger { accepted: demo.accepted, ..Ledger::default() };
    let mut expected = Expected::new();
    for sent in &demo.sent {
        match published(demo, sent)? {
            Some(info) => {
                ledger.published += 1;
                copies(demo, info.id, &sent.message_id, &mut ledger, &mut expected)?;
            }
            None => {
                ledger.differences.push(format!("<{}> was taken and is not in the archive", sent.message_id))
            }
        }
    }
    for number in &demo.issues {
        let issue = demo.server.desk.store.issue(*number).map_err(ServeError::from)?;
        let Some(issue) = issue else { continue };
        let id = digests::message_id(&demo.server.desk, &issue);
        let before = ledger.owed;
        copies(demo, *number, &id, &mut ledger, &mut expected)?;
        ledger.digests += ledger.owed - before;
    }
    awaited(demo, &mut ledger)?;
    mailboxes(&demo.folder.join("mailboxes"), &mut ledger, expected)?;
    pages(demo, &mut ledger).await?;
    let counts = [("taken", ledger.taken), ("found", ledger.found), ("read back", ledger.read_back)];
    for (what, count) in counts {
        if count != ledger.owed {
            ledger.differences.push(format!("{} copies were owed, {count} were {what}", ledger.owed));
        }
    }
    Ok(ledger)
}

fn published(demo: &Demo, sent: &Sent) -> Result<Option<PostInfo>, DemoError> {
    let store = &demo.server.desk.store;
    let lists = store.reader().lists().map_err(ServeError::from)?;
    let Some(list) = lists.into_iter().find(|list| list.address.to_string() == sent.list) else {
        return Ok(None);
    };
    let posts = store.reader().posts_by_message_id(list.id, &sent.message_id).map_err(ServeError::from)?;
    let Some(post) = posts.first() else { return Ok(None) };
    let info = store.post(post.id).map_err(ServeError::from)?;
    Ok(info.filter(|info| info.state == PostState::Published))
}

/// Whoever reads in digests has got all of it.
fn awaited(demo: &Demo, ledger: &mut Ledger) -> Result<(), DemoError> {
    let store = &demo.server.desk.store;
    for list in store.reader().lists().map_err(ServeError::from)? {
        let left = store.awaited(list.id).map_err(ServeError::from)?;
        if !left.is_empty() {
            ledger.differences.push(format!("{} posts of {} went into no digest", left.len(), list.address));
        }
    }
    Ok(())
}

/// Who was owed a copy, or a digest, and whose server took it, by its own ledger.
fn copies(
    demo: &Demo,
    number: PostId,
    id: &MessageId,
    ledger: &mut Ledger,
    expected: &mut Expected,
) -> Result<(), DemoError> {
    let store = &demo.server.desk.store;
    ledger.owed += u64::from(store.owed(number).map_err(ServeError::from)?.len());
    for line in store.ledger(number).map_err(ServeError::from)? {
        for (person, result) in line.copies {
            let person = store.person(person).map_err(ServeError::from)?;
            let Some(address) = person.and_then(|person| person.addresses.into_iter().next()) else {
                continue;
            };
            ledger.owed += 1;
            match result {
                CopyResult::Taken(_) => {
                    ledger.taken += 1;
                    *expected.entry((address.key(), id.to_string())).or_default() += 1;
                }
                CopyResult::Failed(why) | CopyResult::PutOff { reply: why, .. } => {
                    ledger.differences.push(format!("{address} did not get <{id}>: {why}"));
                }
                CopyResult::Gone => ledger.owed -= 1,
            }
        }
    }
    Ok(())
}

/// Every file in every mailbox, read again.
fn mailboxes(folder: &Path, ledger: &mut Ledger, mut expected: Expected) -> Result<(), DemoError> {
    for mailbox in entries(folder)? {
        let Some(address) = mailbox.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            continue;
        };
        for file in entries(&mailbox)?.into_iter().filter(|file| file.extension().is_some_and(|e| e == "eml"))
        {
            let raw = match std::fs::read(&file) {
                Ok(raw) => raw,
                Err(source) => return Err(io(&file, source)),
            };
            ledger.found += 1;
            let summary = parse::summarize(&raw);
            let (headers, _) = Headers::scan_leniently(&raw);
            let whole = summary.fault.is_none()
                && summary.author_address.is_some()
                && headers.count("list-id") == 1
                && headers.count("list-unsubscribe-post") == 1;
            let id = summary.message_id.map(|id| id.to_string()).unwrap_or_default();
            match expected.get_mut(&(address.clone(), id.clone())) {
                Some(owed) if *owed > 0 && whole => {
                    *owed -= 1;
                    ledger.read_back += 1;
                }
                Some(_) if !whole => {
                    ledger.differences.push(format!("{} is not a whole copy", file.display()))
                }
                Some(_) => ledger.differences.push(format!("{address} got <{id}> twice")),
                None => ledger.differences.push(format!("{address} got <{id}>, which nobody owed them")),
            }
        }
    }
    for ((address, id), missing) in expected {
        if missing > 0 {
            ledger.differences.push(format!("<{id}> is not in the mailbox of {address}"));
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, DemoError> {
    let read = std::fs::read_dir(folder).map_err(|source| io(folder, source))?;
    let mut paths: Vec<std::path::PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// The pages a reader would open: the lists, each list, each live post.
async fn pages(demo: &Demo, ledger: &mut Ledger) -> Result<(), DemoError> {
    let store = &demo.server.desk.store;
    let mut wanted = vec![("/".to_owned(), String::new())];
    for list in store.reader().lists().map_err(ServeError::from)? {
        wanted.push((format!("/{}/", list.address.name()), String::new()));
    }
    for sent in &demo.sent {
        let Some(info) = published(demo, sent)? else { continue };
        let name = sent.list.split('@').next().unwrap_or_default();
        let id = percent_encoding::utf8_percent_encode(
            sent.message_id.as_str(),
            percent_encoding::NON_ALPHANUMERIC,
        );
        let post = store.reader().post(info.id).map_err(ServeError::from)?;
        // Any word of the subject that HTML writes as it is.
        let plain = |word: &&str| word.len() > 3 && word.chars().all(|c| c.is_ascii_alphanumeric());
        let subject = post.map(|post| post.subject).unwrap_or_default();
        let word = subject.split_whitespace().find(plain).unwrap_or_default().to_owned();
        wanted.push((format!("/{name}/m/{id}/"), word));
    }
    for (path, word) in wanted {
        match http::get(demo.archive, &path).await {
            Ok(page) if page.status == 200 && page.body.contains(&word) => ledger.pages += 1,
            Ok(page) if page.status == 200 => {
                ledger.differences.push(format!("{path} does not say {word:?}"))
            }
            Ok(page) => ledger.differences.push(format!("{path} answers {}", page.status)),
            Err(error) => ledger.differences.push(format!("{path} cannot be read: {error}")),
        }
    }
    Ok(())
}
