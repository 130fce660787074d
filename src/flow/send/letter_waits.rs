//! Letters that were put off: how often, until when, and with which words of the other server.
//!
//! Known as long as the process lives. After a start each letter that is owed is tried at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::time::Timestamp;

/// How a letter waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterWait {
    /// How often it was put off.
    pub attempts: u32,
    /// When it is tried again.
    pub next: Timestamp,
    /// What was said last.
    pub reply: String,
}

/// All that wait, by their number.
#[derive(Default)]
pub struct LetterWaits(Mutex<HashMap<u64, LetterWait>>);

impl LetterWaits {
    /// How a letter waits; nothing if it was not put off.
    pub fn of(&self, letter: u64) -> Option<LetterWait> {
        self.all().get(&letter).cloned()
    }

    /// Puts a letter off once more.
    pub fn put_off(&self, letter: u64, next: Timestamp, reply: String) {
        let mut all = self.all();
        let attempts = all.get(&letter).map_or(0, |wait| wait.attempts) + 1;
        all.insert(letter, LetterWait { attempts, next, reply });
    }

    /// It is answered for.
    pub fn forget(&self, letter: u64) {
        self.all().remove(&letter);
    }

    /// Has one of them tried now, or all. Gives how many that are.
    pub fn try_now(&self, only: Option<u64>, now: Timestamp) -> u64 {
        let mut again = 0;
        for (letter, wait) in self.all().iter_mut() {
            if only.is_none_or(|only| only == *letter) {
                wait.next = now;
                again += 1;
            }
        }
        again
    }

    /// Those whose time has come.
    pub fn due(&self, now: Timestamp) -> Vec<u64> {
        self.all().iter().filter(|(_, wait)| wait.next <= now).map(|(letter, _)| *letter).collect()
    }

    /// When the first of some is due.
    pub fn first_due(&self, of_those: impl Fn(u64) -> bool) -> Option<Timestamp> {
        self.all().iter().filter(|(letter, _)| of_those(**letter)).map(|(_, wait)| wait.next).min()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, LetterWait>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
