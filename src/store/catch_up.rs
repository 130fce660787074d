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
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(|e| failed("read", folder, e)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed("read", folder, error)),
    }
}

fn record<T: serde::de::DeserializeOwned>(engine: &Engine, key: &[u8]) -> Result<Option<T>, EngineError> {
    Ok(engine.get(key)?.and_then(|bytes| super::records::decode(&bytes)))
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { doing, path: path.to_owned(), why: source.to_string() }
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
        let file = people::current(self.data).map_err(|e| failed("read", &folder, e))?;
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
        .map_err(|e| failed("read", &folder, e))?;
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
            failure.take().unwrap_or_else(|| failed("read", &self.data.join("journal"), error))
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
        let files = ledger::files(self.data).map_err(|e| failed("read", &folder, e))?;
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
            let ledger::Read { end, damaged, rest } = read.map_err(|e| failed("read", &path, e))?;
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
            let len = fs::metadata(&path).map_err(|e| failed("look at", &path, e))?.len();
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
mod tests {
    use super::*;
    use crate::domain::address::EmailAddress;
    use crate::domain::ids::{ListId, PersonId};
    use crate::domain::ids::{PassId, QuestionId};
    use crate::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
    use crate::domain::member::{Joined, Membership, Person};
    use crate::domain::moderation::HoldReason;
    use crate::domain::proof::Proof;
    use crate::domain::time::Timestamp;
    use crate::domain::wish::{Answered, AskedBecause, Heed, Matter, Question, Wish};
    use crate::store::change::{Change, Shelf};
    use crate::store::event::{
        Decider, DropReason, Event, LetterAbout, LetterOutcome, Line, ListCause, MemberCause, Via,
    };
    use crate::store::ledger::{CopyOutcome, CopyResult};
    use crate::store::{Opens, Store, StoreOptions};

    type Entries = Vec<(Vec<u8>, Vec<u8>)>;

    fn entries(engine: &Engine) -> Entries {
        engine.scan(b"", b"").collect::<Result<_, _>>().expect("readable")
    }

    fn moment() -> Timestamp {
        Timestamp::from_seconds(1_795_348_800)
    }

    fn raw(subject: &str) -> Vec<u8> {
        format!("From: a@x.example\nSubject: {subject}\nMessage-ID: <{subject}>\nReferences: <r>\n\nx\n")
            .into()
    }

    fn received(post: u64, subject: &str) -> Change {
        let raw = raw(subject);
        let (post, list) = (PostId(post), ListId(1));
        let content = data_encoding::HEXLOWER.encode(&parse::content_key(&raw));
        let mail = MailPlace { file: String::new(), offset: 0, len: 0 };
        let (author, proof, via) = (Some(PersonId(1)), Proof::NoMeans, Via::Lmtp);
        Change::at(moment()).mail(post, Shelf::List(list), &raw, "", moment()).event(Event::Received {
            post,
            list: Some(list),
            mail,
            content,
            author,
            proof,
            via,
            door: None,
        })
    }

    fn outcome(post: u64, person: u32, result: CopyResult) -> Change {
        Change::at(moment()).outcome(CopyOutcome { post: PostId(post), person: PersonId(person), result })
    }

    /// Passes given, and one that ended; threads set right, and a post withdrawn.
    fn by_hand() -> Vec<Change> {
        let person = PersonId(1);
        let given = |pass, opens| Event::PassGiven { pass: PassId(pass), person, opens, until: moment() };
        let ended = Event::PassEnded { pass: PassId(3), person };
        let list = ListId(1);
        let by = Decider::Operator;
        let apart = Event::Rethreaded { list, posts: vec![PostId(2)], into: PostId(2), answers: None, by };
        let joined =
            Event::Rethreaded { list, posts: vec![PostId(2)], into: PostId(1), answers: Some(PostId(1)), by };
        let withdrawn = Event::Withdrawn { post: PostId(6), by };
        let all = Change::at(moment()).event(given(1, Opens::Pages)).event(given(2, Opens::Feeds));
        let threads = Change::at(moment()).event(apart).event(joined).event(withdrawn);
        vec![all.event(given(3, Opens::Pages)), Change::at(moment()).event(ended), threads]
    }

    /// Every kind of event, and everything that can happen to one post after another.
    fn eventful(store: &Store) {
        let list = |name: &str| {
            let address = ListAddress::parse(name).expect("an address");
            let settings = ListSettings::preset(Preset::Discussion, "x", Language::En);
            let list = List { id: ListId(1), address, state: ListState::Open, since: moment(), settings };
            Event::List { list: Box::new(list), cause: ListCause::Made }
        };
        let member = |person| Event::Member {
            member: Box::new(Membership::new(ListId(1), PersonId(person), Joined::Declared, moment())),
            cause: MemberCause::Added,
            by: None,
        };
        let person = |id, address: &str| Person {
            id: PersonId(id),
            addresses: vec![EmailAddress::parse(address).expect("an address")],
            name: String::new(),
            language: None,
        };
        let event = |event| Change::at(moment()).event(event);
        let published = |post| {
            let readers = [PersonId(1), PersonId(2)].into_iter().collect();
            event(Event::Published {
                post: PostId(post),
                list: ListId(1),
                by: None,
                readers,
                from: None,
                later: crate::store::person_set::PersonSet::default(),
            })
        };
        let held = |post| event(Event::Held { post: PostId(post), reason: HoldReason::FirstPost });
        let asked = |number| {
            let question = Question {
                number: QuestionId(number),
                person: PersonId(number),
                list: Some(ListId(1)),
                matter: Matter::Wish { wish: Wish::Leave },
                until: moment(),
                cause: AskedBecause::Unproven,
            };
            Event::Asked { question: Box::new(question) }
        };
        let heeded = |person, heed| {
            let (list, thread, person) = (ListId(1), PostId(1), PersonId(person));
            Event::Heeded { list, thread, person, heed }
        };
        let (refused, discarded) = (PostId(4), PostId(3));
        let mail = MailPlace { file: "mail/1/000001.mbox".to_owned(), offset: 0, len: 0 };
        let imported = Event::Imported {
            post: PostId(6),
            list: ListId(1),
            mail,
            content: "00".repeat(32),
            dated: moment(),
        };
        let about = LetterAbout::Welcome { list: ListId(1), person: PersonId(1) };
        for change in [
            event(list("a@x.example")),
            event(list("b@x.example")),
            Change::at(moment()).person(person(1, "one@x.example")).person(person(2, "two@x.example")),
            // An address passes from one to the other, the taker first.
            Change::at(moment()).person(person(2, "one@x.example")).person(person(1, "three@x.example")),
            event(member(1)).event(member(2)),
            received(1, "p1"),
            event(Event::Attempted { post: PostId(1), attempts: 1 }),
            published(1),
            outcome(1, 1, CopyResult::Taken(String::new())),
            outcome(1, 2, CopyResult::PutOff { attempts: 1, next: moment(), reply: String::new() }),
            received(2, "p2"),
            held(2),
            published(2),
            outcome(2, 1, CopyResult::Gone),
            outcome(2, 2, CopyResult::Failed(String::new())),
            received(3, "same"),
            held(3),
            event(Event::Dropped { post: discarded, why: DropReason::Discarded, by: None }),
            received(4, "p4"),
            held(4),
            event(Event::Refused { post: refused, by: None, words: "non".to_owned() }),
            received(5, "same"),
            event(imported),
            event(asked(1)).event(asked(2)),
            event(Event::Answered { question: QuestionId(1), answer: Answered::Yes }),
            event(Event::Lapsed { question: QuestionId(2) }),
            event(heeded(1, Heed::Mute)).event(heeded(2, Heed::Follow)),
            event(heeded(1, Heed::Usual)),
            event(Event::LetterOwed { letter: 1, about: about.clone() }),
            event(Event::LetterOwed { letter: 2, about }),
            event(Event::LetterDone { letter: 1, outcome: LetterOutcome::Pointless }),
        ]
        .into_iter()
        .chain(by_hand())
        {
            store.commit(change).expect("committed");
        }
    }

    #[test]
    fn applied_twice_the_truth_says_no_more_than_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let zone = Zone::utc();
        let options = StoreOptions { data: folder.path().to_owned(), zone: zone.clone(), reserve_bytes: 0 };
        let store = Store::open(options, moment()).expect("opens");
        eventful(&store);
        let living = entries(store.reader().engine());

        let built = Engine::open(&folder.path().join("state/again")).expect("opens");
        catch_up(folder.path(), &built, &zone, Ends::Leave).expect("built");
        assert_eq!(entries(&built), living);

        // Everything again, from the first line.
        let mut forget = View::new(&built);
        forget.remove(keys::setting(POSITION));
        forget.remove(keys::setting(PEOPLE));
        forget.remove(keys::setting(LEDGER));
        built.apply(&forget.into_batch()).expect("applied");
        catch_up(folder.path(), &built, &zone, Ends::Leave).expect("built");
        assert_eq!(entries(&built), living);

        // Each line twice in a row.
        let twice = Engine::open(&folder.path().join("state/twice")).expect("opens");
        let mut summarize = |post: PostId, place: &MailPlace| {
            archive::read_mail(folder.path(), post, place)
                .map_or_else(|_| Summary::default(), |raw| parse::summarize(&raw))
        };
        let apply_line = |line: &Line, summarize: apply::Summaries<'_>| {
            let mut view = View::new(&twice);
            apply::apply(&mut view, line, &zone, summarize).expect("applied");
            twice.apply(&view.into_batch()).expect("applied");
        };
        let outcomes_of = |post| store.ledger(post).expect("readable");
        store
            .history(|line| {
                apply_line(&line, &mut summarize);
                let once = entries(&twice);
                apply_line(&line, &mut summarize);
                assert_eq!(entries(&twice), once, "{:?}", line.event);
                let Event::Published { post, .. } = line.event else { return };
                for (person, result) in outcomes_of(post).into_iter().flat_map(|line| line.copies) {
                    let states = [(); 2].map(|()| {
                        let mut view = View::new(&twice);
                        let outcome = CopyOutcome { post, person, result: result.clone() };
                        apply::apply_outcome(&mut view, &outcome).expect("applied");
                        twice.apply(&view.into_batch()).expect("applied");
                        entries(&twice)
                    });
                    assert_eq!(states[0], states[1], "{result:?}");
                }
            })
            .expect("readable");
    }
}
