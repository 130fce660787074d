//! From the truth to the working state: reading what the state has not seen yet, and putting in
//! order what a crash left half written.

mod groups;

use std::fs;
use std::io;
use std::path::Path;

use self::groups::JournalReading;
use super::engine::{Engine, EngineError};
use super::journal;
use super::ledger;
use super::segments::MailPlace;
use super::set_aside::SetAside;
use super::view::View;
use super::{StoreError, apply, archive, keys, people, segments};
use crate::domain::ids::PostId;
use crate::domain::time::Zone;
use crate::mail::parse::{self, Summary};

/// What the key of the journal position the state has reached is called.
pub(super) const POSITION: &str = "position";
/// What the key of the place in `people/` the state has reached is called.
pub(super) const PEOPLE: &str = "people";
/// What the key of the place in the ledger the state has reached is called.
pub(super) const LEDGER: &str = "ledger";
/// What the key of the zone whose months posts were sorted into is called.
pub(super) const ZONE: &str = "zone";

/// Lines applied at once.
const BATCH_LINES: usize = 2_000;

/// Where a state stands in the truth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reached {
    pub(super) journal: journal::Position,
    pub(super) people: people::Position,
    pub(super) ledger: ledger::Position,
}

/// What becomes of the end of a file that was never answered for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ends {
    /// It is moved to `set-aside/`: a crash left it, and nobody writes meanwhile.
    SetAside,
    /// It stays: somebody may be writing it just now.
    Leave,
}

/// Makes the state follow from everything the truth holds beyond what it has seen.
pub(super) fn catch_up(data: &Path, engine: &Engine, zone: &Zone, ends: Ends) -> Result<Reached, StoreError> {
    let truth = Truth { data, engine, zone, ends, set_aside: SetAside::new(data) };
    let people = truth.people()?;
    let (journal, journal_is) = truth.journal()?;
    let ledger = truth.ledger()?;
    truth.mail_ends(journal_is)?;
    let mut view = View::new(engine);
    view.put_record(keys::setting(PEOPLE), &people);
    view.put_record(keys::setting(POSITION), &journal);
    view.put_record(keys::setting(LEDGER), &ledger);
    view.put(keys::setting(ZONE), zone.name().as_bytes().to_vec());
    engine.apply(&view.into_batch())?;
    Ok(Reached { journal, people, ledger })
}

/// Every mail file, below the data folder, in order.
pub(super) fn mail_files(data: &Path) -> Result<Vec<String>, StoreError> {
    let mut files = Vec::new();
    for entry in folder_entries(&data.join("mail"))? {
        let list = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            for segment in folder_entries(&entry.path())? {
                files.push(format!("mail/{list}/{}", segment.file_name().to_string_lossy()));
            }
        }
    }
    // Whatever else somebody puts there is not ours.
    files.retain(|file| segments::segment_number(file).is_some());
    for entry in folder_entries(&data.join("transit"))? {
        files.push(format!("transit/{}", entry.file_name().to_string_lossy()));
    }
    files.retain(|file| file.ends_with(".mbox"));
    files.sort();
    Ok(files)
}

fn folder_entries(folder: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(|e| StoreError::of_io("read", folder, e)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(StoreError::of_io("read", folder, error)),
    }
}

fn record<T: serde::de::DeserializeOwned>(engine: &Engine, key: &[u8]) -> Result<Option<T>, EngineError> {
    Ok(engine.get(key)?.and_then(|bytes| super::records::decode(&bytes)))
}

/// Whether everything the journal said could be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum JournalIs {
    Whole,
    /// Lines in the midst of it are damaged, or there is none at all.
    Damaged,
}

/// The truth that is read, and the state that follows.
struct Truth<'a> {
    data: &'a Path,
    engine: &'a Engine,
    zone: &'a Zone,
    ends: Ends,
    set_aside: SetAside,
}

impl Truth<'_> {
    fn people(&self) -> Result<people::Position, StoreError> {
        let folder = self.data.join("people");
        let file = people::current(self.data).map_err(|e| StoreError::of_io("read", &folder, e))?;
        let seen: Option<people::Position> = record(self.engine, &keys::setting(PEOPLE))?;
        // A file written anew has another number, and is read from its start.
        let from = seen.filter(|seen| seen.file == file).unwrap_or(people::Position { file, offset: 0 });
        self.must_be_as_long(&people::path(self.data, file), from.offset)?;
        let mut view = View::new(self.engine);
        let mut failure = None;
        let mut no_lines: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut end = people::read_from(self.data, from, |found| match found {
            Ok(person) => {
                self.keep("people", no_lines.drain(..).map(|(_, bytes)| bytes));
                if let Err(error) = apply::apply_person(&mut view, &person) {
                    failure.get_or_insert(error);
                }
            }
            Err(damaged) => no_lines.push(damaged),
        })
        .map_err(|e| StoreError::of_io("read", &folder, e))?;
        if let Some(error) = failure {
            return Err(error.into());
        }
        if let Some((offset, _)) = no_lines.first() {
            self.cut("people", &people::path(self.data, file), *offset)?;
            end.offset = *offset;
        }
        self.engine.apply(&view.into_batch())?;
        Ok(end)
    }

    fn journal(&self) -> Result<(journal::Position, JournalIs), StoreError> {
        let from: journal::Position = record(self.engine, &keys::setting(POSITION))?.unwrap_or_default();
        self.must_be_as_long(&journal::path(self.data, from.file), from.offset)?;
        let mut reading = JournalReading::new(from);
        let mut failure: Option<StoreError> = None;
        journal::read_from(self.data, from, |found, place| {
            self.keep("journal", reading.take(found, place).into_iter());
            if reading.ready.len() >= BATCH_LINES
                && let Err(error) = self.apply(&mut reading)
            {
                failure = Some(error);
                return Err(io::Error::other("the state took no more"));
            }
            Ok(())
        })
        .map_err(|error| {
            failure.take().unwrap_or_else(|| StoreError::of_io("read", &self.data.join("journal"), error))
        })?;
        self.apply(&mut reading)?;
        let mut reached = reading.reached;
        for start in reading.unfinished() {
            self.cut("journal", &journal::path(self.data, start.file), start.offset)?;
            reached = reached.max(journal::Position { seq: reached.seq, ..start });
        }
        reached.file = reached.file.max(1);
        let whole = reached.seq > 0 && !reading.damage_inside;
        Ok((reached, if whole { JournalIs::Whole } else { JournalIs::Damaged }))
    }

    fn apply(&self, reading: &mut JournalReading) -> Result<(), StoreError> {
        let mut view = View::new(self.engine);
        let mut summarize = |post: PostId, place: &MailPlace| -> Summary {
            archive::read_mail(self.data, post, place)
                .map_or_else(|_| Summary::default(), |raw| parse::summarize(&raw))
        };
        for line in reading.ready.drain(..) {
            apply::apply(&mut view, &line, self.zone, &mut summarize)?;
        }
        view.put_record(keys::setting(POSITION), &reading.reached);
        Ok(self.engine.apply(&view.into_batch())?)
    }

    /// Outcomes are in the ledger before the state knows them. Read after the journal: what it
    /// calls delivered needs no outcome any more.
    fn ledger(&self) -> Result<ledger::Position, StoreError> {
        let from: ledger::Position = record(self.engine, &keys::setting(LEDGER))?.unwrap_or_default();
        let folder = self.data.join("deliveries");
        let mut reached = ledger::Position { file: from.file.max(1), offset: from.offset };
        let files = ledger::files(self.data).map_err(|e| StoreError::of_io("read", &folder, e))?;
        for file in files.iter().copied().filter(|file| *file >= from.file) {
            let offset = if file == from.file { from.offset } else { 0 };
            let path = self.data.join(ledger::name(file));
            let mut view = View::new(self.engine);
            let mut failure = None;
            let read = ledger::read_from(self.data, ledger::Position { file, offset }, |line| {
                apply::apply_ledger_line(&mut view, file, line).map_err(|error| {
                    failure = Some(error);
                    io::Error::other("the state took no more")
                })
            });
            if let Some(error) = failure {
                return Err(error.into());
            }
            let ledger::Read { end, damaged, rest } =
                read.map_err(|e| StoreError::of_io("read", &path, e))?;
            self.engine.apply(&view.into_batch())?;
            self.keep("deliveries", damaged.into_iter().map(|(_, bytes)| bytes));
            // Only the last file can end in what was never answered for.
            if !rest.is_empty() && files.last() == Some(&file) {
                self.cut("deliveries", &path, end)?;
            } else {
                self.keep("deliveries", rest.into_iter().map(|(_, bytes)| bytes));
            }
            reached = ledger::Position { file, offset: end };
        }
        if reached.offset >= ledger::FILE_BYTES {
            reached = ledger::Position { file: reached.file + 1, offset: 0 };
        }
        Ok(reached)
    }

    /// Mail that no journal line speaks of was never answered; it stands at the end of its file.
    fn mail_ends(&self, journal: JournalIs) -> Result<(), StoreError> {
        let mut view = View::new(self.engine);
        for file in mail_files(self.data)? {
            let key = keys::mail_file_end(&file);
            let known = self.engine.get(&key)?.map_or(0, |value| keys::number_u64(&value, 0));
            let path = self.data.join(&file);
            let len = fs::metadata(&path).map_err(|e| StoreError::of_io("look at", &path, e))?.len();
            match journal {
                JournalIs::Whole if len > known => self.cut("mail", &path, known)?,
                // The lost line may have spoken of it: what may have been answered stays.
                JournalIs::Damaged if len > known => view.put(key, len.to_be_bytes().to_vec()),
                JournalIs::Whole | JournalIs::Damaged => {}
            }
        }
        Ok(self.engine.apply(&view.into_batch())?)
    }

    /// Where part of the truth was taken away, the state may be all that is left of it.
    fn must_be_as_long(&self, path: &Path, seen: u64) -> Result<(), StoreError> {
        let len = fs::metadata(path).map_or(0, |metadata| metadata.len());
        if len >= seen {
            return Ok(());
        }
        let why = "it is shorter than it was: put it back whole, or take state/ away to go on without";
        Err(StoreError::Io { doing: "go on with", path: path.to_owned(), why: why.to_owned() })
    }

    fn keep(&self, kind: &str, damaged: impl Iterator<Item = Vec<u8>>) {
        if self.ends == Ends::SetAside {
            damaged.for_each(|bytes| self.set_aside.keep(kind, &bytes));
        }
    }

    fn cut(&self, kind: &str, path: &Path, offset: u64) -> Result<(), StoreError> {
        match self.ends {
            Ends::SetAside => self.set_aside.cut_and_keep(kind, path, offset),
            Ends::Leave => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
