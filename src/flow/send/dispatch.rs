//! Whose turn it is: which copy or letter leaves next. Decides the order, sends nothing itself.
//!
//! Copies wait in a lane for each destination, so that a slow one delays its own only; in a lane
//! posts take turns, so that a list of ten thousand does not delay another's five. What is in hand
//! is known here alone: a claim dies with the process, and what it claimed is still owed.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::lanes::{Lanes, Turns};
use super::letter_waits::LetterWaits;
use crate::domain::ids::{PersonId, PostId};
use crate::domain::pace::Felt;
use crate::domain::time::Timestamp;
use crate::flow::Desk;
use crate::smtp::client::Outbox;
use crate::store::event::Fence;
use crate::store::news::{Heard, News};
use crate::store::{OwedLetter, Store, StoreError};

/// Something to send.
#[derive(Clone, PartialEq, Debug)]
pub enum Work {
    /// A copy of a post, for a person.
    Copy(PostId, PersonId),
    /// The same, to be put off without an attempt, and why.
    PutOff(PostId, PersonId, &'static str),
    /// A letter.
    Letter(OwedLetter),
}

/// How a piece of work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It is answered for, or put off with a moment that is kept.
    Settled(Felt),
    /// A letter to be written again later: [`LetterWaits`] knows when.
    LetterPutOff,
}

/// Whether all that is owed has found its lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sorted {
    /// It has.
    All,
    /// There is more.
    NotYet,
}

/// The order of what leaves.
pub struct Dispatch {
    /// Copies whose destination nobody has looked at yet.
    unsorted: Turns,
    lanes: Lanes,
    /// Posts whose owed copies were read from the store, until the last is answered for.
    known: HashSet<PostId>,
    in_hand: HashSet<(PostId, PersonId)>,
    /// Copies that were put off and are due, until they are handed out.
    due: HashSet<(PostId, PersonId)>,
    due_read: Option<Timestamp>,
    letters: VecDeque<OwedLetter>,
    letters_queued: HashSet<u64>,
    letters_in_hand: HashSet<u64>,
    letters_later: Arc<LetterWaits>,
    next_due: Option<Timestamp>,
    heard: Heard,
    fenced: bool,
}

/// Copies that were put off are looked for so many at a time.
const DUE_BATCH: usize = 1_000;
/// While some of those still wait, no oftener than this.
const DUE_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
/// So many copies find their lane before others have a turn at the processor.
const SORT_BATCH: usize = 256;
/// Of a destination that has wanted no more, several times in a row.
const SHUT: &str = "not tried: their server has asked for a pause several times";

impl Dispatch {
    /// With nothing looked at yet.
    pub fn of(desk: &Desk) -> Dispatch {
        Dispatch {
            unsorted: Turns::default(),
            lanes: Lanes::default(),
            known: HashSet::new(),
            in_hand: HashSet::new(),
            due: HashSet::new(),
            due_read: None,
            letters: VecDeque::new(),
            letters_queued: HashSet::new(),
            letters_in_hand: HashSet::new(),
            letters_later: desk.letter_waits.clone(),
            next_due: None,
            heard: Heard::default(),
            fenced: false,
        }
    }

    /// Looks what is owed that was not known before. Gives the posts that are answered for since.
    pub fn refill(&mut self, desk: &Desk, now: Timestamp) -> Result<Vec<PostId>, StoreError> {
        let store = &desk.store;
        self.fenced = store.fence()? != Fence::Down;
        if self.fenced {
            self.unsorted = Turns::default();
            self.lanes.clear();
            self.known.clear();
            self.due.clear();
            self.letters.clear();
            self.letters_queued.clear();
            self.heard = Heard::default();
            return Ok(Vec::new());
        }
        let finished = match store.news(&mut self.heard) {
            Some(news) => self.hear(store, news),
            None => self.look_at_everything(store),
        };
        if finished.is_err() {
            // What was told and not looked at is not told again.
            self.heard = Heard::default();
        }
        let finished = finished?;
        self.queue_due(desk, now)?;
        self.queue_letters_due(store, now)?;
        Ok(finished)
    }

    fn hear(&mut self, store: &Store, news: Vec<News>) -> Result<Vec<PostId>, StoreError> {
        let mut finished = Vec::new();
        for news in news {
            match news {
                News::Owed(post) => self.queue_post(store, post)?,
                News::AnsweredFor(post) => {
                    self.known.remove(&post);
                    finished.push(post);
                }
                News::LetterOwed(letter) => {
                    if let Some(letter) = store.letter(letter)? {
                        self.queue_letter(letter);
                    }
                }
                News::LetterDone(letter) => {
                    self.letters_later.forget(letter);
                    if self.letters_queued.remove(&letter) {
                        self.letters.retain(|queued| queued.letter != letter);
                    }
                }
            }
        }
        Ok(finished)
    }

    fn look_at_everything(&mut self, store: &Store) -> Result<Vec<PostId>, StoreError> {
        let mut owed_now = HashSet::new();
        for fan in store.fans()? {
            owed_now.insert(fan.post);
            self.queue_post(store, fan.post)?;
        }
        let finished = self.known.difference(&owed_now).copied().collect();
        self.known.retain(|post| owed_now.contains(post));
        for letter in store.letters()? {
            self.queue_letter(letter);
        }
        Ok(finished)
    }

    fn queue_post(&mut self, store: &Store, post: PostId) -> Result<(), StoreError> {
        if self.known.contains(&post) {
            return Ok(());
        }
        let put_off: HashSet<PersonId> = store.put_off(post)?.into_iter().map(|c| c.person).collect();
        let owed = store.owed(post)?;
        self.known.insert(post);
        for person in owed.iter() {
            if !put_off.contains(&person) && !self.in_hand.contains(&(post, person)) {
                self.unsorted.push(post, person);
            }
        }
        Ok(())
    }

    fn queue_due(&mut self, desk: &Desk, now: Timestamp) -> Result<(), StoreError> {
        // Those that wait in a lane stand in front of all others each time.
        let lately = self.due_read.is_some_and(|read| now.since(read) < DUE_PAUSE);
        if lately && !self.due.is_empty() {
            return Ok(());
        }
        self.due_read = Some(now);
        let due = desk.store.due(now, DUE_BATCH + self.due.len())?;
        self.next_due = due.next;
        // The clock was wrong when they were put off; nobody waits that long.
        let absurd = desk.store.due_beyond(desk.retry.absurd_from(now), DUE_BATCH + self.due.len())?;
        for copy in due.copies.into_iter().chain(absurd) {
            if !self.in_hand.contains(&copy) && self.due.insert(copy) {
                self.unsorted.push(copy.0, copy.1);
            }
        }
        Ok(())
    }

    fn queue_letter(&mut self, letter: OwedLetter) {
        let id = letter.letter;
        let waits = self.letters_later.of(id).is_some() || self.letters_in_hand.contains(&id);
        if !waits && self.letters_queued.insert(id) {
            self.letters.push_back(letter);
        }
    }

    /// Letters that were put off and whose time has come. How often they were put off stays known.
    fn queue_letters_due(&mut self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        for letter in self.letters_later.due(now) {
            if self.letters_in_hand.contains(&letter) || self.letters_queued.contains(&letter) {
                continue;
            }
            match store.letter(letter)? {
                Some(owed) => {
                    self.letters_queued.insert(letter);
                    self.letters.push_back(owed);
                }
                None => self.letters_later.forget(letter),
            }
        }
        Ok(())
    }

    /// How often a letter was put off so far.
    pub fn letter_attempts(&self, work: &Work) -> u32 {
        match work {
            Work::Letter(letter) => self.letters_later.of(letter.letter).map_or(0, |wait| wait.attempts),
            Work::Copy(..) | Work::PutOff(..) => 0,
        }
    }

    /// Finds the lanes of some of what is owed.
    pub fn sort<O: Outbox>(&mut self, desk: &Desk, outbox: &O) -> Sorted {
        for _ in 0..SORT_BATCH {
            let Some((post, person)) = self.unsorted.pop() else { return Sorted::All };
            // Who cannot be found now is looked for again when the copy is made, where it counts.
            let domain = || {
                let person = desk.store.person(person).ok().flatten();
                let address = person.and_then(|person| person.addresses.into_iter().next());
                address.map(|address| address.domain().to_owned()).unwrap_or_default()
            };
            self.lanes.push(outbox.destination(domain), post, person);
        }
        if self.unsorted.is_empty() { Sorted::All } else { Sorted::NotYet }
    }

    /// The next piece of work, claimed, where `at_once` are in hand at most. Letters first: somebody
    /// is waiting for an answer; but they leave room for copies.
    pub fn take(&mut self, now: Timestamp, at_once: usize) -> Option<Work> {
        if self.letters_in_hand.len() < at_once.div_ceil(2)
            && let Some(letter) = self.letters.pop_front()
        {
            self.letters_queued.remove(&letter.letter);
            self.letters_in_hand.insert(letter.letter);
            return Some(Work::Letter(letter));
        }
        let (post, person, open) = self.lanes.take(now, at_once.div_ceil(2))?;
        self.in_hand.insert((post, person));
        self.due.remove(&(post, person));
        Some(if open { Work::Copy(post, person) } else { Work::PutOff(post, person, SHUT) })
    }

    /// Gives a piece of work back once it has ended.
    pub fn give_back(&mut self, work: &Work, ended: Ended, now: Timestamp) {
        match work {
            Work::Copy(post, person) | Work::PutOff(post, person, _) => {
                self.in_hand.remove(&(*post, *person));
                let felt = match ended {
                    Ended::Settled(felt) => felt,
                    Ended::LetterPutOff => Felt::Answered,
                };
                self.lanes.give_back(*post, *person, felt, now);
            }
            Work::Letter(letter) => {
                self.letters_in_hand.remove(&letter.letter);
                match ended {
                    Ended::Settled(_) => self.letters_later.forget(letter.letter),
                    Ended::LetterPutOff => {}
                }
            }
        }
    }

    /// When, after `now`, something that waits is due, if nothing is to be done before. What is due
    /// already has its turn when something in hand has ended.
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let idle =
            |letter: &u64| !self.letters_in_hand.contains(letter) && !self.letters_queued.contains(letter);
        let letters = self.letters_later.first_due(|letter| idle(&letter));
        self.next_due.into_iter().chain(letters).chain(self.lanes.next_rested(now)).min()
    }

    /// Whether there is nothing left that could be handed out now, or that is in hand.
    pub fn is_idle(&self) -> bool {
        self.unsorted.is_empty()
            && self.lanes.are_empty()
            && self.letters.is_empty()
            && self.in_hand.is_empty()
            && self.letters_in_hand.is_empty()
    }

    /// Whether mail may leave at all.
    pub fn is_fenced(&self) -> bool {
        self.fenced
    }
}
