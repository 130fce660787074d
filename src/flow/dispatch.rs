//! Whose turn it is: which copy or letter leaves next. Decides the order, sends nothing itself.
//!
//! Posts take turns, so that a list of ten thousand does not delay another's five. What is in
//! hand is known here alone: a claim dies with the process, and what it claimed is still owed.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Desk;
use crate::domain::ids::{PersonId, PostId};
use crate::domain::retry::{Next, RetrySchedule};
use crate::domain::time::Timestamp;
use crate::store::event::Fence;
use crate::store::news::{Heard, News};
use crate::store::{OwedLetter, Store, StoreError};

/// Something to send.
#[derive(Clone, PartialEq, Debug)]
pub enum Work {
    /// A copy of a post, for a person.
    Copy(PostId, PersonId),
    /// A letter.
    Letter(OwedLetter),
}

/// How a piece of work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It is answered for, or put off with a moment that is kept.
    Settled,
    /// A letter to be written again later.
    LetterPutOff,
}

/// The order of what leaves.
#[derive(Default)]
pub struct Dispatch {
    /// Posts that still have copies to hand out, each with whom they are for; they take turns.
    posts: VecDeque<(PostId, VecDeque<PersonId>)>,
    /// Posts whose owed copies were read from the store, until the last is answered for.
    known: HashSet<PostId>,
    in_hand: HashSet<(PostId, PersonId)>,
    due: VecDeque<(PostId, PersonId)>,
    letters: VecDeque<OwedLetter>,
    letters_queued: HashSet<u64>,
    letters_in_hand: HashSet<u64>,
    letters_later: HashMap<u64, (u32, Timestamp)>,
    next_due: Option<Timestamp>,
    heard: Heard,
    fenced: bool,
}

/// Copies that were put off are looked for so many at a time.
const DUE_BATCH: usize = 1_000;

impl Dispatch {
    /// Looks what is owed that was not known before. Gives the posts that are answered for since.
    pub fn refill(&mut self, desk: &Desk, now: Timestamp) -> Result<Vec<PostId>, StoreError> {
        let store = &desk.store;
        self.fenced = store.fence()? != Fence::Down;
        if self.fenced {
            self.posts.clear();
            self.known.clear();
            self.due.clear();
            self.letters.clear();
            self.letters_queued.clear();
            self.heard = Heard::default();
            return Ok(Vec::new());
        }
        let finished = match store.news(&mut self.heard) {
            Some(news) => self.hear(store, news)?,
            None => self.look_at_everything(store)?,
        };
        let due = store.due(now, DUE_BATCH)?;
        self.next_due = due.next;
        let waiting: HashSet<_> = self.due.iter().copied().collect();
        let fresh =
            due.copies.into_iter().filter(|copy| !self.in_hand.contains(copy) && !waiting.contains(copy));
        self.due.extend(fresh);
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
                    self.letters_later.remove(&letter);
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
        if !self.known.insert(post) {
            return Ok(());
        }
        let put_off: HashSet<PersonId> = store.put_off(post)?.into_iter().map(|c| c.person).collect();
        let fresh = |person: &PersonId| !put_off.contains(person) && !self.in_hand.contains(&(post, *person));
        let people: VecDeque<PersonId> = store.owed(post)?.iter().filter(fresh).collect();
        if !people.is_empty() {
            self.posts.push_back((post, people));
        }
        Ok(())
    }

    fn queue_letter(&mut self, letter: OwedLetter) {
        let id = letter.letter;
        let waits = self.letters_later.contains_key(&id) || self.letters_in_hand.contains(&id);
        if !waits && self.letters_queued.insert(id) {
            self.letters.push_back(letter);
        }
    }

    /// Letters that were put off and whose time has come. How often they were put off stays known.
    fn queue_letters_due(&mut self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let due = self.letters_later.iter().filter(|(_, (_, next))| *next <= now).map(|(letter, _)| *letter);
        let due: Vec<u64> = due.collect();
        for letter in due {
            if self.letters_in_hand.contains(&letter) || self.letters_queued.contains(&letter) {
                continue;
            }
            match store.letter(letter)? {
                Some(owed) => {
                    self.letters_queued.insert(letter);
                    self.letters.push_back(owed);
                }
                None => {
                    self.letters_later.remove(&letter);
                }
            }
        }
        Ok(())
    }

    /// How often a letter was put off so far.
    pub fn letter_attempts(&self, work: &Work) -> u32 {
        match work {
            Work::Letter(letter) => {
                self.letters_later.get(&letter.letter).map_or(0, |(attempts, _)| *attempts)
            }
            Work::Copy(..) => 0,
        }
    }

    /// The next piece of work, claimed. Letters first: somebody is waiting for an answer.
    pub fn take(&mut self) -> Option<Work> {
        if let Some(letter) = self.letters.pop_front() {
            self.letters_queued.remove(&letter.letter);
            self.letters_in_hand.insert(letter.letter);
            return Some(Work::Letter(letter));
        }
        if let Some(copy) = self.due.pop_front() {
            self.in_hand.insert(copy);
            return Some(Work::Copy(copy.0, copy.1));
        }
        let (post, mut people) = self.posts.pop_front()?;
        let person = people.pop_front()?;
        if !people.is_empty() {
            self.posts.push_back((post, people));
        }
        self.in_hand.insert((post, person));
        Some(Work::Copy(post, person))
    }

    /// Gives a piece of work back once it has ended.
    pub fn give_back(
        &mut self,
        work: &Work,
        ended: Ended,
        schedule: &RetrySchedule,
        now: Timestamp,
        spread: f64,
    ) {
        match work {
            Work::Copy(post, person) => {
                self.in_hand.remove(&(*post, *person));
            }
            Work::Letter(letter) => {
                self.letters_in_hand.remove(&letter.letter);
                match ended {
                    Ended::Settled => {
                        self.letters_later.remove(&letter.letter);
                    }
                    Ended::LetterPutOff => {
                        let attempts = self.letters_later.get(&letter.letter).map_or(0, |(n, _)| *n) + 1;
                        // A letter that is given up is so when it is written, where it is known why.
                        let next = match schedule.next(attempts, letter.since, now, spread) {
                            Next::At(next) => next,
                            Next::GiveUp => now,
                        };
                        self.letters_later.insert(letter.letter, (attempts, next));
                    }
                }
            }
        }
    }

    /// When something that waits is due, if nothing is to be done before.
    pub fn next_due(&self) -> Option<Timestamp> {
        let idle =
            |letter: &u64| !self.letters_in_hand.contains(letter) && !self.letters_queued.contains(letter);
        let letters = self.letters_later.iter().filter(|(id, _)| idle(id)).map(|(_, (_, next))| *next).min();
        self.next_due.into_iter().chain(letters).min()
    }

    /// Whether there is nothing left that could be handed out now, or that is in hand.
    pub fn is_idle(&self) -> bool {
        self.posts.is_empty()
            && self.due.is_empty()
            && self.letters.is_empty()
            && self.in_hand.is_empty()
            && self.letters_in_hand.is_empty()
    }

    /// Whether mail may leave at all.
    pub fn is_fenced(&self) -> bool {
        self.fenced
    }
}
