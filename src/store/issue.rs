//! Several posts in one mail, as it was frozen: which, in what form, whose turn it was.
//!
//! An issue takes its number from the same row as posts do, and is owed, carried, put off and
//! answered for by that number exactly as the copies of a post are.

use serde::{Deserialize, Serialize};

use super::engine::EngineError;
use super::event::{Event, Totals};
use super::keys;
use super::person_set::{Chunk, PersonSet};
use super::view::View;
use super::{Store, StoreError, records};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::member::DigestForm;
use crate::domain::rhythm::Rhythm;
use crate::domain::time::Timestamp;

/// Several posts in one mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Issue {
    /// Its number, which no post has.
    pub number: PostId,
    /// Of this list.
    pub list: ListId,
    /// When it was frozen.
    pub at: Timestamp,
    /// In the order they stand in it; [`Issue::POSTS_MAX`] at most.
    pub posts: Vec<PostId>,
    /// How they are put together.
    pub form: DigestForm,
    /// Which of how many mails it is, from 1.
    pub part: (u32, u32),
    /// The edition it is; absent: what a member awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<u32>,
}

impl Issue {
    /// Posts of one mail, so that what is known of it fits into one value of the state.
    pub const POSTS_MAX: usize = 250;
}

/// Whose turn it was.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Slot {
    /// Of those who read so.
    pub rhythm: Rhythm,
    /// The moment that was due.
    pub at: Timestamp,
}

/// The number nobody has: on a curated list the next edition itself awaits each post.
pub const NEXT_EDITION: PersonId = PersonId(0);

/// A post, and everybody who awaits it.
pub type Awaited = (PostId, PersonSet);

impl Store {
    /// The posts of a list somebody awaits, the oldest number first.
    pub fn awaited(&self, list: ListId) -> Result<Vec<Awaited>, StoreError> {
        let prefix = keys::awaited_of(list);
        let mut found: Vec<Awaited> = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let (post, number) = (PostId(keys::number_u64(&key, 5)), keys::number_u32(&key, 13));
            let Some(chunk) = Chunk::from_bytes(&value) else { continue };
            if found.last().is_none_or(|(last, _)| *last != post) {
                found.push((post, PersonSet::default()));
            }
            if let Some((_, persons)) = found.last_mut() {
                chunk.persons(number).for_each(|person| persons.insert(person));
            }
        }
        Ok(found)
    }

    /// An issue by its number.
    pub fn issue(&self, number: PostId) -> Result<Option<Issue>, StoreError> {
        self.reader.record(&keys::issue(number))
    }

    /// The latest turn of those who read a list in that rhythm that brought them something.
    pub fn served(&self, list: ListId, rhythm: Rhythm) -> Result<Option<Timestamp>, StoreError> {
        self.reader.record(&keys::setting(&served_name(list, rhythm)))
    }

    /// Posts whose last copy was answered for just before a crash, before the journal said so.
    pub(super) fn finished_but_not_said(&self) -> Result<Vec<Event>, StoreError> {
        let all_answered = |totals: &Totals| totals.taken + totals.failed + totals.gone >= totals.owed;
        let fans = self.fans()?.into_iter().filter(|fan| all_answered(&fan.totals));
        Ok(fans.map(|fan| Event::Delivered { post: fan.post, totals: fan.totals }).collect())
    }
}

fn served_name(list: ListId, rhythm: Rhythm) -> String {
    format!("served/{list}/{rhythm}")
}

/// These persons await a post from now on.
pub(super) fn await_post(view: &mut View<'_>, list: ListId, post: PostId, persons: &PersonSet) {
    for (number, chunk) in persons.chunks().filter(|(_, chunk)| !chunk.is_empty()) {
        view.put(keys::awaited(list, post, number), chunk.as_bytes().to_vec());
    }
}

/// These persons await these posts no more.
pub(super) fn await_no_more(
    view: &mut View<'_>,
    list: ListId,
    posts: &[PostId],
    persons: &PersonSet,
) -> Result<(), EngineError> {
    for post in posts {
        for (number, gone) in persons.chunks() {
            let key = keys::awaited(list, *post, number);
            let Some(mut chunk) = view.get(&key)?.and_then(|bytes| Chunk::from_bytes(&bytes)) else {
                continue;
            };
            gone.persons(number).for_each(|person| {
                chunk.remove(person);
            });
            if chunk.is_empty() {
                view.remove(key);
            } else {
                view.put(key, chunk.as_bytes().to_vec());
            }
        }
    }
    Ok(())
}

/// Whether each of these persons awaits each of these posts still.
pub(super) fn all_await(
    view: &View<'_>,
    list: ListId,
    posts: &[PostId],
    persons: &PersonSet,
) -> Result<bool, EngineError> {
    for post in posts {
        for (number, chunk) in persons.chunks() {
            let there = view.get(&keys::awaited(list, *post, number))?;
            let there = there.and_then(|bytes| Chunk::from_bytes(&bytes));
            let awaits = |person| there.as_ref().is_some_and(|there| there.contains(person));
            if !chunk.persons(number).all(awaits) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// What is known of an issue from now on.
pub(super) fn note_issue(view: &mut View<'_>, issue: &Issue, slot: Option<&Slot>) {
    view.put_record(keys::issue(issue.number), issue);
    if let Some(Slot { rhythm, at }) = slot {
        view.put_record(keys::setting(&served_name(issue.list, *rhythm)), at);
    }
}

/// Whether it fits into one value of the state.
pub(super) fn fits(issue: &Issue) -> bool {
    records::encode(issue).len() <= super::engine::VALUE_BYTES_MAX
}
