//! The working state as it will be once the group in hand is committed: what is on disk, with the
//! group's own changes on top.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::engine::{Batch, Engine, EngineError};
use super::records;

/// State plus what is pending.
pub(super) struct View<'a> {
    engine: &'a Engine,
    pending: Batch,
}

impl<'a> View<'a> {
    pub(super) fn new(engine: &'a Engine) -> View<'a> {
        View { engine, pending: Batch::new() }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        match self.pending.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.engine.get(key),
        }
    }

    /// A record; one of an unknown version counts as absent.
    pub(super) fn record<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, EngineError> {
        Ok(self.get(key)?.and_then(|bytes| records::decode(&bytes)))
    }

    pub(super) fn has(&self, key: &[u8]) -> Result<bool, EngineError> {
        Ok(self.get(key)?.is_some())
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.pending.insert(key, Some(value));
    }

    pub(super) fn put_record<T: Serialize>(&mut self, key: Vec<u8>, record: &T) {
        self.put(key, records::encode(record));
    }

    pub(super) fn mark(&mut self, key: Vec<u8>) {
        self.put(key, Vec::new());
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.pending.insert(key, None);
    }

    /// Every key that begins with `prefix`, pending ones included.
    pub(super) fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, EngineError> {
        let mut keys = std::collections::BTreeSet::new();
        for entry in self.engine.scan(prefix, prefix) {
            keys.insert(entry?.0);
        }
        for (key, value) in
            self.pending.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix))
        {
            match value {
                Some(_) => keys.insert(key.clone()),
                None => keys.remove(key),
            };
        }
        Ok(keys.into_iter().collect())
    }

    pub(super) fn into_batch(self) -> Batch {
        self.pending
    }
}
