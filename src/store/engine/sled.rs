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
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::{Batch, EngineError, Entry, VALUE_BYTES_MAX};
use crate::store::{StoreError, is_full};

/// Memory sled may keep pages in; it takes several times that in practice.
const CACHE_BYTES: u64 = 16 << 20;

/// The state on disk: `state/000001/`, or a later number after it was built again.
#[derive(Clone)]
pub(in crate::store) struct Engine {
    current: Arc<RwLock<Current>>,
    watch: Arc<Watch>,
}

#[derive(Clone)]
struct Current {
    /// Or why it could not be opened again.
    db: Result<sled::Db, EngineError>,
    folder: Arc<Path>,
}

/// What is noticed while it is used.
struct Watch {
    /// Something was applied since the last checkpoint.
    dirty: AtomicBool,
    health: AtomicU8,
    /// Why it did not take the last batch, and so answers nothing until it was opened again.
    behind: RwLock<Option<EngineError>>,
}

/// How the state does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum Health {
    Good,
    /// The disk failed it, was full perhaps; sled answers nothing until it is opened again.
    Failed,
    /// Its files are not what was written.
    Damaged,
}

impl Engine {
    /// Opens or makes the state in that folder.
    pub(in crate::store) fn open(folder: &Path) -> Result<Engine, EngineError> {
        Ok(Engine::of(open(folder)?, folder.into()))
    }

    fn of(db: sled::Db, folder: Arc<Path>) -> Engine {
        let watch = Watch {
            dirty: AtomicBool::new(true),
            health: AtomicU8::new(Health::Good as u8),
            behind: RwLock::new(None),
        };
        Engine { current: Arc::new(RwLock::new(Current { db: Ok(db), folder })), watch: Arc::new(watch) }
    }

    /// Puts a state that was built elsewhere in the place of this one, for all who hold it.
    pub(in crate::store) fn replace(&self, built: &Path, place: &Path) -> Result<(), EngineError> {
        std::fs::rename(built, place).map_err(unwritable)?;
        if let Some(parent) = place.parent() {
            File::open(parent).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
        }
        let new = Current { db: Ok(open(place)?), folder: place.into() };
        let old = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            self.watch.reset();
            std::mem::replace(&mut *current, new)
        };
        // What is left of it is found and taken away at the next start, if not now.
        let _ = std::fs::remove_dir_all(&old.folder);
        Ok(())
    }

    /// Opens the same state once more, for all who hold it, after the disk failed it. It may have
    /// lost its youngest batches: nobody else sees it before `catch_up` has brought them back.
    pub(in crate::store) fn open_again(
        &self,
        catch_up: impl FnOnce(&Engine) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // One at a time may have it open.
        current.db = Err(EngineError::InUse);
        current.db = open(&current.folder).and_then(|db| {
            let alone = Engine::of(db.clone(), current.folder.clone());
            match catch_up(&alone) {
                Ok(()) => Ok(db),
                Err(StoreError::Full) => Err(EngineError::Full),
                Err(error) if alone.health() == Health::Damaged => {
                    Err(EngineError::Damaged(error.to_string()))
                }
                Err(error) => Err(EngineError::Failed(error.to_string())),
            }
        });
        match &current.db {
            Ok(_) => self.watch.reset(),
            Err(EngineError::Damaged(_)) => self.watch.note(Health::Damaged),
            Err(EngineError::InUse | EngineError::Full | EngineError::Failed(_)) => {}
        }
        Ok(current.db.as_ref().map(|_| ()).map_err(EngineError::clone)?)
    }

    /// How it does, as far as has been noticed.
    pub(in crate::store) fn health(&self) -> Health {
        match self.watch.health.load(Ordering::Acquire) {
            0 => Health::Good,
            1 => Health::Failed,
            _ => Health::Damaged,
        }
    }

    /// The folder it is in.
    pub(in crate::store) fn folder(&self) -> PathBuf {
        self.current().folder.to_path_buf()
    }

    pub(in crate::store) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        self.watch.up_to_date()?;
        let db = current.db.as_ref().map_err(EngineError::clone)?;
        Ok(self.watch.guard(&current.folder, || db.get(key))?.map(|value| value.to_vec()))
    }

    /// Keys that begin with `prefix`, from `from` on, in order.
    pub(in crate::store) fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
    ) -> impl DoubleEndedIterator<Item = Entry> + use<> {
        let start = from.max(prefix).to_vec();
        let Current { db, folder } = self.current();
        let entries = self.watch.up_to_date().and(db).map(|db| match upper_bound(prefix) {
            Some(end) => db.range(start..end),
            None => db.range(start..),
        });
        let entries = entries.map_or_else(Entries::NotOpen, Entries::Of);
        Scan { entries, folder, watch: self.watch.clone() }
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
        let db = db?;
        self.watch
            .guard(&folder, || db.apply_batch(changes))
            .inspect_err(|error| self.watch.fell_behind(error))?;
        self.watch.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Everything applied so far survives a power cut once this returns.
    pub(in crate::store) fn checkpoint(&self) -> Result<(), EngineError> {
        if !self.watch.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let Current { db, folder } = self.current();
        let db = db?;
        let synced = self.watch.guard(&folder, || db.flush()).and_then(|_| {
            File::open(folder.join("db")).and_then(|file| file.sync_data()).map_err(unwritable)
        });
        if synced.is_err() {
            self.watch.dirty.store(true, Ordering::Release);
        }
        synced
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Watch {
    /// Does something with sled, which panics on some of what it finds damaged.
    fn guard<T>(&self, folder: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, EngineError> {
        let error = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => failed(error),
            Err(_panic) => EngineError::Damaged(PANICKED.to_owned()),
        };
        self.note(match error {
            EngineError::Damaged(_) => Health::Damaged,
            EngineError::InUse | EngineError::Full | EngineError::Failed(_) => Health::Failed,
        });
        if matches!(error, EngineError::Damaged(_))
            && let Some(state) = folder.parent()
        {
            // Without its mark the next start builds it again, should nobody do so before.
            let _ = std::fs::remove_file(state.join("instance"));
        }
        Err(error)
    }

    fn note(&self, health: Health) {
        self.health.fetch_max(health as u8, Ordering::AcqRel);
    }

    fn fell_behind(&self, error: &EngineError) {
        *self.behind.write().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    }

    fn up_to_date(&self) -> Result<(), EngineError> {
        self.behind.read().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }

    fn reset(&self) {
        *self.behind.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.dirty.store(true, Ordering::Release);
        self.health.store(Health::Good as u8, Ordering::Release);
    }
}

struct Scan {
    entries: Entries,
    folder: Arc<Path>,
    watch: Arc<Watch>,
}

#[allow(clippy::large_enum_variant, reason = "there is one at a time, on the stack")]
enum Entries {
    Of(sled::Iter),
    NotOpen(EngineError),
    Ended,
}

type SledEntry = sled::Result<(sled::IVec, sled::IVec)>;

impl Scan {
    fn step(&mut self, step: impl FnOnce(&mut sled::Iter) -> Option<SledEntry>) -> Option<Entry> {
        let entry = match &mut self.entries {
            Entries::Of(entries) => self.watch.guard(&self.folder, || step(entries).transpose()),
            Entries::NotOpen(why) => Err(why.clone()),
            Entries::Ended => return None,
        };
        if entry.is_err() {
            self.entries = Entries::Ended;
        }
        entry.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).transpose()
    }
}

impl Iterator for Scan {
    type Item = Entry;
    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back)
    }
}

const PANICKED: &str = "sled could not go on";

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
            Err(_panic) => return Err(EngineError::Damaged(PANICKED.to_owned())),
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
    match error {
        sled::Error::Io(error) => unwritable(error),
        other @ (sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. }) => EngineError::Damaged(other.to_string()),
    }
}

fn unwritable(error: std::io::Error) -> EngineError {
    if is_full(&error) { EngineError::Full } else { EngineError::Failed(error.to_string()) }
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
