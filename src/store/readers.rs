//! Who gets each post of a list, kept in memory between posts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::person_set::PersonSet;
use crate::domain::ids::ListId;
use crate::domain::time::Timestamp;

/// Readers by list, until somebody joins, leaves or changes how they read.
#[derive(Default)]
pub(super) struct ReadersCache {
    lists: Mutex<HashMap<ListId, Entry>>,
}

#[derive(Default, Clone)]
struct Entry {
    /// Rises with each change, so that a slow reader does not put back what is old.
    version: u64,
    known: Option<Known>,
}

/// Everybody who reads a list's posts as they come.
#[derive(Clone, Debug, Default)]
pub struct Readers {
    /// All of them.
    pub each: Arc<PersonSet>,
    /// Everybody who reads them together with others, a day's or a week's.
    pub later: Arc<PersonSet>,
    /// Those among all of these who want the first post of each thread only.
    pub first_only: Arc<PersonSet>,
}

#[derive(Clone)]
struct Known {
    readers: Readers,
    /// A pause or a membership ends then.
    until: Option<Timestamp>,
}

impl ReadersCache {
    /// What is known, and which version it is.
    pub(super) fn get(&self, list: ListId, now: Timestamp) -> (u64, Option<Readers>) {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        match lists.get(&list) {
            Some(Entry { version, known: Some(known) }) if known.until.is_none_or(|until| now < until) => {
                (*version, Some(known.readers.clone()))
            }
            Some(Entry { version, .. }) => (*version, None),
            None => (0, None),
        }
    }

    /// Remembers what was found, unless something changed while it was looked for.
    pub(super) fn put(&self, list: ListId, version: u64, readers: Readers, until: Option<Timestamp>) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = lists.entry(list).or_default();
        if entry.version == version {
            entry.known = Some(Known { readers, until });
        }
    }

    pub(super) fn forget(&self, list: ListId) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = lists.entry(list).or_default();
        entry.version += 1;
        entry.known = None;
    }

    pub(super) fn forget_all(&self) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in lists.values_mut() {
            entry.version += 1;
            entry.known = None;
        }
    }
}
