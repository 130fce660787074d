//! The one thread that changes anything: it takes what waits as a group, writes mail, then people,
//! ledgers and journal, each synced, then applies the state, then answers.
//!
//! Hundreds of posts then cost one sync instead of one each. A failed sync closes the store: what
//! a second one says is not believed.

mod group;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

use self::group::Group;
use super::catch_up::Ends;
use super::change::{Change, Conflict, Shelf, unmet};
use super::cut::{self, Cut};
use super::engine::{Engine, EngineError, Health};
use super::event::{Event, Line};
use super::files::{Appender, Failure};
use super::ledger::{self, CopyResult, LedgerLine};
use super::news::Newsroom;
use super::readers::ReadersCache;
use super::segments::{self, MailPlace};
use super::tally::{Tally, began};
use super::view::View;
use super::{StoreError, apply, catch_up, instance, journal, keys, lines, people, rebuild};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::time::{Timestamp, Zone};
use crate::mail::parse;

/// What the committer is asked.
pub(super) enum Request {
    Commit(Box<Change>, oneshot::Sender<Result<(), StoreError>>),
    /// Builds the whole state again beside the present one, and puts it in its place.
    Rebuild(oneshot::Sender<Result<(), StoreError>>),
    /// Says which files there are and how long each is; no group is half written meanwhile.
    Cut(oneshot::Sender<Result<Cut, StoreError>>),
    /// Looks whether the state is in order, and puts it so.
    Revive,
    /// Does something with files while nothing else is written.
    Alter(Alteration, oneshot::Sender<Result<(), StoreError>>),
}

/// What is done with them.
pub(super) type Alteration = Box<dyn FnOnce(&mut Committer) -> Result<(), StoreError> + Send>;

/// Everything the thread owns.
pub(super) struct Committer {
    pub(super) data: PathBuf,
    pub(super) engine: Engine,
    pub(super) zone: Zone,
    pub(super) position: journal::Position,
    pub(super) people: people::Position,
    pub(super) ledger: ledger::Position,
    pub(super) closed: Arc<AtomicBool>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) readers: Arc<ReadersCache>,
    pub(super) newsroom: Arc<Newsroom>,
    pub(super) files: Appender,
    pub(super) segments: BTreeMap<ListId, u32>,
}

type Answer = oneshot::Sender<Result<(), StoreError>>;

impl Committer {
    /// Works until nobody can ask any more.
    pub(super) fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let mut next = None;
        let mut several = false;
        loop {
            let Some(request) = next.take().or_else(|| requests.blocking_recv()) else { return };
            match request {
                Request::Rebuild(answer) => {
                    let done = self.rebuild();
                    let _ = answer.send(done);
                }
                Request::Cut(answer) => {
                    let taken = cut::take(&self.data, self.position.seq);
                    let _ = answer
                        .send(taken.map_err(|source| StoreError::of_io("look through", &self.data, source)));
                }
                Request::Revive => self.revive_if_possible(),
                Request::Alter(work, answer) => {
                    let done = self.alter(work);
                    let _ = answer.send(done);
                }
                Request::Commit(change, answer) => {
                    let mut group = Group::of(change, answer);
                    next = group.take_in(&mut requests);
                    several |= group.changes.len() > 1;
                    if several && next.is_none() {
                        next = group.wait_for_more(&mut requests);
                    }
                    several = group.changes.len() > 1;
                    self.commit(group.changes);
                }
            }
        }
    }

    fn commit(&mut self, group: Vec<(Box<Change>, Answer)>) {
        if self.closed.load(Ordering::Acquire) {
            return answer_all(group.into_iter().map(|(_, answer)| answer), &StoreError::Closed);
        }
        if let Err(error) = self.revive() {
            return answer_all(group.into_iter().map(|(_, answer)| answer), &error);
        }
        let engine = self.engine.clone();
        let began = began();
        let mut tally = Tally::default();
        let mut staged = Staged::new(&engine, self.position.seq);
        let mut answers = Answers::default();
        let mut group = group.into_iter();
        while let Some((change, answer)) = group.next() {
            let counts = Tally::of(&change);
            match self.stage(&mut staged, *change) {
                Ok(()) => {
                    tally.add(counts);
                    answers.waiting.push(answer);
                }
                Err(StoreError::Conflict(conflict)) => answers.refused.push((answer, conflict)),
                Err(error) => {
                    // Nothing is written yet: who asks again may find the state in order.
                    self.files.unstage();
                    answers.waiting.push(answer);
                    answers.waiting.extend(group.map(|(_, answer)| answer));
                    return answers.all_failed(&error);
                }
            }
        }
        if answers.waiting.is_empty() {
            self.files.unstage();
            return answers.give();
        }
        let reached = match self.complete(&mut staged) {
            Ok(reached) => reached,
            Err(error) => {
                self.files.unstage();
                return answers.all_failed(&error);
            }
        };
        match self.files.write(rank) {
            Ok(()) => {
                // Counted before anybody can see it: who does finds the figures there.
                tally.count(began);
                self.written(staged, reached);
                let seq = self.position.seq;
                // Outcomes alone write no line, and wake nobody.
                self.changed.send_if_modified(|known| std::mem::replace(known, seq) != seq);
                answers.give();
            }
            Err(Failure::TakenBack(path, source)) => {
                answers.all_failed(&StoreError::of_io("write", &path, source));
            }
            Err(Failure::Broken(path, source)) => {
                self.close(&StoreError::Io { doing: "write", path, why: source.to_string() });
                answers.all_failed(&StoreError::Closed);
            }
        }
    }

    fn stage(&mut self, staged: &mut Staged<'_>, change: Change) -> Result<(), StoreError> {
        if let Some(conflict) = unmet(&staged.view, &change.expects)? {
            return Err(StoreError::Conflict(conflict));
        }
        let Change { at, expects: _, mails, people, events, outcomes, summaries } = change;
        let mut places = Vec::with_capacity(mails.len());
        for mail in mails {
            let file = match mail.shelf {
                Shelf::List(list) => self.segment(list)?,
                Shelf::Transit => segments::transit_file(at),
            };
            let len = mail.record.bytes.len() as u64;
            let offset = self.files.stage(&file, &mail.record.bytes).map_err(|e| self.io(&file, e))?;
            places.push((mail.post, MailPlace { file, offset, len }));
        }
        for person in people {
            let file = format!("people/{:06}.jsonl", self.people.file);
            self.files.stage(&file, &lines::write(&person)).map_err(|e| self.io(&file, e))?;
            apply::apply_person(&mut staged.view, &person)?;
        }
        let mut summarize = |post: PostId, place: &MailPlace| match summaries.get(&post) {
            Some(summary) => summary.clone(),
            None => summary_of(&self.data, &self.files, post, place),
        };
        for mut event in events {
            if let Event::Received { post, mail, .. }
            | Event::Imported { post, mail, .. }
            | Event::Drafted { document: post, mail, .. }
            | Event::Edition { document: post, mail, .. } = &mut event
                && let Some((_, place)) = places.iter().find(|(id, _)| id == post)
            {
                mail.clone_from(place);
            }
            if let Event::Member { member, .. } = &event {
                staged.lists_with_other_readers.push(member.list);
            }
            staged.add(at, event, &self.zone, &mut summarize)?;
        }
        for outcome in outcomes {
            let Some(fan_out) = apply::apply_outcome(&mut staged.view, &outcome)? else { continue };
            staged.outcomes.entry(outcome.post).or_default().push((outcome.person, outcome.result));
            let totals = fan_out.totals;
            if totals.taken + totals.failed + totals.gone >= totals.owed {
                staged.finished.push((at, outcome.post, totals));
            }
            staged.at = at;
        }
        Ok(())
    }

    /// Stages what follows from all changes of a group together, and says where the files end then.
    fn complete(&mut self, staged: &mut Staged<'_>) -> Result<Reached, StoreError> {
        let mut ledger = self.ledger;
        for (post, copies) in std::mem::take(&mut staged.outcomes) {
            let file = ledger::name(ledger.file);
            let line = lines::write(&LedgerLine { post, at: staged.at, copies });
            let offset = self.files.stage(&file, &line).map_err(|e| self.io(&file, e))?;
            ledger.offset = offset + line.len() as u64;
            apply::note_ledger(&mut staged.view, post, ledger.file)?;
        }
        for (at, post, totals) in std::mem::take(&mut staged.finished) {
            let event = Event::Delivered { post, totals };
            staged.add(at, event, &self.zone, &mut |_, _| parse::Summary::default())?;
        }
        let mut position = self.position;
        let count = u32::try_from(staged.lines.len()).unwrap_or(u32::MAX);
        let mut text = Vec::new();
        for (at_line, line) in (0_u32..).zip(&mut staged.lines) {
            line.group = (at_line, count);
            text.extend_from_slice(&lines::write(line));
            position.seq = line.seq;
        }
        if !text.is_empty() {
            let file = journal_file(position.file);
            let offset = self.files.stage(&file, &text).map_err(|e| self.io(&file, e))?;
            position.offset = offset + text.len() as u64;
        }
        let people_file = format!("people/{:06}.jsonl", self.people.file);
        let people_len = self.files.len(&people_file).map_err(|e| self.io(&people_file, e))?;
        Ok(Reached { journal: position, ledger, people: people_len })
    }

    /// What follows once a group is durable: files that are full are left, and the state has it too.
    fn written(&mut self, mut staged: Staged<'_>, reached: Reached) {
        let Reached { journal: mut position, mut ledger, people: people_len } = reached;
        if ledger.offset >= ledger::FILE_BYTES {
            self.files.close(&ledger::name(ledger.file));
            ledger = ledger::Position { file: ledger.file + 1, offset: 0 };
        }
        if position.offset >= journal::FILE_BYTES {
            self.files.close(&journal_file(position.file));
            position = journal::Position { file: position.file + 1, offset: 0, seq: position.seq };
        }
        // Only what moved is written: the state keeps every version of what is written for a while.
        if self.position != position {
            self.position = position;
            staged.view.put_record(keys::setting(catch_up::POSITION), &position);
        }
        if self.ledger != ledger {
            self.ledger = ledger;
            staged.view.put_record(keys::setting(catch_up::LEDGER), &ledger);
        }
        if self.people.offset != people_len {
            self.people.offset = people_len;
            staged.view.put_record(keys::setting(catch_up::PEOPLE), &self.people);
        }
        let lists = std::mem::take(&mut staged.lists_with_other_readers);
        lists.iter().for_each(|list| self.readers.forget(*list));
        if let Err(error) = self.engine.apply(&staged.view.into_batch()) {
            // The group is durable all the same. Until the state is in order again it answers
            // nothing, and nothing is taken.
            tracing::error!(%error, "the state did not take what the journal has");
            self.revive_if_possible();
        }
        lists.iter().for_each(|list| self.readers.forget(*list));
        self.newsroom.tell(&staged.lines);
    }

    /// The segment a list's next message goes to.
    fn segment(&mut self, list: ListId) -> Result<String, StoreError> {
        let number = *self.segments.entry(list).or_insert(1);
        let file = segments::segment_file(list, number);
        let len = self.files.len(&file).map_err(|e| self.io(&file, e))?;
        if len < segments::SEGMENT_BYTES {
            return Ok(file);
        }
        self.segments.insert(list, number + 1);
        Ok(segments::segment_file(list, number + 1))
    }

    fn alter(&mut self, work: Alteration) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        self.revive()?;
        work(self)
    }

    fn rebuild(&mut self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let built = rebuild::build_beside(&self.data, &self.zone, rebuild::BUILDING)?;
        self.engine.replace(&built, &super::open::next_state_folder(&self.engine.folder()))?;
        self.readers.forget_all();
        self.newsroom.forget_all();
        Ok(())
    }

    /// Puts the state in order again, or leaves that for later.
    fn revive_if_possible(&mut self) {
        if let Err(error) = self.revive() {
            tracing::error!(%error, "the state is not in order yet");
        }
    }

    /// Puts the state in order again, if something was wrong with it. The truth is whole: what the
    /// state lost is read from it.
    fn revive(&mut self) -> Result<(), StoreError> {
        match self.engine.health() {
            Health::Good => return Ok(()),
            Health::Failed => {
                tracing::error!("the disk failed the state; it is opened again");
                self.engine.open_again(|engine| {
                    catch_up::catch_up(&self.data, engine, &self.zone, Ends::Leave).map(|_| ())
                })?;
                self.readers.forget_all();
                self.newsroom.forget_all();
            }
            Health::Damaged => {
                tracing::error!("the state is damaged; it is built again");
                self.rebuild()?;
                let mark = instance::mark(&self.data).map_err(|e| self.io("journal", e))?;
                instance::write_state_mark(&self.data, &mark).map_err(|e| self.io("state", e))?;
            }
        }
        tracing::info!("the state is in order again");
        Ok(())
    }

    fn close(&self, error: &StoreError) {
        tracing::error!(%error, "the store is closed: nothing is taken until the server is started again");
        self.closed.store(true, Ordering::Release);
    }

    fn io(&self, file: &str, source: std::io::Error) -> StoreError {
        StoreError::of_io("append to", &self.data.join(file), source)
    }
}

/// Where files end once a group is written.
struct Reached {
    journal: journal::Position,
    ledger: ledger::Position,
    /// The length of the file of people.
    people: u64,
}

fn journal_file(file: u32) -> String {
    format!("journal/{file:06}.jsonl")
}

/// With the thread gone, nothing is taken any more.
impl Drop for Committer {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// What a message says that no change brought a summary of; it may be of the group in hand.
fn summary_of(data: &Path, files: &Appender, post: PostId, place: &MailPlace) -> parse::Summary {
    let raw = match files.staged(&place.file, place.offset, place.len) {
        Some(record) => segments::open_record(post, record).ok(),
        None => super::archive::read_mail(data, post, place).ok(),
    };
    raw.map_or_else(parse::Summary::default, |raw| parse::summarize(&raw))
}

/// Mail before people before ledgers before the journal that speaks of them.
fn rank(file: &str) -> u8 {
    match file.split('/').next() {
        Some("mail" | "transit") => 0,
        Some("people") => 1,
        Some("deliveries") => 2,
        Some(_) | None => 3,
    }
}

fn answer_all(answers: impl Iterator<Item = Answer>, error: &StoreError) {
    for answer in answers {
        let _ = answer.send(Err(error.clone()));
    }
}

/// Who waits for what becomes of a group.
#[derive(Default)]
struct Answers {
    waiting: Vec<Answer>,
    /// Told only once the group is durable: what was first may be part of it.
    refused: Vec<(Answer, Conflict)>,
}

impl Answers {
    fn give(self) {
        for answer in self.waiting {
            let _ = answer.send(Ok(()));
        }
        for (answer, conflict) in self.refused {
            let _ = answer.send(Err(StoreError::Conflict(conflict)));
        }
    }

    fn all_failed(self, error: &StoreError) {
        let refused = self.refused.into_iter().map(|(answer, _)| answer);
        answer_all(self.waiting.into_iter().chain(refused), error);
    }
}

/// A group on its way: what the state and the files will be.
struct Staged<'a> {
    view: View<'a>,
    lines: Vec<Line>,
    seq: u64,
    at: Timestamp,
    outcomes: BTreeMap<PostId, Vec<(PersonId, CopyResult)>>,
    finished: Vec<(Timestamp, PostId, super::event::Totals)>,
    lists_with_other_readers: Vec<ListId>,
}

impl<'a> Staged<'a> {
    fn new(engine: &'a Engine, seq: u64) -> Staged<'a> {
        Staged {
            view: View::new(engine),
            lines: Vec::new(),
            seq,
            at: Timestamp::from_millis(0),
            outcomes: BTreeMap::new(),
            finished: Vec::new(),
            lists_with_other_readers: Vec::new(),
        }
    }

    fn add(
        &mut self,
        at: Timestamp,
        event: Event,
        zone: &Zone,
        summaries: apply::Summaries<'_>,
    ) -> Result<(), EngineError> {
        self.seq += 1;
        let line = Line { seq: self.seq, at, group: (0, 0), event };
        apply::apply(&mut self.view, &line, zone, summaries)?;
        self.lines.push(line);
        Ok(())
    }
}
