//! Is what is kept whole, and does the state follow from it? (`parvis check --store`)

mod handed_out;
mod places;
mod small_and_private;

use std::collections::BTreeSet;

use super::archive::PostState;
use super::event::Totals;
use super::records::HeldRecord;
use super::set_aside::SetAside;
use super::{PostInfo, Store, StoreError, catch_up, journal, keys, ledger, people, rebuild};
use crate::domain::ids::PostId;

/// What was looked at, and what is wrong with it; nothing, if it is right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What was looked at, in a few words.
    pub what: &'static str,
    /// How much of it there is.
    pub looked_at: u64,
    /// One sentence for each fault.
    pub faults: Vec<String>,
}

/// Looks at everything. Takes as long as reading all the mail does.
pub fn verify(store: &Store) -> Result<Vec<Finding>, StoreError> {
    Ok(vec![
        journal_lines(store)?,
        people_lines(store)?,
        ledgers(store)?,
        messages(store)?,
        places::mail_files(store)?,
        waiting(store)?,
        copies(store)?,
        handed_out::outcomes(store)?,
        handed_out::digests(store)?,
        small_and_private::state_values(store)?,
        small_and_private::keys(store)?,
        set_aside(store),
    ])
}

/// The same as [`compare_with_rebuilt`] while the server goes on: what moved meanwhile tells
/// nothing, and is looked at once more. Nothing if it never stood still.
pub fn compare_if_still(store: &Store) -> Result<Option<Finding>, StoreError> {
    for _ in 0..STILL_TRIES {
        let before = store.cut()?;
        let finding = compare_with_rebuilt(store)?;
        if finding.faults.is_empty() || store.cut()? == before {
            return Ok(Some(finding));
        }
    }
    Ok(None)
}

/// How often it is waited for a moment in which nothing moves.
const STILL_TRIES: usize = 3;

/// Builds the state again and compares; nothing may be committed meanwhile.
pub fn compare_with_rebuilt(store: &Store) -> Result<Finding, StoreError> {
    let (looked_at, faults) =
        rebuild::differences(store.data(), store.reader().engine(), &store.options.zone)?;
    Ok(Finding { what: "state", looked_at, faults })
}

fn journal_lines(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "journal", looked_at: 0, faults: Vec::new() };
    let mut last = 0;
    // What stands behind it may be half written just now.
    let reached: journal::Position =
        store.reader().record(&keys::setting(catch_up::POSITION))?.unwrap_or_default();
    let is_reached = |end: journal::Position| (end.file, end.offset) <= (reached.file, reached.offset);
    journal::read_from(store.data(), journal::Position::default(), |found, place| {
        match found {
            _ if !is_reached(place.end) => {}
            journal::Found::Line(line) => {
                if line.seq != last + 1 {
                    finding.faults.push(format!("line {} is followed by line {}", last, line.seq));
                }
                last = line.seq;
                finding.looked_at += 1;
            }
            journal::Found::Damaged(_) => {
                let journal::Position { file, offset, seq: _ } = place.start;
                finding.faults.push(format!("journal/{file:06}.jsonl holds no line at byte {offset}"));
            }
        }
        Ok(())
    })
    .map_err(|source| unreadable(store, "journal", source))?;
    if last < reached.seq {
        finding.faults.push(format!("line {last} is the last, and there were {}", reached.seq));
    }
    Ok(finding)
}

fn people_lines(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "people", looked_at: 0, faults: Vec::new() };
    let reached: people::Position =
        store.reader().record(&keys::setting(catch_up::PEOPLE))?.unwrap_or_default();
    let file = people::current(store.data()).map_err(|source| unreadable(store, "people", source))?;
    let from = people::Position { file, offset: 0 };
    let read = people::read_from(store.data(), from, |found| match found {
        Ok(_) => finding.looked_at += 1,
        Err((offset, _)) if file == reached.file && offset >= reached.offset => {}
        Err((offset, _)) => {
            finding.faults.push(format!("people/{file:06}.jsonl holds no line at byte {offset}"));
        }
    });
    let end = read.map_err(|source| unreadable(store, "people", source))?;
    if file == reached.file && end.offset < reached.offset {
        finding.faults.push(format!("people/{file:06}.jsonl was {} bytes long", reached.offset));
    }
    Ok(finding)
}

fn ledgers(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "ledgers", looked_at: 0, faults: Vec::new() };
    let seen: Option<ledger::Position> = store.reader().record(&keys::setting(catch_up::LEDGER))?;
    let seen = seen.unwrap_or_default();
    for file in ledger::files(store.data()).map_err(|source| unreadable(store, "deliveries", source))? {
        let mut lines = 0;
        let read = ledger::read_from(store.data(), ledger::Position { file, offset: 0 }, |_| {
            lines += 1;
            Ok(())
        });
        let read = read.map_err(|source| unreadable(store, "deliveries", source))?;
        finding.looked_at += lines;
        // Behind what the state has seen, a line may be half written just now.
        let before_seen = |offset: &u64| (file, *offset) < (seen.file, seen.offset);
        for (offset, _) in read.damaged.iter().chain(&read.rest).filter(|(offset, _)| before_seen(offset)) {
            finding.faults.push(format!("{} holds no line at byte {offset}", ledger::name(file)));
        }
        if file == seen.file && read.end < seen.offset && read.rest.is_empty() {
            finding.faults.push(format!("{} was {} bytes long", ledger::name(file), seen.offset));
        }
    }
    Ok(finding)
}

fn unreadable(store: &Store, folder: &str, source: std::io::Error) -> StoreError {
    StoreError::of_io("read", &store.data().join(folder), source)
}

/// Every message there is, in order.
fn each_post(
    store: &Store,
    mut each: impl FnMut(PostInfo) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    const AT_ONCE: usize = 1_000;
    let mut from = PostId(0);
    loop {
        let posts = store.posts(from, AT_ONCE)?;
        let Some(last) = posts.last() else { return Ok(()) };
        from = PostId(last.id.0 + 1);
        posts.into_iter().try_for_each(&mut each)?;
    }
}

fn messages(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "messages", looked_at: 0, faults: Vec::new() };
    each_post(store, |post| {
        finding.looked_at += 1;
        if let Err(error) = store.raw(post.id) {
            finding.faults.push(format!("message {}: {error}", post.id));
        }
        if post.state == PostState::Published && store.reader().post(post.id)?.is_none() {
            finding.faults.push(format!("message {} is published, and not in the archive", post.id));
        }
        Ok(())
    })?;
    Ok(finding)
}

fn waiting(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "held and undecided", looked_at: 0, faults: Vec::new() };
    let held: BTreeSet<PostId> = store.held()?.into_iter().map(|item| item.id).collect();
    let undecided: BTreeSet<PostId> = store.undecided()?.into_iter().map(|(post, _)| post).collect();
    each_post(store, |post| {
        let listed = match post.state {
            PostState::Held => held.contains(&post.id),
            PostState::Undecided => undecided.contains(&post.id),
            PostState::Published | PostState::Refused | PostState::Dropped => {
                !held.contains(&post.id) && !undecided.contains(&post.id)
            }
        };
        if !listed {
            finding.faults.push(format!("message {} is not where its state says", post.id));
        }
        Ok(())
    })?;
    for post in &held {
        let record: Option<HeldRecord> = store.reader().record(&keys::held_post(*post))?;
        if record.is_none() {
            finding.faults.push(format!("message {post} waits for no reason"));
        }
    }
    finding.looked_at = (held.len() + undecided.len()) as u64;
    Ok(finding)
}

fn copies(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "copies owed", looked_at: 0, faults: Vec::new() };
    for fan in store.fans()? {
        let Totals { owed, taken, failed, gone } = fan.totals;
        let left = store.owed(fan.post)?;
        finding.looked_at += u64::from(left.len());
        if left.len() + taken + failed + gone != owed {
            finding.faults.push(format!(
                "post {}: {owed} were owed, {} are accounted for",
                fan.post,
                left.len() + taken + failed + gone
            ));
        }
        for copy in store.put_off(fan.post)? {
            if !left.contains(copy.person) {
                finding.faults.push(format!("post {}: a copy is put off that is not owed", fan.post));
            }
        }
        if store.list(fan.list)?.is_none() {
            finding.faults.push(format!("post {} belongs to no list", fan.post));
        }
    }
    Ok(finding)
}

/// Nothing is wrong with an unfinished end that was set aside; it is only told.
fn set_aside(store: &Store) -> Finding {
    let names = SetAside::new(store.data()).names();
    Finding { what: "set aside", looked_at: names.len() as u64, faults: Vec::new() }
}

#[cfg(test)]
mod tests;
