//! What was given to whom: outcomes of copies that were owed, and each post once to each reader.

use std::collections::BTreeMap;

use super::{Finding, unreadable};
use crate::domain::ids::{PersonId, PostId};
use crate::store::event::Event;
use crate::store::issue::Issue;
use crate::store::ledger::{self, CopyResult, LedgerLine};
use crate::store::person_set::PersonSet;
use crate::store::{Store, StoreError, apply, keys};

/// Outcomes of so many posts are compared with one another; those of one post stand together.
const POSTS_AT_ONCE: usize = 2_000;
/// So many faults of a kind say all.
const TOLD_MAX: usize = 20;

/// Each outcome is of a message there is, and of a person there is; no copy has two that are final.
pub(super) fn outcomes(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "outcomes", looked_at: 0, faults: Vec::new() };
    let highest = |name| -> Result<u64, StoreError> {
        let known = store.reader().engine().get(&keys::setting(name))?;
        Ok(known.map_or(0, |value| keys::number_u64(&value, 0)))
    };
    let (posts, persons) = (highest(apply::HIGHEST_POST)?, highest(apply::HIGHEST_PERSON)?);
    let mut settled: BTreeMap<PostId, PersonSet> = BTreeMap::new();
    let mut line = |line: LedgerLine| {
        let LedgerLine { post, at: _, copies } = line;
        if post.0 > posts {
            finding.faults.push(format!("an outcome is of message {post}, which there is not"));
        }
        for (person, result) in copies {
            finding.looked_at += 1;
            if u64::from(person.0) > persons {
                finding.faults.push(format!("post {post}: an outcome is of person {person}, who is nobody"));
            }
            if !is_final(&result) {
                continue;
            }
            let known = settled.entry(post).or_default();
            if known.contains(person) {
                finding.faults.push(format!("post {post}: the copy of person {person} was settled twice"));
            }
            known.insert(person);
        }
        if settled.len() > POSTS_AT_ONCE {
            settled.pop_first();
        }
    };
    for file in ledger::files(store.data()).map_err(|source| unreadable(store, "deliveries", source))? {
        let read = ledger::read_from(store.data(), ledger::Position { file, offset: 0 }, |found| {
            line(found);
            Ok(())
        });
        read.map_err(|source| unreadable(store, "deliveries", source))?;
    }
    finding.faults.truncate(TOLD_MAX);
    Ok(finding)
}

fn is_final(result: &CopyResult) -> bool {
    match result {
        CopyResult::Taken(_) | CopyResult::Failed(_) | CopyResult::Gone => true,
        CopyResult::PutOff { .. } => false,
    }
}

/// Posts and digests of a reader together hold each post once.
pub(super) fn digests(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "digests", looked_at: 0, faults: Vec::new() };
    // Who has each post that some get later; what nobody gets later is in no digest.
    let mut given: BTreeMap<PostId, PersonSet> = BTreeMap::new();
    store.history(|line| {
        if let Event::Published { post, readers, later, .. } = line.event {
            if !later.is_empty() {
                given.insert(post, readers);
            }
        } else if let Event::Issued { issue, readers, .. } = line.event
            && issue.edition.is_none()
        {
            finding.looked_at += 1;
            finding.faults.extend(given_twice(&mut given, &issue, &readers));
        }
    })?;
    finding.faults.truncate(TOLD_MAX);
    Ok(finding)
}

/// What of a digest its readers have already, or nobody awaited; from here on they have it.
fn given_twice(given: &mut BTreeMap<PostId, PersonSet>, issue: &Issue, readers: &PersonSet) -> Vec<String> {
    let (mut faults, number) = (Vec::new(), issue.number);
    for post in &issue.posts {
        let Some(known) = given.get_mut(post) else {
            faults.push(format!("digest {number}: post {post} was awaited by nobody"));
            continue;
        };
        if let Some(reader) = readers.iter().find(|reader: &PersonId| known.contains(*reader)) {
            faults.push(format!("digest {number}: person {reader} has post {post} already"));
        }
        readers.iter().for_each(|reader| known.insert(reader));
    }
    faults
}
