//! Taking somebody out of the files of the truth.
//!
//! Files keep their names and lengths: every place the journal speaks of stays where it is, so that
//! the journal need not change, and the state built again from them is the state without that
//! person. Each file is written beside itself and put in its own place, by the committer, so that
//! nobody appends to it meanwhile; stopped anywhere, the same can be done again. `people/` alone is
//! written under the next number. Who is meant, and what is written instead, is `flow`'s to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::catch_up::{Ends, PEOPLE, catch_up};
use super::committer::Committer;
use super::engine::Engine;
use super::ledger::{self, LedgerLine};
use super::records::{self, ForgettingRecord, MarkRecord};
use super::rewrite::{self, KeptMessage, Replaced};
use super::view::View;
use super::{Store, StoreError, apply, keys, lines, open, people, rebuild, segments};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::member::Person;
use crate::domain::time::Timestamp;
use crate::domain::wish::PostsLeft;

/// Somebody who is being forgotten, or was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Forgetting {
    pub person: PersonId,
    pub posts: PostsLeft,
    pub since: Timestamp,
    pub done: Option<Timestamp>,
}

/// A file in the data folder that may name somebody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeptFile {
    /// Below the data folder.
    pub name: String,
    /// What is in it.
    pub holds: Holds,
}

/// What is in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Holds {
    /// Messages: the posts of that list.
    Posts(ListId),
    /// Messages that are no posts.
    Transit,
    /// Lines of the journal or a ledger.
    Lines,
    /// Anything else.
    Bytes,
}

/// What is written beside a file before it takes its place.
const BESIDE: &str = "beside";
/// What is in none of these names anybody: states, which are built again, keys, and programs' own.
const LEFT: [&str; 8] =
    ["state", "people", "keys", "search", "templates", "lock", "control.sock", "check.json"];
/// States that could not be used are called so, with a number.
const UNUSABLE: &str = "state.unusable-";

impl Store {
    /// Everybody who is being forgotten, or was.
    pub fn forgettings(&self) -> Result<Vec<Forgetting>, StoreError> {
        let prefix = keys::forgettings();
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let Some(ForgettingRecord { posts, since, done }) = records::decode(&value) else { continue };
            found.push(Forgetting { person: PersonId(keys::number_u32(&key, 1)), posts, since, done });
        }
        Ok(found)
    }

    /// What was to happen to the posts of whoever had that address and was forgotten, and the number
    /// they had; nothing if it is somebody's now.
    pub fn forgotten_at(&self, address: &EmailAddress) -> Result<Option<(PersonId, PostsLeft)>, StoreError> {
        // A look for any mark at all costs less than making one.
        let any = keys::forgotten_mark("");
        if self.reader.engine().scan(&any, &any).next().is_none() || self.person_at(address)?.is_some() {
            return Ok(None);
        }
        let record: Option<MarkRecord> = self.reader.record(&keys::forgotten_mark(&self.mark_of(address)))?;
        Ok(record.map(|MarkRecord { person, posts }| (person, posts)))
    }

    /// Every file that may name somebody, but for `people/` and what follows from the rest.
    pub fn files_that_name(&self) -> Result<Vec<KeptFile>, StoreError> {
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let path = self.data().join(&folder);
            let entries = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            for entry in entries.map_err(|e| StoreError::of_io("read", &path, e))? {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let kind = entry.file_type().map_err(|e| StoreError::of_io("look at", &path, e))?;
                let below = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if folder.is_empty() && (LEFT.contains(&name.as_str()) || name.starts_with(UNUSABLE)) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(below);
                } else if kind.is_file() && name.ends_with(BESIDE) {
                    // A machine stopped before it could take the place of another.
                    remove(&entry.path())?;
                } else if kind.is_file() {
                    found.push(KeptFile { holds: holds(&below), name: below });
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Looks through the messages of a file; what `work` gives takes the place of what is there.
    /// How many were replaced.
    pub fn replace_messages(
        &self,
        file: &str,
        mut work: impl FnMut(&KeptMessage<'_>) -> Option<Replaced> + Send + 'static,
        mut damaged: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<usize, StoreError> {
        self.rewrite(file, move |bytes| rewrite::messages(bytes, &mut work, &mut damaged))
    }

    /// The same for lines; what is given must be as long as what is there.
    pub fn replace_lines(
        &self,
        file: &str,
        mut work: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<usize, StoreError> {
        self.rewrite(file, move |bytes| rewrite::lines(bytes, &mut work))
    }

    /// The same for a file as a whole.
    pub fn replace_bytes(
        &self,
        file: &str,
        mut work: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<usize, StoreError> {
        self.rewrite(file, move |bytes| (work(bytes), 1))
    }

    fn rewrite(
        &self,
        file: &str,
        work: impl FnOnce(&[u8]) -> (Option<Vec<u8>>, usize) + Send + 'static,
    ) -> Result<usize, StoreError> {
        let file = file.to_owned();
        let (answer, count) = std::sync::mpsc::channel();
        self.alter(move |committer| {
            let path = committer.data.join(&file);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                // Its time was over in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(StoreError::of_io("read", &path, error)),
            };
            if let (Some(new), replaced) = work(&bytes) {
                debug_assert_eq!(new.len(), bytes.len(), "places in {file} must stay where they are");
                committer.files.close(&file);
                put(&path, &new)?;
                let _ = answer.send(replaced);
            }
            Ok(())
        })?;
        Ok(count.try_recv().unwrap_or(0))
    }

    /// Takes a whole file away; whether it was there.
    pub fn take_file_away(&self, file: &str) -> Result<bool, StoreError> {
        let path = self.data().join(file);
        let there = path.exists();
        let file = file.to_owned();
        self.alter(move |committer| {
            committer.files.close(&file);
            remove(&path)?;
            let folder = path.parent().unwrap_or(Path::new("."));
            segments::sync_folder(folder).map_err(|e| StoreError::of_io("sync", folder, e))
        })?;
        Ok(there)
    }

    /// When what is old was last let go.
    pub fn tidied(&self) -> Result<Option<Timestamp>, StoreError> {
        self.reader.record(&keys::setting(apply::TIDIED))
    }

    /// Takes what other servers answered out of the ledgers that are full and have nothing younger;
    /// that there were copies stays. In how many files there was any.
    pub fn forget_replies(&self, before: Timestamp) -> Result<usize, StoreError> {
        let owed: BTreeSet<PostId> = self.fans()?.into_iter().map(|fan| fan.post).collect();
        let folder = self.data().join("deliveries");
        let files = ledger::files(self.data()).map_err(|e| StoreError::of_io("read", &folder, e))?;
        let mut count = 0;
        for number in files {
            let owed = owed.clone();
            let (answer, done) = std::sync::mpsc::channel();
            self.alter(move |committer| {
                // The last one is still written to, and its length known.
                if number < committer.ledger.file && shorten_ledger(&committer.data, number, before, &owed)? {
                    let _ = answer.send(());
                }
                Ok(())
            })?;
            count += usize::from(done.try_recv().is_ok());
        }
        Ok(count)
    }

    /// The number of somebody stands for nobody from now on: `people/` is written anew without
    /// them, and the files before it go.
    pub fn forget_person(&self, person: PersonId) -> Result<(), StoreError> {
        self.alter(move |committer| write_people_without(committer, person))
    }

    /// Names under which somebody wrote, kept until they are forgotten: once posts are made anew,
    /// nothing else tells them.
    pub fn keep_names(&self, person: PersonId, names: &[String]) -> Result<(), StoreError> {
        let path = self.names_file(person);
        let bytes = serde_json::to_vec(names).expect("texts are plain data");
        super::write_private(&path, &bytes).map_err(|e| StoreError::of_io("write", &path, e))
    }

    /// The names kept for that.
    pub fn kept_names(&self, person: PersonId) -> Result<Vec<String>, StoreError> {
        let path = self.names_file(person);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(StoreError::of_io("read", &path, error)),
        }
    }

    fn names_file(&self, person: PersonId) -> PathBuf {
        self.data().join("people").join(format!("{person}.names.json"))
    }

    /// Builds the state again from the truth, and takes away every other. The server goes on
    /// meanwhile, but for the last moment.
    pub fn renew_state(&self) -> Result<(), StoreError> {
        let built = rebuild::build_beside(self.data(), &self.options.zone, rebuild::RENEWED)?;
        self.alter(move |committer| adopt(committer, &built))
    }

    /// The mark an address leaves here when it is forgotten; it tells the address to nobody.
    pub fn mark_of(&self, address: &EmailAddress) -> String {
        self.tokens().mark_of(address)
    }
}

fn holds(name: &str) -> Holds {
    if let Some((list, _)) = segments::segment_number(name) {
        return Holds::Posts(list);
    }
    let (folder, is_mbox) = (name.split('/').next().unwrap_or_default(), name.ends_with(".mbox"));
    match folder {
        "transit" if is_mbox => Holds::Transit,
        "journal" | "deliveries" => Holds::Lines,
        _ => Holds::Bytes,
    }
}

/// Puts bytes in the place of a file, durably: they are there, or what was.
fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".");
    beside.push(BESIDE);
    let beside = PathBuf::from(beside);
    let written = File::create(&beside).and_then(|mut file| {
        if let Ok(known) = fs::metadata(path) {
            file.set_permissions(known.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        segments::sync_folder(folder)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        StoreError::of_io("write", path, error)
    })
}

fn write_people_without(committer: &mut Committer, person: PersonId) -> Result<(), StoreError> {
    let data = committer.data.clone();
    let folder = data.join("people");
    let before = committer.people;
    let mut everybody: BTreeMap<u32, Person> = BTreeMap::new();
    if people::path(&data, before.file).exists() {
        let from = people::Position { file: before.file, offset: 0 };
        people::read_from(&data, from, |found| {
            if let Ok(person) = found {
                everybody.insert(person.id.0, person);
            }
        })
        .map_err(|e| StoreError::of_io("read", &folder, e))?;
    }
    let nobody = Person { id: person, addresses: Vec::new(), name: String::new(), language: None };
    everybody.insert(person.0, nobody.clone());
    let text: Vec<u8> = everybody.values().flat_map(lines::write).collect();
    let after = people::Position { file: before.file + 1, offset: text.len() as u64 };
    put(&people::path(&data, after.file), &text)?;
    committer.files.close(&format!("people/{:06}.jsonl", before.file));
    committer.people = after;
    let mut view = View::new(&committer.engine);
    apply::apply_person(&mut view, &nobody)?;
    view.put_record(keys::setting(PEOPLE), &after);
    let batch = view.into_batch();
    committer.engine.apply(&batch)?;
    for number in 1..after.file {
        remove(&people::path(&data, number))?;
    }
    remove(&folder.join(format!("{person}.names.json")))?;
    segments::sync_folder(&folder).map_err(|e| StoreError::of_io("sync", &folder, e))
}

/// One line for each post of a ledger, without what was answered.
fn shorten_ledger(
    data: &Path,
    number: u32,
    before: Timestamp,
    owed: &BTreeSet<PostId>,
) -> Result<bool, StoreError> {
    let path = data.join(ledger::name(number));
    let (mut kept, mut seen, mut young, mut spoke) = (Vec::new(), BTreeSet::new(), false, false);
    let read = ledger::read_from(data, ledger::Position { file: number, offset: 0 }, |line| {
        young |= line.at >= before;
        if owed.contains(&line.post) {
            kept.extend_from_slice(&lines::write(&line));
        } else if seen.insert(line.post) {
            spoke |= !line.copies.is_empty();
            kept.extend_from_slice(&lines::write(&LedgerLine { copies: Vec::new(), ..line }));
        } else {
            spoke |= !line.copies.is_empty();
        }
        Ok(())
    });
    read.map_err(|e| StoreError::of_io("read", &path, e))?;
    if young || !spoke {
        return Ok(false);
    }
    put(&path, &kept)?;
    Ok(true)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::of_io("remove", path, error)),
    }
}

/// A state built beside this one takes its place, once it has seen what came meanwhile.
fn adopt(committer: &mut Committer, built: &Path) -> Result<(), StoreError> {
    let engine = Engine::open(built)?;
    catch_up(&committer.data, &engine, &committer.zone, Ends::Leave)?;
    engine.checkpoint()?;
    drop(engine);
    committer.engine.replace(built, &open::next_state_folder(&committer.engine.folder()))?;
    committer.readers.forget_all();
    committer.newsroom.forget_all();
    let entries = fs::read_dir(&committer.data).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(UNUSABLE)) {
        fs::remove_dir_all(entry.path()).map_err(|e| StoreError::of_io("remove", &entry.path(), e))?;
    }
    Ok(())
}
