//! Decisions that are younger than the copy a folder was restored from, taken from a journal that
//! outlived the machine: who left stays gone, what was sent is not owed again.
//!
//! Nothing is judged again: the lines hold results. What they speak of and is lost with the machine
//! is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::change::{Change, Shelf};
use super::event::{Event, Line};
use super::ledger::{CopyOutcome, CopyResult};
use super::segments::{self, MailPlace};
use super::{Store, StoreError, journal, ledger, people};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::member::Person;

/// What was taken from a newer journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Newer {
    /// Lines that count now.
    pub applied: u64,
    /// Messages that came in after the copy, and are there again.
    pub messages: u64,
    /// Messages that came in after the copy, and whose text is lost.
    pub lost: u64,
    /// Lines about people nothing is known of but a number.
    pub unknown: u64,
}

impl Store {
    /// Takes what a newer journal says after the line this folder's journal ended with. `folder` is
    /// a journal's folder, or a data folder, whole or in part, in which there is one: people,
    /// ledgers and mail beside it are taken too.
    pub fn follow_newer(&self, folder: &Path) -> Result<Newer, StoreError> {
        let root = root_of(folder)?;
        let known = self.opened.lines;
        let lines = lines_after(&root, known, self.line(known)?)?;
        let people = newest_people(&root)?;
        let mut newer = Newer::default();
        self.take_people(&people)?;
        let mut kept = BTreeSet::new();
        let mut change: Option<(Change, u64)> = None;
        for line in lines {
            let whole = line.group.0 + 1 >= line.group.1;
            let (mut so_far, mut count) = change.take().unwrap_or_else(|| (Change::at(line.at), 0));
            match self.judge(&root, &line, &mut kept)? {
                Use::Take(mail) => {
                    if let Some((post, shelf, raw, sender)) = mail {
                        so_far = so_far.mail(post, shelf, &raw, &sender, line.at);
                        newer.messages += 1;
                    }
                    so_far = so_far.event(line.event);
                    count += 1;
                }
                Use::Lost => newer.lost += 1,
                Use::Unknown => newer.unknown += 1,
                Use::Not => {}
            }
            if !whole {
                change = Some((so_far, count));
            } else if count > 0 {
                self.commit(so_far)?;
                newer.applied += count;
            }
        }
        self.take_outcomes(&root)?;
        Ok(newer)
    }

    fn line(&self, seq: u64) -> Result<Option<Line>, StoreError> {
        let mut found = None;
        self.history(|line| {
            if line.seq == seq {
                found = Some(line);
            }
        })?;
        Ok(found)
    }

    /// Everybody as the newer folder knows them.
    fn take_people(&self, people: &BTreeMap<PersonId, Person>) -> Result<(), StoreError> {
        // Who is forgotten there is still to be found here first; the line that says so does the rest.
        for person in people.values().filter(|person| !person.is_nobody()) {
            if self.person(person.id)?.as_ref() != Some(person) {
                self.commit(Change::at(self.last_moment()?).person(person.clone()))?;
            }
        }
        Ok(())
    }

    fn last_moment(&self) -> Result<crate::domain::time::Timestamp, StoreError> {
        let line = self.line(self.journal_len())?;
        Ok(line.map_or_else(|| crate::domain::time::Timestamp::from_millis(0), |line| line.at))
    }

    fn judge(&self, root: &Path, line: &Line, kept: &mut BTreeSet<PostId>) -> Result<Use, StoreError> {
        // Of that place, and of that fence; and nobody is signed in to a copy.
        if let Event::Settled { .. } | Event::Fence { .. } | Event::PassGiven { .. } = &line.event {
            return Ok(Use::Not);
        }
        if let Event::Received { post, list, mail, .. } = &line.event {
            let of_a_list = list.filter(|_| mail.file.starts_with("mail/"));
            let shelf = of_a_list.map_or(Shelf::Transit, Shelf::List);
            return self.bring_mail(root, *post, mail, shelf, kept);
        }
        if let Event::Imported { post, list, mail, .. } = &line.event {
            return self.bring_mail(root, *post, mail, Shelf::List(*list), kept);
        }
        if let Event::Published { post, .. } = &line.event
            && !kept.contains(post)
            && self.post(*post)?.is_none()
        {
            return Ok(Use::Not);
        }
        let about = person_of(&line.event);
        // Whatever else there is says nothing where what it speaks of is not there.
        match about {
            Some(person) if self.person(person)?.is_none() => Ok(Use::Unknown),
            Some(_) | None => Ok(Use::Take(None)),
        }
    }

    fn bring_mail(
        &self,
        root: &Path,
        post: PostId,
        place: &MailPlace,
        shelf: Shelf,
        kept: &mut BTreeSet<PostId>,
    ) -> Result<Use, StoreError> {
        if self.post(post)?.is_some() {
            return Ok(Use::Not);
        }
        let Ok(record) = segments::read_record(root, place) else { return Ok(Use::Lost) };
        let Ok(raw) = segments::open_record(post, &record) else { return Ok(Use::Lost) };
        kept.insert(post);
        Ok(Use::Take(Some((post, shelf, raw, segments::sender(&record)))))
    }

    /// What became of copies that are still owed here.
    fn take_outcomes(&self, root: &Path) -> Result<(), StoreError> {
        let wrong = |source: io::Error| failed(&root.join("deliveries"), &source);
        let mut last: BTreeMap<(PostId, PersonId), CopyResult> = BTreeMap::new();
        let owed: BTreeSet<PostId> = self.fans()?.into_iter().map(|fan| fan.post).collect();
        for file in ledger::files(root).map_err(wrong)? {
            let from = ledger::Position { file, offset: 0 };
            let read = ledger::read_from(root, from, |line| {
                if owed.contains(&line.post) {
                    last.extend(
                        line.copies.into_iter().map(|(person, result)| ((line.post, person), result)),
                    );
                }
                Ok(())
            });
            read.map_err(wrong)?;
        }
        let mut change = Change::at(self.last_moment()?);
        for ((post, person), result) in last {
            if self.is_owed(post, person)? {
                change = change.outcome(CopyOutcome { post, person, result });
            }
        }
        self.commit(change)
    }
}

/// Who must be known by more than a number, so that a line means something.
fn person_of(event: &Event) -> Option<PersonId> {
    if let Event::Member { member, .. } = event {
        return Some(member.person);
    }
    if let Event::LetterOwed { about, .. } = event {
        return Some(about.person());
    }
    if let Event::Asked { question } = event {
        return Some(question.person);
    }
    None
}

/// What is done with a line.
enum Use {
    Take(Option<(PostId, Shelf, Vec<u8>, String)>),
    /// It speaks of a message whose bytes are not there.
    Lost,
    /// It speaks of somebody nobody knows.
    Unknown,
    Not,
}

/// The folder that has `journal/` in it.
fn root_of(folder: &Path) -> Result<PathBuf, StoreError> {
    if folder.join("journal").is_dir() {
        return Ok(folder.to_owned());
    }
    let absolute = folder.canonicalize().map_err(|why| failed(folder, &why))?;
    match absolute.parent() {
        Some(root) if absolute.file_name().is_some_and(|name| name == "journal") => Ok(root.to_owned()),
        Some(_) | None => {
            Err(failed(folder, &io::Error::other("it is no folder journal/, and has none in it")))
        }
    }
}

/// Lines of whole groups after line `known`, if line `known` is the same there.
fn lines_after(root: &Path, known: u64, ours: Option<Line>) -> Result<Vec<Line>, StoreError> {
    let path = root.join("journal");
    let (mut lines, mut theirs) = (Vec::new(), None);
    let read = journal::read_from(root, journal::Position::default(), |found, _| {
        match found {
            journal::Found::Line(line) if line.seq == known => theirs = Some(*line),
            journal::Found::Line(line) if line.seq > known => lines.push(*line),
            journal::Found::Line(_) | journal::Found::Damaged(_) => {}
        }
        Ok(())
    });
    read.map_err(|why| failed(&path, &why))?;
    if known > 0 && theirs != ours {
        let why = match theirs {
            None => "it is older than the copy that was restored",
            Some(_) => "it is the journal of another server: its lines are not those of the copy",
        };
        return Err(failed(&path, &io::Error::other(why)));
    }
    // Its last group may be cut off, and was never answered for.
    while lines.last().is_some_and(|line| line.group.0 + 1 < line.group.1) {
        lines.pop();
    }
    Ok(lines)
}

fn newest_people(root: &Path) -> Result<BTreeMap<PersonId, Person>, StoreError> {
    let wrong = |source: io::Error| failed(&root.join("people"), &source);
    let file = people::current(root).map_err(wrong)?;
    let mut newest = BTreeMap::new();
    let from = people::Position { file, offset: 0 };
    people::read_from(root, from, |found| {
        if let Ok(person) = found {
            newest.insert(person.id, person);
        }
    })
    .map_err(wrong)?;
    Ok(newest)
}

fn failed(path: &Path, source: &io::Error) -> StoreError {
    StoreError::Io { doing: "follow", path: path.to_owned(), why: source.to_string() }
}
