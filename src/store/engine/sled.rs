//! The embedded engine: sled 0.34 under the rules that make it safe to use.
//!
//! Measured before it was chosen: `flush` does not survive a power cut (it asks for
//! `sync_file_range`), so a checkpoint syncs the file as well; values over about 15 kB go to files
//! that are never synced, so no value is larger than 4 kB; several trees can disagree after a
//! crash, so there is one; a start on a full disk leaves an empty `snap.*.generating` behind that
//! no later start can read, so it is taken away first; opening may panic, so that is caught.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::{Batch, EngineError, VALUE_BYTES_MAX};

/// Memory sled may keep pages in; it takes several times that in practice.
const CACHE_BYTES: u64 = 16 << 20;

/// The state on disk: `state/000001/`, or a later number after it was built again.
#[derive(Clone)]
pub(in crate::store) struct Engine {
    current: Arc<RwLock<Current>>,
    /// Something was applied since the last checkpoint.
    dirty: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Current {
    db: sled::Db,
    folder: PathBuf,
}

impl Engine {
    /// Opens or makes the state in that folder.
    pub(in crate::store) fn open(folder: &Path) -> Result<Engine, EngineError> {
        let current = Current { db: open(folder)?, folder: folder.to_owned() };
        Ok(Engine { current: Arc::new(RwLock::new(current)), dirty: Arc::new(AtomicBool::new(true)) })
    }

    /// Puts a state that was built elsewhere in the place of this one, for all who hold it.
    pub(in crate::store) fn replace(&self, built: &Path, place: &Path) -> Result<(), EngineError> {
        std::fs::rename(built, place).map_err(|error| EngineError::Failed(error.to_string()))?;
        if let Some(parent) = place.parent() {
            File::open(parent)
                .and_then(|f| f.sync_all())
                .map_err(|error| EngineError::Failed(error.to_string()))?;
        }
        let new = Current { db: open(place)?, folder: place.to_owned() };
        let old = std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), new);
        self.dirty.store(true, Ordering::Release);
        // What is left of it is found and taken away at the next start, if not now.
        let _ = std::fs::remove_dir_all(&old.folder);
        Ok(())
    }

    /// The folder it is in.
    pub(in crate::store) fn folder(&self) -> PathBuf {
        self.current.read().unwrap_or_else(PoisonError::into_inner).folder.clone()
    }

    pub(in crate::store) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Ok(guarded(&current.folder, || current.db.get(key))?.map(|value| value.to_vec()))
    }

    /// Keys that begin with `prefix`, from `from` on, in order.
    pub(in crate::store) fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Vec<u8>, Vec<u8>), EngineError>> + use<> {
        let start = from.max(prefix).to_vec();
        let Current { db, folder } = self.current();
        let entries = match upper_bound(prefix) {
            Some(end) => db.range(start..end),
            None => db.range(start..),
        };
        Scan { entries, folder, failed: false }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::store) fn apply(&self, batch: &Batch) -> Result<(), EngineError> {
        let mut changes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) if value.len() > VALUE_BYTES_MAX => {
                    return Err(EngineError::Failed(format!(
                        "a value of {} bytes is too large",
                        value.len()
                    )));
                }
                Some(value) => changes.insert(key.as_slice(), value.as_slice()),
                None => changes.remove(key.as_slice()),
            }
        }
        let Current { db, folder } = self.current();
        guarded(&folder, || db.apply_batch(changes))?;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Everything applied so far survives a power cut once this returns.
    pub(in crate::store) fn checkpoint(&self) -> Result<(), EngineError> {
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let Current { db, folder } = self.current();
        let synced = guarded(&folder, || db.flush()).and_then(|_| {
            let file =
                File::open(folder.join("db")).map_err(|error| EngineError::Failed(error.to_string()))?;
            file.sync_data().map_err(|error| EngineError::Failed(error.to_string()))
        });
        if synced.is_err() {
            self.dirty.store(true, Ordering::Release);
        }
        synced
    }
}

struct Scan {
    entries: sled::Iter,
    folder: PathBuf,
    failed: bool,
}

impl Scan {
    fn step(
        &mut self,
        step: impl FnOnce(&mut sled::Iter) -> Option<sled::Result<(sled::IVec, sled::IVec)>>,
    ) -> Option<Result<(Vec<u8>, Vec<u8>), EngineError>> {
        if self.failed {
            return None;
        }
        let entries = &mut self.entries;
        let entry = guarded(&self.folder, || step(entries).transpose());
        self.failed = entry.is_err();
        entry.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).transpose()
    }
}

impl Iterator for Scan {
    type Item = Result<(Vec<u8>, Vec<u8>), EngineError>;
    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back)
    }
}

/// Does something with sled, which panics on some of what it finds damaged. A state that was found
/// damaged loses its mark, so that the next start builds it again.
fn guarded<T>(folder: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, EngineError> {
    let (error, damaged) = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error @ sled::Error::Io(_))) => (failed(error), false),
        Ok(Err(error)) => (failed(error), true),
        Err(_panic) => (EngineError::Failed(DAMAGED.to_owned()), true),
    };
    if damaged && let Some(state) = folder.parent() {
        // Not there: this was no state in use, or it lost its mark already.
        let _ = std::fs::remove_file(state.join("instance"));
    }
    Err(error)
}

const DAMAGED: &str = "its files are damaged";

fn open(folder: &Path) -> Result<sled::Db, EngineError> {
    remove_unfinished_snapshots(folder);
    let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    for _ in 0..LOCK_ATTEMPTS_MAX {
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(sled::Error::Io(error))) if error.to_string().contains(LOCKED) => {
                std::thread::sleep(LOCK_WAIT);
            }
            Ok(Err(error)) => return Err(failed(error)),
            Err(_panic) => return Err(EngineError::Failed(DAMAGED.to_owned())),
        }
    }
    Err(EngineError::InUse)
}

/// What sled says when its file is locked. It lets go of the lock some time after it was dropped,
/// when a thread of its own comes to that.
const LOCKED: &str = "could not acquire lock";
const LOCK_WAIT: Duration = Duration::from_millis(10);
const LOCK_ATTEMPTS_MAX: u32 = 500;

fn failed(error: sled::Error) -> EngineError {
    EngineError::Failed(error.to_string())
}

/// The first key after all that begin with `prefix`.
fn upper_bound(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

fn remove_unfinished_snapshots(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            // A file that cannot be removed shows when the state is opened.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_stay_within_their_prefix() {
        assert_eq!(upper_bound(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(upper_bound(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(upper_bound(b"\xff\xff"), None);
    }

    #[test]
    fn a_state_can_be_opened_again_and_an_unfinished_snapshot_does_no_harm() {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::open(folder.path()).expect("new");
        engine.apply(&Batch::from([(b"k".to_vec(), Some(b"v".to_vec()))])).expect("small");
        assert!(engine.apply(&Batch::from([(b"k".to_vec(), Some(vec![0; 5000]))])).is_err());
        engine.checkpoint().expect("synced");
        drop(engine);
        std::fs::write(folder.path().join("snap.00000000000000FF.generating"), b"").expect("written");
        let engine = Engine::open(folder.path()).expect("again");
        assert_eq!(engine.get(b"k").expect("read"), Some(b"v".to_vec()));
    }
}
